/** Many items of which only the first few are wanted in order: taking them one by one costs less than sorting all. */
export class Heap<T> {
  readonly #items: T[]
  readonly #compare: (a: T, b: T) => number

  /** @param items the heap's own from now on */
  constructor(items: T[], compare: (a: T, b: T) => number) {
    this.#items = items
    this.#compare = compare
    for (let at = (items.length >> 1) - 1; at >= 0; at--) this.#sink(at)
  }

  /** Removes the next `count` items, or as many as there are, in order. */
  take(count: number): T[] {
    const taken: T[] = []
    while (taken.length < count && this.#items.length > 0) taken.push(this.#pop())
    return taken
  }

  #pop(): T {
    const first = this.#items[0]!
    const last = this.#items.pop()!
    if (this.#items.length > 0) {
      this.#items[0] = last
      this.#sink(0)
    }
    return first
  }

  #sink(from: number): void {
    const items = this.#items
    for (let at = from; ; ) {
      let least = at
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < items.length && this.#compare(items[child]!, items[least]!) < 0) least = child
      }
      if (least === at) return
      const moved = items[at]!
      items[at] = items[least]!
      items[least] = moved
      at = least
    }
  }
}
