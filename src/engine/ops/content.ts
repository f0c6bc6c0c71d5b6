/** Content coming in: opening an upload, and making its bytes a new file or a file's next version. */
import { ACTIONS } from '../action.ts'
import { attributesProblem, patched } from '../attributes.ts'
import { addFile, addVersion, growth } from '../bytes.ts'
import { fail } from '../error.ts'
import { isFailed, type Located, subject, viewOf } from '../locate.ts'
import type { ChangeSource, Content, Drive, Node, NodeId, Upload } from '../model.ts'
import { cleanName, nameProblem } from '../name.ts'
import type { CommitOp, Done, Failed, Result, UploadOp } from '../op.ts'
import { blank, settle, target } from '../place.ts'
import type { View } from '../view.ts'
import { putAway } from './trash.ts'

/** Opens a session. Room is asked for now and again at the commit; nothing is reserved. */
export function upload(view: View, op: UploadOp): Result {
  const drive = view.drive(op.drive)
  if (!drive) return fail('drive_not_found')
  if (drive.settings.disabled) return fail('drive_disabled')
  const place = op.target ? existingFile(view, op.target, op.drive) : newPlace(view, op, drive)
  if (isFailed(place)) return place
  const over = view.overQuota(drive, op.size ?? 0)
  if (over) return fail(over)
  const opened: Upload = {
    id: view.freshUpload(drive.id),
    tenant: drive.tenant,
    drive: drive.id,
    parent: place.parent,
    name: place.name,
    node: place.node || (view.fresh('node') as NodeId),
    revises: place.node !== 0,
    size: op.size ?? null,
    hashes: op.hashes ?? {},
    state: 'open',
    content: null,
    creator: view.actor.self,
    createdAt: view.now,
    expiresAt: view.now + op.ttlMs,
    data: op.data ?? null,
  }
  view.setUpload(opened)
  return { status: 'done', view: null, existed: false, upload: opened }
}

interface Place {
  readonly parent: NodeId
  readonly name: string
  /** 0 = a new one. */
  readonly node: NodeId
}

function existingFile(view: View, ref: NonNullable<UploadOp['target']>, drive: Drive['id']): Place | Failed {
  const found = fileToReplace(view, ref)
  if (isFailed(found)) return found
  if (found.node.drive !== drive) return fail('node_not_found')
  return { parent: found.node.parent, name: found.node.name, node: found.node.id }
}

function fileToReplace(view: View, ref: NonNullable<UploadOp['target']>, ifRev?: number): Located | Failed {
  return subject(view, ref, { need: ACTIONS.replace, trashed: 'no', root: 'never the root', expect: 'file', ifRev })
}

/** Where a new file will land, as far as the caller has said. The name is the one it would get now. */
function newPlace(view: View, op: UploadOp, drive: Drive): Place | Failed {
  if (!op.parent) {
    const name = op.name === undefined || !op.naming ? '' : cleanName(op.name, op.naming)
    const problem = name && op.naming ? nameProblem(name, op.naming) : ''
    return problem ? fail('name_invalid', { detail: problem }) : { parent: 0 as NodeId, name, node: 0 as NodeId }
  }
  const into = target(view, op.parent, 'file')
  if (isFailed(into)) return into
  if (into.drive.id !== drive.id) return fail('node_not_found', { at: 'target' })
  if (op.name === undefined || !op.naming || !op.conflict) {
    return { parent: into.node.id, name: op.name ?? '', node: 0 as NodeId }
  }
  const { conflict, naming } = op
  const arrival = settle(view, into.node, op.name, { id: 0 as NodeId, kind: 'file' }, { conflict, naming })
  if (isFailed(arrival)) return arrival
  const name = arrival.how === 'free' ? arrival.name : arrival.existing.name
  return { parent: into.node.id, name, node: 0 as NodeId }
}

