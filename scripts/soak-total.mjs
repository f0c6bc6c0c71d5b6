/** The running total of what `npm run soak` has tried: a table in a page, read and written again with more in it. */

const HEADER = ['| what | store | histories | operations | failures |', '|---|---|---:|---:|---:|']

/** The rows of a page's table, by what and store. */
export function readTotal(page) {
  const rows = page.split('\n').flatMap((line) => {
    const cells = line.split('|').map((cell) => cell.trim())
    const numbers = cells.slice(3, 6).map((cell) => Number(cell.replaceAll(',', '')))
    if (cells.length !== 7 || cells[3] === '' || numbers.some(Number.isNaN)) return []
    const [sequences, operations, failures] = numbers
    return [{ name: cells[1], store: cells[2], sequences, operations, failures }]
  })
  return new Map(rows.map((row) => [keyOf(row), row]))
}

function keyOf({ name, store }) {
  return `${name} ${store}`
}

/** Adds what explorations reported, one object each. */
export function addReports(total, reports) {
  const sum = new Map(total)
  for (const { name, store, sequences, operations, failed } of reports) {
    const before = sum.get(keyOf({ name, store })) ?? { name, store, sequences: 0, operations: 0, failures: 0 }
    sum.set(keyOf(before), {
      ...before,
      sequences: before.sequences + sequences,
      operations: before.operations + operations,
      failures: before.failures + (failed ? 1 : 0),
    })
  }
  return sum
}

/** The page that says it. `minutes`: how long it all took so far. */
export function totalPage(total, minutes) {
  const rows = [...total.values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  const number = (value) => value.toLocaleString('en-US')
  const lines = rows.map(
    ({ name, store, sequences, operations, failures }) =>
      `| ${name} | ${store} | ${number(sequences)} | ${number(operations)} | ${number(failures)} |`,
  )
  return [
    '# What was tried at random',
    '',
    'The running total of `npm run soak -- --minutes N`: random histories played on the naive model and on the server side',
    'by side, contests of clients explained by a serial order, and kills and refused writes at every durable step. A failure',
    'counted here was printed with what replays it; `npm test` plays a fixed selection of the same.',
    '',
    ...HEADER,
    ...lines,
    '',
    `All together it took ${number(minutes)} minutes.`,
    '',
  ].join('\n')
}

/** How long it took so far, as the page says. */
export function readMinutes(page) {
  const found = /took ([\d,.]+) minutes/.exec(page)
  return found ? Number(found[1].replaceAll(',', '')) : 0
}
