/** A map whose keys are pairs. Pairs are looked up often, and a text made of both would have to be built every time. */
export class PairMap<A, B, V> {
  readonly #rows = new Map<A, Map<B, V>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  get(a: A, b: B): V | undefined {
    return this.#rows.get(a)?.get(b)
  }

  has(a: A, b: B): boolean {
    return this.#rows.get(a)?.has(b) ?? false
  }

  set(a: A, b: B, value: V): void {
    let row = this.#rows.get(a)
    if (!row) {
      row = new Map()
      this.#rows.set(a, row)
    }
    const before = row.size
    row.set(b, value)
    this.#size += row.size - before
  }

  delete(a: A, b: B): void {
    if (this.#rows.get(a)?.delete(b)) this.#size--
  }

  /** The values row by row, in the order in which keys came. */
  *values(): Generator<V> {
    for (const row of this.#rows.values()) yield* row.values()
  }
}
