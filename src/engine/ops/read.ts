/** Reading: one node, or a page of a folder's children. Reads see what earlier ops of their batch wrote. */
import { ACTIONS } from '../action.ts'
import { compareValues, positionOf } from '../cursor.ts'
import { fail } from '../error.ts'
import { hasEnded } from '../expiry.ts'
import { isFailed, type Located, locate, pathOf, viewOf } from '../locate.ts'
import type { Node } from '../model.ts'
import type { GetOp, GrantsOp, ListOp, Position, Result } from '../op.ts'
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

/** Grants that still hold, nearest first. Who may not give any sees those of the actor's own subjects only. */
export function grants(view: View, op: GrantsOp): Result {
  const found = locate(view, op.node, 'no')
  if (isFailed(found)) return found
  const { node, chain } = found
  const seen = viewOf(view, node)
  if (!(seen.actions & ACTIONS.list)) return fail('forbidden', { node: node.id })
  const mayAll = (seen.actions & ACTIONS.permCtl) !== 0
  const places = op.inherited ? chain : [node]
  for (const place of places) view.expectGrants(place)
  const shown = places.flatMap((place, index) =>
    view
      .grantsOf(place)
      .filter((grant) => !hasEnded(grant, view.now))
      .filter(({ subject }) => mayAll || view.actor.subjects.includes(subject))
      .map((grant) => ({ grant, node: place, path: pathOf(chain.slice(index)) })),
  )
  return { status: 'done', view: seen, existed: false, grants: shown }
}

/** @param index the op's place in the batch, under which its page was fetched */
export function list(view: View, op: ListOp, index: number): Result {
  const found = locate(view, op.folder, 'no')
  if (isFailed(found)) return found
  const { node: folder } = found
  if (!(view.actionsOn(folder) & ACTIONS.list)) return fail('forbidden', { node: folder.id })
  if (folder.kind !== 'folder') return fail('wrong_kind', { node: folder.id })

  const wanted = view.isNew(folder.id) ? [] : storedPage(view, op, index, found)
  const { rows, more } = overlaid(view, op, folder, wanted)
  const shown = rows.slice(0, op.limit)
  const items = shown.map((node) => viewOf(view, node)).filter((item) => item.actions & ACTIONS.list)
  const last = shown.at(-1)
  const next = last && (rows.length > op.limit || more) ? positionOf(last, op.by) : null
  const counts = op.count ? childCounts(view, folder) : { files: 0, folders: 0 }
  const page = { folder: viewOf(view, folder), items, next, ...counts }
  return { status: 'done', view: page.folder, existed: false, page }
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
  const after = op.cursor && 'after' in op.cursor ? op.cursor.after : null
  const end = isCut && last ? positionOf(last, op.by) : null
  const inReach = (node: Node) => {
    const at = positionOf(node, op.by)
    return (!after || order(at, after) > 0) && (!end || order(at, end) <= 0) && !skips(op)
  }
  const rows = [...kept, ...here.filter((node) => matches(node) && inReach(node))].sort((a, b) =>
    order(positionOf(a, op.by), positionOf(b, op.by)),
  )
  return { rows, more: isCut && rows.length <= op.limit }
}

/** Offsets count stored rows: nodes the batch itself brought in belong to the first page only. */
function skips(op: ListOp): boolean {
  return op.cursor !== undefined && 'offset' in op.cursor && op.cursor.offset > 0
}

/** The order of `PageQuery`, in memory. */
function comparator(op: ListOp): (a: Position, b: Position) => number {
  const sign = op.descending ? -1 : 1
  const rank = ({ kind }: Position) => (kind === 'folder' ? 0 : 1)
  return (a, b) => (op.foldersFirst ? rank(a) - rank(b) : 0) || sign * (compareValues(a.value, b.value) || a.id - b.id)
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
