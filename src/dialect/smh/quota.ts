/**
 * Quotas. Here a quota is always that of one space, kept by the drive itself, and its id is the drive's: so the calls by
 * space and by id, which share a path, mean the same and answer both sets of members. Pages 1283/75474–75477.
 */
import type { Drive } from '../../engine/index.ts'
import { type Caller, callerOf, demand, spacesOf } from './auth.ts'
import type { Answer, Call, Operation } from './call.ts'
import { faultOf, Refusal, refuse } from './error.ts'
import { isMultiSpace } from './library.ts'
import { poolOf } from './space.ts'
import { libraryActor } from './space-index.ts'
import { SINGLE, spaceIdOf } from './terms.ts'
import { bytes, flag, type Members, member, members, texts } from './words.ts'

const COVERAGE = 'one space a quota; removeWhenExceed only false'

export const quotaOperations: readonly Operation[] = [
  { operation: 'Create quota', coverage: COVERAGE, method: 'POST', path: 'quota/{lib}', handle: create },
  { operation: 'Get quota', coverage: 'done', method: 'GET', path: 'quota/{lib}/{space}', handle: get },
  {
    operation: 'Get quota of a space',
    coverage: 'done',
    method: 'GET',
    path: 'space-quota/{lib}/{space}',
    handle: get,
  },
  { operation: 'Set quota', coverage: COVERAGE, method: 'PUT', path: 'quota/{lib}/{space}', handle: set },
]

async function create(call: Call): Promise<Answer> {
  const caller = await callerOf(call)
  demand(caller)
  const body = members(call)
  const quota = capacityOf(body)
  refuseRemoval(body)
  const [drive] = await spacesOf(call, caller, [spaceIn(body, caller)])
  if (poolOf(drive!).quota !== null) throw refuse('DuplicateQuota')
  await keep(call, caller, drive!, quota)
  return { status: 201, body: { quotaId: drive!.id } }
}

/** The one space a quota is for. */
function spaceIn(body: Members, { library }: Caller): string {
  const spaces = texts(body, 'spaces') ?? []
  if (!isMultiSpace(library)) {
    if (spaces.length > 0) throw refuse('QuotaSpacesInvalid', 'The library has only one space; spaces is not allowed.')
    return SINGLE
  }
  if (spaces.length !== 1) throw refuse('QuotaSpacesInvalid', 'A quota is for exactly one space.')
  return spaces[0]!
}

function capacityOf(body: Members): number {
  const capacity = member(body, 'capacity')
  if (capacity === undefined || capacity === '') throw refuse('QuotaCapacityRequired')
  return bytes(capacity, 'capacity')
}

/** Files are never removed to fit a quota. */
function refuseRemoval(body: Members): void {
  if (flag(body, 'removeWhenExceed')) throw refuse('FunctionNotEnabled', 'removeWhenExceed is not enabled.')
}

async function keep(call: Call, { library }: Caller, drive: Drive, quota: number): Promise<void> {
  const [result] = await call.context.engine.updateDrives(libraryActor(library), [{ id: drive.id, set: { quota } }])
  if (result!.status === 'failed') throw new Refusal(faultOf(result!.error, { kind: 'any', source: false }))
}

async function limited(call: Call): Promise<{ caller: Caller; drive: Drive; quota: number }> {
  const caller = await callerOf(call)
  demand(caller)
  const [drive] = await spacesOf(call, caller, [call.params.space!])
  const { quota } = poolOf(drive!)
  if (quota === null) throw refuse('NoQuota')
  return { caller, drive: drive!, quota }
}

async function get(call: Call): Promise<Answer> {
  const { caller, drive, quota } = await limited(call)
  const spaces = [spaceIdOf(drive, caller.library.id)]
  return { status: 200, body: { id: drive.id, spaces, capacity: String(quota) } }
}

async function set(call: Call): Promise<Answer> {
  const { caller, drive } = await limited(call)
  const body = members(call)
  refuseRemoval(body)
  const spaces = texts(body, 'spaces')
  const others = spaces?.some((space) => space !== spaceIdOf(drive, caller.library.id) && space !== String(drive.id))
  if (others || spaces?.length === 0) throw refuse('QuotaSpacesInvalid', 'A quota is for exactly one space.')
  await keep(call, caller, drive, capacityOf(body))
  return { status: 204 }
}
