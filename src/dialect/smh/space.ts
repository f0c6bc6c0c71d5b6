/** Spaces: making, listing and deleting them, their properties and what they hold. Pages 1339/49960, 71152, 71157. */
import type { Actor, App, Drive, DriveId, DrivePatch, Json } from '../../engine/index.ts'
import { type Caller, callerOf, demand, EXTENSION, isTagged, opens, spacesOf, visit } from './auth.ts'
import type { Answer, Call, Operation } from './call.ts'
import { faultOf, Refusal, refuse } from './error.ts'
import { rules } from './grant.ts'
import { isMultiSpace, spaceDefaults } from './library.ts'
import { perform } from './perform.ts'
import { isCustomSpaceId, libraryActor } from './space-index.ts'
import { totalsOf } from './stats.ts'
import { isoTime, SCENE, spaceIdOf, userOf } from './terms.ts'
import { booleanOf, list as commaList, count, type Members, member, members, text, texts, word, yes } from './words.ts'

export const spaceOperations: readonly Operation[] = [
  {
    operation: 'Create space',
    coverage: 'done; nothing is recognized',
    method: 'POST',
    path: 'space/{lib}',
    handle: create,
  },
  {
    operation: 'List spaces',
    coverage: 'done',
    method: 'GET',
    path: 'space/{lib}/list',
    handle: list,
  },
  { operation: 'Count spaces', coverage: 'done', method: 'GET', path: 'space/{lib}/count', handle: countAll },
  { operation: 'List spaces (old)', coverage: 'done', method: 'GET', path: 'space/{lib}', handle: listOld },
  { operation: 'Delete space', coverage: 'done', method: 'DELETE', path: 'space/{lib}/{space}', handle: remove },
  {
    operation: 'Get space extension',
    coverage: 'done',
    method: 'GET',
    path: 'space/{lib}/{space}/extension',
    handle: getExtension,
  },
  {
    operation: 'Set space extension',
    coverage: 'done; nothing is recognized',
    method: 'POST',
    path: 'space/{lib}/{space}/extension',
    handle: setExtension,
  },
  {
    operation: 'Space file count',
    coverage: 'done',
    method: 'GET',
    path: 'space/{lib}/{space}/file-count',
    handle: fileCount,
  },
  { operation: 'Sizes of all spaces', coverage: 'done', method: 'GET', path: 'stats/{lib}/space-size', handle: sizes },
  { operation: 'Space size', coverage: 'done', method: 'GET', path: 'space/{lib}/{space}/size', handle: size },
  { operation: 'Library usage', coverage: 'done', method: 'GET', path: 'usage/{lib}', handle: libraryUsage },
  { operation: 'Space usage', coverage: 'done', method: 'GET', path: 'usage/{lib}/{spaces}', handle: usage },
]

const BOOLEANS = ['isPublicRead', 'isMultiAlbum', 'allowPhoto', 'allowVideo', 'recognizeSensitiveContent'] as const
const LISTS = ['allowPhotoExtname', 'allowVideoExtname', 'allowFileExtname'] as const

/** The old Java client writes two of the members without `is`. */
const SPELLINGS: Readonly<Record<string, string>> = { isPublicRead: 'publicRead', isMultiAlbum: 'multiAlbum' }

type Extension = Record<string, Json>

const NO_EXTENSION: Extension = {
  ...Object.fromEntries(BOOLEANS.map((name) => [name, false])),
  ...Object.fromEntries(LISTS.map((name) => [name, []])),
}

function extensionOf(drive: Drive): Extension {
  return { ...NO_EXTENSION, ...(drive.settings.extra?.[EXTENSION] as Extension | undefined) }
}

/** The given members of an extension. */
function extensionIn(body: Members): Extension {
  const found: Extension = {}
  for (const name of BOOLEANS) {
    const value = member(body, name) ?? member(body, SPELLINGS[name] ?? name)
    if (value !== undefined) found[name] = booleanOf(value, name)
  }
  for (const name of LISTS) {
    const value = texts(body, name)
    if (value) found[name] = value
  }
  // Null clears a tag, so it is told from absent.
  if (Object.hasOwn(body, 'spaceTag')) found.spaceTag = text(body, 'spaceTag') ?? null
  return found
}

async function create(call: Call): Promise<Answer> {
  const caller = await callerOf(call)
  const { library } = caller
  if (!isMultiSpace(library)) throw refuse('NotMultiSpaceLibrary')
  demand(caller, 'create_space')
  const custom = word(call.query, 'space_id') ?? ''
  const extension = extensionIn(members(call))
  if (custom !== '' && !isCustomSpaceId(custom)) throw refuse('SpaceIdInvalid')
  if (custom !== '' && (await call.spaces.find(library, [custom]))[0]) {
    throw refuse('SpaceIdInvalid', 'A space of this id exists.')
  }
  const owner = caller.user === '' ? (`app:${library.id}` as const) : (`user:${caller.user}` as const)
  const maker = { ...libraryActor(library), self: owner, subjects: [owner, 'everyone' as const] }
  const [drive] = await call.context.engine.createDrives(maker, [
    {
      name: custom === '' ? SCENE : custom,
      owner,
      app: library.id,
      scene: SCENE,
      sceneId: custom,
      settings: { ...spaceDefaults(library), extra: { [EXTENSION]: extension } },
    },
  ])
  return { status: 201, body: { spaceId: spaceIdOf(drive!, library.id) } }
}

