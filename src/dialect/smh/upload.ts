/** Bringing a file in: start, upload to the URL handed out, confirm. Pages 1339/71132–71136. */
import {
  ACTIONS,
  type Actor,
  type Attributes,
  type Json,
  type Upload,
  type UploadId,
  type UploadPart,
} from '../../engine/index.ts'
import { isGuest, rulesHere, type Visit, visit } from './auth.ts'
import { type Answer, type Call, namedPath } from './call.ts'
import { unchangedSince } from './content-cas.ts'
import { typeOf, typeOfName } from './entry-kind.ts'
import { faultOf, Refusal, refuse } from './error.ts'
import { noteUse } from './favorite.ts'
import { isMedia } from './library.ts'
import { perform } from './perform.ts'
import { attributesOf, content, contentCas, eTagOf, type Shown, written } from './present.ts'
import { claimIn, fillUpload, isBegun } from './rapid.ts'
import { demandPlace, namingIn } from './rules.ts'
import { conflictOf, inodeOf, isoTime, placeOf, REPLACE, type Strategy, strategyOf } from './terms.ts'
import { formOf, targetOf } from './upload-target.ts'
import { bytes, type Members, member, text, word, yes } from './words.ts'

/** How long an upload may take from start to confirm, ms. */
const UPLOAD_LIFE_MS = 7 * 24 * 3600_000
/** How many part numbers one `partNumberRange` may name. */
const RANGE_MAX = 100
const PART_NUMBER_MAX = 10_000
/** The smallest part that may be followed by others. */
const PART_BYTES_MIN = 2 ** 20

/** The three ways in which bytes come. */
export type How = 'simple' | 'multipart' | 'form'

/** What is remembered between start and confirm. */
interface Memo {
  readonly name: string
  readonly strategy: Strategy
  /** Whether the starter might overwrite. */
  readonly force: boolean
  readonly how: How
  /** The content that the file must still have, should there be one in this place; absent = whatever it is. */
  readonly cas?: string
  readonly attributes: Json
}

/** Starts an upload. Nothing is listed before it is confirmed, unless the content is here already. */
export async function start(call: Call, body: Members, how: How): Promise<Answer> {
  const here = await visit(call, 'beginUpload')
  demandPlace(here, namedPath(call), 'file')
  const claim = claimIn(body)
  if (claim && (await isBegun(call, here, claim))) return { status: 202 }
  const upload = await openUpload(call, here, body, how)
  if (claim && (await fillUpload(call, here, upload, claim))) {
    return { status: 200, body: await commit(call, here, upload, memoOf(upload).strategy, {}) }
  }
  return { status: 201, body: { ...whereTo(call, upload, body), confirmKey: upload.id, availableDomainNum: 1 } }
}

async function openUpload(call: Call, here: Visit, body: Members, how: How): Promise<Upload> {
  const { actor, drive } = here
  const path = namedPath(call)
  const { parent, name } = placeOf(drive.id, path)
  const cas = word(call.query, 'content_cas')
  await unchangedSince(call, here, path, cas)
  const strategy = strategyOf(call.query) ?? 'rename'
  const given = word(call.query, 'filesize') ?? member(body, 'size')
  const force = (actor.allow.file & ACTIONS.replace) !== 0
  const known = cas === undefined ? {} : { cas }
  const memo: Memo = { name, strategy, force, how, ...known, attributes: attributesOf(call, body) as Json }
  const result = await perform(
    call,
    actor,
    {
      kind: 'upload',
      drive: drive.id,
      parent,
      name,
      conflict: conflictOf(strategy, REPLACE.upload),
      naming: namingIn(here),
      ...(given === undefined ? {} : { size: bytes(given, 'filesize') }),
      ttlMs: UPLOAD_LIFE_MS,
      data: memo as unknown as Json,
    },
    { kind: 'file', source: false },
  )
  return (result as { upload?: Upload }).upload!
}

