/**
 * The terms a node is found by, and the terms a search looks for. Both are made here and nowhere else, so that they agree. A
 * term is text of `[0-9a-z]`, ready for any store's full-text index; it begins with the node's drive of birth,
 * so that every drive has an index of its own inside the store's, and a node that goes to another drive need not be indexed
 * anew.
 *
 * Nothing that changes with a move or a trash is a term: those are the hot path, and they touch no index.
 */

import { periodsBetween, periodsOf, sizeClass, sizeClasses } from './bucket.ts'
import type { DriveId, Node } from './model.ts'
import { type Condition, extensionOf, fold, type Where } from './where.ts'

/** Nodes wanted by their terms: a term, any that begins alike, all of some, or at least one of some. Neither list is ever empty. */
export type Probe =
  | string
  | { readonly prefix: string }
  | { readonly all: readonly Probe[] }
  | { readonly any: readonly Probe[] }

/** Marks both ends of a name, so that a prefix and a whole name have terms of their own. */
const EDGE = '\u0002'
/** Scripts written without spaces, of which one character is worth looking for. */
const IDEOGRAPH = /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Script=Bopomofo}/u
/** Before it Unicode has none of them; most characters of most names come before it. */
const IDEOGRAPH_FIRST = '\u02ea'

/**
 * A folded text in pieces: each ideograph alone, every two ideographs and every two other characters that stand together, and the
 * last before an ideograph with an edge, so that every character begins a piece. A text that contains another has all of its pieces.
 */
export function grams(folded: string): string[] {
  const pieces = new Set<string>()
  let before = ''
  let wasAlone = false
  for (const character of folded) {
    const alone = character >= IDEOGRAPH_FIRST && IDEOGRAPH.test(character)
    if (alone) pieces.add(character)
    if (before && wasAlone === alone) pieces.add(before + character)
    else if (alone && before && before !== EDGE) pieces.add(before + EDGE)
    before = character
    wasAlone = alone
  }
  return [...pieces]
}

/** Longer values share a term with others that begin alike; what is found is compared in full anyway. */
const VALUE_BYTES_MAX = 200

/** One letter for each field, then the value: hex, so that a term is one word in every store. */
function term(drive: DriveId, field: string, value: string): string {
  return `${drive}${field}${hexOf(value)}`
}

/** Short values in hex, as they were asked for lately: a thousand names have their pairs of letters in common. */
const hexes = new Map<string, string>()
const HEXES_KEPT = 4_096
const KEPT_CHARACTERS_MAX = 16

function hexOf(value: string): string {
  if (value.length > KEPT_CHARACTERS_MAX) return Buffer.from(value).subarray(0, VALUE_BYTES_MAX).toString('hex')
  const known = hexes.get(value)
  if (known !== undefined) return known
  const hex = Buffer.from(value).toString('hex')
  if (hexes.size >= HEXES_KEPT) hexes.clear()
  hexes.set(value, hex)
  return hex
}

// Field letters lie outside hex and decimal digits, so that drive, field and value cannot run together.
const FIELDS = {
  name: 'n',
  description: 'r',
  extension: 'x',
  label: 'l',
  tag: 't',
  extra: 'v',
  creator: 'u',
  contentType: 'm',
  sha1: 's',
  sha256: 'h',
  kind: 'k',
  flag: 'g',
  size: 'z',
  period: 'y',
} as const

/** Everything a node is found by. */
export function termsOf(node: Node): string[] {
  const { born, name, content, attributes, creator } = node
  const { description, labels = [], tags = {}, starred, hidden, contentType, extra = {} } = attributes
  const found = new Set<string>()
  const add = (field: keyof typeof FIELDS, values: Iterable<string>) => {
    const begin = `${born}${FIELDS[field]}`
    for (const value of values) found.add(begin + hexOf(value))
  }
  add('name', grams(EDGE + fold(name) + EDGE))
  if (description) add('description', grams(fold(description) + EDGE))
  if (node.kind === 'file') add('extension', [extensionOf(node)])
  else add('kind', ['folder'])
  add('label', labels)
  add('tag', Object.entries(tags).map(tagValue))
  add(
    'extra',
    Object.entries(extra).flatMap(([key, value]) => (typeof value === 'string' ? [tagValue([key, value])] : [])),
  )
  add('creator', [creator])
  if (contentType !== undefined) add('contentType', [contentType.toLowerCase(), family(contentType.toLowerCase())])
  if (content) {
    add('sha1', [content.sha1])
    add('sha256', [content.digest])
    add('size', [String(sizeClass(content.size))])
  }
  if (starred) add('flag', ['starred'])
  if (hidden) add('flag', ['hidden'])
  add('period', periodsOf(node.createdAt))
  return [...found]
}

const tagValue = ([key, value]: readonly [string, string]) => `${key}\0${value}`

/** `image/` of `image/png`. */
function family(type: string): string {
  return type.slice(0, type.indexOf('/') + 1)
}

/**
 * What must hold of every node that meets the conditions and was born in one of the drives, in terms; null when the
 * conditions say nothing an index knows. Nodes found by it must still be judged.
 */
export function probeOf(where: Where, births: readonly DriveId[]): Probe | null {
  return anyOf(births.map((drive) => demanded(where, drive)))
}

