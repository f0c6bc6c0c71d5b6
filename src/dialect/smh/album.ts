/** Album covers, and the probe by which a client looks whether a host is one. */
import type { ListOp } from '../../engine/index.ts'
import { EXTENSION, visit } from './auth.ts'
import { type Answer, type Call, entryPath, type Operation } from './call.ts'
import { refuse } from './error.ts'
import { fileTypeOf } from './file-type.ts'
import { isMedia } from './library.ts'
import { perform } from './perform.ts'
import { pictureIn } from './picture.ts'
import { downloadUrl, URL_LIFE_MS } from './present.ts'

/** How many of the latest files are looked through for a picture. */
const LOOKED_AT_MAX = 100

export const albumOperations: readonly Operation[] = [
  {
    operation: 'Album cover',
    coverage: 'done',
    method: 'GET',
    path: 'album/{lib}/{space}/cover/{path*}',
    handle: cover,
  },
  { operation: 'Version of the service', coverage: 'done', method: 'GET', path: 'version', handle: version },
]

async function cover(call: Call): Promise<Answer> {
  const { actor, drive, caller } = await visit(call, 'read')
  if (!isMedia(caller.library)) throw refuse('CoverNotSupportedInFileLibrary')
  const { isMultiAlbum } = (drive.settings.extra?.[EXTENSION] ?? {}) as { isMultiAlbum?: boolean }
  const path = entryPath(call)
  if (isMultiAlbum && path.length === 0) throw refuse('CoverNotSupportedInRootDirectory')
  const order = { by: 'created', descending: true, foldersFirst: false } as const
  const op: ListOp = { kind: 'list', folder: { drive: drive.id, path }, ...order, only: 'file', limit: LOOKED_AT_MAX }
  const result = await perform(call, actor, op, { kind: 'folder', source: false })
  const items = result.status === 'done' ? (result.page?.items ?? []) : []
  const picture = items.find(({ node }) => fileTypeOf(node.name).fileType === 'image')
  if (!picture) throw refuse('FileNotFound', 'The album has no picture.')
  const small = pictureIn(call.query, picture)
  return { status: 302, headers: { location: downloadUrl(call, picture, URL_LIFE_MS, picture.node.version, small) } }
}

async function version(): Promise<Answer> {
  return { status: 200, body: { version: 'v1', name: 'batchdrive' } }
}
