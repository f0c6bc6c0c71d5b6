/** What commands print: JSON for one thing, a plain table for many. */

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}

/** Columns padded with spaces, the heads in capitals. */
export function printRows(rows: readonly Readonly<Record<string, unknown>>[], heads: readonly string[]): void {
  const lines = [
    heads.map((head) => head.toUpperCase()),
    ...rows.map((row) => heads.map((head) => String(row[head] ?? ''))),
  ]
  const widths = heads.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)))
  const text = lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  )
  process.stdout.write(`${text.join('\n')}\n`)
}

/** Milliseconds since 1970 as an ISO time. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}
