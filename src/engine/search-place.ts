/** Where a search looks: in which drives, below which folder, and whether that is little enough to look at every node. */
import { grantees, ownsDrive, seesDrive } from './access.ts'
import type { Actor } from './actor.ts'
import type { RunBatch } from './batch.ts'
import { fail } from './error.ts'
import type { Drive, Node, NodeId } from './model.ts'
import type { Failed } from './op.ts'
import type { NodeKey, ReadTx, Store } from './port.ts'
import type { SearchQuery } from './search-query.ts'
import { look } from './sight.ts'
import type { Where } from './where.ts'

/** Grants from which such places are made out. */
const SCOPE_GRANTS_MAX = 200

/** Where to look. */
export interface Place {
  readonly drives: readonly Drive[]
  /** Only nodes below this folder. */
  readonly below: NodeKey | null
  /** Nodes at or below which everything lies that can be found; null when that is not known or no help. */
  readonly scope: readonly NodeKey[] | null
}

/** Null when there is nowhere to look. */
export async function placeOf(
  { store, batch }: { readonly store: Store; readonly batch: RunBatch },
  actor: Actor,
  { drives: ids, below: ref, trashed }: SearchQuery,
): Promise<Place | Failed | null> {
  const rows = await store.read((tx) => tx.drives([...new Set(ids)]))
  const seen = rows.filter((drive) => seesDrive(actor, drive))
  const drives = seen.filter(({ settings }) => !settings.disabled)
  // One of several that is closed is passed over, like one that cannot be seen.
  if (seen.length > 0 && drives.length === 0) return fail('drive_disabled')
  if (ref) {
    const [view] = await look(batch, actor, [ref], trashed === 'only' ? 'any' : 'no')
    const drive = drives.find(({ id }) => id === view?.node.drive)
    if (!view || !drive) return fail('node_not_found')
    if (view.node.kind !== 'folder') return fail('wrong_kind', { node: view.node.id })
    const below = { drive: drive.id, id: view.node.id }
    return { drives: [drive], below, scope: [below] }
  }
  if (drives.length === 0) return null
  if (trashed === 'only')
    return { drives, below: null, scope: drives.map(({ id, trash }) => ({ drive: id, id: trash })) }
  if (drives.some((drive) => ownsDrive(actor, drive))) return { drives, below: null, scope: null }
  const scope = await grantedPlaces(store, actor, drives)
  return scope?.length === 0 ? null : { drives, below: null, scope }
}

/** Where an actor that owns none of the drives may see anything; null when that is too much to say. */
async function grantedPlaces(store: Store, actor: Actor, drives: readonly Drive[]): Promise<NodeKey[] | null> {
  const { tenant } = actor
  const subjects = grantees(actor)
  const page = { tenant, side: 'to', subjects, after: null, limit: SCOPE_GRANTS_MAX } as const
  const grants = await store.read((tx) => tx.grantPage(page))
  if (grants.length === SCOPE_GRANTS_MAX) return null
  const ids = new Set(drives.map(({ id }) => id))
  const lent = (actor.lent?.nodes ?? []).map(({ drive, node }) => ({ drive, id: node }))
  const given = grants.map(({ drive, node }) => ({ drive, id: node }))
  return [...lent, ...given].filter(({ drive }) => ids.has(drive))
}

/** All nodes that can be meant, when they are few enough to be looked at one by one; null otherwise. */
export async function nodesInScope(
  store: Store,
  { drives, below, scope }: Place,
  where: Where | null,
  nodesMax: number,
): Promise<Node[] | null> {
  const parents = parentsIn(where)
  const ids = new Set(drives.map(({ id }) => id))
  const folders = parents && drives.flatMap((drive) => parents.map((id): NodeKey => ({ drive: drive.id, id })))
  if (folders && folders.length <= SCOPE_GRANTS_MAX) {
    const children = await store.read((tx) => childrenOf(tx, folders, nodesMax))
    if (children) return below ? withinOf(store, children, below) : children
  }
  if (!scope) return null
  return store.read(async (tx) => {
    const under = await tx.subtrees(scope, nodesMax + 1)
    if (under.length > nodesMax) return null
    const tops = await tx.chains(scope.map((key) => ({ ...key, follow: false })))
    // What lies below a folder is not the folder itself; what is granted is.
    const wanted = new Set(below ? [] : scope.map(({ id }) => id))
    const all = [...tops.filter(({ id }) => wanted.has(id)), ...under].filter(({ drive }) => ids.has(drive))
    return [...new Map(all.map((node) => [node.id, node])).values()]
  })
}

/** The folders directly in which everything must lie; null when the conditions do not say. */
function parentsIn(where: Where | null): readonly NodeId[] | null {
  if (!where) return null
  if ('all' in where) return where.all.map(parentsIn).find((parents) => parents !== null) ?? null
  return 'field' in where && where.field === 'parent' ? where.in : null
}

/** The children of folders; null when they are too many to be read in one go. */
async function childrenOf(tx: ReadTx, folders: readonly NodeKey[], nodesMax: number): Promise<Node[] | null> {
  const order = { by: 'name', descending: false, foldersFirst: false, only: null } as const
  const limit = nodesMax + 1
  const pages = await tx.pages(folders.map(({ drive, id }) => ({ ...order, drive, parent: id, limit, cursor: null })))
  const children = pages.flat()
  return children.length > nodesMax ? null : children
}

/** Those of the nodes that lie below a folder. */
export async function withinOf(store: Store, nodes: readonly Node[], folder: NodeKey): Promise<Node[]> {
  if (nodes.length === 0) return []
  // Siblings share their way up.
  const folders = new Map(nodes.map(({ drive, parent }) => [parent, { drive, id: parent, follow: false }]))
  const above = await store.read((tx) => tx.chains([...folders.values()].filter(({ id }) => id > 0)))
  const parents = new Map(above.map(({ id, parent }) => [id, parent]))
  const isWithin = (parent: NodeId): boolean => {
    for (let at: NodeId | undefined = parent; at; at = parents.get(at)) if (at === folder.id) return true
    return false
  }
  return nodes.filter(({ parent }) => isWithin(parent))
}
