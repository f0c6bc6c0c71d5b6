/**
 * Making room in shared pools that hold more than their quota: where the pool says so, its oldest or newest files are destroyed
 * once it has been too full for some days, until it fits. What went that way is remembered for a while.
 */
import { ownsDrive, reachesDrive, seesDrive } from './access.ts'
import { ACTIONS } from './action.ts'
import type { Actor } from './actor.ts'
import { type BatchContext, type RunBatch, writeBatch } from './batch.ts'
import type { Engine } from './engine.ts'
import type { DriveId, Evicted, NodeId, Outline, PoolId } from './model.ts'
import { nameKey } from './name.ts'
import type { PurgeOp, Ref } from './op.ts'
import type { EvictedPlace, NodeKey, ReadTx, StoredPool, WriteTx } from './port.ts'
import { keeper } from './retention.ts'
import type { OrderedNodes, OrderedQuery, OrderPlace } from './search-port.ts'
import type { Swept } from './sweep.ts'

/** For how long is remembered what was evicted, days. */
export const EVICTED_KEPT_DAYS = 30
const DAY_MS = 24 * 3600_000
/** For how long a pool rests of which nothing could be destroyed, ms: what is held just now may be free by then. */
const REST_MS = 60_000
/** Pools looked at, and files destroyed, in one slice. */
const POOLS_PER_SLICE = 100
const EVICTED_PER_SLICE = 200
/** Nodes looked at per step in search of files. */
const LOOKED_AT = 1_000

/** Pools there is something to do about, and, of the first whose time has come, files to destroy. */
interface Excess {
  readonly pools: readonly StoredPool[]
  readonly due: StoredPool | null
  readonly files: readonly Outline[]
}

/** A slice of the sweep. Looking for files may take long: that is done before its transaction, which others wait for. */
export async function easePools(context: BatchContext): Promise<(tx: WriteTx) => Promise<Swept>> {
  const excess = await context.store.read((tx) => excessOf(tx, context.clock()))
  return (tx) => ease(context, tx, excess)
}

async function excessOf(tx: ReadTx, now: number): Promise<Excess> {
  const pools = await tx.strainedPools(now, POOLS_PER_SLICE)
  const due = pools.find((pool) => isDue(pool, now)) ?? null
  if (!due) return { pools, due, files: [] }
  const drives = (await tx.drivesInPools([Number(due.key) as PoolId])).map(({ id }) => id)
  return { pools, due, files: await firstFiles(tx, drives, due.eviction!.newestFirst) }
}

const isOver = ({ quota, used }: StoredPool) => quota !== null && used > quota

function isDue(pool: StoredPool, now: number): boolean {
  const { eviction, overSince } = pool
  return isOver(pool) && eviction !== null && overSince > 0 && overSince + eviction.afterDays * DAY_MS <= now
}

/** Notes which pools hold too much from now on, and which no longer do; destroys files of the one that is due. */
async function ease(context: BatchContext, tx: WriteTx, { pools, due, files }: Excess): Promise<Swept> {
  const now = context.clock()
  const sizes = await sizesOf(tx, files)
  const found = (await tx.pools(pools)).map((pool) => ({
    ...pool,
    overSince: isOver(pool) ? pool.overSince || now : 0,
  }))
  const chosen = found.find((pool) => pool.tenant === due?.tenant && pool.kind === due.kind && pool.key === due.key)
  const tight = chosen && isDue(chosen, now) ? chosen : null
  const removed = tight ? await evictFrom(context, tx, tight, files, sizes) : 0
  // What a task holds just now is left for a later round.
  const rest = (pool: StoredPool) => (pool === tight && removed === 0 ? { ...pool, restsUntil: now + REST_MS } : pool)
  await tx.putPoolStrains(found.map(rest))
  return { removed, hasMore: pools.length > 0 }
}

/** Destroys so many of the files that the pool no longer holds too much, if they are enough; returns how many went. */
async function evictFrom(
  context: BatchContext,
  tx: WriteTx,
  { tenant, used, quota }: StoredPool,
  files: readonly Outline[],
  sizes: ReadonlyMap<NodeId, number>,
): Promise<number> {
  let excess = used - quota!
  const chosen = files.filter((file) => {
    if (excess <= 0) return false
    excess -= sizes.get(file.id) ?? 0
    return true
  })
  const ops = chosen.map(({ drive, id }): PurgeOp => ({ kind: 'purge', node: { drive, id }, trashed: 'any' }))
  const results = await writeBatch(context, tx, keeper(tenant), ops, 'each')
  const gone = chosen.filter((_, at) => results[at]!.status === 'done')
  const at = context.clock()
  await tx.putEvicted(gone.map(({ drive, id, parent, key }) => ({ drive, node: id, parent, key, at })))
  return gone.length
}