/** Where the bytes go, and with what. */
function whereTo(call: Call, upload: Upload, body: Members): Record<string, unknown> {
  const { how } = memoOf(upload)
  if (how === 'form') {
    const { domain, form, expiresAt } = formOf(call, upload)
    return { domain, path: '/', form, expiration: isoTime(expiresAt) }
  }
  const { domain, path, headers, expiresAt } = targetOf(call, upload, how === 'multipart' ? 0 : 1)
  const target = { domain, path, expiration: isoTime(expiresAt) }
  if (how === 'simple') return { ...target, headers }
  const numbers = partNumbers(text(body, 'partNumberRange'))
  const parts = Object.fromEntries(numbers.map((number) => [number, { headers }]))
  // Who asks for the headers of single parts gets those instead of common ones.
  return { ...target, uploadId: upload.id, ...(numbers.length > 0 ? { parts } : { headers }) }
}

/** `1-3,5` means 1, 2, 3 and 5. */
function partNumbers(range: string | undefined): number[] {
  if (!range) return []
  const numbers = range.split(',').flatMap((piece) => {
    const [, from = '', to = from] = /^([0-9]{1,5})(?:-([0-9]{1,5}))?$/.exec(piece.trim()) ?? []
    const [first, last] = [Number(from), Number(to)]
    if (!(first >= 1 && first <= last && last <= PART_NUMBER_MAX && last - first < RANGE_MAX)) return [0]
    return Array.from({ length: last - first + 1 }, (_, at) => first + at)
  })
  if (numbers.length > RANGE_MAX || numbers.includes(0)) throw refuse('ParamInvalid', 'partNumberRange is invalid.')
  return numbers
}

function memoOf(upload: Upload): Memo {
  return upload.data as unknown as Memo
}

interface Found extends Visit {
  readonly upload: Upload
  readonly parts: readonly UploadPart[]
}

/** The upload a confirm key names, in its own space, for whoever started it or rules the space. */
async function uploadOf(call: Call, verb: 'read' | 'beginUpload' | 'confirmUpload'): Promise<Found> {
  const here = await visit(call, verb)
  if (isGuest(here.caller)) throw refuse('EmptyAccessToken')
  const key = call.path.join('/')
  const id = /^[0-9a-f]{32}$/.test(key) ? (key as UploadId) : undefined
  const [found] = id ? await call.context.engine.uploads(here.actor, [id]) : []
  if (!found || found.upload.drive !== here.drive.id || !isOurs(found.upload)) throw refuse('UploadNotFound')
  if (found.upload.creator !== here.actor.self && !rulesHere(here)) throw refuse('UploadNotBelongYou')
  return { ...here, ...found }
}

/** Uploads that another dialect opened on the same drive are not confirmed here. */
function isOurs({ data }: Upload): boolean {
  return data !== null && typeof data === 'object' && !Array.isArray(data) && 'strategy' in data && 'how' in data
}

export async function confirm(call: Call, body: Members): Promise<Answer> {
  const found = await uploadOf(call, 'confirmUpload')
  if (found.upload.state === 'open' && hasSmallPart(found)) throw refuse('MultipartUploadPartTooSmall')
  const strategy = strategyOf(call.query) ?? memoOf(found.upload).strategy
  return { status: 200, body: await commit(call, found, found.upload, strategy, body) }
}

/** Whether another part than the last is smaller than the vendor's store takes. */
function hasSmallPart({ upload, parts }: Found): boolean {
  const last = Math.max(...parts.map(({ number }) => number))
  return memoOf(upload).how === 'multipart' && parts.some(({ number, size }) => number < last && size < PART_BYTES_MIN)
}

/** Makes an upload a file, and tells of it. */
async function commit(call: Call, here: Visit, upload: Upload, strategy: Strategy, body: Members): Promise<Shown> {
  const { actor, drive, caller } = here
  const memo = memoOf(upload)
  const crc64 = text(body, 'crc64')
  const guard = await guardOf(call, here, upload)
  const [result] = await call.context.engine.batch(confirmer(actor, memo), [
    {
      kind: 'commit',
      upload: upload.id,
      parent: { drive: drive.id, id: upload.parent },
      // Started under a name that was taken then; which name it gets is settled now.
      name: memo.name,
      conflict: conflictOf(strategy, REPLACE.upload),
      naming: namingIn(here),
      ...(crc64 ? { hashes: { crc64 } } : {}),
      ...guard,
      attributes: joined(memo.attributes as Attributes, attributesOf(call, body)),
    },
  ])
  if (result!.status === 'failed') {
    const isPartial = memo.how === 'multipart' && result!.error.code === 'upload_incomplete'
    if (isPartial) throw refuse('MultipartUploadIncomplete')
    throw new Refusal(faultOf(result!.error, { kind: 'file', source: false }))
  }
  const { view } = result!
  const { node } = view!
  await noteUse(call, here, 'modified', view!)
  return {
    path: view!.path,
    name: node.name,
    type: typeOf(node, isMedia(caller.library)),
    ...(yes(call.query, 'with_inode') ? { inode: inodeOf(call.context.engine.ids, node) } : {}),
    ...(yes(call.query, 'with_content_cas') ? { contentCas: contentCas(node) } : {}),
    creationTime: isoTime(node.createdAt),
    modificationTime: isoTime(node.updatedAt),
    eTag: eTagOf(node),
    isOverwritten: node.version > 1,
    ...written(node),
    ...content(node),
  }
}

