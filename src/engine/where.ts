/** What a search asks of a node: a tree of conditions, as data, so that a cursor or a task can carry it. */
import type { Attributes, Content, Kind, Node, NodeId, Outline, Subject } from './model.ts'
import { splitName } from './name.ts'

/** The most conditions of one search. */
export const WHERE_CONDITIONS_MAX = 500
/** How deep they may be nested. */
export const WHERE_DEPTH_MAX = 20
/** The longest text that may be sought, in characters (code points). */
export const WHERE_TEXT_CHARACTERS_MAX = 1024

/** A number against a bound. */
export type Comparison = '<' | '<=' | '=' | '>=' | '>'

export type Where =
  /** Every one of them; true when there is none. */
  | { readonly all: readonly Where[] }
  /** At least one of them; false when there is none. */
  | { readonly any: readonly Where[] }
  /** So many of them or more. */
  | { readonly atLeast: number; readonly of: readonly Where[] }
  | { readonly not: Where }
  | Condition

/**
 * One condition. Of texts, `equals` compares names by their key and others exactly; `contains` and `prefix` compare under
 * compatibility normalization without case. What a node lacks meets no condition.
 */
export type Condition =
  | { readonly field: 'name'; readonly is: 'equals' | 'contains' | 'prefix'; readonly text: string }
  | { readonly field: 'description'; readonly is: 'equals' | 'contains' | 'prefix'; readonly text: string }
  /** The declared media type, compared without case; `prefix: 'image/'` finds all of a family. */
  | { readonly field: 'contentType'; readonly is: 'equals' | 'prefix'; readonly text: string }
  | { readonly field: 'kind'; readonly in: readonly Kind[] }
  /** What follows the last dot of a file's name, lower-case, without the dot; '' for files that have none. */
  | { readonly field: 'extension'; readonly in: readonly string[] }
  | {
      readonly field: 'size' | 'created' | 'updated' | 'localCreated' | 'localModified' | 'taken'
      readonly is: Comparison
      readonly value: number
    }
  /** What was never set counts as false. */
  | { readonly field: 'starred' | 'hidden'; readonly is: boolean }
  | { readonly field: 'label'; readonly in: readonly string[] }
  | { readonly field: 'tag'; readonly key: string; readonly in: readonly string[] }
  /** A text among the members only one dialect knows, under its full name. */
  | { readonly field: 'extra'; readonly key: string; readonly in: readonly string[] }
  | { readonly field: 'creator' | 'modifier'; readonly in: readonly Subject[] }
  /** Directly in one of these folders. */
  | { readonly field: 'parent'; readonly in: readonly NodeId[] }
  /** The current content, by its lower-case hex digest. */
  | { readonly field: 'sha1' | 'sha256'; readonly in: readonly string[] }

const PLAIN = /^[\x20-\x7e]*$/

/** Texts as searches compare them: compatibility forms made equal, case taken away. */
export function fold(text: string): string {
  // Most names are plain, and a search may fold a million of them.
  if (PLAIN.test(text)) return text.toLowerCase()
  return text.normalize('NFKC').toLowerCase().normalize('NFKC')
}

/** What is wrong with a tree of conditions; '' when nothing is. */
export function whereProblem(where: Where): '' | 'too_many' | 'too_deep' | 'too_long' {
  let conditions = 0
  let level: readonly Where[] = [where]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > WHERE_DEPTH_MAX) return 'too_deep'
    conditions += level.reduce((sum, one) => sum + ('in' in one ? Math.max(1, one.in.length) : 1), 0)
    if (conditions > WHERE_CONDITIONS_MAX) return 'too_many'
    if (level.some((one) => 'text' in one && [...one.text].length > WHERE_TEXT_CHARACTERS_MAX)) return 'too_long'
    level = level.flatMap(below)
  }
  return ''
}

function below(where: Where): readonly Where[] {
  if ('all' in where) return where.all
  if ('any' in where) return where.any
  if ('atLeast' in where) return where.of
  return 'not' in where ? [where.not] : []
}

/** What an outline tells of a node. */
const OUTLINED: ReadonlySet<Condition['field']> = new Set([
  'name',
  'extension',
  'kind',
  'size',
  'created',
  'updated',
  'parent',
])

/** A test for nodes as they are read: whole where the conditions ask for more than an outline tells. */
export function testOf(where: Where | null): { readonly inFull: boolean; readonly meets: (node: Outline) => boolean } {
  if (!where) return { inFull: false, meets: () => true }
  return { inFull: asksInFull(where), meets: matcher(where) as (node: Outline) => boolean }
}

function asksInFull(where: Where): boolean {
  return 'field' in where ? !OUTLINED.has(where.field) : below(where).some(asksInFull)
}

