/** Moving and copying, many at once or one: the checks of the request first, then one batch of ops. */
import type { Conflict, CopyOp, Drive, DriveId, MoveOp, Ref, Result } from '../../engine/index.ts'
import type { DialectContext } from '../../http/dialect.ts'
import { getOp, unknownStrategy } from './dentry.ts'
import { paramError, refusal } from './error.ts'
import { dentryOf } from './present.ts'
import { booleanIn, type Fields, fieldsIn, listIn } from './request.ts'
import { outcomeOf, refuseWhole } from './result-item.ts'
import { type Call, existing, type Route, spaceId } from './route.ts'
import { conflictOf, dentryId, NAMING, parseId, parseRef, ROOT } from './terms.ts'

/** How many dentries one batchMove or batchCopy may name. */
const IDS_MAX = 30

export function relocateRoutes(route: Route): void {
  const dentries = '/storage/spaces/:spaceId/dentries'
  const one = { scope: 'Storage.File.Write', required: ['targetSpaceId', 'targetFolderId'] }
  const many = { ...one, required: [...one.required, 'dentryIds'] }
  route('MoveDentries', `POST ${dentries}/batchMove`, many, (...asked) => relocateMany('move', ...asked))
  route('CopyDentries', `POST ${dentries}/batchCopy`, many, (...asked) => relocateMany('copy', ...asked))
  route('MoveDentry', `POST ${dentries}/:dentryId/move`, one, (...asked) => relocateOne('move', ...asked))
  route('CopyDentry', `POST ${dentries}/:dentryId/copy`, one, (...asked) => relocateOne('copy', ...asked))
}

type Kind = 'move' | 'copy'

/** `batchMove` and `batchCopy`: 200 also when every item failed; callers read resultItems. */
async function relocateMany(kind: Kind, context: DialectContext, call: Call): Promise<object> {
  const { source, ids, results } = await relocate(kind, context, call, (drive) =>
    listIn(call.body, 'dentryIds', IDS_MAX, (id) => sourceOf(drive, id)),
  )
  return {
    resultItems: results.map((result, i) => ({
      spaceId: String(source.id),
      dentryId: ids[i],
      ...outcomeOf(result),
      ...(result.status !== 'failed' && result.view
        ? {
            targetSpaceId: String(result.view.drive.id),
            targetDentryId: dentryId(result.view.node.id, result.view.drive),
          }
        : {}),
    })),
  }
}

/** The single forms: a failure is the call's own, and there is no `success`. */
async function relocateOne(kind: Kind, context: DialectContext, call: Call): Promise<object> {
  const { results } = await relocate(kind, context, call, (drive) => {
    const source = sourceOf(drive, call.params.dentryId)
    if (!source) throw paramError('dentryId', `is not the id of a file or folder that can be ${PAST[kind]}.`)
    return [source]
  })
  const [result] = results
  if (result?.status === 'failed') throw refusal(result.error)
  if (!result?.view) throw new Error('a relocated node was answered without its view')
  const dentry = dentryOf(result.view, call.viewer)
  return result.status === 'later' ? { async: true, taskId: String(result.task), dentry } : { async: false, dentry }
}

const PAST = { move: 'moved', copy: 'copied' } as const

interface Source {
  readonly id: string
  readonly ref: Ref
}

/** What is to be moved or copied; never a root, which stays where it is. */
function sourceOf(drive: DriveId, id: unknown): Source | undefined {
  const ref = id === ROOT ? undefined : parseRef(drive, id)
  return ref && { id: String(id), ref }
}

interface Relocated {
  readonly source: Drive
  /** As they were written in the request. */
  readonly ids: readonly string[]
  readonly results: readonly Result[]
}

/**
 * Checks in the order: source space, what is to be moved, target space, target folder, strategy; any of them refuses the
 * call before anything has changed. The target folder is looked up by the first op of the same batch, so that what was
 * checked is what the moves saw.
 */
async function relocate(
  kind: Kind,
  context: DialectContext,
  call: Call,
  sourcesIn: (drive: DriveId) => readonly Source[],
): Promise<Relocated> {
  const { body } = call
  const sourceId = spaceId(call.params.spaceId)
  const targetId = parseId<DriveId>(body.targetSpaceId)
  const [source, target] = await context.engine.drives(call.actor, [sourceId, targetId ?? sourceId])
  const space = existing(source)
  const sources = sourcesIn(space.id)
  if (targetId === undefined) throw paramError('targetSpaceId', 'is not the id of a space.')
  const to = parseRef(existing(target).id, body.targetFolderId)
  if (!to) throw paramError('targetFolderId', 'is not the id of a folder.')
  const option = fieldsIn(body, 'option')
  const conflict = conflictOf(option.conflictStrategy)
  const keepGrants = preservesPermissions(option)

  const ops = conflict ? sources.map(({ ref }) => relocation(kind, ref, to, conflict, keepGrants)) : []
  const [probe, ...results] = await context.engine.batch(call.actor, [{ ...getOp(to), expect: 'folder' }, ...ops])
  refuseTarget(probe)
  if (!conflict) throw unknownStrategy()
  refuseWhole(results, probe)
  return { source: space, ids: sources.map(({ id }) => id), results }
}

/** The batch form spells it `preservePermissions`, the single form `presevePermissions`; either is understood by both. */
function preservesPermissions(option: Fields): boolean {
  const spellings = ['preservePermissions', 'presevePermissions']
  return spellings.map((spelling) => booleanIn(option, spelling)).includes(true)
}

function relocation(kind: Kind, node: Ref, to: Ref, conflict: Conflict, keepGrants: boolean): MoveOp | CopyOp {
  const common = { node, to, conflict, naming: NAMING, taskIfChildren: true }
  return kind === 'move' ? { ...common, kind, keepGrants } : { ...common, kind }
}

/** A target that is missing or no folder refuses the whole call: nothing can have gone there. */
function refuseTarget(probe: Result | undefined): void {
  if (probe?.status !== 'failed') return
  const { error } = probe
  if (error.code === 'node_not_found' || error.code === 'drive_not_found') throw refusal(error)
  if (error.code === 'wrong_kind') throw paramError('targetFolderId', 'is not a folder.')
}
