/** Where in a drive's names, in the order of their keys, those can stand that begin with a text. */
import { compareValues } from './cursor.ts'
import { fold, type Where } from './where.ts'

/** Keys from one on and before another; null = there is no end. */
export interface KeyStretch {
  readonly from: string
  readonly below: string | null
}

/**
 * Characters that are not plain, some of which stand for plain letters: all of them but the ideographs and syllables of East Asia,
 * with which most names begin where they are in use.
 */
const FOREIGN = [
  ['\u0080', '\u3400'],
  ['\ua700', '\uac00'],
  ['\uf900', null],
] as const

/** The most ways of writing the beginning that are told apart; what follows it is left open. */
const HEADS_MAX = 8

/**
 * The stretches, in order, in which the keys of everything that meets the conditions lie; null when the conditions do not
 * say. Keys keep their case and prefixes are compared without it, so each way of writing a letter has a stretch. Plain
 * letters are folded one by one, and whatever else stands for one (a wide letter, a ligature) is not plain.
 */
export function keyStretches(where: Where | null): readonly KeyStretch[] | null {
  const text = prefixIn(where)
  const plain = text === null ? '' : plainBeginning(fold(text))
  if (plain === '') return null
  const stretches: KeyStretch[] = []
  let heads = ['']
  for (const character of plain) {
    const cases = [...new Set([character.toUpperCase(), character])]
    if (heads.length * cases.length > HEADS_MAX) break
    for (const head of heads) {
      for (const [from, below] of FOREIGN) {
        stretches.push({ from: head + from, below: below === null ? head && next(head) : head + below })
      }
    }
    heads = heads.flatMap((head) => cases.map((one) => head + one))
  }
  for (const head of heads) stretches.push({ from: head, below: next(head) })
  return stretches
    .map(({ from, below }) => ({ from, below: below || null }))
    .sort((a, b) => compareValues(a.from, b.from))
}

function prefixIn(where: Where | null): string | null {
  if (!where) return null
  if ('all' in where) return where.all.map(prefixIn).find((text) => text !== null) ?? null
  return 'field' in where && where.field === 'name' && where.is === 'prefix' ? where.text : null
}

/** A text as far as it is ASCII that names may hold; a text that is not may come from plain letters and marks, so it says nothing. */
function plainBeginning(folded: string): string {
  return /^[\x01-\x7f]*/.exec(folded)![0]
}

/** The first key that does not begin with a plain text. */
function next(plain: string): string {
  return plain.slice(0, -1) + String.fromCharCode(plain.charCodeAt(plain.length - 1) + 1)
}
