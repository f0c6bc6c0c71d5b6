/** Random requests in the model's words. A dialect says each in its own, or passes over what it cannot say. */
import * as fc from 'fast-check'
import type { OnConflict } from '../engine/vocabulary.ts'

/** What is asked for, mostly of several nodes at once. Picks are numbers that stand for nodes, names or drives. */
export interface Asking {
  readonly do:
    | ('folder' | 'file' | 'rename' | 'move' | 'copy' | 'trash' | 'purge' | 'restore' | 'get' | 'star')
    /** New content for a file that is there; an earlier version made the current one; one kept or described; some destroyed. */
    | ('revise' | 'revert' | 'keep' | 'forget')
    /** A right given, or taken; labels put on; what is in the trash destroyed. */
    | ('grant' | 'tag' | 'discard')
  /** Which nodes; the things that one request is about. */
  readonly picks: readonly number[]
  /** Which folder they should go into. */
  readonly to: number
  readonly name: string
  /** Whether what moves or is copied gets the name. */
  readonly named: boolean
  readonly strategy: OnConflict
  readonly text: string
  /** Which version of a file. */
  readonly version: number
  /** Whether each thing is asked for in a call of its own, where the dialect has such calls. */
  readonly alone: boolean
  /** Says whether something unusual is tried: an unknown id, another drive's. */
  readonly oddity: number
}

const VERBS: readonly Asking['do'][] = [
  ...(['folder', 'folder', 'folder', 'file', 'file', 'file', 'rename'] as const),
  ...([
    'move',
    'move',
    'move',
    'copy',
    'copy',
    'trash',
    'trash',
    'purge',
    'restore',
    'restore',
    'get',
    'star',
  ] as const),
  ...(['revise', 'revise', 'revert', 'keep', 'forget', 'grant', 'tag', 'discard'] as const),
]
const NAMES = ['a', 'b', 'c', 'x.txt', 'y.txt', 'é', 'e\u0301']

export const asking: fc.Arbitrary<Asking> = fc.record({
  do: fc.constantFrom(...VERBS),
  picks: fc.array(fc.nat(999), { minLength: 1, maxLength: 6, size: 'max' }),
  to: fc.nat(999),
  name: fc.constantFrom(...NAMES),
  named: fc.boolean(),
  strategy: fc.constantFrom<OnConflict[]>('fail', 'rename', 'replace', 'reuse', 'duplicate'),
  text: fc.constantFrom('', 'x', 'some text'),
  version: fc.integer({ min: 1, max: 3 }),
  alone: fc.boolean(),
  oddity: fc.nat(19),
})

/** Requests a history. */
const REQUESTS = 25

export const conversation = fc.noBias(
  fc.record({ steps: fc.array(asking, { minLength: REQUESTS, maxLength: REQUESTS, size: 'max' }) }),
)
export type Conversation = typeof conversation extends fc.Arbitrary<infer Value> ? Value : never