/** A test for nodes; what can be prepared once for all nodes is. */
export function matcher(where: Where): (node: Node) => boolean {
  if ('all' in where) {
    const tests = where.all.map(matcher)
    return (node) => tests.every((test) => test(node))
  }
  if ('any' in where) {
    const tests = where.any.map(matcher)
    return (node) => tests.some((test) => test(node))
  }
  if ('atLeast' in where) {
    const tests = where.of.map(matcher)
    return (node) => tests.reduce((met, test) => met + (test(node) ? 1 : 0), 0) >= where.atLeast
  }
  if ('not' in where) {
    const test = matcher(where.not)
    return (node) => !test(node)
  }
  return conditionMatcher(where)
}

function conditionMatcher(condition: Condition): (node: Node) => boolean {
  switch (condition.field) {
    case 'name': {
      const matches = textMatcher(condition)
      return condition.is === 'equals'
        ? (node) => node.key === condition.text.normalize('NFC')
        : (node) => matches(node.name)
    }
    case 'description': {
      const matches = textMatcher(condition)
      return ({ attributes: { description } }) => description !== undefined && matches(description)
    }
    case 'contentType': {
      const text = condition.text.toLowerCase()
      const matches = (type: string) => (condition.is === 'equals' ? type === text : type.startsWith(text))
      return ({ attributes: { contentType } }) => contentType !== undefined && matches(contentType.toLowerCase())
    }
    case 'size':
    case 'created':
    case 'updated':
    case 'localCreated':
    case 'localModified':
    case 'taken': {
      const { field, value } = condition
      const compare = COMPARISONS[condition.is]
      return (node) => {
        const own = numberOf(node, field)
        return own !== undefined && compare(own, value)
      }
    }
    case 'starred':
    case 'hidden': {
      const { field, is } = condition
      return ({ attributes }) => (attributes[field] ?? false) === is
    }
    case 'tag': {
      const wanted = new Set(condition.in)
      return ({ attributes: { tags = {} } }) => Object.hasOwn(tags, condition.key) && wanted.has(tags[condition.key]!)
    }
    case 'extra': {
      const wanted = new Set<unknown>(condition.in)
      return ({ attributes: { extra = {} } }) => Object.hasOwn(extra, condition.key) && wanted.has(extra[condition.key])
    }
    default: {
      const wanted = new Set<unknown>(condition.in)
      const { field } = condition
      return (node) => valuesOf(node, field).some((value) => wanted.has(value))
    }
  }
}

function textMatcher({ is, text }: { is: 'equals' | 'contains' | 'prefix'; text: string }): (own: string) => boolean {
  if (is === 'equals') return (own) => own === text
  const folded = fold(text)
  return is === 'contains' ? (own) => fold(own).includes(folded) : (own) => fold(own).startsWith(folded)
}

const COMPARISONS: Readonly<Record<Comparison, (own: number, bound: number) => boolean>> = {
  '<': (own, bound) => own < bound,
  '<=': (own, bound) => own <= bound,
  '=': (own, bound) => own === bound,
  '>=': (own, bound) => own >= bound,
  '>': (own, bound) => own > bound,
}

type NumberField = Extract<Condition, { readonly value: number }>['field']

/** A folder has no size. */
function numberOf(node: Node, field: NumberField): number | undefined {
  switch (field) {
    case 'size':
      return node.content?.size
    case 'created':
      return node.createdAt
    case 'updated':
      return node.updatedAt
    case 'localCreated':
      return node.attributes.localCreatedAt
    case 'localModified':
      return node.attributes.localModifiedAt
    case 'taken':
      return node.attributes.takenAt
  }
}

type SetField = Exclude<Extract<Condition, { readonly in: readonly unknown[] }>['field'], 'tag' | 'extra'>

function valuesOf(node: Node, field: SetField): readonly unknown[] {
  switch (field) {
    case 'kind':
      return [node.kind]
    case 'extension':
      return node.kind === 'file' ? [extensionOf(node)] : []
    case 'label':
      return (node.attributes satisfies Attributes).labels ?? []
    case 'creator':
      return [node.creator]
    case 'modifier':
      return [node.modifier]
    case 'parent':
      return [node.parent]
    case 'sha1':
      return digests(node.content, 'sha1')
    case 'sha256':
      return digests(node.content, 'digest')
  }
}

function digests(content: Content | null, which: 'sha1' | 'digest'): string[] {
  return content ? [content[which]] : []
}

/** A file's extension as searches compare it. */
export function extensionOf({ name, kind }: Pick<Outline, 'name' | 'kind'>): string {
  return splitName(name, kind === 'folder')[1]
    .slice(1)
    .toLowerCase()
}

/** The folders directly in which everything must lie; null when the conditions do not say. */
export function parentsIn(where: Where | null): readonly NodeId[] | null {
  if (!where) return null
  if ('all' in where) return where.all.map(parentsIn).find((parents) => parents !== null) ?? null
  return 'field' in where && where.field === 'parent' ? where.in : null
}
