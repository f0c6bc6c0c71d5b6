/** Walking two sorted lists side by side, whatever their length. */

/** Both lists in order, what has the same key together. Each must be in strictly rising order of its keys. */
export async function* merge<Left, Right>(
  left: AsyncIterable<Left>,
  right: AsyncIterable<Right>,
  keyOfLeft: (one: Left) => string,
  keyOfRight: (one: Right) => string,
): AsyncGenerator<[Left | undefined, Right | undefined]> {
  const [lefts, rights] = [left[Symbol.asyncIterator](), right[Symbol.asyncIterator]()]
  try {
    let [l, r] = await Promise.all([lefts.next(), rights.next()])
    while (!l.done || !r.done) {
      const order = l.done ? 1 : r.done ? -1 : compare(keyOfLeft(l.value), keyOfRight(r.value))
      yield [order <= 0 ? (l.value as Left) : undefined, order >= 0 ? (r.value as Right) : undefined]
      // What was not given yet waits for its turn.
      if (order <= 0) l = await lefts.next()
      if (order >= 0) r = await rights.next()
    }
  } finally {
    await Promise.all([lefts.return?.(), rights.return?.()])
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** All rows of a paged reading, one after the other. */
export async function* paged<Row>(page: (last: Row | undefined) => Promise<readonly Row[]>): AsyncGenerator<Row> {
  for (let rows = await page(undefined); rows.length > 0; rows = await page(rows.at(-1))) yield* rows
}
