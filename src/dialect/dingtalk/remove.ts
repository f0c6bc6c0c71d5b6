/** Deleting, many at once or one: into the recycle bin, or for good. */
import type { Drive, PurgeOp, Ref, Result, TrashOp } from '../../engine/index.ts'
import type { DialectContext } from '../../http/dialect.ts'
import { getOp } from './dentry.ts'
import { errors, paramError, Refusal, refusal } from './error.ts'
import { booleanIn, fieldsIn, listIn, queryBooleanIn } from './request.ts'
import { outcomeOf, refuseWhole } from './result-item.ts'
import { type Call, existing, type Route, spaceOfPath } from './route.ts'
import { parseId, parseRef, ROOT } from './terms.ts'

/** How many dentries one batchRemove may name. */
const IDS_MAX = 50

export function removeRoutes(route: Route): void {
  const dentries = '/storage/spaces/:spaceId/dentries'
  const scope = 'Storage.File.Write'
  route('DeleteDentries', `POST ${dentries}/batchRemove`, { scope, required: ['dentryIds'] }, removeMany)
  route('DeleteDentry', `DELETE ${dentries}/:dentryId`, { scope }, removeOne)
}

/** `batchRemove`: 200 also when every item failed; callers read resultItems. */
async function removeMany(context: DialectContext, call: Call): Promise<object> {
  const space = await spaceOfPath(context, call)
  const toBin = booleanIn(fieldsIn(call.body, 'option'), 'toRecycleBin')
  const targets = listIn(call.body, 'dentryIds', IDS_MAX, (id) => {
    const ref = parseRef(space.id, id)
    return ref && { id: id as string, ref }
  })
  const results = await remove(context, call, { space, toBin, refs: targets.map(({ ref }) => ref) }, 'dentryIds')
  return {
    resultItems: results.map((result, i) => ({
      spaceId: String(space.id),
      dentryId: targets[i]?.id,
      ...outcomeOf(result),
    })),
  }
}

/** The single form: a failure is the call's own. Its page knows no code below `paramError`. */
async function removeOne(context: DialectContext, call: Call): Promise<object> {
  const drive = parseId<Drive['id']>(call.params.spaceId)
  if (drive === undefined) throw paramError('', 'spaceId is not the id of a space.')
  const [found] = await context.engine.drives(call.actor, [drive])
  const space = existing(found)
  const ref = parseRef(space.id, call.params.dentryId)
  if (!ref) throw paramError('', 'dentryId is not the id of a file or folder.')
  const toBin = queryBooleanIn(call.query, 'toRecycleBin')
  const [result] = await remove(context, call, { space, toBin, refs: [ref] }, '')
  if (result?.status === 'failed') throw refusal(result.error)
  return result?.status === 'later' ? { async: true, taskId: String(result.task) } : { async: false }
}

interface Removal {
  readonly space: Drive
  readonly toBin: boolean
  readonly refs: readonly Ref[]
}

/** @param parameter what to blame when the root is among the refs */
async function remove(
  context: DialectContext,
  call: Call,
  { space, toBin, refs }: Removal,
  parameter: string,
): Promise<readonly Result[]> {
  if (toBin && !space.settings.trash) throw new Refusal(...errors.trash_off)
  // A request that names the root is a mistake as a whole: refused before anything is gone.
  if (refs.some((ref) => 'path' in ref)) {
    if (toBin) throw new Refusal(...errors.root_refused)
    throw paramError(parameter, `names the root folder "${ROOT}", which cannot be deleted.`)
  }
  const ops = refs.map((node): TrashOp | PurgeOp =>
    toBin
      ? { kind: 'trash', node, taskIfChildren: true }
      : { kind: 'purge', node, trashed: 'no', taskIfChildren: true },
  )
  const [probe, ...results] = await context.engine.batch(call.actor, [getOp({ drive: space.id, path: [] }), ...ops])
  const off = results.find((result) => result.status === 'failed' && result.error.code === 'trash_off')
  if (off?.status === 'failed') throw refusal(off.error)
  refuseWhole(results, probe)
  return results
}
