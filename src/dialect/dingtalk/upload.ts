/** Uploads: where to put the bytes, whole or in parts, and the commit that makes them a file. By space, and (v2.0) by uuid. */
import { type Drive, onConflict, type Ref, type Upload, type UploadId } from '../../engine/index.ts'
import type { DialectContext } from '../../http/dialect.ts'
import { putPath } from '../../http/transfer-url.ts'
import { appPropertiesIn } from './app-property.ts'
import { dentryRef, getOp, PARENT_WORDING, unknownStrategy, viewOf } from './dentry.ts'
import { errors, paramError, Refusal, refusal, type Wording } from './error.ts'
import { categorizedDentryOf, DRIVER } from './present.ts'
import { booleanIn, demandedText, type Fields, fieldsIn, integerIn, listIn, textIn, wordIn } from './request.ts'
import { type Call, type Route, spaceOfPath } from './route.ts'
import { conflictOf, NAMING } from './terms.ts'
import { transferInfo } from './transfer-info.ts'

/** How long an uploadKey lives. */
const SESSION_LIFE_MS = 24 * 60 * 60_000
const PART_NUMBER_MAX = 10_000
/** How many parts one query may ask URLs for. */
const PARTS_PER_QUERY_MAX = 30
/** The only part of an upload that is sent whole. */
const WHOLE = 1
const PROTOCOL = 'HEADER_SIGNATURE'

export function uploadRoutes(route: Route): void {
  const files = '/storage/spaces/:spaceId/files'
  const parts = 'multiPartUploadInfos'
  const info = { scope: 'Storage.UploadInfo.Read' }
  const query = { ...info, required: ['uploadKey', 'partNumbers'] }
  const commit = { scope: 'Storage.File.Write', required: ['uploadKey', 'name', 'parentId'] }
  route('GetFileUploadInfo', `POST ${files}/uploadInfos/query`, { ...info, required: ['protocol'] }, uploadInfo)
  route('InitMultipartFileUpload', `POST ${files}/${parts}/init`, info, initMultipart)
  route('GetMultipartFileUploadInfos', `POST /storage/spaces/files/${parts}/query`, query, partInfos)
  route('CommitFile', `POST ${files}/commit`, commit, commitBySpace)
}

/** The v2.0 forms, which name the parent by its uuid instead of a space and an id. */
export function uploadByUuidRoutes(route: Route): void {
  const files = '/storage/spaces/files/:parentDentryUuid'
  const info = { scope: 'Storage.UploadInfo.Read', required: ['protocol'] }
  const commit = {
    scope: 'Storage.File.Write',
    required: ['uploadKey', 'name'],
    coverage: 'partial: no conversion to online documents',
  }
  route('GetFileUploadInfo (v2.0)', `POST ${files}/uploadInfos/query`, info, uploadInfoByUuid)
  route('CommitFile (v2.0)', `POST ${files}/commit`, commit, commitByUuid)
}

async function uploadInfo(context: DialectContext, call: Call): Promise<object> {
  return wholeInfo(context, call, await preChecked(context, call))
}

async function uploadInfoByUuid(context: DialectContext, call: Call): Promise<object> {
  const place = await placeOfUuid(context, call)
  return wholeInfo(context, call, { ...place, check: preCheckIn(call.body) })
}

async function initMultipart(context: DialectContext, call: Call): Promise<object> {
  const { id } = await openUpload(context, call, await preChecked(context, call))
  return { uploadKey: id, storageDriver: DRIVER }
}

async function commitBySpace(context: DialectContext, call: Call): Promise<object> {
  const drive = await spaceOfPath(context, call)
  const parent = dentryRef(drive.id, call.body.parentId, 'parentId')
  const overwritten = textIn(call.body, 'overwriteDentryId')
  const target = overwritten === undefined ? undefined : dentryRef(drive.id, overwritten, 'overwriteDentryId')
  return commitFile(context, call, { drive, parent, target })
}

async function commitByUuid(context: DialectContext, call: Call): Promise<object> {
  const place = await placeOfUuid(context, call)
  if (booleanIn(fieldsIn(call.body, 'option'), 'convertToOnlineDoc'))
    throw new Refusal(400, 'dentryFormatNotSupport', 'Files are not converted to online documents here.')
  return commitFile(context, call, place, UUID_WORDING)
}

const UUID_WORDING: Wording = {
  name_invalid: [400, 'paramError.name', 'The name is not allowed.'],
  name_taken: [400, 'dentryNameConflict', errors.name_taken[2]],
  wrong_kind: [400, 'paramError.parentDentryUuid', 'parentDentryUuid is not a folder.'],
}

interface Place {
  readonly drive: Drive
  readonly parent: Ref
}

async function placeOfUuid(context: DialectContext, call: Call): Promise<Place> {
  const id = context.engine.ids.parseUuid(call.params.parentDentryUuid ?? '')
  if (!id) throw paramError('parentDentryUuid', 'is not the uuid of a folder.')
  const [result] = await context.engine.batch(call.actor, [{ ...getOp(id), expect: 'folder' }])
  const { drive } = viewOf(result, UUID_WORDING)
  return { drive, parent: { ...id, drive: drive.id } }
}

/** What a pre-check may tell before the bytes are sent; every member enables one check. */
type PreCheck = Pick<Partial<Upload>, 'name' | 'hashes'> & { readonly size?: number; readonly parentId?: unknown }

