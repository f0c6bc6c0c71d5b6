/** The naive model's searches: everything is looked at, and sorted. */
import { ACTIONS, type Actor, type SearchOrderBy, type Where } from '../../src/engine/index.ts'
import { keyOf, type ModelNode, type ModelState, sizeOf, walkTree } from './model-state.ts'
import { Work } from './model-work.ts'

export interface Sought {
  readonly where: Where
  readonly matches: (node: ModelNode) => boolean
}

const size = ({ kind, versions }: ModelNode) => (kind === 'file' ? sizeOf(versions.at(-1)!.text) : 0)

/** Folders come before all files. */
const sizeOrder = (node: ModelNode) => (node.kind === 'file' ? size(node) : -1)

/** Conditions, and what they mean. */
export const SOUGHT: readonly Sought[] = [
  { where: { all: [] }, matches: () => true },
  { where: { field: 'name', is: 'contains', text: 'A' }, matches: ({ name }) => name.includes('a') },
  { where: { field: 'name', is: 'equals', text: 'e\u0301' }, matches: ({ name }) => keyOf(name) === '\u00e9' },
  { where: { field: 'kind', in: ['folder'] }, matches: ({ kind }) => kind === 'folder' },
  { where: { field: 'starred', is: true }, matches: ({ attributes }) => attributes.starred === true },
  {
    where: {
      all: [
        { field: 'kind', in: ['file'] },
        { field: 'size', is: '>=', value: 3 },
      ],
    },
    matches: (node) => node.kind === 'file' && size(node) >= 3,
  },
  {
    where: {
      any: [
        { field: 'extension', in: ['t'] },
        { field: 'description', is: 'prefix', text: 'te' },
      ],
    },
    matches: ({ kind, name, attributes }) =>
      (kind === 'file' && name.endsWith('.t')) || attributes.description?.startsWith('te') === true,
  },
  { where: { not: { field: 'creator', in: ['user:admin'] } }, matches: ({ creator }) => creator !== 'user:admin' },
]

export interface Asked {
  readonly actor: Actor
  readonly now: number
  readonly matches: Sought['matches']
  readonly trashed: 'no' | 'only'
  readonly by: Exclude<SearchOrderBy, 'kind'>
  readonly descending: boolean
}

/** Ids in the order asked for. */
export function found(state: ModelState, { actor, now, matches, trashed, by, descending }: Asked): number[] {
  const work = new Work(state, actor, now)
  const reached = state.drives.filter(({ id }) => work.reach(id))
  const tops = reached.flatMap(({ root, trash }) => (trashed === 'no' ? root.children : trash))
  const seen = tops.flatMap(walkTree).filter((node) => (work.may(node) & ACTIONS.list) !== 0 && matches(node))
  const sign = descending ? -1 : 1
  return seen.sort((a, b) => sign * (order(a, b, by) || a.id - b.id)).map(({ id }) => id)
}

function order(a: ModelNode, b: ModelNode, by: Asked['by']): number {
  switch (by) {
    case 'name':
      return Buffer.compare(Buffer.from(keyOf(a.name)), Buffer.from(keyOf(b.name)))
    case 'size':
      return sizeOrder(a) - sizeOrder(b)
    case 'created':
      return a.createdAt - b.createdAt
    case 'updated':
      return a.updatedAt - b.updatedAt
  }
}
