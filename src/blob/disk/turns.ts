/** Turns: work under one key runs one after the other, in the order asked; different keys do not wait for each other. */
export class Turns {
  private readonly last = new Map<string, Promise<unknown>>()

  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.last.get(key) ?? Promise.resolve()).then(work)
    const settled = turn.catch(() => {})
    this.last.set(key, settled)
    try {
      return await turn
    } finally {
      if (this.last.get(key) === settled) this.last.delete(key)
    }
  }

  /** Takes a turn under several keys at once. */
  takeAll<T>(keys: Iterable<string>, work: () => Promise<T>): Promise<T> {
    // Everyone takes them in the same order, so nobody waits in a circle.
    const ordered = [...new Set(keys)].sort()
    return ordered.reduceRight<() => Promise<T>>((inner, key) => () => this.take(key, inner), work)()
  }
}
