/** Quotas over one space or several. Pages 1283/75474–75477. */
import {
  type Drive,
  EVICTION_DAYS_MAX,
  type Eviction,
  type PoolId,
  parseDecimalId,
  type SharedPool,
} from '../../engine/index.ts'
import { type Caller, callerOf, demand, spacesOf } from './auth.ts'
import type { Answer, Call, Operation } from './call.ts'
import { faultOf, Refusal, refuse } from './error.ts'
import { deniesQuotaBelowUsage, isMultiSpace } from './library.ts'
import { changeSpace, poolOf } from './space.ts'
import { libraryActor } from './space-index.ts'
import { SINGLE, spaceIdOf } from './terms.ts'
import { bytes, flag, type Members, member, members, texts, wholeNumber } from './words.ts'

/** The longest time to wait before files are destroyed, days. */
const DAYS = { min: 0, max: EVICTION_DAYS_MAX }

export const quotaOperations: readonly Operation[] = [
  { operation: 'Create quota', coverage: 'done', method: 'POST', path: 'quota/{lib}', handle: create },
  { operation: 'Get quota', coverage: 'done', method: 'GET', path: 'quota/{lib}/{space}', handle: get },
  {
    operation: 'Get quota of a space',
    coverage: 'done',
    method: 'GET',
    path: 'space-quota/{lib}/{space}',
    handle: get,
  },
  { operation: 'Set quota', coverage: 'done', method: 'PUT', path: 'quota/{lib}/{space}', handle: set },
]

async function create(call: Call): Promise<Answer> {
  const caller = await callerOf(call)
  demand(caller)
  const body = members(call)
  const quota = capacityOf(body)
  const eviction = requiredEviction(body)
  const drives = await spacesOf(call, caller, spacesIn(body, caller))
  // A space that was given a quota of its own by the operator has one too.
  if (drives.some((drive) => drive.sharedPool !== 0 || poolOf(drive).quota !== null)) throw refuse('DuplicateQuota')
  refuseTooSmall(
    caller,
    quota,
    drives.reduce((sum, drive) => sum + poolOf(drive).used, 0),
  )
  const spec = { quota, eviction, drives: drives.map(({ id }) => id) }
  const [made] = await call.context.engine.createPools(libraryActor(caller.library), [spec])
  return { status: 201, body: { quotaId: poolMade(made!).id } }
}

/** The spaces a new quota is for. */
function spacesIn(body: Members, { library }: Caller): string[] {
  const spaces = texts(body, 'spaces') ?? []
  if (!isMultiSpace(library)) {
    if (spaces.length > 0) throw refuse('QuotaSpacesInvalid', 'The library has only one space; spaces is not allowed.')
    return [SINGLE]
  }
  if (spaces.length === 0) throw refuse('QuotaSpacesInvalid', 'spaces must name at least one space.')
  return [...new Set(spaces)]
}

function capacityOf(body: Members): number {
  const capacity = member(body, 'capacity')
  if (capacity === undefined || capacity === '') throw refuse('QuotaCapacityRequired')
  return bytes(capacity, 'capacity')
}

/** The same of a new quota, which must say so, and after how many days, even where nothing is to be removed. */
function requiredEviction(body: Members): Eviction | null {
  const eviction = evictionIn(body)
  if (eviction === undefined) throw refuse('ParamInvalid', 'removeWhenExceed is required.')
  if (member(body, 'removeAfterDays') == null) throw refuse('ParamInvalid', 'removeAfterDays is required.')
  return eviction
}

/** What becomes of files when the capacity is exceeded; undefined when the body does not say. */
function evictionIn(body: Members, before: Eviction | null = null): Eviction | null | undefined {
  const [remove, newest] = [flag(body, 'removeWhenExceed'), flag(body, 'removeNewest')]
  const days = wholeNumber(body, 'removeAfterDays', DAYS)
  if (remove === false) return null
  if (remove === undefined && before === null) return undefined
  const afterDays = days ?? before?.afterDays
  if (afterDays === undefined) throw refuse('ParamInvalid', 'removeAfterDays is required.')
  return { afterDays, newestFirst: newest ?? before?.newestFirst ?? false }
}

function refuseTooSmall({ library }: Caller, quota: number, used: number): void {
  if (deniesQuotaBelowUsage(library) && quota < used) throw refuse('QuotaCapacityLessThanSize')
}

