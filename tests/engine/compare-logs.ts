/** The engine's change log and the model's: what each batch adds to it must be the same, and tells the ids of what is new. */
import type { Change, Drive } from '../../src/engine/index.ts'
import type { ModelChange } from './model-state.ts'

/**
 * Pairs the new entries of one drive's log and tells the model's new nodes their ids, but for new twins, which the log
 * does not tell apart. Ops come in order; in which order one op goes through the children of a folder is not promised.
 */
export function matchLogs(
  found: readonly Change[],
  expected: readonly ModelChange[],
  drive: Pick<Drive, 'seq' | 'trash'>,
  when: string,
): void {
  const left = [...expected]
  for (const [index, change] of found.entries()) {
    if (change.seq !== drive.seq + index + 1) throw new Error(`${when}the log goes from ${drive.seq} to ${change.seq}`)
    const [next] = left
    const among = left.filter(({ op }) => op === next!.op)
    const same = among.filter((entry) => isSame(change, entry, drive))
    const certain = same.filter((entry) => summary(entry, drive).parent === change.parent)
    const alike = certain.length > 0 ? certain : same
    const [entry] = alike
    if (!entry) {
      const wanted = among.map((one) => `\n  ${JSON.stringify(summary(one, drive))}`).join('')
      throw new Error(`${when}the log has\n  ${JSON.stringify(change)}\nexpected${wanted || ' nothing'}`)
    }
    left.splice(left.indexOf(entry), 1)
    if (alike.length > 1 && entry.node.id === 0) continue
    entry.node.id = change.node
    if (isMaking(entry)) entry.node.born = change.drive
  }
  const [missing] = left
  if (missing) throw new Error(`${when}the log lacks\n  ${JSON.stringify(summary(missing, drive))}`)
}

/** A folder whose id is not known yet may be any. */
function isSame(change: Change, entry: ModelChange, drive: Pick<Drive, 'trash'>): boolean {
  const { node, parent, ...rest } = summary(entry, drive)
  const isIt = node === 0 ? isMaking(entry) : node === change.node
  const isThere = parent === change.parent || (parent === 0 && entry.parent !== null)
  return isIt && isThere && Object.entries(rest).every(([member, value]) => change[member as keyof Change] === value)
}

function isMaking({ kind }: ModelChange): boolean {
  return kind === 'create' || kind === 'copy'
}

function summary({ kind, drive, node, parent, name, at, by }: ModelChange, { trash }: Pick<Drive, 'trash'>) {
  const under = parent === 'the trash' ? trash : (parent?.id ?? 0)
  return { kind, drive, node: node.id, parent: under, name, at, by }
}