function demanded(where: Where, drive: DriveId): Probe | null {
  if ('all' in where) {
    // Both ends of a time of creation together, so that what lies between them can be told.
    const [times, rest] = partition(where.all, isCreated)
    const others = rest.map((one) => demanded(one, drive))
    return allOf([...others, createdProbe(times, drive)])
  }
  if ('any' in where) return anyOf(where.any.map((one) => demanded(one, drive)))
  if ('atLeast' in where) {
    const probes = where.of.map((one) => demanded(one, drive))
    if (where.atLeast <= 0) return null
    return where.atLeast >= probes.length ? allOf(probes) : anyOf(probes)
  }
  if ('not' in where) return null
  return demandedBy(where, drive)
}

function allOf(probes: readonly (Probe | null)[]): Probe | null {
  const said = probes.filter((probe) => probe !== null)
  return said.length > 1 ? { all: said } : (said[0] ?? null)
}

function anyOf(probes: readonly (Probe | null)[]): Probe | null {
  const said = probes.filter((probe) => probe !== null)
  if (said.length < probes.length) return null
  return said.length > 1 ? { any: said } : (said[0] ?? null)
}

function demandedBy(condition: Condition, drive: DriveId): Probe | null {
  const terms = (field: keyof typeof FIELDS, values: readonly string[]) =>
    values.map((value) => term(drive, FIELDS[field], value))
  switch (condition.field) {
    case 'name':
      return textProbe(drive, FIELDS.name, edged(condition))
    case 'description':
      return textProbe(drive, FIELDS.description, fold(condition.text))
    case 'contentType': {
      const type = condition.text.toLowerCase()
      const known = condition.is === 'equals' ? type : family(type)
      return known === '' ? null : anyOf(terms('contentType', [known]))
    }
    case 'kind':
      return condition.in.length === 1 && condition.in[0] === 'folder' ? anyOf(terms('kind', ['folder'])) : null
    case 'extension':
    case 'label':
    case 'sha1':
    case 'sha256':
    case 'creator':
      return anyOf(terms(condition.field, condition.in))
    case 'tag':
    case 'extra':
      return anyOf(
        terms(
          condition.field,
          condition.in.map((value) => tagValue([condition.key, value])),
        ),
      )
    case 'starred':
    case 'hidden':
      return condition.is ? anyOf(terms('flag', [condition.field])) : null
    case 'size':
      return sizeProbe(...stretchOf(condition), drive)
    case 'created':
      return createdProbe([condition], drive)
    default:
      return null
  }
}

/** A single character stands at the beginning of a piece wherever it stands in a text, as every text ends with an edge. */
function textProbe(drive: DriveId, field: string, folded: string): Probe | null {
  const pieces = grams(folded)
  const saysNothing = folded === '' || folded === EDGE
  if (pieces.length === 0) return saysNothing ? null : { prefix: term(drive, field, folded) }
  // An ideograph that belongs to a pair is asked for by that.
  const paired = new Set(pieces.map((piece) => [...piece]).flatMap((piece) => (piece.length > 1 ? piece : [])))
  return allOf(pieces.filter((piece) => !paired.has(piece)).map((piece) => term(drive, field, piece)))
}

function edged({ is, text }: Extract<Condition, { readonly field: 'name' }>): string {
  const folded = fold(text)
  return is === 'contains' ? folded : EDGE + folded + (is === 'equals' ? EDGE : '')
}

/** The stretch of values that a bound leaves: from the first to the second, both included. */
function stretchOf({ is, value }: Bound): [from: number, until: number] {
  if (is === '=') return [value, value]
  return is.startsWith('<') ? [Number.NEGATIVE_INFINITY, value] : [value, Number.POSITIVE_INFINITY]
}

type Bound = Extract<Condition, { readonly value: number }>
const isCreated = (where: Where): where is Bound => 'field' in where && where.field === 'created'

/** The days, months and years within all the bounds; null when there are none. */
function createdProbe(bounds: readonly Bound[], drive: DriveId): Probe | null {
  if (bounds.length === 0) return null
  const stretches = bounds.map(stretchOf)
  const from = Math.max(...stretches.map(([first]) => first))
  const until = Math.min(...stretches.map(([, last]) => last))
  return periodProbe(from, until, drive)
}

/** Nodes made between two times; a word that no node has, when nothing can lie between them. */
function periodProbe(from: number, until: number, drive: DriveId): Probe {
  return oneOf(periodsBetween(from, until).map((period) => term(drive, FIELDS.period, period))) ?? NOTHING
}

/** Files with sizes between two, and, as those count as empty, folders. */
function sizeProbe(from: number, until: number, drive: DriveId): Probe {
  const files = sizeClasses(from, until).map((one) => term(drive, FIELDS.size, String(one)))
  const folders = from <= 0 ? [term(drive, FIELDS.kind, 'folder')] : []
  return oneOf([...files, ...folders]) ?? NOTHING
}

/** Terms begin with a drive's number, so no node has this one. */
const NOTHING: Probe = 'none'

function oneOf(probes: readonly Probe[]): Probe | null {
  return probes.length > 1 ? { any: probes } : (probes[0] ?? null)
}

function partition<T, Part extends T>(list: readonly T[], belongs: (one: T) => one is Part): [Part[], T[]] {
  return [list.filter(belongs), list.filter((one): one is Exclude<T, Part> => !belongs(one))]
}
