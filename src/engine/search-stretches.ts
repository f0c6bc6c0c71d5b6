/** Where in an order of a drive's nodes those can stand that meet conditions: there, and nowhere else, need they be looked for. */
import { compareValues, FOLDER_SIZE, ORDER_VALUES } from './cursor.ts'
import type { Kind, Outline } from './model.ts'
import type { OrderBy } from './op.ts'
import { keyStretches } from './search-names.ts'
import type { Comparison, Condition, Where } from './where.ts'

/** Values from one on and before another; null = there is no such end. */
export interface Stretch {
  readonly from: string | number | null
  readonly below: string | number | null
}

/** Beyond so many, entering each costs more than what lies between them. */
const STRETCHES_MAX = 16

/** The stretches, in order, in which everything lies that meets the conditions; null when the conditions do not say. */
export function stretchesOf(where: Where | null, by: OrderBy): readonly Stretch[] | null {
  if (!where) return null
  if (by === 'name') return keyStretches(where)
  const spans = united([spansOf(where, by, true)]).flatMap(withinIntegers)
  if (spans.length === 1 && spans[0]!.from === null && spans[0]!.below === null) return null
  if (spans.length <= STRETCHES_MAX) return spans
  return [{ from: spans[0]!.from, below: spans.at(-1)!.below }]
}

/** A test whether nodes lie in one of the stretches of an order. */
export function lyingIn(stretches: readonly Stretch[], by: OrderBy): (node: Outline) => boolean {
  const value = ORDER_VALUES[by]
  return (node) => stretches.some((stretch) => holds(stretch, value(node)))
}

/** Whether a value lies in a stretch. */
export function holds({ from, below }: Stretch, value: string | number): boolean {
  return (from === null || compareValues(value, from) >= 0) && (below === null || compareValues(value, below) < 0)
}

type Numeric = 'created' | 'updated' | 'size'

/** Integers from one on and before another; lists of them are in order and have gaps between them. */
type Span = readonly [from: number, below: number]

const WHOLE: readonly Span[] = [[Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]]
const FOLDERS: Span = [FOLDER_SIZE, FOLDER_SIZE + 1]
const FILES: Span = [0, Number.POSITIVE_INFINITY]

/** What meets the conditions, or, as nothing is taken out of what may be negated, what does not; never too little. */
function spansOf(where: Where, by: Numeric, isMet: boolean): readonly Span[] {
  if ('not' in where) return spansOf(where.not, by, !isMet)
  if ('field' in where) return spansOfOne(where, by, isMet)
  const parts = 'all' in where ? where.all : 'any' in where ? where.any : where.of
  const spans = parts.map((part) => spansOf(part, by, isMet))
  if ('atLeast' in where) {
    const isAlwaysSo = isMet ? where.atLeast <= 0 : where.atLeast > parts.length
    return isAlwaysSo ? WHOLE : united(spans)
  }
  return 'all' in where === isMet ? spans.reduce(common, WHOLE) : united(spans)
}

function spansOfOne(condition: Condition, by: Numeric, isMet: boolean): readonly Span[] {
  if ('value' in condition) {
    const spans = meeting(condition.is, condition.value, isMet)
    // Nothing is changed before it is made.
    if (by === 'updated' && condition.field === 'created') return [[spans[0]![0], Number.POSITIVE_INFINITY]]
    if (by === 'created' && condition.field === 'updated') return [[Number.NEGATIVE_INFINITY, spans.at(-1)![1]]]
    if (condition.field !== by) return WHOLE
    if (by !== 'size') return spans
    const files = common(spans, [FILES])
    // A folder has no size, so it meets no condition that asks for one.
    return isMet ? files : united([[FOLDERS], files])
  }
  if (by !== 'size') return WHOLE
  const { field } = condition
  if (field === 'kind') return united(KINDS.filter((kind) => condition.in.includes(kind) === isMet).map(ofKind))
  return isMet && OF_FILES.has(field) ? [FILES] : WHOLE
}

const KINDS: readonly Kind[] = ['file', 'folder']
const ofKind = (kind: Kind): readonly Span[] => [kind === 'file' ? FILES : FOLDERS]
/** What only files have. */
const OF_FILES: ReadonlySet<Condition['field']> = new Set(['extension', 'sha1', 'sha256'])

/** The integers that stand so to a number, or do not. */
function meeting(is: Comparison, value: number, isMet: boolean): readonly Span[] {
  const [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  const from = Math.ceil(value)
  const below = Math.floor(value) + 1
  switch (is) {
    case '<':
      return [isMet ? [low, from] : [from, high]]
    case '<=':
      return [isMet ? [low, below] : [below, high]]
    case '>=':
      return [isMet ? [from, high] : [low, from]]
    case '>':
      return [isMet ? [below, high] : [low, below]]
    case '=':
      return isMet
        ? [[from, below]]
        : [
            [low, from],
            [below, high],
          ]
  }
}

function united(lists: readonly (readonly Span[])[]): readonly Span[] {
  const spans = lists.flat().filter(([from, below]) => from < below)
  const joined: Span[] = []
  for (const span of spans.sort(([a], [b]) => a - b)) {
    const last = joined.at(-1)
    if (last && span[0] <= last[1]) joined[joined.length - 1] = [last[0], Math.max(last[1], span[1])]
    else joined.push(span)
  }
  return joined
}

function common(some: readonly Span[], others: readonly Span[]): readonly Span[] {
  return united(
    some.map(([from, below]) => others.map(([first, end]): Span => [Math.max(from, first), Math.min(below, end)])),
  )
}

/** No value of a node lies beyond these. */
const { MIN_SAFE_INTEGER, MAX_SAFE_INTEGER } = Number

function withinIntegers([from, below]: Span): Stretch[] {
  if (from > MAX_SAFE_INTEGER || below <= MIN_SAFE_INTEGER) return []
  return [{ from: from > MIN_SAFE_INTEGER ? from : null, below: below <= MAX_SAFE_INTEGER ? below : null }]
}
