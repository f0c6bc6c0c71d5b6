/** `/file/revision/*`: what a file was before. */
import type { NodeView, Op, Result, Version } from '../../engine/index.ts'
import { ACTIONS } from '../../engine/index.ts'
import { asAttachment } from '../../http/transfer-url.ts'
import type { Call, Env, SteppedEndpoint, Steps } from './call.ts'
import { type Answer, failedAnswer, notFound, notValid, outOfRange, Refusal, sound } from './error.ts'
import { USUAL_PICTURES } from './image-process.ts'
import { badMarker, markerText, readMarker } from './marker.ts'
import { extensionOf } from './media.ts'
import { one, viewOf } from './outcome.ts'
import { downloadUrl, picturesFor } from './present.ts'
import { type Body, flag, integer, pageSize, requiredText, text } from './request.ts'
import { fileIdOf, fileRef, iso, parseRevision, type refOf, revisionOf, URL_LIFE_S, userOf } from './terms.ts'

const PAGE_MAX = 100
const PAGE_USUAL = 50
const URL_LIFE_S_MAX = 86_400
const DESCRIPTION_CHARACTERS_MAX = 1024

interface File {
  readonly view: NodeView
  /** Newest first. */
  readonly versions: readonly Version[]
}

export const revisionList: SteppedEndpoint = {
  url: '/file/revision/list',
  operation: 'ListRevision',
  coverage: 'done',
  scope: 'FILE.GET',
  *steps(body, env): Call {
    const limit = pageSize(body, PAGE_MAX, PAGE_USUAL)
    const before = beforeOf(body)
    const file = fileOf(yield* ask(env, body, (node) => ({ kind: 'versions', node })))
    const rest = file.versions.filter(({ version }) => version < before)
    const items = yield* revisionObjects(env, file, rest.slice(0, limit))
    const next = rest.length > limit ? markerText([rest[limit - 1]!.version]) : ''
    return { status: 200, body: { items, next_marker: next } }
  },
}

/** The number below which a page begins. */
function beforeOf(body: Body): number {
  const marked = readMarker(body)
  if (!marked) return Number.POSITIVE_INFINITY
  const [version] = marked
  if (!Number.isSafeInteger(version)) throw badMarker()
  return version as number
}

export const revisionGet: SteppedEndpoint = {
  url: '/file/revision/get',
  operation: 'GetRevision',
  coverage: 'done',
  scope: 'FILE.GET',
  *steps(body, env): Call {
    const lifeS = integer(body, 'url_expire_sec', 10, URL_LIFE_S_MAX) ?? URL_LIFE_S
    const number = numberOf(body)
    const file = fileOf(yield* ask(env, body, (node) => ({ kind: 'versions', node })))
    const version = file.versions.find((one) => one.version === number)
    return version ? yield* shown(env, file, version, lifeS) : notFound('revision')
  },
}

export const revisionUpdate: SteppedEndpoint = {
  url: '/file/revision/update',
  operation: 'UpdateRevision',
  coverage: 'done',
  scope: 'FILE.UPDATE',
  *steps(body, env): Call {
    const version = numberOf(body)
    const keep = flag(body, 'keep_forever')
    const description = text(body, 'revision_description', DESCRIPTION_CHARACTERS_MAX)
    const result = yield* ask(env, body, (node) => ({
      kind: 'updateVersion',
      node,
      version,
      ...(keep !== undefined && { keep }),
      ...(description !== undefined && { description }),
    }))
    const file = fileOf(result)
    return yield* shown(env, file, file.versions.find((one) => one.version === version)!)
  },
}

export const revisionRestore: SteppedEndpoint = {
  url: '/file/revision/restore',
  operation: 'RestoreRevision',
  coverage: 'done',
  scope: 'FILE.UPDATE',
  *steps(body, env): Call {
    const version = numberOf(body)
    const file = fileOf(yield* ask(env, body, (node) => ({ kind: 'revert', node, version })))
    return yield* shown(env, file, file.versions[0]!)
  },
}

