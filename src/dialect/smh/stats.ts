/** How much lies below a directory, in the bin, or in earlier versions. */
import type { Ref, Totals, TrashId } from '../../engine/index.ts'
import { type Visit, visit } from './auth.ts'
import { type Answer, type Call, entryPath, type Operation } from './call.ts'
import { faultOf, Refusal, refuse } from './error.ts'
import { perform } from './perform.ts'
import { userOf } from './terms.ts'
import { word } from './words.ts'

const TYPES = ['normal', 'recycle', 'history'] as const
type StatsType = (typeof TYPES)[number]

export function statsOperations(path: string): readonly Operation[] {
  return [
    { operation: 'Directory statistics', coverage: 'done', method: 'GET', path, flag: 'stats', handle: stats },
    {
      operation: 'Recalculate directory statistics',
      coverage: 'done; statistics are never out of step',
      method: 'PUT',
      path,
      flag: 'calibrate',
      handle: calibrate,
    },
  ]
}

function typeOf(query: URLSearchParams): StatsType {
  const given = word(query, 'stats_type') ?? 'normal'
  const type = TYPES.find((known) => known === given)
  if (!type) throw refuse('InvalidDirectoryStatsType')
  return type
}

async function stats(call: Call): Promise<Answer> {
  const here = await visit(call, 'read')
  const statsType = typeOf(call.query)
  const node = refOf(call, here, statsType)
  const op = { kind: 'get', node, need: 0, trashed: statsType === 'recycle' ? 'only' : 'no' } as const
  const { view } = await perform(call, here.actor, { ...op, expect: 'folder' }, { kind: 'folder', source: false })
  const { files, folders, size, versions, versionsSize } = await totalsOf(call, here, node)
  const counted =
    statsType === 'history'
      ? { storage: versionsSize, fileCount: versions, dirCount: 0 }
      : { storage: size, fileCount: files, dirCount: folders }
  return { status: 200, body: { userId: userOf(view!.node.creator), statsType, ...counted } }
}

/** Statistics are counted whenever they are asked for: the task that clients wait for finds the directory, and is done. */
async function calibrate(call: Call): Promise<Answer> {
  const { actor, drive, ...here } = await visit(call, 'manage')
  const node = refOf(call, { ...here, actor, drive }, typeOf(call.query))
  const trashed = 'trash' in node ? 'only' : 'no'
  const op = { kind: 'get', node, need: 0, trashed, expect: 'folder' } as const
  await perform(call, actor, op, { kind: 'folder', source: false })
  return { status: 202, body: { taskId: await call.context.engine.submit(actor, drive.id, 'calibrate', [op], [null]) } }
}

/** A directory by its path, or, in the bin, by the number of its item. */
function refOf(call: Call, { drive }: Visit, type: StatsType): Ref {
  if (type !== 'recycle') return { drive: drive.id, path: entryPath(call) }
  const id = word(call.query, 'recycled_id') ?? ''
  if (!/^[1-9][0-9]{0,14}$/.test(id)) throw refuse('RecycledItemNotFound')
  return { drive: drive.id, trash: Number(id) as TrashId }
}

export async function totalsOf(call: Call, { actor }: Visit, node: Ref): Promise<Totals> {
  const [totals] = await call.context.engine.totals(actor, [node])
  if ('status' in totals!) throw new Refusal(faultOf(totals!.error, { kind: 'folder', source: false }))
  return totals!
}
