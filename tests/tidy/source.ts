/** Source files as the tidy rules see them: code, comments, strings and imports told apart by a small scanner. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

export interface Piece {
  /** From 1. */
  readonly line: number
  readonly text: string
}

export interface Import extends Piece {
  /** Whether only types come over. */
  readonly typeOnly: boolean
}

export interface Source {
  /** From the top of the checkout, with slashes. */
  readonly path: string
  readonly lines: readonly string[]
  /** The text with the insides of comments, strings and regular expressions blanked; lines and columns as they were. */
  readonly code: string
  readonly comments: readonly Piece[]
  readonly strings: readonly (Piece & { readonly hasSubstitution: boolean })[]
  readonly imports: readonly Import[]
}

/** Every TypeScript and JavaScript file below the given folders. */
export function readSources(root: string, folders: readonly string[]): Source[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(ts|mjs)$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => sourceOf(relative(root, path).split(sep).join('/'), readFileSync(path, 'utf8'))),
  )
}

export function sourceOf(path: string, text: string): Source {
  const tokens = scan(text)
  const code = [...text]
  for (const { kind, start, end } of tokens) {
    // The quotes stay, so that what is left still has the shape of code.
    const inset = kind === 'comment' ? 0 : 1
    for (let at = start + inset; at < end - inset; at++) if (code[at] !== '\n') code[at] = ' '
  }
  const masked = code.join('')
  const lineAt = lineFinder(text)
  const piece = ({ start, end }: Token, inset = 0) => ({
    line: lineAt(start),
    text: text.slice(start + inset, end - inset),
  })
  const strings = tokens.filter(({ kind }) => kind === 'string' || kind === 'template')
  return {
    path,
    lines: text.replace(/\n$/, '').split('\n'),
    code: masked,
    comments: tokens.filter(({ kind }) => kind === 'comment').map((token) => piece(token)),
    strings: strings.map((token) => ({ ...piece(token, 1), hasSubstitution: token.hasSubstitution })),
    imports: strings.flatMap((token) => {
      const before = masked.slice(0, token.start)
      if (!/(?<![.\w$])(?:from|import|import\s*\()\s*$/.test(before)) return []
      const statement = before.slice(
        Math.max(0, before.search(/\b(?:import|export)\b(?![\s\S]*\b(?:import|export)\b)/)),
      )
      return [{ ...piece(token, 1), typeOnly: /^(?:import|export)\s+type\b/.test(statement) }]
    }),
  }
}

interface Token {
  readonly kind: 'comment' | 'string' | 'template' | 'regex'
  readonly start: number
  /** Exclusive. */
  readonly end: number
  readonly hasSubstitution: boolean
}

/** What is not plain code, in order. A template with substitutions is one token: the code in them is left out too. */
function scan(text: string): Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < text.length; ) {
    const kind = kindAt(text, at, tokens)
    if (kind === undefined) {
      at++
      continue
    }
    const end = endOf(text, at, kind)
    const hasSubstitution = kind === 'template' && /(?<!\\)\$\{/.test(text.slice(at, end))
    tokens.push({ kind, start: at, end, hasSubstitution })
    at = end
  }
  return tokens
}

function kindAt(text: string, at: number, before: readonly Token[]): Token['kind'] | undefined {
  const character = text[at]
  if (character === "'" || character === '"') return 'string'
  if (character === '`') return 'template'
  if (character !== '/') return undefined
  if (text[at + 1] === '/' || text[at + 1] === '*') return 'comment'
  return regexMayFollow(text, at, before) ? 'regex' : undefined
}

/** After a value a slash divides; after anything else it begins a regular expression. */
function regexMayFollow(text: string, at: number, before: readonly Token[]): boolean {
  const head = text.slice(0, at).trimEnd()
  const token = before.at(-1)
  if (token !== undefined && head.length <= token.end) {
    return token.kind === 'comment' && regexMayFollow(text, token.start, before.slice(0, -1))
  }
  const word = /[\w$]+$/.exec(head)?.[0]
  if (word !== undefined) return /^(?:return|typeof|case|in|of|do|else|void|await|yield)$/.test(word)
  return !/[)\]}]$/.test(head)
}