/** All bytes of each file, earlier versions too. */
async function sizesOf(tx: ReadTx, files: readonly Outline[]): Promise<Map<NodeId, number>> {
  const sizes = new Map<NodeId, number>()
  for (const { node, content } of await tx.versions(files.map(({ drive, id }) => ({ drive, id })))) {
    sizes.set(node, (sizes.get(node) ?? 0) + content.size)
  }
  return sizes
}

/** The files of drives that were made first, or last, as many as one slice takes. */
async function firstFiles(tx: ReadTx, drives: readonly DriveId[], newestFirst: boolean): Promise<Outline[]> {
  const share = Math.ceil(EVICTED_PER_SLICE / Math.max(1, drives.length))
  const heads = await Promise.all(drives.map((drive) => headOf(tx, drive, newestFirst, share)))
  const sign = newestFirst ? -1 : 1
  const order = (a: Outline, b: Outline) => sign * (a.createdAt - b.createdAt || a.id - b.id)
  // Beyond where the first of them was left, another drive's files may come between.
  const ends = heads.flatMap(({ files, isAll }) => (isAll ? [] : [files.at(-1)!])).sort(order)
  const all = heads.flatMap(({ files }) => files).sort(order)
  return all.filter((file) => ends.length === 0 || order(file, ends[0]!) <= 0).slice(0, EVICTED_PER_SLICE)
}

/** The first files of one drive, wherever they lie; folders are passed over. */
async function headOf(
  tx: ReadTx,
  drive: DriveId,
  descending: boolean,
  count: number,
): Promise<{ files: Outline[]; isAll: boolean }> {
  const files: Outline[] = []
  let after: OrderPlace | null = null
  do {
    const query: OrderedQuery = {
      drive,
      by: 'created',
      descending,
      after,
      probe: null,
      inFull: false,
      limit: LOOKED_AT,
    }
    const page: OrderedNodes = await tx.ordered(query)
    files.push(...page.nodes.filter(({ kind }) => kind === 'file'))
    after = page.next
  } while (after !== null && files.length < count)
  return { files: files.slice(0, count), isAll: after === null && files.length <= count }
}

/** What is remembered of evicted files. */
export function createEvicted(store: BatchContext['store'], batch: RunBatch): Pick<Engine, 'evicted'> {
  return {
    async evicted(actor, refs) {
      const folders = await parentsOf(batch, actor, refs)
      return store.read(async (tx) => {
        const drives = new Map((await tx.drives([...new Set(refs.map(driveOf))])).map((drive) => [drive.id, drive]))
        const asked = refs.map((ref, at): EvictedPlace | NodeKey | null => {
          const drive = drives.get(driveOf(ref))
          if (!drive || !seesDrive(actor, drive)) return null
          if ('path' in ref) {
            const parent = folders.get(at)
            return parent === undefined ? null : { drive: drive.id, parent, key: nameKey(ref.path.at(-1)!) }
          }
          // Of a file that is gone nobody can say any more who might have seen it.
          return 'id' in ref && reachesDrive(actor, drive) && ownsDrive(actor, drive)
            ? { drive: drive.id, id: ref.id }
            : null
        })
        const rows = await tx.evicted(asked.filter((one) => one !== null))
        return asked.map((one) => (one && latest(rows.filter((row) => isOf(row, one)))) ?? null)
      })
    },
  }
}

function driveOf(ref: Ref): DriveId {
  return 'born' in ref ? (ref.drive ?? ref.born) : ref.drive
}

/** The folders in which paths end, by the place of the path among the refs, as far as the actor may list them. */
async function parentsOf(batch: RunBatch, actor: Actor, refs: readonly Ref[]): Promise<Map<number, NodeId>> {
  const paths = refs.flatMap((ref, at) => ('path' in ref && ref.path.length > 0 ? [{ at, ref }] : []))
  const ops = paths.map(({ ref: { drive, path } }) => {
    return { kind: 'get', node: { drive, path: path.slice(0, -1) }, need: ACTIONS.list, trashed: 'no' } as const
  })
  const results = await batch(actor, ops, 'each')
  return new Map(
    results.flatMap((result, i) => (result.status === 'done' ? [[paths[i]!.at, result.view!.node.id] as const] : [])),
  )
}

function isOf(row: Evicted, asked: EvictedPlace | NodeKey): boolean {
  if (row.drive !== asked.drive) return false
  return 'id' in asked ? row.node === asked.id : row.parent === asked.parent && row.key === asked.key
}

function latest(rows: readonly Evicted[]): Evicted | null {
  return rows.toSorted((a, b) => b.at - a.at)[0] ?? null
}
