/** A bounded memory of rows read a moment ago, so that a hot path need not ask the store again for what rarely changes. */
import type { Clock } from './port.ts'

interface Remembered<V> {
  readonly value: V
  readonly readAt: number
}

/**
 * Remembers values by key for a short life. Missing rows are not remembered, so what is added is seen at once; what
 * another process changes is seen after `lifeMs` at the latest; what this process changes it must `forget`.
 */
export class Memo<V> {
  readonly #rows = new Map<string, Remembered<V>>()
  readonly #clock: Clock
  readonly #lifeMs: number
  readonly #sizeMax: number
  /** One set a load under way: the keys that were written meanwhile, whose loaded rows may be old. */
  readonly #loading = new Set<Set<string>>()

  constructor(options: { clock: Clock; lifeMs: number; sizeMax: number }) {
    this.#clock = options.clock
    this.#lifeMs = options.lifeMs
    this.#sizeMax = options.sizeMax
  }

  /** The values of the keys, in order; `load` is asked once for all keys that are not fresh, and not at all when none is. */
  async get(
    keys: readonly string[],
    load: (missing: readonly string[]) => Promise<ReadonlyMap<string, V>>,
  ): Promise<(V | undefined)[]> {
    const fresh = new Map<string, V>()
    const missing = new Set<string>()
    for (const key of keys) {
      const value = this.#fresh(key)
      if (value === undefined) missing.add(key)
      else fresh.set(key, value)
    }
    if (missing.size === 0) return keys.map((key) => fresh.get(key))
    const spoiled = new Set<string>()
    this.#loading.add(spoiled)
    try {
      const loaded = await load([...missing])
      // A row read before someone wrote it may be the old one: use it for this caller, but do not keep it.
      for (const [key, value] of loaded) if (!spoiled.has(key)) this.#put(key, value)
      return keys.map((key) => fresh.get(key) ?? loaded.get(key))
    } finally {
      this.#loading.delete(spoiled)
    }
  }

  /** Keeps values that were just written. */
  keep(rows: Iterable<readonly [string, V]>): void {
    for (const [key, value] of rows) {
      this.#spoil(key)
      this.#put(key, value)
    }
  }

  /** Drops what is known about the keys. */
  forget(keys: Iterable<string>): void {
    for (const key of keys) {
      this.#spoil(key)
      this.#rows.delete(key)
    }
  }

  #spoil(key: string) {
    for (const spoiled of this.#loading) spoiled.add(key)
  }

  #fresh(key: string): V | undefined {
    const row = this.#rows.get(key)
    if (row === undefined) return undefined
    const age = this.#clock() - row.readAt
    // A clock set back makes the age negative: read again rather than trust the row for who knows how long.
    if (age >= 0 && age < this.#lifeMs) return row.value
    this.#rows.delete(key)
    return undefined
  }

  #put(key: string, value: V): void {
    this.#rows.delete(key)
    this.#rows.set(key, { value, readAt: this.#clock() })
    // A Map remembers the order of insertion: its first key is the one read longest ago.
    if (this.#rows.size > this.#sizeMax) this.#rows.delete(this.#rows.keys().next().value as string)
  }
}
