/** Everything a store holds of some drives, read row by row through the port and past the engine. */
import type {
  Drive,
  DriveId,
  Grant,
  Node,
  NodeId,
  NodeKey,
  ReadTx,
  Store,
  TrashEntry,
  Version,
} from '../../src/engine/index.ts'

export interface DumpNode {
  readonly node: Node
  readonly versions: Version[]
  readonly grants: Grant[]
  trash: TrashEntry | null
  readonly children: DumpNode[]
}

export interface Dump {
  readonly drives: readonly Drive[]
  readonly byId: ReadonlyMap<NodeId, DumpNode>
  /** Every drive's root, trash and grave. */
  readonly tops: readonly DumpNode[]
}

/** More nodes than any test makes. */
const NODES_MAX = 1_000_000

/** One consistent state of the drives, in the order asked. */
export function dump(store: Store, drives: readonly DriveId[]): Promise<Dump> {
  return store.read(async (tx) => dumped(tx, await driveRows(tx, drives)))
}

async function driveRows(tx: ReadTx, ids: readonly DriveId[]): Promise<Drive[]> {
  const rows = await tx.drives(ids)
  return ids.flatMap((id) => rows.find((drive) => drive.id === id) ?? [])
}

async function dumped(tx: ReadTx, drives: readonly Drive[]): Promise<Dump> {
  const hidden = drives.flatMap(({ id: drive, root, trash, grave }) =>
    [root, trash, grave].map((id) => ({ drive, id })),
  )
  const found = await tx.chains(hidden.map((key) => ({ ...key, follow: false })))
  const below = await tx.subtrees(hidden, NODES_MAX)
  const nodes = [...found, ...below].map(
    (node): DumpNode => ({
      node,
      versions: [],
      grants: [],
      trash: null,
      children: [],
    }),
  )
  const byId = new Map(nodes.map((one) => [one.node.id, one]))
  const keys: NodeKey[] = nodes.map(({ node }) => ({ drive: node.drive, id: node.id }))
  for (const version of await tx.versions(keys)) byId.get(version.node)!.versions.push(version)
  for (const grant of await tx.grants(keys, null)) byId.get(grant.node)!.grants.push(grant)
  for (const entry of await tx.trash(keys)) byId.get(entry.node)!.trash = entry
  for (const one of nodes) {
    one.versions.sort((a, b) => a.version - b.version)
    one.grants.sort((a, b) => (a.subject < b.subject ? -1 : 1))
    byId.get(one.node.parent)?.children.push(one)
  }
  return { drives, byId, tops: nodes.filter(({ node }) => node.parent === 0) }
}
