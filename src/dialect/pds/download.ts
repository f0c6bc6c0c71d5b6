/** Signed URLs for a file's bytes. */
import { ACTIONS, type Content } from '../../engine/index.ts'
import type { Call, Env, SteppedEndpoint, Steps } from './call.ts'
import { failedAnswer, notValid, Refusal } from './error.ts'
import type { VersionKey } from './need.ts'
import { one, viewOf } from './outcome.ts'
import { downloadUrl } from './present.ts'
import { type Body, integer, text } from './request.ts'
import { count } from './share-files.ts'
import { driveOf, fileIdOf, iso, parseRevision, refOf, revisionOf, URL_LIFE_S } from './terms.ts'

const DOWNLOAD_LIFE_S_MAX = 115_200
const NAME_CHARACTERS_MAX = 1024
const MEDIA_TYPE_CHARACTERS_MAX = 256

export const fileGetDownloadUrl: SteppedEndpoint = {
  url: '/file/get_download_url',
  operation: 'GetDownloadUrl',
  coverage: 'done',
  scope: 'FILE.GET',
  guests: 'share',
  *steps(body, env): Call {
    const url = yield* downloadOf(body, env)
    return { status: 200, body: url }
  },
}

/** The answer of `get_download_url`; `GET /file/download` sends its client to the `url`. */
export function* downloadOf(body: Body, env: Env): Steps<{ url: string } & Record<string, unknown>> {
  const drive = driveOf(env, body)
  const node = refOf(env, body, 'file_id', drive)
  const lifeS = integer(body, 'expire_sec', 1, DOWNLOAD_LIFE_S_MAX) ?? URL_LIFE_S
  const fileName = text(body, 'file_name', NAME_CHARACTERS_MAX)
  const type = mediaTypeOf(body)
  const revision = text(body, 'revision_id')
  const result = yield* one({ kind: 'get', node, need: ACTIONS.list | ACTIONS.download, trashed: 'no', expect: 'file' })
  const view = viewOf(result)
  const fileId = fileIdOf(env.engine, view.node)
  const version = revision ? parseRevision(fileId, revision) : view.node.version
  if (version === undefined) throw new Refusal(notValid('revision_id'))
  const key = { drive: view.drive.id, node: view.node.id, version }
  const content = version === view.node.version ? view.node.content! : yield* contentOf(key)
  yield* count(env, 'downloads')
  const ticket = { ...key, name: fileName || view.node.name, attachment: true, type }
  const url = downloadUrl(env, ticket, lifeS)
  return {
    domain_id: view.drive.tenant,
    drive_id: String(view.drive.id),
    file_id: fileId,
    revision_id: revisionOf(fileId, version),
    method: 'GET',
    url,
    internal_url: url,
    expiration: iso(env.now + lifeS * 1000),
    size: content.size,
    crc64_hash: content.crc64,
    content_hash: content.sha1.toUpperCase(),
    content_hash_name: 'sha1',
    ratelimit: { part_speed: -1, part_size: -1 },
  }
}

function mediaTypeOf(body: Body): string {
  const type = text(body, 'response_content_type', MEDIA_TYPE_CHARACTERS_MAX) ?? ''
  // It becomes a header of the answer.
  if (!/^[\x20-\x7e]*$/.test(type)) throw new Refusal(notValid('response_content_type'))
  return type
}

function* contentOf(key: VersionKey): Steps<Content> {
  const { versions } = yield { versions: [key] }
  const found = versions[0]!
  if ('status' in found) throw new Refusal(failedAnswer(found.error))
  return found.content
}
