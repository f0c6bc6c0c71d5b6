/** The engine's change log and the model's: what each batch adds to it must be the same, and tells the ids of what is new. */
import type { Change, Drive, NodeId } from '../../src/engine/index.ts'
import type { ModelChange } from './model-state.ts'

type LogOf = Pick<Drive, 'seq' | 'trash'>

/**
 * Pairs the new entries of one drive's log and tells the model's new nodes their ids, unless they are twins that the log
 * does not tell apart. Ops come in order; in which order one op goes through the children of a folder is not promised.
 */
export function matchLogs(
  found: readonly Change[],
  expected: readonly ModelChange[],
  drive: LogOf,
  when: string,
): void {
  for (const [index, { seq }] of found.entries()) {
    if (seq !== drive.seq + index + 1) throw new Error(`${when}the log goes from ${drive.seq} to ${seq}`)
  }
  let read = 0
  for (let from = 0; from < expected.length; ) {
    const group = expected.filter(({ op }) => op === expected[from]!.op)
    from += group.length
    const changes = found.slice(read, read + group.length)
    read += group.length
    if (!isLearnt(changes, group, drive) && !isAlike(changes, group, drive)) fail(changes, group, drive, when)
  }
  if (found.length > read) fail(found.slice(read), [], drive, when)
}

function fail(changes: readonly Change[], group: readonly ModelChange[], drive: LogOf, when: string): never {
  const got = changes.map((change) => `\n  ${JSON.stringify(change)}`).join('')
  const wanted = group.map((entry) => `\n  ${JSON.stringify(summary(entry, drive))}`).join('')
  throw new Error(`${when}the log has${got || ' nothing'}\nexpected${wanted || ' nothing'}`)
}

/** Pairs one op's entries, parents before children, and learns the ids; false when that cannot be done without a doubt. */
function isLearnt(changes: readonly Change[], group: readonly ModelChange[], drive: LogOf): boolean {
  const left = [...group]
  const learnt: [entry: ModelChange, change: Change][] = []
  for (const change of changes) {
    const same = left.filter((entry) => isSame(change, entry, drive))
    const [entry] = same
    if (!entry || (same.length > 1 && entry.node.id === 0)) break
    left.splice(left.indexOf(entry), 1)
    if (entry.node.id === 0) {
      learnt.push([entry, change])
      entry.node.id = change.node
    }
  }
  // What was learnt on the way to a doubt is forgotten.
  for (const [entry, change] of learnt) {
    entry.node.id = left.length === 0 ? change.node : (0 as NodeId)
    if (left.length === 0) entry.node.born = change.drive
  }
  return left.length === 0
}

function isSame(change: Change, entry: ModelChange, drive: LogOf): boolean {
  const { node, ...rest } = summary(entry, drive)
  const isIt = node === 0 ? isMaking(entry) : node === change.node
  const from = change.from && `${change.from.parent}/${change.from.name}`
  return (
    isIt &&
    isSameSource(change.source, entry.source) &&
    Object.entries(rest).every(([member, value]) => ({ ...change, from })[member as keyof Change] === value)
  )
}

/** Whether the entries are the same as far as that can be said without knowing which twin is which. */
function isAlike(changes: readonly Change[], group: readonly ModelChange[], drive: LogOf): boolean {
  const isUnknown = ({ node, parent }: ModelChange) => node.id === 0 || (typeof parent === 'object' && parent?.id === 0)
  const text = ({ kind, name, at, by }: Change | ReturnType<typeof summary>) => JSON.stringify([kind, name, at, by])
  const wanted = group.map((entry) => text(summary(entry, drive))).sort()
  return group.some(isUnknown) && String(changes.map(text).sort()) === String(wanted)
}

/** Of a twin that was never told apart from its like the id is not known. */
function isSameSource(found: Change['source'], expected: ModelChange['source']): boolean {
  if (!found || !expected || found === 'known' || expected === 'known') return found === expected
  const { id, born } = expected.node
  return found.drive === expected.drive && (id === 0 || (id === found.node && born === found.born))
}

function isMaking({ kind }: ModelChange): boolean {
  return kind === 'create' || kind === 'copy'
}

function summary(entry: ModelChange, { trash }: Pick<Drive, 'trash'>) {
  const { kind, drive, node, parent, name, from, replaces, at, by } = entry
  const under = parent === 'the trash' ? trash : (parent?.id ?? 0)
  const origin = from && `${from.parent.id}/${from.name}`
  return { kind, drive, node: node.id, nodeKind: node.kind, parent: under, name, from: origin, replaces, at, by }
}