const LIMIT = { min: 1, max: 1000, otherwise: 1000 }

async function list(call: Call): Promise<Answer> {
  const caller = await callerOf(call)
  const [prefix, start] = [word(call.query, 'prefix'), word(call.query, 'start_name')]
  if (prefix !== undefined || start !== undefined || yes(call.query, 'ordered')) {
    return listById(call, caller, prefix ?? '', start ?? '')
  }
  const limit = count(call.query, 'limit', LIMIT)
  const after = count(call.query, 'marker', { min: 0, max: Number.MAX_SAFE_INTEGER, otherwise: 0 }) as DriveId | 0
  const page = await call.context.engine.listDrives(libraryActor(caller.library), {
    owners: ownersSeen(caller),
    after,
    limit,
  })
  const list = page.items.filter((drive) => isTagged(caller, drive)).map((drive) => item(drive, caller))
  // The vendor's schema calls the cursor one thing and its text another.
  const marker = page.next === null ? {} : { marker: String(page.next), nextMarker: String(page.next) }
  return { status: 200, body: { list, ...marker } }
}

/** Spaces in the order of their ids as texts, those that begin so, behind one. A marker is how many were shown. */
async function listById(call: Call, caller: Caller, prefix: string, start: string): Promise<Answer> {
  const { drives } = await seen(call)
  const all = drives
    .map((drive) => item(drive, caller))
    .filter(({ spaceId }) => spaceId.startsWith(prefix) && (start === '' || spaceId > start))
    .sort((a, b) => (a.spaceId < b.spaceId ? -1 : 1))
  const limit = count(call.query, 'limit', LIMIT)
  const from = count(call.query, 'marker', { min: 0, max: Number.MAX_SAFE_INTEGER, otherwise: 0 })
  const next = String(from + limit)
  const marker = from + limit < all.length ? { marker: next, nextMarker: next } : {}
  return { status: 200, body: { list: all.slice(from, from + limit), ...marker } }
}

/** Without `admin` a caller sees the spaces it made. */
function ownersSeen({ grants, user, library }: Caller) {
  if (grants.has('admin')) return null
  return [user === '' ? (`app:${library.id}` as const) : (`user:${user}` as const)]
}

function item(drive: Drive, { library }: Caller) {
  return {
    spaceId: spaceIdOf(drive, library.id),
    userId: userOf(drive.creator),
    creationTime: isoTime(drive.createdAt),
  }
}

async function seen(call: Call): Promise<{ caller: Caller; drives: Drive[] }> {
  const caller = await callerOf(call)
  const owners = ownersSeen(caller)
  const drives = await call.spaces.all(caller.library)
  const isSeen = (drive: Drive) => owners === null || owners.some((owner) => owner === drive.owner)
  return { caller, drives: drives.filter((drive) => isSeen(drive) && isTagged(caller, drive)) }
}

async function listOld(call: Call): Promise<Answer> {
  const { caller, drives } = await seen(call)
  return { status: 200, body: drives.map((drive) => item(drive, caller)) }
}

async function countAll(call: Call): Promise<Answer> {
  const { drives } = await seen(call)
  return { status: 200, body: { total: drives.length } }
}

async function remove(call: Call): Promise<Answer> {
  const caller = await callerOf(call)
  const { library, spaces } = caller
  demand(caller, 'delete_space')
  if (!isMultiSpace(library)) throw refuse('NotMultiSpaceLibrary')
  const [drive] = await call.spaces.find(library, [call.params.space!])
  if (!drive) throw refuse('SpaceNotFound')
  // A token minted only for managing spaces names none; it reaches those its user made.
  const isOwn = ownersSeen(caller)?.some((owner) => owner === drive.owner) ?? true
  if (!(spaces?.length === 0 ? isOwn && isTagged(caller, drive) : opens(caller, drive)))
    throw refuse('AccessTokenNotMatchSpace')
  const actor = libraryActor(library)
  if (!yes(call.query, 'force') && (await isUsed(call, actor, drive))) throw refuse('SpaceNotEmpty')
  const [result] = await call.context.engine.deleteDrives(actor, [drive.id])
  if (result!.status === 'failed') throw new Refusal(faultOf(result!.error, { kind: 'any', source: false }))
  return { status: 204 }
}

