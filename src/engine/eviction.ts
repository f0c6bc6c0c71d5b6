/**
 * Making room in shared pools that hold more than their quota: where the pool says so, its oldest or newest files are destroyed
 * once it has been too full for some days, until it fits. What went that way is remembered for a while.
 */
import { ownsDrive, reachesDrive, seesDrive } from './access.ts'
import { ACTIONS } from './action.ts'
import type { Actor } from './actor.ts'
import { type BatchContext, type RunBatch, writeBatch } from './batch.ts'
import type { Engine } from './engine.ts'
import type { DriveId, Evicted, Node, NodeId, PoolId } from './model.ts'
import { nameKey } from './name.ts'
import type { PurgeOp, Ref } from './op.ts'
import type { EvictedPlace, NodeKey, OrderedQuery, OrderPlace, ReadTx, StoredPool, WriteTx } from './port.ts'
import { keeper } from './retention.ts'

/** For how long is remembered what was evicted, days. */
export const EVICTED_KEPT_DAYS = 30
const DAY_MS = 24 * 3600_000
/** How long after one look at the pools the next one comes, ms. */
const LOOK_APART_MS = 60_000
/** Pools looked at, and files destroyed, in one slice. */
const POOLS_PER_LOOK = 100
const EVICTED_PER_SLICE = 200
/** Nodes looked at per step in search of files. */
const LOOKED_AT = 1_000

/** The background work: one bounded slice a call; true while more waits. */
export function createEvictor(context: BatchContext): () => Promise<boolean> {
  const { store, clock } = context
  let lookedAt = Number.NEGATIVE_INFINITY
  return async () => {
    const now = clock()
    if (Math.abs(now - lookedAt) < LOOK_APART_MS) return false
    const strained = await store.write((tx) => look(tx, now))
    const [due] = strained.filter((pool) => isDue(pool, now))
    const hasMore = due ? await evictFrom(context, due) : strained.length === POOLS_PER_LOOK
    if (!hasMore) lookedAt = now
    return hasMore
  }
}

const isOver = ({ quota, used }: StoredPool) => quota !== null && used > quota

function isDue(pool: StoredPool, now: number): boolean {
  const { eviction, overSince } = pool
  return isOver(pool) && eviction !== null && overSince > 0 && overSince + eviction.afterDays * DAY_MS <= now
}

/** Notes which pools hold too much from now on, and which no longer do; returns all that there is something to do about. */
async function look(tx: WriteTx, now: number): Promise<StoredPool[]> {
  await tx.forgetEvicted(now - EVICTED_KEPT_DAYS * DAY_MS)
  const strained = await tx.strainedPools(now, POOLS_PER_LOOK)
  const marked = strained.map((pool) => ({ ...pool, overSince: isOver(pool) ? pool.overSince || now : 0 }))
  await tx.putPoolStrains(marked)
  return marked
}

/** Destroys some files of a pool's drives; true when that went on and the pool still holds too much. */
async function evictFrom(context: BatchContext, { tenant, kind, key, eviction }: StoredPool): Promise<boolean> {
  const { store, clock } = context
  const files = await store.read(async (tx) => {
    const drives = await tx.drivesInPools([Number(key) as PoolId])
    return firstFiles(
      tx,
      drives.map(({ id }) => id),
      eviction!.newestFirst,
    )
  })
  const drives = [...new Set(files.map(({ drive }) => drive))]
  return store.write(async (tx) => {
    const sizes = await sizesOf(tx, files)
    const [pool] = await tx.pools([{ tenant, kind, key }])
    const now = clock()
    if (!pool || !isDue(pool, now)) return false
    let excess = pool.used - pool.quota!
    const chosen = files.filter((file) => {
      if (excess <= 0) return false
      excess -= sizes.get(file.id) ?? 0
      return true
    })
    const ops = chosen.map(({ drive, id }): PurgeOp => ({ kind: 'purge', node: { drive, id }, trashed: 'any' }))
    const results = await writeBatch(context, tx, keeper(tenant), ops, 'each')
    const gone = chosen.filter((_, at) => results[at]!.status === 'done')
    await tx.putEvicted(gone.map(({ drive, id, parent, key }) => ({ drive, node: id, parent, key, at: now })))
    // What a task holds just now is left for a later round; only then is there nothing to go on with.
    return gone.length > 0 && excess > 0
  }, drives)
}

/** All bytes of each file, earlier versions too. */
async function sizesOf(tx: ReadTx, files: readonly Node[]): Promise<Map<NodeId, number>> {
  const sizes = new Map<NodeId, number>()
  for (const { node, content } of await tx.versions(files.map(({ drive, id }) => ({ drive, id })))) {
    sizes.set(node, (sizes.get(node) ?? 0) + content.size)
  }
  return sizes
}

/** The files of drives that were made first, or last, as many as one slice takes. */
async function firstFiles(tx: ReadTx, drives: readonly DriveId[], newestFirst: boolean): Promise<Node[]> {
  const share = Math.ceil(EVICTED_PER_SLICE / Math.max(1, drives.length))
  const heads = await Promise.all(drives.map((drive) => headOf(tx, drive, newestFirst, share)))
  const sign = newestFirst ? -1 : 1
  const order = (a: Node, b: Node) => sign * (a.createdAt - b.createdAt || a.id - b.id)
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
): Promise<{ files: Node[]; isAll: boolean }> {
  const files: Node[] = []
  let after: OrderPlace | null = null
  do {
    const query: OrderedQuery = { drive, by: 'created', descending, after, probe: null, limit: LOOKED_AT }
    const page: { nodes: readonly Node[]; next: OrderPlace | null } = await tx.ordered(query)
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
