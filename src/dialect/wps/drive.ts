/** Drives: list, make, read; changing and deleting them in the house style, which the vendor does not document. */

import { RefusedError } from '../../engine/directory.ts'
import type { Drive, DriveId, DrivePatch, DriveSpec, Subject } from '../../engine/index.ts'
import { type Answer, type Call, driveOf, getOp, inputProblem, type Route, readNode } from './call.ts'
import { isRefusal, type Refusal, refusalOf, refuse } from './error.ts'
import type { Input } from './input.ts'
import { presentDrives } from './present.ts'
import { SCOPES } from './scope.ts'
import {
  ALLOTEES,
  type Allotee,
  DRIVE_NAME_CHARACTERS_MAX,
  DRIVE_NAME_FORBIDDEN,
  EXT_ATTR_PREFIX,
  ownerOf,
  parseDriveId,
  SOURCE_KEY,
  SOURCES,
  sourceOf,
  subjectParts,
} from './terms.ts'

const PAGE_MAX = 500

async function list(call: Call): Promise<Answer> {
  const { query, engine, actor } = call
  const allotee = query.word('allotee_type', ALLOTEES)
  const id = query.optionalText('allotee_id') || undefined
  const limit = query.pageSize(PAGE_MAX)
  const withExtAttrs = query.flag('with_ext_attrs', false)
  const sources = (query.optionalTexts('sources') ?? []).filter((source) => source !== '')
  const token = query.optionalText('page_token') || undefined
  const after = token === undefined ? 0 : parseDriveId(Buffer.from(token, 'base64url').toString())
  if (after === undefined) query.refuse('valueInvalid', 'page_token is not one of this listing')
  const owners = inputProblem(call) ?? listedOwners(call, allotee, id)
  if (owners !== null && isRefusal(owners)) return owners

  const page = await engine.listDrives(actor, { owners, after: after ?? 0, limit })
  const isListed = (drive: Drive) =>
    subjectParts(drive.owner).type === allotee &&
    (allotee !== 'user' || sources.length === 0 || sources.includes(sourceOf(drive)))
  const items = await presentDrives(call, page.items.filter(isListed), withExtAttrs)
  const next = page.next === null ? '' : Buffer.from(String(page.next)).toString('base64url')
  return { data: { items, next_page_token: next } }
}

/** Whose drives are listed; null = those of all owners of the type, which only an app (or an admin) may ask for. */
function listedOwners(
  { actor, token }: Call,
  allotee: Allotee,
  id: string | undefined,
): readonly Subject[] | null | Refusal {
  const self = token.user === '' ? ownerOf('app', token.app) : ownerOf('user', token.user)
  const isOwnType = subjectParts(self).type === allotee
  if (id === undefined && isOwnType) return [self]
  if (id === undefined) return actor.admin ? null : refuse('missing', 'allotee_id is required')
  const owner = ownerOf(allotee, id)
  return actor.admin || actor.subjects.includes(owner) ? [owner] : refuse('forbidden')
}

async function create(call: Call): Promise<Answer> {
  const { body, engine, actor } = call
  const allotee = body.word('allotee_type', ALLOTEES)
  const id = body.optionalText('allotee_id') || undefined
  const settings = readSettings(body)
  const name = body.text('name')
  checkName(body, name)
  const quota = body.optionalInteger('total_quota', 0)
  // Personal drives have no default.
  const source = allotee === 'user' ? body.word('source', SOURCES) : body.word('source', SOURCES, 'yundoc')
  const owner = inputProblem(call) ?? newOwner(call, allotee, id)
  if (typeof owner !== 'string') return owner
  const spec: DriveSpec = {
    name,
    owner,
    settings: { ...settings, extra: { ...settings.extra, [SOURCE_KEY]: source } },
    ...(quota === undefined ? {} : { quota }),
  }
  const made = await createDrive(engine, actor, spec)
  return isRefusal(made) ? made : { data: (await presentDrives(call, [made], true))[0] }
}

async function createDrive(engine: Call['engine'], actor: Call['actor'], spec: DriveSpec): Promise<Drive | Refusal> {
  try {
    const [drive] = await engine.createDrives(actor, [spec])
    return drive!
  } catch (error) {
    if (error instanceof RefusedError) return refusalOf(error.error)
    throw error
  }
}

