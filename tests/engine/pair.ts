/** Stored drives and naive ones that went through the same: what is stored is compared, and ids are learnt from it. */
import type { Drive, NodeKey, Store } from '../../src/engine/index.ts'
import { matchLogs } from './compare-logs.ts'
import { matchChildren } from './compare-nodes.ts'
import { dump } from './dump.ts'
import { Model } from './model.ts'
import { isPool, modelDrives } from './model-start.ts'
import { usedOf } from './model-state.ts'

/** More entries than one batch adds to a log. */
const CHANGES_MAX = 100_000

export class Pair {
  readonly model: Model
  /** As the store had them when the logs were last compared. */
  drives: readonly Drive[]
  private readonly store: Store
  /** What the pools held at the beginning, of other drives. */
  private readonly others: ReadonlyMap<string, number>

  constructor(store: Store, drives: readonly Drive[]) {
    this.store = store
    this.drives = drives
    this.others = new Map(drives.flatMap(({ pools }) => pools.map(({ kind, key, used }) => [`${kind} ${key}`, used])))
    this.model = new Model({ drives: modelDrives(drives), uploads: [], log: [], ops: 0, serials: 0 })
  }

  get ids(): Drive['id'][] {
    return this.drives.map(({ id }) => id)
  }

  /** To be told when the sweep has nothing left to do. */
  swept(): void {
    for (const drive of this.model.state.drives) drive.buried = 0
  }

  /** Compares what was added to the logs, the pools and the new trash entries, and learns ids from them. */
  async compareLogs(when: string): Promise<void> {
    const { state } = this.model
    const { log } = state
    state.log = []
    const { store } = this
    const [drives, changes] = await store.read(async (tx) => [
      await tx.drives(this.ids),
      await Promise.all(
        this.drives.map(({ id: drive, seq: after }) => tx.changes({ drive, after, limit: CHANGES_MAX })),
      ),
    ])
    for (const [index, drive] of this.drives.entries()) {
      const expected = log.filter((entry) => entry.drive === drive.id)
      matchLogs(changes[index]!, expected, drive, when)
    }
    this.drives = this.drives.map((known) => drives.find(({ id }) => id === known.id)!)
    const fresh = state.drives.flatMap(({ trash }) => trash).filter(({ id, trash }) => id !== 0 && trash!.id === 0)
    if (fresh.length > 0) {
      const entries = await store.read((tx) => tx.trash(fresh.map(({ drive, id }) => ({ drive, id }) as NodeKey)))
      for (const entry of entries) fresh.find(({ id }) => id === entry.node)!.trash!.id = entry.id
    }
    this.comparePools(when)
  }

  private comparePools(when: string): void {
    const { state } = this.model
    const found = this.drives.flatMap(({ pools }) => pools)
    for (const pool of new Set(state.drives.flatMap(({ pools }) => pools))) {
      const used = this.others.get(`${pool.kind} ${pool.key}`)! + usedOf(state, pool)
      const stored = found.find(({ kind, key }) => isPool(pool, kind, key))!.used
      if (stored !== used) throw new Error(`${when}pool ${pool.kind} ${pool.key} holds ${stored}, should hold ${used}`)
    }
  }

  /** Compares every row of the drives. */
  async compareState(when: string): Promise<void> {
    const { byId } = await dump(this.store, this.ids)
    for (const [index, drive] of this.model.state.drives.entries()) {
      const { root, trash } = this.drives[index]!
      matchChildren(drive.root, byId.get(root)!.children, drive.root.children, when)
      matchChildren(null, byId.get(trash)!.children, drive.trash, when)
    }
  }
}
