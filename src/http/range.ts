/** Byte ranges as object stores read them. */

/** `end` is exclusive. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * The first range a `Range` header asks for; null = the whole body. Object stores answer the whole body to a range that is
 * malformed or lies outside; a client that asks for the standard behaviour gets the end clipped, or `unsatisfiable`.
 */
export function rangeOf(header: string | undefined, size: number, strict: boolean): ByteRange | null | 'unsatisfiable' {
  const match = /^bytes=\s*([0-9]*)-([0-9]*)\s*(?:,.*)?$/.exec(header ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return null
  const [, first = '', last = ''] = match
  if (first === '') return suffix(Number(last), size, strict)
  const start = Number(first)
  const end = last === '' ? size : Number(last) + 1
  if (end <= start && last !== '') return null
  if (start >= size) return strict ? 'unsatisfiable' : null
  if (end > size && !strict) return null
  return { start, end: Math.min(end, size) }
}

/** The last `count` bytes. */
function suffix(count: number, size: number, strict: boolean): ByteRange | null | 'unsatisfiable' {
  if (count === 0 || size === 0) return strict ? 'unsatisfiable' : null
  return { start: Math.max(0, size - count), end: size }
}