/** A user makes drives for itself and its groups; an app makes drives of its own only. */
function newOwner({ actor, token }: Call, allotee: Allotee, id: string | undefined): Subject | Refusal {
  const isApp = token.user === ''
  if (isApp !== (allotee === 'app')) return refuse('forbidden', isApp ? 'an app makes only app drives' : undefined)
  if (id === undefined && allotee === 'group') return refuse('missing', 'allotee_id is required')
  const owner = ownerOf(allotee, id ?? (isApp ? token.app : token.user))
  return actor.admin || actor.subjects.includes(owner) ? owner : refuse('forbidden')
}

/** A drive of which the caller may list the root. */
async function visibleDrive(call: Call): Promise<Drive | Refusal> {
  const id = inputProblem(call) ?? (await driveOf(call, call.params.drive ?? ''))
  if (typeof id !== 'number') return id
  const root = await readNode(call, getOp({ drive: id, path: [] }))
  return isRefusal(root) ? refuse('noDrive') : root.drive
}

async function meta(call: Call): Promise<Answer> {
  const withExtAttrs = call.query.flag('with_ext_attrs', false)
  const drive = await visibleDrive(call)
  return isRefusal(drive) ? drive : { data: (await presentDrives(call, [drive], withExtAttrs))[0] }
}

async function update(call: Call): Promise<Answer> {
  const { body, engine, actor } = call
  const name = body.optionalText('name')
  if (name !== undefined) checkName(body, name)
  const quota = body.optionalInteger('total_quota', 0)
  const settings = readSettings(body)
  const drive = await visibleDrive(call)
  if (isRefusal(drive)) return drive
  const set: DrivePatch = {
    settings,
    ...(name === undefined ? {} : { name }),
    ...(quota === undefined ? {} : { quota }),
  }
  const [outcome] = await engine.updateDrives(actor, [{ id: drive.id, set }])
  if ('error' in outcome!) return refusalOf(outcome.error)
  return { data: (await presentDrives(call, [outcome!], true))[0] }
}

async function remove(call: Call): Promise<Answer> {
  const drive = await visibleDrive(call)
  if (isRefusal(drive)) return drive
  const [outcome] = await call.engine.deleteDrives(call.actor, [drive.id as DriveId])
  return 'error' in outcome! ? refusalOf(outcome.error) : {}
}

function checkName(body: Input, name: string): void {
  if (name === '') body.refuse('driveNameEmpty')
  else if ([...name].length > DRIVE_NAME_CHARACTERS_MAX) body.refuse('driveNameTooLong')
  else if (DRIVE_NAME_FORBIDDEN.test(name)) body.refuse('driveNameForbidden')
}

/** `description` and `ext_attrs` as settings of ours; what is absent stays as it is. */
function readSettings(body: Input) {
  const description = body.optionalText('description')
  const attributes = body.raw('ext_attrs') ?? []
  const isList = Array.isArray(attributes) && attributes.every(isExtAttr)
  if (!isList) body.refuse('malformed', 'ext_attrs must be a list of {name, value}')
  const pairs = isList ? attributes.map(({ name, value }) => [EXT_ATTR_PREFIX + name, value] as const) : []
  return { ...(description === undefined ? {} : { description }), extra: Object.fromEntries(pairs) }
}

function isExtAttr(value: unknown): value is { name: string; value: string } {
  const { name, value: text } = (value ?? {}) as { name?: unknown; value?: unknown }
  return typeof name === 'string' && name !== '' && typeof text === 'string'
}

export const driveRoutes: readonly Route[] = [
  { method: 'GET', path: '/v7/drives', operation: 'List drives', scopes: SCOPES.driveList, handle: list },
  { method: 'POST', path: '/v7/drives/create', operation: 'Create drive', scopes: SCOPES.driveWrite, handle: create },
  { method: 'GET', path: '/v7/drives/:drive/meta', operation: 'Get drive', scopes: SCOPES.driveRead, handle: meta },
  {
    method: 'POST',
    path: '/v7/drives/:drive/update',
    operation: 'Update drive (ours)',
    scopes: SCOPES.driveWrite,
    handle: update,
  },
  {
    method: 'POST',
    path: '/v7/drives/:drive/delete',
    operation: 'Delete drive (ours)',
    scopes: SCOPES.driveWrite,
    handle: remove,
  },
]
