/** The naive model's readings, and what is written on a node. */
import { ACTIONS, type Attributes, type ListOp, type NodeId, type Position } from '../../src/engine/index.ts'
import { arriveHere } from './model-place.ts'
import { ageOf, keyOf, type ModelNode, sizeOf } from './model-state.ts'
import type { Handlers, ModelResult, Work } from './model-work.ts'

export const READ_OPS: Pick<Handlers, 'get' | 'list' | 'update' | 'grant'> = {
  get(work, op) {
    const node = work.subject(op.node, op.need | ACTIONS.list, { ...op, rootToo: true })
    work.stop()
    return work.done(node!)
  },

  list(work, op) {
    const folder = work.subject(op.folder, ACTIONS.list, { trashed: 'no', rootToo: true, expect: 'folder' })
    work.stop()
    return page(work, folder!, op)
  },

  update(work, op) {
    const writes = Object.keys(op.set).length > 0
    const renames = op.name !== undefined
    const needed = (writes || !renames ? ACTIONS.update : 0) | (renames ? ACTIONS.rename : 0)
    const node = work.subject(op.node, needed, { ...op, trashed: 'no' })
    work.stop()
    const { node: at, existed } = renames
      ? arriveHere(work, node!, node!.parent!, op.name!, { conflict: op.conflict!, naming: op.naming! })
      : { node: node!, existed: false }
    work.stop()
    if (existed && at !== node) return work.done(at, true)
    if (writes) {
      at.attributes = patched(at.attributes, op.set)
      work.touch(at)
      work.note('update', at)
    }
    return work.done(at)
  },

  grant(work, op) {
    const { subject, actions, expiresAt } = op
    const leaves = actions === null && work.mayLeave(op.node, subject)
    const node = work.subject(op.node, leaves ? 0 : ACTIONS.permCtl, { trashed: 'no', rootToo: true })
    work.stop()
    node!.grants = node!.grants.filter((grant) => grant.subject !== subject)
    if (actions !== null) node!.grants.push({ subject, actions, expiresAt })
    work.note('grant', node!)
    return work.done(node!)
  },
}

/** What is written on a node after some of it was set, and what is null was taken away. */
export function patched(attributes: Attributes, patch: object): Attributes {
  const after: Record<string, unknown> = { ...attributes }
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete after[name]
    else if (name === 'tags') putTags(after, value)
    else after[name] = value
  }
  return after
}

/** Tags come and go one by one; without any there is no such attribute. */
function putTags(attributes: Record<string, unknown>, tags: object): void {
  const left = patched((attributes.tags ?? {}) as Attributes, tags)
  if (Object.keys(left).length > 0) attributes.tags = left
  else delete attributes.tags
}

function page(work: Work, folder: ModelNode, op: ListOp): ModelResult {
  const all = sorted(folder.children, op).filter(({ kind }) => !op.only || kind === op.only)
  const { cursor } = op
  let from = 0
  if (cursor && 'offset' in cursor) from = cursor.offset
  else if (cursor) from = all.filter((node) => comparator(op)(placeOf(node, op), cursor.after) <= 0).length
  const shown = all.slice(from, from + op.limit)
  const items = shown.filter((node) => work.may(node) & ACTIONS.list).map((node) => work.view(node))
  const { view } = work.done(folder) as Extract<ModelResult, { status: 'done' | 'later' }>
  return { status: 'done', view, existed: false, page: { items, more: all.length > from + op.limit } }
}

function sorted(nodes: readonly ModelNode[], op: ListOp): ModelNode[] {
  const compare = comparator(op)
  return nodes.toSorted((a, b) => compare(placeOf(a, op), placeOf(b, op)))
}

/** Where a node stands in a listing. */
export function placeOf(node: ModelNode, { by }: Pick<ListOp, 'by'>): Position {
  const { kind } = node
  const size = kind === 'file' ? sizeOf(node.versions.at(-1)?.text ?? '') : -1
  const { createdAt: created, updatedAt: updated, attributes } = node
  const localCreated = attributes.localCreatedAt ?? created
  const localModified = attributes.localModifiedAt ?? updated
  const value = { name: keyOf(node.name), size, created, updated, localCreated, localModified }[by]
  return { kind, value, id: ageOf(node) as NodeId }
}

function comparator(op: ListOp): (a: Position, b: Position) => number {
  const compare = ({ value: a }: Position, { value: b }: Position) =>
    typeof a === 'number' ? a - (b as number) : Buffer.compare(Buffer.from(a), Buffer.from(b as string))
  const sign = op.descending ? -1 : 1
  const rank = ({ kind }: Position) => (op.foldersFirst && kind === 'file' ? 1 : 0)
  return (a, b) => rank(a) - rank(b) || sign * (compare(a, b) || a.id - b.id)
}
