/** What is written on a node, and who may do what with it. */
import { grantedActions } from '../access.ts'
import { ACTIONS } from '../action.ts'
import { attributesProblem, patched } from '../attributes.ts'
import { fail } from '../error.ts'
import { isFailed, locate, subject, viewOf } from '../locate.ts'
import type { Node } from '../model.ts'
import type { GrantOp, Result, UpdateOp } from '../op.ts'
import type { View } from '../view.ts'
import { rename } from './move.ts'

/** How many grants one node may carry. */
export const GRANTS_PER_NODE_MAX = 500

export function update(view: View, op: UpdateOp): Result {
  const changesAttributes = Object.keys(op.set).length > 0
  const found = subject(view, op.node, {
    need: changesAttributes || op.name === undefined ? ACTIONS.update : 0,
    trashed: 'no',
    root: 'never the root',
    expect: op.expect,
    ifRev: op.ifRev,
  })
  if (isFailed(found)) return found
  const problem = attributesProblem(patched(found.node.attributes, op.set))
  if (problem) return fail('attribute_invalid', { detail: problem })
  if (op.name !== undefined && op.conflict && op.naming) {
    const { node, name, conflict, naming } = op
    const renamed = rename(view, { kind: 'rename', node, name, conflict, naming })
    if (renamed.status !== 'done' || !renamed.view) return renamed
    // `reuse` settled on another node, of which nothing is changed.
    if (renamed.existed && renamed.view.node.id !== found.node.id) return renamed
    return written(view, renamed.view.node, op, changesAttributes)
  }
  return written(view, found.node, op, changesAttributes)
}

function written(view: View, node: Node, { set }: UpdateOp, changes: boolean): Result {
  const after = changes ? write(view, node, patched(node.attributes, set)) : node
  return { status: 'done', view: viewOf(view, after), existed: false }
}

function write(view: View, node: Node, attributes: Node['attributes']): Node {
  const { now, actor } = view
  const next = view.put({ ...node, attributes, rev: node.rev + 1, updatedAt: now, modifier: actor.self })
  view.note('update', next)
  return next
}

export function grant(view: View, op: GrantOp): Result {
  const need = isLeaving(view, op) ? 0 : ACTIONS.permCtl
  const found = subject(view, op.node, { need, trashed: 'no', root: 'may be the root' })
  if (isFailed(found)) return found
  const { node, drive } = found
  const others = view.grantsOf(node).filter(({ subject: holder }) => holder !== op.subject)
  if (op.actions !== null && others.length >= GRANTS_PER_NODE_MAX)
    return fail('attribute_invalid', { detail: 'grants' })
  const { subject: holder, role, expiresAt } = op
  const given =
    op.actions === null
      ? []
      : [
          {
            drive: drive.id,
            node: node.id,
            subject: holder,
            actions: op.actions,
            role,
            expiresAt,
            createdAt: view.now,
            creator: view.actor.self,
          },
        ]
  view.setGrants(node.id, [...others, ...given])
  view.note('grant', node)
  return { status: 'done', view: viewOf(view, node), existed: false }
}

/**
 * Whether the actor only gives up what it was itself given on the node, and gains nothing by that: a grant may narrow
 * what its holder has from above. That needs no right but the credential's.
 */
function isLeaving(view: View, { node: ref, subject: holder, actions }: GrantOp): boolean {
  const { actor, now } = view
  if (actions !== null || holder !== actor.self) return false
  const found = locate(view, ref, 'no')
  if (isFailed(found) || !(actor.allow[found.node.kind] & ACTIONS.permCtl)) return false
  const { chain } = found
  for (const place of chain) view.expectGrants(place)
  const lineage = chain.map((place) => view.grantsOf(place))
  if (!lineage[0]!.some((given) => given.subject === holder)) return false
  const [held, left] = [lineage, lineage.slice(1)].map((grants) => grantedActions(grants, now, [holder]))
  return (left! & ~held!) === 0
}
