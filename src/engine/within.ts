/** Which folders lie in a tree, told from the way up of each. */
import type { NodeId } from './model.ts'
import type { NodeKey, ReadTx } from './port.ts'

/** Those of the folders that are the top of the tree or lie below it now. Folders that are gone lie nowhere. */
export async function foldersWithin(
  tx: ReadTx,
  folders: readonly NodeKey[],
  top: NodeKey,
): Promise<ReadonlySet<NodeId>> {
  const sought = new Map(folders.map(({ drive, id }) => [id, { drive, id, follow: false }]))
  const above = await tx.chains([...sought.values()].filter(({ id }) => id > 0))
  const parents = new Map(above.map(({ id, parent }) => [id, parent]))
  const isWithin = (folder: NodeId): boolean => {
    for (let at: NodeId | undefined = folder; at; at = parents.get(at)) if (at === top.id) return true
    return false
  }
  return new Set([...sought.keys()].filter(isWithin))
}