export const revisionDelete: SteppedEndpoint = {
  url: '/file/revision/delete',
  operation: 'DeleteRevision',
  coverage: 'done',
  scope: 'FILE.DELETE',
  *steps(body, env): Call {
    const version = numberOf(body)
    fileOf(yield* ask(env, body, (node) => ({ kind: 'deleteVersions', node, versions: [version] })))
    return { status: 204 }
  },
}

function* ask(env: Env, body: Body, opFor: (node: ReturnType<typeof refOf>) => Op): Steps<Result> {
  const result = yield* one(opFor(fileRef(env, body)))
  return result
}

/** The version a `revision_id` names. */
function numberOf(body: Body): number {
  const revision = requiredText(body, 'revision_id')
  const number = parseRevision(requiredText(body, 'file_id'), revision)
  if (number !== undefined) return number
  throw new Refusal(/^[0-9a-zA-Z]{1,64}$/.test(revision) ? notFound('revision') : notValid('revision_id'))
}

function fileOf(result: Result): File {
  if (result.status === 'failed') throw new Refusal(revisionFailure(result.error))
  if (result.status !== 'done' || !result.versions) throw new Error('the op has no versions')
  return { view: viewOf(result), versions: result.versions }
}

function revisionFailure(error: Parameters<typeof failedAnswer>[0]): Answer {
  if (error.code === 'attribute_invalid' && error.detail === 'keep') return outOfRange('keep_forever')
  if (error.code === 'version_current') return LATEST
  return failedAnswer(error)
}

/** The vendor's word for both: the latest is neither restored nor deleted. */
const LATEST = sound(
  400,
  'FileLatestRevisionCannotBeRestore',
  'The latest revision of the file cannot be restored or deleted.',
)

/** 200 with one revision. */
function* shown(env: Env, file: File, version: Version, lifeS?: number): Call {
  const [body] = yield* revisionObjects(env, file, [version], lifeS)
  return { status: 200, body: body! }
}

/** Revision objects; with URLs for the bytes when their life is given and the caller may have them. */
function* revisionObjects(env: Env, file: File, some: readonly Version[], lifeS?: number): Steps<object[]> {
  const { users } = yield { users: [...new Set(some.flatMap(({ creator }) => userOf(creator) ?? []))] }
  const names = new Map(users.flatMap((user) => (user ? [[user.id, user.nick || user.name] as const] : [])))
  return some.map((version) => revisionObject(env, file, version, names, lifeS))
}

function revisionObject(
  env: Env,
  { view, versions }: File,
  version: Version,
  names: ReadonlyMap<string, string>,
  lifeS: number | undefined,
): object {
  const { node, drive, actions } = view
  const fileId = fileIdOf(env.engine, node)
  const { content, createdAt, creator } = version
  const ticket = {
    drive: drive.id,
    node: node.id,
    version: version.version,
    name: node.name,
    attachment: false,
    type: '',
  }
  const then = { ...node, content, version: version.version }
  const url = lifeS !== undefined && actions & ACTIONS.download ? downloadUrl(env, ticket, lifeS) : undefined
  return {
    domain_id: drive.tenant,
    drive_id: String(drive.id),
    file_id: fileId,
    revision_id: revisionOf(fileId, version.version),
    revision_name: node.name,
    revision_version: version.version,
    revision_description: version.description,
    size: content.size,
    file_extension: extensionOf(node.name),
    created_at: iso(createdAt),
    updated_at: iso(createdAt),
    keep_forever: version.keep,
    is_latest_version: version.version === versions[0]!.version,
    content_hash: content.sha1.toUpperCase(),
    content_hash_name: 'sha1',
    crc64_hash: content.crc64,
    creator_id: userOf(creator) ?? '',
    creator_name: names.get(userOf(creator) ?? '') ?? '',
    url,
    download_url: url && asAttachment(url),
    ...(lifeS === undefined ? {} : picturesFor(env, { ...view, node: then }, lifeS, USUAL_PICTURES)),
  }
}