async function isUsed(call: Call, actor: Actor, drive: Drive): Promise<boolean> {
  const folder = { drive: drive.id, path: [] }
  const order = { by: 'name', descending: false, foldersFirst: false } as const
  const result = await perform(
    call,
    actor,
    { kind: 'list', folder, ...order, limit: 1 },
    { kind: 'folder', source: false },
  )
  return result.status === 'done' && (result.page?.items.length ?? 0) > 0
}

async function getExtension(call: Call): Promise<Answer> {
  const { drive } = await visit(call, 'inspect')
  return { status: 200, body: extensionOf(drive) }
}

async function setExtension(call: Call): Promise<Answer> {
  const { drive, caller } = await visit(call, 'manage')
  const given = extensionIn(members(call))
  const before = extensionOf(drive)
  if (given.isMultiAlbum !== undefined && given.isMultiAlbum !== before.isMultiAlbum) {
    throw refuse('ParamInvalid', 'isMultiAlbum cannot be changed.')
  }
  const after = Object.fromEntries(Object.entries({ ...before, ...given }).filter(([, value]) => value !== null))
  await changeSpace(call, caller.library, drive, { settings: { extra: { [EXTENSION]: after } } })
  return { status: 204 }
}

/** Changes the drives of all spaces of a library. */
export async function changeSpaces(call: Call, library: App, set: DrivePatch): Promise<void> {
  const drives = await call.spaces.all(library)
  const results = await call.context.engine.updateDrives(
    libraryActor(library),
    drives.map(({ id }) => ({ id, set })),
  )
  // One that was deleted meanwhile has nothing left to change.
  const failed = results.find((result) => result.status === 'failed' && result.error.code !== 'drive_not_found')
  if (failed?.status === 'failed') throw new Refusal(faultOf(failed.error, { kind: 'any', source: false }))
}

/** Changes the drive of a space; who may is judged before. */
export async function changeSpace(call: Call, library: App, { id }: Drive, set: DrivePatch): Promise<void> {
  const [result] = await call.context.engine.updateDrives(libraryActor(library), [{ id, set }])
  if (result!.status === 'failed') throw new Refusal(faultOf(result!.error, { kind: 'any', source: false }))
}

/** What the drive holds, trash and old versions included, and what it may hold. */
export function poolOf(drive: Drive): { quota: number | null; used: number } {
  const pool = drive.pools.find(({ kind }) => kind === 'drive')
  return { quota: pool?.quota ?? null, used: pool?.used ?? 0 }
}

async function size(call: Call): Promise<Answer> {
  const { drive } = await visit(call, 'inspect')
  return { status: 200, body: { size: String(poolOf(drive).used) } }
}

async function sizes(call: Call): Promise<Answer> {
  const { caller, drives } = await seen(call)
  const body = drives.map((drive) => {
    return { spaceId: spaceIdOf(drive, caller.library.id), size: String(poolOf(drive).used) }
  })
  return { status: 200, body }
}

async function fileCount(call: Call): Promise<Answer> {
  const here = await visit(call, 'inspect')
  const { id: drive, root } = here.drive
  const live = await totalsOf(call, here, { drive, id: root })
  const [bin] = await call.context.engine.trashTotals(here.actor, [drive])
  if ('status' in bin!) throw new Refusal(faultOf(bin!.error, { kind: 'any', source: false }))
  return {
    status: 200,
    body: {
      fileNum: String(live.files),
      dirNum: String(live.folders),
      recycledFileNum: String(bin!.files),
      recycledDirNum: String(bin!.folders),
      historyFileNum: String(live.versions),
    },
  }
}

async function libraryUsage(call: Call): Promise<Answer> {
  const caller = await callerOf(call)
  demand(caller)
  const drives = await call.spaces.all(caller.library)
  const total = drives.reduce((sum, drive) => sum + poolOf(drive).used, 0)
  return { status: 200, body: { totalFileSize: String(total) } }
}

async function usage(call: Call): Promise<Answer> {
  const caller = await callerOf(call)
  if (!rules(caller.grants)) throw refuse('NoPermission')
  const words = commaList(new URLSearchParams([['ids', call.params.spaces!]]), 'ids')
  const drives = await spacesOf(call, caller, words)
  return { status: 200, body: drives.map((drive) => usageOf(drive, caller)) }
}

/** A quota that a space shares with others is told as its own; what is left of it, the others may take too. */
function usageOf(drive: Drive, { library }: Caller) {
  const limits = drive.pools.filter(({ kind, quota }) => (kind === 'drive' || kind === 'shared') && quota !== null)
  const [narrowest] = limits.toSorted((a, b) => a.quota! - a.used - (b.quota! - b.used))
  return {
    spaceId: spaceIdOf(drive, library.id),
    capacity: narrowest ? String(narrowest.quota) : null,
    availableSpace: narrowest ? String(Math.max(0, narrowest.quota! - narrowest.used)) : null,
    size: String(poolOf(drive).used),
  }
}
