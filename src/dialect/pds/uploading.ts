/** `status: uploading`: files that are on their way into a folder, as `/file/list` and `/file/walk` show them. */
import type { Arriving, NodeId, Ref, UploadCursor, UploadId } from '../../engine/index.ts'
import type { Env } from './call.ts'
import type { Answer } from './error.ts'
import { badMarker, markerText, readMarker } from './marker.ts'
import { categoryOf, extensionOf } from './media.ts'
import { listFailure } from './outcome.ts'
import type { FileObject } from './present.ts'
import { type Body, choice, flag, text } from './request.ts'
import { aliasOf, fileIdOf, iso, kindOf, subjectParts, uploadIdOf } from './terms.ts'

/** Whether a request asks for files on their way, in place of those that are there. */
export function wantsUploading(body: Body): boolean {
  return choice(body, 'status', ['available', 'uploading']) === 'uploading'
}

/** @param deep whether also what will land further down is meant */
export async function uploadingPage(
  body: Body,
  env: Env,
  { folder, deep, limit }: { folder: Ref; deep: boolean; limit: number },
): Promise<Answer> {
  const after = cursorOf(body)
  const page = await env.engine.arriving(env.actor, { folder, deep, after, limit })
  if ('status' in page) return listFailure(page)
  const { items, next } = page
  return {
    status: 200,
    body: {
      items: items.map((one) => uploadingObject(env, one)).filter((file) => isWanted(body, file)),
      next_marker: next ? markerText([next.parent, next.id]) : '',
    },
  }
}

/** Nothing on its way is a folder or has a star. */
function isWanted(body: Body, { category }: FileObject): boolean {
  const wanted = text(body, 'category') || category
  return kindOf(body) !== 'folder' && flag(body, 'starred') !== true && category === wanted
}

function uploadingObject(env: Env, { upload, folder: { node: folder, drive } }: Arriving): FileObject {
  const extension = extensionOf(upload.name)
  return {
    domain_id: upload.tenant,
    drive_id: String(upload.drive),
    share_id: env.share?.link.id,
    // It will be born where its session is.
    file_id: fileIdOf(env.engine, { born: upload.drive, id: upload.node }),
    parent_file_id: aliasOf(env.engine, drive, folder),
    upload_id: uploadIdOf(upload.id),
    name: upload.name,
    type: 'file',
    status: 'uploading',
    size: upload.size ?? undefined,
    file_extension: extension,
    category: categoryOf(extension),
    hidden: false,
    starred: false,
    trashed: false,
    created_at: iso(upload.createdAt),
    updated_at: iso(upload.createdAt),
    creator_type: subjectParts(upload.creator).type === 'app' ? 'App' : 'User',
    creator_id: subjectParts(upload.creator).id,
  }
}

function cursorOf(body: Body): UploadCursor | null {
  const marked = readMarker(body)
  if (!marked) return null
  const [parent, id] = marked
  if (!Number.isSafeInteger(parent) || typeof id !== 'string') throw badMarker()
  return { parent: parent as NodeId, id: id as UploadId }
}