function poolMade(outcome: Awaited<ReturnType<Call['context']['engine']['createPools']>>[number]): SharedPool {
  if (!('status' in outcome)) return outcome
  // Somebody else was quicker.
  if (outcome.error.code === 'name_taken') throw refuse('DuplicateQuota')
  if (outcome.error.detail === 'drives') throw refuse('QuotaSpacesInvalid', 'A quota is for 1000 spaces at most.')
  throw new Refusal(faultOf(outcome.error, { kind: 'any', source: false }))
}

/** A quota as the path names it: by its id, or by a space it is for. `pool` null = a quota of one space's own. */
interface Limited {
  readonly caller: Caller
  readonly pool: SharedPool | null
  readonly drives: readonly Drive[]
  readonly quota: number
  readonly used: number
}

async function limited(call: Call): Promise<Limited> {
  const caller = await callerOf(call)
  demand(caller)
  // Both kinds of ids may be digits; they are drawn from one sequence, so none is ever both.
  const byId = parseDecimalId<PoolId>(call.params.space)
  const pool = byId === undefined ? null : await poolById(call, caller, byId)
  if (pool) return ofPool(caller, pool)
  const [drive] = await call.spaces.find(caller.library, [call.params.space!])
  if (!drive) throw refuse(byId === undefined ? 'SpaceNotFound' : 'QuotaNotFound')
  const shared = drive.sharedPool === 0 ? null : await poolById(call, caller, drive.sharedPool)
  if (shared) return ofPool(caller, shared)
  const { quota, used } = poolOf(drive)
  if (quota === null) throw refuse('NoQuota')
  return { caller, pool: null, drives: [drive], quota, used }
}

function ofPool(caller: Caller, pool: SharedPool): Limited {
  return { caller, pool, drives: pool.drives, quota: pool.quota ?? 0, used: pool.used }
}

async function poolById(call: Call, { library }: Caller, id: PoolId): Promise<SharedPool | null> {
  const [pool] = await call.context.engine.sharedPools(libraryActor(library), [id])
  return pool ?? null
}

/** The calls by space and by id share a path, so both are answered with the members of both. */
async function get(call: Call): Promise<Answer> {
  const { caller, pool, drives, quota } = await limited(call)
  const spaces = drives.map((drive) => spaceIdOf(drive, caller.library.id))
  return { status: 200, body: { id: pool?.id ?? drives[0]!.id, spaces, capacity: String(quota) } }
}

async function set(call: Call): Promise<Answer> {
  const { caller, pool, drives, used } = await limited(call)
  const body = members(call)
  const eviction = evictionIn(body, pool?.eviction)
  const quota = capacityOf(body)
  refuseTooSmall(caller, quota, used)
  const words = texts(body, 'spaces')
  if (words?.length === 0) throw refuse('QuotaSpacesInvalid', 'spaces must name at least one space.')
  const wanted = words && (await spacesOf(call, caller, [...new Set(words)]))
  if (!pool) {
    const single = drives[0]!
    if (eviction || wanted?.some(({ id }) => id !== single.id)) {
      await widen(call, caller, single, { quota, eviction: eviction ?? null, drives: wanted ?? drives })
    } else await changeSpace(call, caller.library, single, { quota })
    return { status: 204 }
  }
  const evicts = eviction === undefined ? {} : { eviction }
  const change = { quota, ...evicts, ...(wanted ? { drives: wanted.map(({ id }) => id) } : {}) }
  const [changed] = await call.context.engine.updatePools(libraryActor(caller.library), [{ id: pool.id, set: change }])
  poolMade(changed!)
  return { status: 204 }
}

/**
 * Makes a quota of one space's own one that may remove files and be for several spaces. The space's own goes last: whoever
 * stops in between leaves both limits, never none.
 */
async function widen(
  call: Call,
  { library }: Caller,
  single: Drive,
  { quota, eviction, drives }: { quota: number; eviction: Eviction | null; drives: readonly Drive[] },
): Promise<void> {
  if (drives.every(({ id }) => id !== single.id))
    throw refuse('QuotaSpacesInvalid', 'spaces must name the space whose own quota it is.')
  const others = drives.filter(({ id }) => id !== single.id)
  if (others.some((drive) => drive.sharedPool !== 0 || poolOf(drive).quota !== null)) throw refuse('DuplicateQuota')
  const spec = { quota, eviction, drives: drives.map(({ id }) => id) }
  const [made] = await call.context.engine.createPools(libraryActor(library), [spec])
  poolMade(made!)
  await changeSpace(call, library, single, { quota: null })
}