interface Opening {
  readonly drive: Drive
  readonly parent?: Ref | undefined
  readonly check: PreCheck
}

async function preChecked(context: DialectContext, call: Call): Promise<Opening> {
  const drive = await spaceOfPath(context, call)
  const check = preCheckIn(call.body)
  const parent = check.parentId === undefined ? undefined : dentryRef(drive.id, check.parentId, 'parentId')
  return { drive, parent, check }
}

function preCheckIn(body: Fields): PreCheck {
  wordIn(body, 'protocol', [PROTOCOL])
  // Whether it goes up in parts is said by the call itself; the flag is a leftover that changes nothing.
  if (body.multipart !== undefined) booleanIn(body, 'multipart')
  const option = fieldsIn(body, 'option')
  wordIn(option, 'storageDriver', [DRIVER])
  const check = fieldsIn(option, 'preCheckParam')
  const name = textIn(check, 'name')
  const md5 = textIn(check, 'md5')
  if (md5 !== undefined && !/^[0-9a-fA-F]{32}$/.test(md5)) throw paramError('md5', 'must be 32 hex digits.')
  const size = integerIn(check, 'size', { min: 0, max: Number.MAX_SAFE_INTEGER })
  const parentId = textIn(check, 'parentId')
  return {
    ...(name === undefined ? {} : { name }),
    ...(md5 === undefined ? {} : { hashes: { md5: md5.toLowerCase() } }),
    ...(size === undefined ? {} : { size }),
    ...(parentId === undefined ? {} : { parentId }),
  }
}

/** Opens the session. Which strategy the commit will name is not known yet, so a name that is taken is no error here. */
async function openUpload(context: DialectContext, call: Call, { drive, parent, check }: Opening): Promise<Upload> {
  const { name, hashes, size } = check
  const [result] = await context.engine.batch(call.actor, [
    {
      kind: 'upload',
      drive: drive.id,
      ...(parent ? { parent } : {}),
      ...(name === undefined ? {} : { name, naming: NAMING, conflict: onConflict('rename') }),
      ...(size === undefined ? {} : { size }),
      ...(hashes ? { hashes } : {}),
      ttlMs: SESSION_LIFE_MS,
    },
  ])
  if (result?.status === 'failed') throw refusal(result.error, PARENT_WORDING)
  if (result?.status !== 'done' || !result.upload) throw new Error('an upload was opened without a session')
  return result.upload
}

async function wholeInfo(context: DialectContext, call: Call, opening: Opening): Promise<object> {
  const { id } = await openUpload(context, call, opening)
  return {
    uploadKey: id,
    storageDriver: DRIVER,
    protocol: PROTOCOL,
    headerSignatureInfo: partInfo(context, call, id, WHOLE),
  }
}

function partInfo(context: DialectContext, call: Call, upload: UploadId, part: number) {
  return transferInfo(context, call, (expiresAt) => putPath(context.engine, { upload, part }, expiresAt))
}

async function partInfos(context: DialectContext, call: Call): Promise<object> {
  const id = uploadKeyIn(call.body)
  const numbers = listIn(call.body, 'partNumbers', PARTS_PER_QUERY_MAX, (number) =>
    Number.isSafeInteger(number) && Number(number) >= 1 && Number(number) <= PART_NUMBER_MAX
      ? Number(number)
      : undefined,
  )
  const [session] = await context.engine.uploads(call.actor, [id])
  if (!session) throw new Refusal(...errors.upload_not_found)
  if (session.upload.state === 'committed') throw new Refusal(...errors.upload_used)
  return {
    multipartHeaderSignatureInfos: numbers.map((partNumber) => ({
      partNumber,
      headerSignatureInfo: partInfo(context, call, id, partNumber),
    })),
  }
}

function uploadKeyIn(body: Fields): UploadId {
  const key = textIn(body, 'uploadKey') ?? ''
  if (!/^[0-9a-f]{32}$/.test(key)) throw paramError('uploadKey', 'is not one this server gave out.')
  return key as UploadId
}

/** Joins what was uploaded, whole or in parts, and makes it a file or a file's next version. */
async function commitFile(
  context: DialectContext,
  call: Call,
  { drive, parent, target }: Place & { readonly target?: Ref | undefined },
  wording: Wording = PARENT_WORDING,
): Promise<object> {
  const upload = uploadKeyIn(call.body)
  const name = demandedText(call.body, 'name')
  const option = fieldsIn(call.body, 'option')
  const size = integerIn(option, 'size', { min: 0, max: Number.MAX_SAFE_INTEGER })
  const conflict = conflictOf(option.conflictStrategy)
  if (!conflict) throw unknownStrategy()
  const attributes = appPropertiesIn(option, call.app.id)
  const [session] = await context.engine.uploads(call.actor, [upload])
  if (session?.upload.drive !== drive.id) throw new Refusal(...errors.upload_not_found)
  const [result] = await context.engine.batch(call.actor, [
    {
      kind: 'commit',
      upload,
      parent,
      name,
      conflict,
      naming: NAMING,
      ...(target ? { target } : {}),
      ...(size === undefined ? {} : { size }),
      ...(attributes ? { attributes } : {}),
    },
  ])
  return { dentry: categorizedDentryOf(viewOf(result, wording), call.viewer) }
}