function endOf(text: string, start: number, kind: Token['kind']): number {
  if (kind === 'comment') {
    const isBlock = text[start + 1] === '*'
    const end = text.indexOf(isBlock ? '*/' : '\n', start + 2)
    return end < 0 ? text.length : end + (isBlock ? 2 : 0)
  }
  let inClass = false
  for (let at = start + 1; at < text.length; at++) {
    const character = text[at]
    if (character === '\\') at++
    else if (kind === 'regex' && character === '[') inClass = true
    else if (kind === 'regex' && character === ']') inClass = false
    else if (kind === 'template' && character === '$' && text[at + 1] === '{') at = endOfSubstitution(text, at + 2)
    else if (character === text[start] && !inClass) return at + 1
  }
  return text.length
}

/** Where the brace is that closes a substitution which begins here. */
function endOfSubstitution(text: string, start: number): number {
  let depth = 1
  for (let at = start; at < text.length; at++) {
    const character = text[at]
    if (character === "'" || character === '"') at = endOf(text, at, 'string') - 1
    else if (character === '`') at = endOf(text, at, 'template') - 1
    else if (character === '{') depth++
    else if (character === '}' && --depth === 0) return at
  }
  return text.length
}

function lineFinder(text: string): (at: number) => number {
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)]
  return (at) => starts.findLastIndex((start) => start <= at) + 1
}

export interface FunctionSpan {
  readonly name: string
  /** The first line and the last, from 1. */
  readonly line: number
  readonly end: number
  /** A method of a class or of an object. */
  readonly isMethod: boolean
}

const METHOD = /^(?:(?:private|protected|public|static|override|async|get|set)\s+)*\*?\s*[\w$#]+(?:<.*>)?\(/
const NO_METHOD = /^(?:\}|(?:if|for|while|switch|catch|function|return|throw|new|await)\b)/

/**
 * The functions of a formatted source, found by their indentation: a body opens at the end of a line and closes with a
 * brace that stands as far left as the line on which the function began.
 */
export function functionsOf(source: Source): FunctionSpan[] {
  const lines = source.code.split('\n')
  const indents = lines.map((line) => line.search(/\S/))
  return lines.flatMap((line, opens) => {
    if (!/\{$/.test(line.trimEnd())) return []
    const indent = indents[opens]!
    const begins = /^\s*[)\]}>]/.test(line) ? headOf(lines, indents, opens) : opens
    const head = lines[begins]!.trim()
    if (!opensFunction(head, line.trimEnd())) return []
    const closes = lines.findIndex((later, at) => at > opens && indents[at] === indent && /^\s*\}/.test(later))
    const isMethod = METHOD.test(head) && !/=> \{$/.test(line.trimEnd())
    return [{ name: nameOf(head), line: begins + 1, end: (closes < 0 ? lines.length - 1 : closes) + 1, isMethod }]
  })
}

/** The line on which a head of several lines began: the last one above that stands as far left and opens something. */
function headOf(lines: readonly string[], indents: readonly number[], at: number): number {
  const above = indents
    .slice(0, at)
    .findLastIndex((indent, i) => indent === indents[at] && /[([{<]\s*$/.test(lines[i]!))
  return above < 0 ? at : above
}

function opensFunction(head: string, line: string): boolean {
  if (/=> \{$/.test(line) || /\bfunction\b/.test(head)) return true
  return METHOD.test(head) && !NO_METHOD.test(head) && /\)(?:: .+)? \{$/.test(line)
}

function nameOf(head: string): string {
  return (
    /function\*?\s+([\w$]+)/.exec(head)?.[1] ??
    /(?:const|let)\s+([\w$]+)\s*=/.exec(head)?.[1] ??
    /^(?:\w+\s+)*?\*?\s*([\w$#]+)\s*[(<:=]/.exec(head)?.[1] ??
    'a function'
  )
}
