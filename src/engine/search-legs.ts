/**
 * An order taken apart into legs: where the first thing to order by has only a few values, what has the first value is a search of
 * its own in the rest of the order, then what has the second, and so on.
 */
import type { Kind } from './model.ts'
import type { SearchCursor, SearchOrder, SearchQuery } from './search-query.ts'
import type { Where } from './where.ts'

export interface Leg {
  readonly where: Where | null
  /** What is left to order by. */
  readonly order: readonly SearchOrder[]
  /** How many members of the whole order come before it: whatever is found in this leg has the same values there. */
  readonly depth: number
  /** Where to go on; null for a leg that begins behind it. */
  readonly cursor: SearchCursor | null
}

export function legsOf({ where, order, cursor }: SearchQuery): Leg[] {
  return split({ where, order, depth: 0, cursor })
}

const KINDS: readonly Kind[] = ['file', 'folder']

function split(leg: Leg): Leg[] {
  const { where, order, depth, cursor } = leg
  const [first, ...rest] = order
  if (first?.by === 'size' && where) return bySize(leg, where, first.descending)
  if (first?.by !== 'kind') return [leg]
  const kinds = first.descending ? KINDS.toReversed() : KINDS
  const reached = cursor ? kinds.indexOf(cursor.values[depth] as Kind) : -1
  return kinds.slice(Math.max(0, reached)).flatMap((kind, index) => {
    const isReached = reached >= 0 && index === 0
    const own = { where: narrowed(where, { field: 'kind', in: [kind] }), order: rest, depth: depth + 1 }
    return split({ ...own, cursor: isReached ? cursor : null })
  })
}

/** Folders come before all files, and conditions that some files meet are often met by few folders. */
function bySize(leg: Leg, where: Where, descending: boolean): Leg[] {
  const folders: Leg = { ...leg, where: narrowed(where, { field: 'kind', in: ['folder'] }) }
  const files: Leg = { ...leg, where: narrowed(where, { field: 'kind', in: ['file'] }) }
  const value = leg.cursor?.values[leg.depth]
  if (typeof value !== 'number') return descending ? [files, folders] : [folders, files]
  if (descending) return value < 0 ? [folders] : [files, { ...folders, cursor: null }]
  return value < 0 ? [folders, { ...files, cursor: null }] : [files]
}

/** What meets both. */
export function narrowed(where: Where | null, other: Where): Where {
  if (!where) return other
  return { all: 'all' in where ? [...where.all, other] : [where, other] }
}
