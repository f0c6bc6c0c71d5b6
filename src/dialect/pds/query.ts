/**
 * The query language of `search` ("Query files"): conditions joined by `and`, `or`, `not` and parentheses, precedence in
 * the order parentheses, `not`, `and`, `or`. Read here into a tree; what a field means is for whoever searches to say.
 */
import { notValid, Refusal } from './error.ts'

export const QUERY_CHARACTERS_MAX = 4096
/** How deep parentheses and `not` may be nested. */
const DEPTH_MAX = 50

export type Operator = '=' | '<' | '>' | '<=' | '>=' | 'prefix' | 'match' | 'in'
export type Value = string | number | boolean

/** One condition: a field against a value; against several only with `in`. */
export interface Term {
  readonly field: string
  readonly operator: Operator
  readonly values: readonly Value[]
}

export type Query =
  | { readonly all: readonly Query[] }
  | { readonly any: readonly Query[] }
  | { readonly not: Query }
  | { readonly term: Term }

/** 400 `InvalidParameter.Query`, with what is wrong and where. */
export function queryProblem(what: string): Refusal {
  return new Refusal(notValid('query', what))
}

/** Null for a query that asks nothing. */
export function parseQuery(text: string): Query | null {
  const tokens = tokensOf(text)
  if (tokens.length === 0) return null
  const reader = new Reader(tokens)
  const query = anyOf(reader, 0)
  const rest = reader.peek()
  if (rest) throw unexpected(rest)
  return query
}

interface Token {
  readonly kind: 'word' | 'text' | 'number' | 'sign'
  readonly text: string
  /** From 1. */
  readonly at: number
}

const TOKEN =
  /\s*(?:([A-Za-z_][A-Za-z0-9_.]*)|('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?)|(<=|>=|[=<>()[\],]))/suy

function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  const end = text.trimEnd().length
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < end) {
    const from = TOKEN.lastIndex
    const found = TOKEN.exec(text)
    if (!found) throw queryProblem(`It cannot be read from character ${from + 1} on.`)
    const [, word, quoted, number, sign] = found
    const at = TOKEN.lastIndex - (word ?? quoted ?? number ?? sign)!.length + 1
    if (word !== undefined) tokens.push({ kind: 'word', text: word, at })
    else if (quoted !== undefined) tokens.push({ kind: 'text', text: unquoted(quoted), at })
    else if (number !== undefined) tokens.push({ kind: 'number', text: number, at })
    else tokens.push({ kind: 'sign', text: sign!, at })
  }
  return tokens
}

/** A backslash takes the next character as it is. */
function unquoted(quoted: string): string {
  return quoted.slice(1, -1).replace(/\\(.)/gsu, '$1')
}

class Reader {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  peek(): Token | undefined {
    return this.#tokens[this.#at]
  }

  next(): Token {
    const token = this.#tokens[this.#at++]
    if (!token) throw queryProblem('It ends too early.')
    return token
  }

  /** Passes over a keyword or a sign, if it stands here. */
  takes(text: string): boolean {
    const token = this.peek()
    const stands = token && token.kind !== 'text' && token.text.toLowerCase() === text
    if (stands) this.#at++
    return stands ?? false
  }

  must(text: string): void {
    const token = this.next()
    if (token.kind !== 'sign' || token.text !== text) throw unexpected(token, text)
  }
}

function unexpected({ text, at }: Token, wanted = ''): Refusal {
  return queryProblem(`"${text}" at character ${at} is not expected${wanted && `: "${wanted}" is`}.`)
}

function anyOf(reader: Reader, depth: number): Query {
  const any = [allOf(reader, depth)]
  while (reader.takes('or')) any.push(allOf(reader, depth))
  return any.length === 1 ? any[0]! : { any }
}

function allOf(reader: Reader, depth: number): Query {
  const all = [oneOf(reader, depth)]
  while (reader.takes('and')) all.push(oneOf(reader, depth))
  return all.length === 1 ? all[0]! : { all }
}

function oneOf(reader: Reader, depth: number): Query {
  if (depth > DEPTH_MAX) throw queryProblem('It is nested too deeply.')
  if (reader.takes('not')) return { not: oneOf(reader, depth + 1) }
  if (!reader.takes('(')) return { term: termOf(reader) }
  const inner = anyOf(reader, depth + 1)
  reader.must(')')
  return inner
}

const OPERATORS: readonly string[] = ['=', '<', '>', '<=', '>=', 'prefix', 'match', 'in']

function termOf(reader: Reader): Term {
  const field = reader.next()
  if (field.kind !== 'word') throw unexpected(field, 'a field')
  const sign = reader.next()
  const operator = sign.text.toLowerCase()
  if (sign.kind === 'text' || !OPERATORS.includes(operator)) throw unexpected(sign, 'an operator')
  const values = operator === 'in' ? listOf(reader) : [readValue(reader)]
  return { field: field.text.toLowerCase(), operator: operator as Operator, values }
}

function listOf(reader: Reader): Value[] {
  reader.must('[')
  const values = [readValue(reader)]
  while (reader.takes(',')) values.push(readValue(reader))
  reader.must(']')
  return values
}

function readValue(reader: Reader): Value {
  const token = reader.next()
  if (token.kind === 'text') return token.text
  if (token.kind === 'number') return Number(token.text)
  const word = token.text.toLowerCase()
  if (token.kind === 'word' && (word === 'true' || word === 'false')) return word === 'true'
  throw unexpected(token, 'a value')
}

/** A moment: `2006-01-02T00:00:00`, UTC, with or without fractions of a second and `Z`; ms since 1970. */
export function dateValue(field: string, value: Value): number {
  const found = typeof value === 'string' && /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?)?Z?$/.test(value)
  const at = found ? Date.parse(/Z$/.test(value) || !value.includes('T') ? value : `${value}Z`) : Number.NaN
  if (Number.isNaN(at)) throw queryProblem(`${field} is compared with dates such as "2006-01-02T00:00:00".`)
  return at
}
