/**
 * What ordinary ops will ask for next, noted as soon as their nodes are known, so that the plan need not run to its first
 * missing name only to come back. A guess is never relied upon: a wrong one costs a row, a missing one a round.
 */
import { type Facts, type Needs, pathEnd, seekFrom } from './facts.ts'
import type { Node } from './model.ts'
import { nameKey } from './name.ts'
import type { Op, Ref } from './op.ts'
import { SHALLOW_DEPTH } from './place.ts'

/** Notes the names that ops will claim, and the grants that moves will drop. */
export function anticipate(facts: Facts, ops: readonly Op[], needs: Needs): void {
  for (const op of ops) {
    switch (op.kind) {
      case 'move':
      case 'copy':
        anticipateArrival(facts, needs, found(facts, op.node), found(facts, op.to), op.name)
        if (op.kind === 'move' && !op.keepGrants) anticipateGrants(facts, needs, found(facts, op.node))
        break
      case 'createFolder':
        anticipateName(facts, needs, found(facts, op.parent), op.name)
        break
      case 'commit':
        if (op.parent && op.name !== undefined) anticipateName(facts, needs, found(facts, op.parent), op.name)
        break
      case 'rename': {
        const node = found(facts, op.node)
        anticipateName(facts, needs, node && facts.nodes.get(node.parent), op.name)
        break
      }
    }
  }
}

/** The node a ref names as things are stored; undefined when that is not known or it is not there. */
function found(facts: Facts, ref: Ref): Node | undefined {
  if ('id' in ref) {
    const id = facts.seeks.get('born' in ref ? seekFrom({ drive: ref.born, follow: true }) : ref.drive, ref.id)
    return id ? facts.nodes.get(id) : undefined
  }
  if ('trash' in ref) return undefined
  const root = facts.drives.get(ref.drive)?.root
  const end = root && pathEnd(facts, root, ref.path.map(nameKey))
  return end && facts.nodes.get(end)
}

function anticipateArrival(facts: Facts, needs: Needs, node: Node | undefined, into: Node | undefined, name?: string) {
  if (!node) return
  anticipateName(facts, needs, into, name ?? node.name)
  // A folder that goes deep brings along what lies below it.
  if (node.kind === 'folder' && into && isDeep(facts, into) && !facts.subtrees.has(node.id)) {
    needs.subtrees.set(node.id, { drive: node.drive, id: node.id })
  }
}

function isDeep(facts: Facts, into: Node): boolean {
  let depth = 0
  for (let at: Node | undefined = into; at && depth <= SHALLOW_DEPTH; at = facts.nodes.get(at.parent)) depth++
  return depth > SHALLOW_DEPTH
}

function anticipateName(facts: Facts, needs: Needs, into: Node | undefined, name: string) {
  if (into?.kind !== 'folder') return
  const key = nameKey(name)
  if (facts.children.has(into.id, key)) return
  needs.children.set(into.id, key, { drive: into.drive, parent: into.id, key })
}

function anticipateGrants(facts: Facts, needs: Needs, node: Node | undefined) {
  if (node && !facts.allGrants.has(node.id)) needs.allGrants.set(node.id, { drive: node.drive, id: node.id })
}
