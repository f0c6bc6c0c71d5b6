/** What is stored of drives as one text, to be compared with another. */
import type { Change, Drive, DriveId, NodeView, Result } from '../../src/engine/index.ts'
import { type DumpNode, dump } from './dump.ts'
import type { World } from './world.ts'

/** Tables of which nothing else is compared; blobs are left out, for uploads are sealed before a batch begins. */
const TABLES = ['node', 'version', 'trash', 'upload', 'task', 'change', 'grant', 'forward'] as const
/** More entries than any test makes. */
const CHANGES_MAX = 100_000

/** Everything to the last byte: equal pictures mean that nothing whatsoever was written between. */
export async function exactPicture(world: World, ids: readonly DriveId[]): Promise<string> {
  const { drives, byId } = await dump(world.store, ids)
  const rows = [...byId.values()].map(({ node, versions, grants, trash }) => ({ node, versions, grants, trash }))
  const changes = await Promise.all(ids.map((id) => logOf(world, id)))
  const counts = await world.store.read((tx) => Promise.all(TABLES.map((table) => tx.count(table))))
  return JSON.stringify({ drives, rows: rows.sort((a, b) => a.node.id - b.node.id), changes, counts }, null, 1)
}

function logOf(world: World, drive: DriveId): Promise<Change[]> {
  return world.store.read((tx) => tx.changes({ drive, after: 0, limit: CHANGES_MAX }))
}

/** Everything but numbers that were handed out, so that two drives which went through the same look the same. */
export async function likeness(world: World, id: DriveId): Promise<string> {
  const { drives, byId } = await dump(world.store, [id])
  const [drive] = drives as [Drive]
  const tree = (top: Drive['root']) => byId.get(top)!.children.map(shown).sort(byText)
  const { seq, pools } = drive
  const used = pools.filter(({ kind }) => kind === 'drive').map(({ used }) => used)
  return JSON.stringify({ seq, used, tree: tree(drive.root), trash: tree(drive.trash) }, null, 1)
}

function shown({ node, versions, grants, trash, children }: DumpNode): object {
  const { drive: _drive, id: _id, parent: _parent, born: _born, twin, ...rest } = node
  const about = trash && { name: trash.name, path: trash.path, at: trash.trashedAt, by: trash.trashedBy }
  return {
    ...rest,
    twin: twin !== 0,
    versions: versions.map(({ drive: _, node: _node, ...version }) => version),
    grants: grants.map(({ drive: _, node: _node, ...grant }) => grant),
    trash: about,
    children: children.map(shown).sort(byText),
  }
}

/** A result but for numbers that were handed out. */
export function resultLikeness(result: Result): object {
  if (result.status === 'failed') {
    const { node, ...error } = result.error
    return { ...error, stands: node !== 0 }
  }
  const { status, view } = result
  const page = status === 'done' && result.page ? result.page.items.map(viewLikeness) : null
  return { status, existed: status === 'done' && result.existed, view: view && viewLikeness(view), page }
}

function viewLikeness({ node, path, actions, trash }: NodeView): object {
  const { name, kind, version, rev, attributes, twin } = node
  return { path, actions, name, kind, version, rev, attributes, twin: twin !== 0, trashed: trash?.path ?? null }
}

function byText(a: object, b: object): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)]
  return left < right ? -1 : Number(left > right)
}
