/**
 * What the ops of a batch have changed so far, on top of the facts; and how what a failed op began is taken back, so that
 * no savepoint is needed. Each map holds the present state of what the batch touched.
 */
import type { ErrorCode } from './error.ts'
import type { Landing } from './haul.ts'
import type {
  Change,
  Content,
  Drive,
  DriveId,
  Grant,
  Node,
  NodeId,
  Pool,
  TaskOutcome,
  TrashEntry,
  Upload,
  UploadId,
  Version,
} from './model.ts'
import type { BlobRef } from './port.ts'
import type { NewTask } from './task-port.ts'

/** A change log entry before it has its number. */
export type PendingChange = Omit<Change, 'seq'>

type UndoStep = { map: Map<unknown, unknown>; key: unknown; before: unknown } | { list: unknown[] }

export class Draft {
  readonly now: number

  /** The present state of every node the batch touched; null once destroyed. */
  readonly nodes = new Map<NodeId, Node | null>()
  readonly versions = new Map<NodeId, Version[]>()
  readonly grants = new Map<NodeId, Grant[]>()
  readonly trash = new Map<NodeId, TrashEntry | null>()
  readonly uploads = new Map<UploadId, Upload>()
  readonly tasks: NewTask[] = []
  readonly blobRefs = new Map<string, BlobRef>()
  readonly poolDeltas = new Map<string, { drive: Drive; pool: Pool; delta: number }>()
  readonly changes: PendingChange[] = []
  readonly trashTouched = new Set<DriveId>()
  /** The next counter to try for automatic names of one series. */
  readonly counters = new Map<string, number>()
  readonly landings: Landing[] = []
  /** Trees that a task will remove: the hidden folder of each drive in which they wait, and what became of their ops. */
  readonly coffins = new Map<DriveId, Node>()
  readonly buried: TaskOutcome[] = []
  private undo: UndoStep[] = []

  constructor(now: number) {
    this.now = now
  }

  // --- undoing what a failed op began ---

  /** What is written from here on is one op's. */
  mark(): void {
    this.undo.length = 0
  }

  /** Takes back what was written since the mark. */
  rollback(): void {
    for (const step of this.undo.reverse()) {
      if ('list' in step) step.list.pop()
      // None of the maps holds `undefined`.
      else if (step.before === undefined) step.map.delete(step.key)
      else step.map.set(step.key, step.before)
    }
    this.undo = []
  }

  protected set<K, V>(map: Map<K, V>, key: K, value: V) {
    this.undo.push({ map: map as Map<unknown, unknown>, key, before: map.get(key) })
    map.set(key, value)
  }

  protected push<T>(list: T[], item: T) {
    list.push(item)
    this.undo.push({ list })
  }

  // --- writing ---

  setVersions(node: NodeId, versions: Version[]): void {
    this.set(this.versions, node, versions)
  }

  setEntry(drive: DriveId, node: NodeId, entry: TrashEntry | null): void {
    this.set(this.trash, node, entry)
    this.touchTrash(drive)
  }

  touchTrash(drive: DriveId): void {
    this.trashTouched.add(drive)
  }

  setCounter(series: string, next: number): void {
    this.set(this.counters, series, next)
  }

  setUpload(upload: Upload): void {
    this.set(this.uploads, upload.id, upload)
  }

  addTask(task: NewTask): void {
    this.push(this.tasks, task)
  }

  setCoffin(coffin: Node): void {
    this.set(this.coffins, coffin.drive, coffin)
  }

  addBuried(outcome: TaskOutcome): void {
    this.push(this.buried, outcome)
  }

  land(landing: Landing): void {
    this.push(this.landings, landing)
  }

  addBlobRef(drive: DriveId, content: Content, delta: number): void {
    const key = `${drive}/${content.digest}`
    this.set(this.blobRefs, key, { drive, content, delta: (this.blobRefs.get(key)?.delta ?? 0) + delta, at: this.now })
  }

  // --- quota ---

  /** Which level has no room for `size` more bytes; undefined when all have. */
  overQuota(drive: Drive, size: number, from: Drive | null = null): ErrorCode | undefined {
    for (const pool of drive.pools) {
      const used = pool.used + (this.poolDeltas.get(poolKey(drive, pool))?.delta ?? 0)
      // Bytes that only change drives add nothing to a pool both drives share; but a pool that is already over its quota takes in nothing.
      const shared = from?.pools.some((other) => poolKey(from, other) === poolKey(drive, pool)) ?? false
      const full = pool.quota !== null && size > 0 && (shared ? used > pool.quota : used + size > pool.quota)
      if (full) return `quota_${pool.kind}`
    }
    return undefined
  }

  charge(drive: Drive, delta: number): void {
    if (delta === 0) return
    for (const pool of drive.pools) {
      const key = poolKey(drive, pool)
      const before = this.poolDeltas.get(key)?.delta ?? 0
      this.set(this.poolDeltas, key, { drive, pool, delta: before + delta })
    }
  }
}

function poolKey(drive: Drive, pool: Pool): string {
  return `${drive.tenant}/${pool.kind}/${pool.key}`
}
