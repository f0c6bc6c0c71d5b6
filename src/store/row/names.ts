/** How names are sought: many paths as one tree, and the range of names that begin alike. */
import type { Walk } from '../../engine/index.ts'

/** Names below names. No prototype: `__proto__` is a name like any other. */
interface Names {
  [name: string]: Names
}

/**
 * The walks as [[drive, from, names], …], one for each start: walks that begin alike are walked once.
 */
export function namesBelow(walks: readonly Walk[]): [drive: number, from: number, names: Names][] {
  const starts = new Map<string, [drive: number, from: number, names: Names]>()
  for (const { drive, from, keys } of walks) {
    const start = `${drive} ${from}`
    if (!starts.has(start)) starts.set(start, [drive, from, Object.create(null)])
    let names = starts.get(start)![2]
    for (const key of keys) {
      names[key] ??= Object.create(null) as Names
      names = names[key]
    }
  }
  return [...starts.values()]
}

/** The first text, by code points, that is greater than every text with the prefix; null when there is none. */
export function textAfter(prefix: string): string | null {
  const points = Array.from(prefix, (character) => character.codePointAt(0)!)
  while (points.at(-1) === 0x10ffff) points.pop()
  const last = points.pop()
  if (last === undefined) return null
  // UTF-8 has no surrogates: after U+D7FF comes U+E000.
  points.push(last === 0xd7ff ? 0xe000 : last + 1)
  return String.fromCodePoint(...points)
}
