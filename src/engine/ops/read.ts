/** Reading: one node, or a page of a folder's children. Reads see what earlier ops of their batch wrote. */
import { ACTIONS } from '../action.ts'
import { fail } from '../error.ts'
import { isFailed, type Located, locate, viewOf } from '../locate.ts'
import type { Node } from '../model.ts'
import type { GetOp, ListOp, Result } from '../op.ts'
import type { View } from '../view.ts'

export function get(view: View, op: GetOp): Result {
  const found = locate(view, op.node, op.trashed)
  if (isFailed(found)) return found
  const { node } = found
  const need = op.need | ACTIONS.list
  const seen = viewOf(view, node)
  if ((seen.actions & need) !== need) return fail('forbidden', { node: node.id })
  if (op.expect && node.kind !== op.expect) return fail('wrong_kind', { node: node.id })
  if (op.ifRev !== undefined && node.rev !== op.ifRev) return fail('precondition_failed', { node: node.id })
  return { status: 'done', view: seen, existed: false }
}

/** @param index the op's place in the batch, under which its page was fetched */
export function list(view: View, op: ListOp, index: number): Result {
  const found = locate(view, op.folder, 'no')
  if (isFailed(found)) return found
  const { node: folder } = found
  if (!(view.actionsOn(folder) & ACTIONS.list)) return fail('forbidden', { node: folder.id })
  if (folder.kind !== 'folder') return fail('wrong_kind', { node: folder.id })

  const wanted = view.isNew(folder.id) ? [] : storedPage(view, op, index, found)
  if (wanted === null || hasLeft(view, op, folder)) return fail('node_not_found', { detail: 'cursor' })
  const { rows, more } = overlaid(view, op, folder, wanted)
  const shown = rows.slice(0, op.limit)
  const items = shown.map((node) => viewOf(view, node)).filter((item) => item.actions & ACTIONS.list)
  const next = rows.length > op.limit || more ? (shown.at(-1)?.id ?? null) : null
  const counts = op.count ? childCounts(view, folder) : { files: 0, folders: 0 }
  const page = { folder: viewOf(view, folder), items, next, ...counts }
  return { status: 'done', view: page.folder, existed: false, page }
}

/** Whether the batch took the cursor's node out of the folder. */
function hasLeft(view: View, { cursor }: ListOp, folder: Node): boolean {
  return (
    cursor !== undefined &&
    'after' in cursor &&
    view.nodes.has(cursor.after) &&
    view.node(cursor.after)?.parent !== folder.id
  )
}

/** One row more than the page, to know whether another follows, and one for every node the batch may have taken out of it. */
function storedPage(view: View, op: ListOp, index: number, { node, drive }: Located) {
  const rows = view.facts.pages.get(index)
  if (rows !== undefined) return rows
  view.needs.pages.set(index, {
    drive: drive.id,
    parent: node.id,
    by: op.by,
    descending: op.descending,
    foldersFirst: op.foldersFirst,
    only: op.only ?? null,
    limit: op.limit + 1 + view.touched,
    cursor: op.cursor ?? null,
  })
  return view.missing()
}

/** The stored rows with the batch's own changes worked in. */
function overlaid(view: View, op: ListOp, folder: Node, stored: readonly Node[]): { rows: Node[]; more: boolean } {
  const asked = op.limit + 1 + view.touched
  const isCut = stored.length >= asked
  const here = view.changedUnder(folder.id)
  if (here.length === 0 && view.nodes.size === 0) return { rows: [...stored], more: false }

  const matches = (node: Node | null): node is Node =>
    node !== null && node.parent === folder.id && (!op.only || node.kind === op.only)
  const kept = stored.filter((node) => !view.nodes.has(node.id))
  const order = comparator(op)
  const last = stored.at(-1)
  const after = cursorNode(view, op, folder)
  const inReach = (node: Node) =>
    (!after || order(node, after) > 0) && (!isCut || !last || order(node, last) <= 0) && !skips(op)
  const rows = [...kept, ...here.filter((node) => matches(node) && inReach(node))].sort(order)
  return { rows, more: isCut && rows.length <= op.limit }
}

/** Offsets count stored rows: nodes the batch itself brought in belong to the first page only. */
function skips(op: ListOp): boolean {
  return op.cursor !== undefined && 'offset' in op.cursor && op.cursor.offset > 0
}

/** The node a page goes on after; needed only to tell which of the batch's own nodes belong to the page. */
function cursorNode(view: View, { cursor }: ListOp, folder: Node): Node | null {
  return cursor && 'after' in cursor ? view.seek({ drive: folder.drive, id: cursor.after, follow: false }) : null
}

/** The order of `PageQuery`, in memory. */
function comparator(op: ListOp): (a: Node, b: Node) => number {
  const sign = op.descending ? -1 : 1
  const compare: Record<ListOp['by'], (a: Node, b: Node) => number> = {
    name: (a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)),
    updated: (a, b) => a.updatedAt - b.updatedAt,
    created: (a, b) => a.createdAt - b.createdAt,
    size: (a, b) => (a.content?.size ?? 0) - (b.content?.size ?? 0),
  }
  const by = compare[op.by]
  const rank = (node: Node) => (node.kind === 'folder' ? 0 : 1)
  return (a, b) => (op.foldersFirst ? rank(a) - rank(b) : 0) || sign * (by(a, b) || a.id - b.id)
}

function childCounts(view: View, folder: Node): { files: number; folders: number } {
  const stored = view.storedCounts(folder)
  let { files, folders } = stored
  for (const [id, now] of view.nodes) {
    const before = view.facts.nodes.get(id)
    const delta = Number(now?.parent === folder.id) - Number(before?.parent === folder.id)
    if ((now ?? before)?.kind === 'folder') folders += delta
    else files += delta
  }
  return { files, folders }
}
