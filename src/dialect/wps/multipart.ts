/** Uploads in pieces, and the answer to rapid uploads. */
import { type Answer, type Call, driveOf, inputProblem, type Route } from './call.ts'
import { isRefusal, refusalOf, refuse } from './error.ts'
import { presentFile } from './present.ts'
import { SCOPES } from './scope.ts'
import { parseHashes } from './terms.ts'
import { commitUpload, findUpload, openUpload, readUpload, storeUrl } from './upload.ts'

const MIB = 2 ** 20
/** Pieces are this large, or larger for files that would have too many. */
const PART_BYTES = 16 * MIB
const PARTS_MAX = 1000

async function open(call: Call): Promise<Answer> {
  const { intent, declared } = readUpload(call)
  call.body.word('mode', ['sequential', 'parallel'], 'sequential')
  const drive = inputProblem(call) ?? (await driveOf(call, call.params.drive ?? ''))
  if (typeof drive !== 'number') return drive
  const upload = await openUpload(call, drive, intent, declared)
  if (isRefusal(upload)) return upload
  const { size } = declared
  const partSize = Math.max(PART_BYTES, Math.ceil(size / PARTS_MAX / MIB) * MIB)
  const partCount = Math.max(1, Math.ceil(size / partSize))
  return {
    data: { upload_id: upload.id, part_size: partSize, part_count: partCount, upload_addr: storeUrl(call, upload, 0) },
  }
}

async function commit(call: Call): Promise<Answer> {
  const found = await findUpload(call, call.params.upload ?? '')
  if (!found) return refuse('noMultipart')
  const view = await commitUpload(call, found.upload, found.intent)
  return isRefusal(view) ? view : { data: await presentFile(call, view) }
}

async function abort(call: Call): Promise<Answer> {
  const found = await findUpload(call, call.params.upload ?? '')
  if (!found) return refuse('noMultipart')
  const [outcome] = await call.engine.abortUploads(call.actor, [found.upload.id])
  return 'error' in outcome! ? refusalOf(outcome.error) : {}
}

/** Content is never taken for the caller's on the strength of its hash alone, so there are only misses. */
async function rapidUpload({ body }: Call): Promise<Answer> {
  body.integer('size', 0)
  if (!parseHashes(body.raw('hashes'))?.sha256) body.refuse('missing', 'hashes must hold a sha256')
  return body.problem ?? refuse('noRapidUpload')
}

export const multipartRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/v7/drives/:drive/files/:node/create_multipart_upload_task',
    operation: 'Init multipart upload task',
    coverage:
      'partial: parts are PUT to upload_addr with ?part_number=1…; display_size and delegate_user_id have no effect',
    scopes: SCOPES.fileWriteByApp,
    handle: open,
  },
  {
    method: 'POST',
    path: '/v7/multipart_upload_tasks/:upload/commit',
    operation: 'Commit multipart upload task',
    scopes: SCOPES.fileWriteByApp,
    handle: commit,
  },
  {
    method: 'POST',
    path: '/v7/multipart_upload_tasks/:upload/abort',
    operation: 'Abort multipart upload task',
    scopes: SCOPES.fileWriteByApp,
    handle: abort,
  },
  {
    method: 'POST',
    path: '/v7/drives/:drive/files/:node/rapid_upload',
    operation: 'Rapid upload',
    coverage: 'partial: always a miss: the strategy call that proves possession is not public',
    scopes: SCOPES.fileWrite,
    handle: rapidUpload,
  },
]
