/** Who works on a drive within this process waits here, not in the database: waiting there would hold a connection. */
export class Turns {
  readonly #last = new Map<number, Promise<void>>()

  /**
   * Resolves, when all who asked for one of the keys before have left, to how to leave. One joins all queues at the same
   * instant, so nobody waits in a circle.
   */
  async take(keys: Iterable<number>): Promise<() => void> {
    const wanted = [...new Set(keys)]
    const before = wanted.map((key) => this.#last.get(key))
    let end = () => {}
    const left = new Promise<void>((resolve) => (end = resolve))
    for (const key of wanted) this.#last.set(key, left)
    await Promise.all(before)
    return () => {
      end()
      for (const key of wanted) if (this.#last.get(key) === left) this.#last.delete(key)
    }
  }
}