export function commit(view: View, op: CommitOp): Result {
  const session = view.upload(op.upload)
  if (!session) return fail('upload_not_found')
  if (session.state === 'committed') return fail('upload_used', { node: session.node })
  if (session.expiresAt <= view.now) return fail('upload_not_found')
  if (session.state === 'open' || !session.content) return fail('upload_incomplete')
  const mismatch = contentMismatch(session.content, session) || contentMismatch(session.content, op)
  if (mismatch) return fail('upload_mismatch', { detail: mismatch })
  const problem = attributesProblem(op.attributes ?? {})
  if (problem) return fail('attribute_invalid', { detail: problem })
  const drive = view.drive(session.drive)
  if (!drive) return fail('drive_not_found')

  const known = op.target ?? (session.revises ? { drive: session.drive, id: session.node } : undefined)
  const result = known ? commitVersion(view, op, drive, session, known) : commitFile(view, op, drive, session)
  if (result.status === 'failed' || !result.view) return result
  view.addBlobRef(drive.id, session.content, -1) // the version holds the bytes from now on
  view.setUpload({ ...session, state: 'committed', node: result.view.node.id, name: result.view.node.name })
  return result
}

/** The declared member that the bytes do not have; '' when all agree. */
function contentMismatch(content: Content, declared: Pick<CommitOp, 'hashes'> & { size?: number | null }): string {
  if (declared.size !== undefined && declared.size !== null && declared.size !== content.size) return 'size'
  const { sha256, sha1, md5, crc64 } = declared.hashes ?? {}
  if (sha256 !== undefined && sha256.toLowerCase() !== content.digest) return 'sha256'
  if (sha1 !== undefined && sha1.toLowerCase() !== content.sha1) return 'sha1'
  if (md5 !== undefined && md5.toLowerCase() !== content.md5) return 'md5'
  return crc64 !== undefined && crc64 !== content.crc64 ? 'crc64' : ''
}

function commitVersion(
  view: View,
  op: CommitOp,
  drive: Drive,
  session: Upload,
  ref: NonNullable<CommitOp['target']>,
): Done | Failed {
  const found = fileToReplace(view, ref, op.ifRev)
  if (isFailed(found)) return found
  if (found.drive.id !== drive.id) return fail('node_not_found')
  return nextVersion(view, op, drive, found.node, session)
}

function nextVersion(view: View, op: CommitOp, drive: Drive, file: Node, session: Upload): Done | Failed {
  const content = session.content!
  const over = view.overQuota(drive, growth(view, drive, file, content))
  if (over) return fail(over)
  const attributes = patched(file.attributes, op.attributes ?? {})
  const node = addVersion(view, drive, file, content, { attributes }, 'new', sourceOf(session))
  return { status: 'done', view: viewOf(view, node), existed: false }
}

function commitFile(view: View, op: CommitOp, drive: Drive, session: Upload): Done | Failed {
  const content = session.content!
  const parent = op.parent ?? { drive: session.drive, id: session.parent }
  const into = target(view, parent, 'file')
  if (isFailed(into)) return into
  if (into.drive.id !== drive.id) return fail('node_not_found', { at: 'target' })
  const name = op.name ?? session.name
  const arrival = settle(view, into.node, name, { id: session.node, kind: 'file' }, op)
  if (isFailed(arrival)) return arrival
  if (arrival.how === 'reuse') return { status: 'done', view: viewOf(view, arrival.existing), existed: true }
  if (arrival.how === 'merge') throw new Error('a file never merges')
  if (arrival.how !== 'free' && op.ifRev !== undefined && arrival.existing.rev !== op.ifRev) {
    return fail('precondition_failed', { node: arrival.existing.id })
  }
  if (arrival.how === 'version') return nextVersion(view, op, drive, arrival.existing, session)
  // What is destroyed makes room for what takes its place.
  if (arrival.how === 'replace') putAway(view, arrival.existing, arrival.by)
  const over = view.overQuota(drive, content.size)
  if (over) return fail(over)
  const shown = arrival.how === 'free' ? arrival.name : cleanName(name, op.naming)
  const twin = arrival.how === 'free' && arrival.twin ? session.node : 0
  const fresh = { ...blank(view, into.node, shown), id: session.node, twin, attributes: op.attributes ?? {} }
  const node = addFile(view, drive, fresh, content)
  view.note('create', node, { source: sourceOf(session), replaces: arrival.how === 'replace' })
  return { status: 'done', view: viewOf(view, node), existed: false }
}

function sourceOf({ state }: Upload): ChangeSource | null {
  return state === 'filled' ? 'known' : null
}
