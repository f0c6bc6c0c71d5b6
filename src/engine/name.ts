/** Names: how they are compared, which are refused, and how a free one is found. */

/** The core's own bounds; a dialect's naming may be stricter, never looser. */
export const NAME_BYTES_MAX = 1024
/** How many numbered siblings are looked through for a free automatic name. */
export const RENAME_SCAN_MAX = 10_000

/**
 * How automatic names look.
 * spaced: `1 (1).jpg` (SMH). tight: `1(1).jpg` (DingTalk, WPS). time: `1_20060102_150405.jpg` (PDS).
 */
export type NamePattern = 'spaced' | 'tight' | 'time'

/** A dialect's rules for names. */
export interface Naming {
  readonly pattern: NamePattern
  /** The longest name, in characters (code points); 0 = only the core's bound in bytes. */
  readonly charactersMax: number
  /** A regular expression's source for what may not occur, beside the core's `/` and NUL; text, so that tasks can keep it. */
  readonly forbidden: string | null
  /** A regular expression's source that names of files must meet somewhere; absent = any name will do. */
  readonly files?: string
  /** Whether spaces at both ends are cut off before anything else. */
  readonly trim: boolean
}

/** What is wrong with a name; '' when nothing is. */
export type NameProblem = '' | 'empty' | 'too_long' | 'forbidden' | 'reserved'

const ASCII = /^[\x20-\x7e]*$/

/** Whether a file may have this name, by what a naming wants of files. */
export function isFileName(name: string, { files }: Naming): boolean {
  return files === undefined || compiled(files).test(name)
}

/** The form under which names are compared: Unicode NFC, case kept. */
export function nameKey(name: string): string {
  // What is plain ASCII is normal already, and most names are.
  return ASCII.test(name) ? name : name.normalize('NFC')
}

/** The name as it will be kept under a naming. */
export function cleanName(name: string, naming: Naming): string {
  return naming.trim ? name.trim() : name
}

/** Judges a name that `cleanName` has been through. */
export function nameProblem(name: string, naming: Naming): NameProblem {
  if (name === '') return 'empty'
  if (name === '.' || name === '..') return 'reserved'
  // A lone surrogate has no UTF-8 form: it would come back as another name than was given.
  if (/[/\0]/.test(name) || !name.isWellFormed()) return 'forbidden'
  if (naming.forbidden !== null && compiled(naming.forbidden).test(name)) return 'forbidden'
  if (naming.charactersMax > 0 && name.length > naming.charactersMax && [...name].length > naming.charactersMax)
    return 'too_long'
  if (Buffer.byteLength(nameKey(name)) > NAME_BYTES_MAX || Buffer.byteLength(name) > NAME_BYTES_MAX) return 'too_long'
  return ''
}

const patterns = new Map<string, RegExp>()

/** There are as many patterns as dialects, so each is compiled once and kept. */
function compiled(source: string): RegExp {
  const known = patterns.get(source)
  if (known) return known
  const pattern = new RegExp(source, 'u')
  patterns.set(source, pattern)
  return pattern
}

/** A name cut before its last dot: `['1', '.jpg']`. Folders and names that start with their only dot have no extension. */
export function splitName(name: string, isFolder: boolean): [stem: string, extension: string] {
  const dot = isFolder ? -1 : name.lastIndexOf('.')
  return dot <= 0 ? [name, ''] : [name.slice(0, dot), name.slice(dot)]
}

/** Room kept for the longest counter when a name must be shortened: ` (10000)`. */
const COUNTER_CHARACTERS_MAX = 8

/** What an automatic name begins with, before its counter; every candidate `freeName` tries starts so. */
export function nameStem(
  name: string,
  isFolder: boolean,
  naming: Naming,
  now: number,
): { prefix: string; tail: string } {
  const [stem, extension] = splitName(name, isFolder)
  const stamp = naming.pattern === 'time' ? `_${timeStamp(now)}` : ''
  const opening = { spaced: ' (', tight: '(', time: stamp }[naming.pattern]
  const room = stamp.length + COUNTER_CHARACTERS_MAX
  return { prefix: shorten(stem, `${extension}${'x'.repeat(room)}`, naming) + opening, tail: extension }
}

/**
 * The first automatic name that is not taken: `1 (1).jpg`, `1 (2).jpg`, …; with `time`, the time alone first.
 * @param taken whether a name key is in use
 * @param from the first counter to try
 * @returns null when RENAME_SCAN_MAX candidates are all taken
 */
export function freeName(
  name: string,
  isFolder: boolean,
  naming: Naming,
  now: number,
  taken: (key: string) => boolean,
  from = 1,
): { name: string; count: number } | null {
  const { prefix, tail } = nameStem(name, isFolder, naming, now)
  const candidate = (count: number) => {
    if (naming.pattern !== 'time') return `${prefix}${count})${tail}`
    return count === 1 ? `${prefix}${tail}` : `${prefix}_${count - 1}${tail}`
  }
  for (let count = from; count <= RENAME_SCAN_MAX; count++) {
    const free = candidate(count)
    if (!taken(nameKey(free))) return { name: free, count }
  }
  return null
}

/** A stem shortened, by whole characters, until it and what follows are within the naming's bounds. */
function shorten(stem: string, rest: string, naming: Naming): string {
  const characters = [...stem]
  const fits = () => {
    const whole = characters.join('') + rest
    const short = naming.charactersMax === 0 || [...whole].length <= naming.charactersMax
    return short && Buffer.byteLength(whole) <= NAME_BYTES_MAX && Buffer.byteLength(nameKey(whole)) <= NAME_BYTES_MAX
  }
  if (characters.length + rest.length <= (naming.charactersMax || NAME_BYTES_MAX) / 4) return stem
  while (characters.length > 1 && !fits()) characters.pop()
  return characters.join('')
}

/** `20060102_150405`, UTC. */
function timeStamp(now: number): string {
  return new Date(now)
    .toISOString()
    .replace(/[-:]|\..*/g, '')
    .replace('T', '_')
}