/** Keeps a file that has other content than `content_cas` names, now or at the start, from being overwritten. */
async function guardOf(call: Call, here: Visit, upload: Upload): Promise<{ ifRev?: number }> {
  const { cas, name } = memoOf(upload)
  const named = word(call.query, 'content_cas') ?? cas
  if (named === undefined) return {}
  const parent = { drive: upload.drive, id: upload.parent }
  const [folder] = await call.context.engine.batch(here.actor, [{ kind: 'get', node: parent, need: 0, trashed: 'no' }])
  return folder?.status === 'done' ? unchangedSince(call, here, [...folder.view!.path, name], named) : {}
}

/** What was written at the start, with what the confirm adds. */
function joined(before: Attributes, now: Attributes): Attributes {
  const extra = { ...before.extra, ...now.extra }
  return { ...before, ...now, ...(Object.keys(extra).length > 0 ? { extra } : {}) }
}

/** Whoever started with the right to overwrite keeps it for the confirm. */
function confirmer(actor: Actor, { force }: Memo): Actor {
  return force ? { ...actor, allow: { ...actor.allow, file: actor.allow.file | ACTIONS.replace } } : actor
}

/** Fresh targets for a multipart upload whose URL runs out. */
export async function renew(call: Call, body: Members): Promise<Answer> {
  const { upload } = await uploadOf(call, 'beginUpload')
  if (upload.state === 'committed') throw refuse('UploadComplete')
  if (memoOf(upload).how !== 'multipart') throw refuse('ParamInvalid', 'Only multipart uploads are renewed.')
  return { status: 200, body: { ...whereTo(call, upload, body), confirmKey: upload.id, availableDomainNum: 1 } }
}

export async function state(call: Call): Promise<Answer> {
  const { upload, parts, actor, caller } = await uploadOf(call, 'read')
  const { strategy, force, how } = memoOf(upload)
  const shown = {
    confirmed: upload.state === 'committed',
    path: await pathOf(call, actor, upload),
    type: typeOfName(upload.name, isMedia(caller.library)),
    creationTime: isoTime(upload.createdAt),
    conflictResolutionStrategy: strategy,
    force,
    availableDomainNum: 1,
  }
  if (how !== 'multipart') return { status: 200, body: shown }
  const list = parts
    .toSorted((a, b) => a.number - b.number)
    .map((part) => ({
      PartNumber: part.number,
      LastModified: isoTime(part.uploadedAt),
      ETag: `"${part.md5}"`,
      Size: part.size,
    }))
  const info = yes(call.query, 'no_upload_part_info') ? {} : { uploadPartInfo: whereTo(call, upload, {}) }
  return { status: 200, body: { ...shown, uploadId: upload.id, parts: list, ...info } }
}

/** Where the file is, or will be; null when its directory is gone. */
async function pathOf(call: Call, actor: Actor, upload: Upload): Promise<readonly string[] | null> {
  const isThere = upload.state === 'committed'
  const node = { drive: upload.drive, id: isThere ? upload.node : upload.parent }
  const [result] = await call.context.engine.batch(actor, [{ kind: 'get', node, need: 0, trashed: 'no' }])
  if (result!.status !== 'done') return null
  const { path } = result!.view!
  return isThere ? path : [...path, memoOf(upload).name]
}

export async function abort(call: Call): Promise<Answer> {
  const { upload, actor } = await uploadOf(call, 'beginUpload')
  const [result] = await call.context.engine.abortUploads(actor, [upload.id])
  if ('status' in result!) throw new Refusal(faultOf(result!.error, { kind: 'file', source: false }))
  return { status: 204 }
}
