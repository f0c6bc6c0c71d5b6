/** Random steps: numbers and small words only, so that fast-check can shrink them; `side-by-side.ts` gives them meaning. */
import * as fc from 'fast-check'
import {
  MODES,
  type Mode,
  type OnConflict,
  OP_KINDS,
  type OpKind,
  REPLACES,
  type Replace,
  STRATEGIES,
} from './vocabulary.ts'

/** Which node is meant, and in which of the ways of naming one. */
export interface RefSymbol {
  readonly pick: number
  readonly way: 'id' | 'public' | 'public here' | 'path' | 'its path' | 'trash' | 'elsewhere' | 'folder'
  readonly path: readonly string[]
}

export interface OpSymbol {
  readonly kind: OpKind
  readonly node: RefSymbol
  readonly to: RefSymbol
  readonly name: string
  readonly named: boolean
  readonly file: OnConflict
  readonly folder: OnConflict
  readonly replace: Replace
  readonly flags: readonly boolean[]
  readonly rev: 'any' | 'right' | 'wrong'
  readonly expect: 'any' | 'file' | 'folder'
  readonly trashed: 'no' | 'only' | 'any'
  readonly word: number
}

export type Step =
  | { readonly do: 'batch'; readonly actor: number; readonly mode: Mode; readonly ops: readonly OpSymbol[] }
  | { readonly do: 'send'; readonly text: string }
  | { readonly do: 'sweep' }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'quota'; readonly pool: number; readonly quota: number | null }

/** Few enough that clashes abound; one name in two spellings, names with extensions, and some that are refused. */
const NAMES = ['a', 'b', 'c', 'a.t', 'a (1)', '\u00e9', 'e\u0301']
const BAD_NAMES = ['', '..', 'a/b']
const name = fc.oneof(
  { weight: 40, arbitrary: fc.constantFrom(...NAMES) },
  { weight: 1, arbitrary: fc.constantFrom(...BAD_NAMES) },
)

const way = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<RefSymbol['way'][]>('id', 'its path', 'public', 'public here') },
  { weight: 1, arbitrary: fc.constantFrom<RefSymbol['way'][]>('path', 'trash', 'elsewhere') },
)

function refBy(way: fc.Arbitrary<RefSymbol['way']>): fc.Arbitrary<RefSymbol> {
  return fc.record({
    pick: fc.nat(9_999),
    way,
    path: fc.array(fc.constantFrom(...NAMES), { minLength: 0, maxLength: 3 }),
  })
}

const ref = refBy(way)
/** Where something goes into: mostly a folder that is there. */
const target = refBy(fc.oneof({ weight: 6, arbitrary: fc.constant('folder' as const) }, { weight: 1, arbitrary: way }))

/** The first word nine times out of ten. */
function mostly<Word extends string>(usual: Word, ...others: Word[]): fc.Arbitrary<Word> {
  return fc.oneof({ weight: 9, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) })
}

const strategy = fc.constantFrom(...STRATEGIES)

/** What makes a tree grow, or much happen in it, is tried more often. */
const GROWING: readonly OpKind[] = [
  'createFolder',
  'createFolder',
  'createFolder',
  'createFolder',
  'commit',
  'commit',
  'copy',
  'copy',
  'move',
  'move',
]
const kind = fc.constantFrom<OpKind>(...OP_KINDS, ...OP_KINDS, ...GROWING)

const op: fc.Arbitrary<OpSymbol> = fc.record({
  kind,
  node: ref,
  to: target,
  name,
  named: fc.boolean(),
  file: strategy,
  folder: strategy,
  replace: fc.constantFrom(...REPLACES),
  flags: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
  rev: mostly('any', 'right', 'wrong'),
  expect: mostly('any', 'file', 'folder'),
  trashed: fc.constantFrom('no', 'any', 'only'),
  word: fc.nat(2 ** 18 - 1),
})

const batch = fc.record({
  do: fc.constant('batch' as const),
  actor: fc.nat(99),
  mode: fc.constantFrom<Mode>(...MODES, 'each', 'each', 'each', 'each'),
  ops: fc.array(op, { minLength: 1, maxLength: 12, size: 'max' }),
})

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 30, arbitrary: batch },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      text: fc.constantFrom('', 'x', 'xyz', 'some text', 'quite a long text'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 5_000, 3_600_000) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('quota' as const),
      pool: fc.nat(99),
      quota: fc.constantFrom(null, 0, 20, 60, 200),
    }),
  },
)

/** How long a history is: each op of a batch counts, and so does every other step. */
export const OPERATIONS = 100
/** Steps from which a history is taken: with batches of six or seven ops on average they hold more than enough. */
const STEPS = 60

/** As many steps as make OPERATIONS, the last batch cut short. */
function shortened(steps: readonly Step[]): Step[] {
  let left = OPERATIONS
  return steps.flatMap((step): Step[] => {
    if (left <= 0) return []
    const kept = step.do === 'batch' ? { ...step, ops: step.ops.slice(0, left) } : step
    left -= kept.do === 'batch' ? kept.ops.length : 1
    return [kept]
  })
}

/** A history of a deployment. */
export const history = fc.noBias(
  fc.record({
    versionsMax: fc.constantFrom(1, 2, 3),
    hasTrash: fc.constantFrom(true, true, true, false),
    /** Whether everyone may do everything but give rights, to begin with. */
    isOpen: fc.boolean(),
    /** Whether copies are kept by the change log from the middle on, and searches asked in the end. */
    isRead: fc.constantFrom(false, false, false, true),
    /** Whether both drives share a quota. */
    isShared: fc.constantFrom(false, false, false, true),
    steps: fc.array(step, { minLength: STEPS, maxLength: STEPS, size: 'max' }).map(shortened),
  }),
)

export type History = typeof history extends fc.Arbitrary<infer Value> ? Value : never
