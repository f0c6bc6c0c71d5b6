/** Numbers that are handed out once. */
import type { Pool } from 'pg'
import type { WriteTx } from '../../engine/index.ts'
import { storageError } from './failure.ts'
import type { Queries } from './transaction.ts'

type Name = Parameters<WriteTx['ids']>[0]

export const RESERVE = 'update sequence set next = next + $2::bigint where name = $1 returning next'

/**
 * How many numbers are taken at once. A process that ends leaves the rest of its range unused; numbers of trash entries
 * should stay small for long.
 */
const RANGE: Readonly<Record<Name, number>> = { node: 1000, drive: 10, task: 10, trash: 100 }

interface Range {
  next: number
  end: number
}

/**
 * Reserves ranges of numbers in transactions of their own, which nobody waits behind, and hands them out from memory. So a
 * number is never given twice, whatever becomes of the transaction that drew it.
 */
export class Sequences {
  readonly #pool: Pool
  readonly #ranges = new Map<Name, Promise<Range>>()

  constructor(pool: Pool) {
    this.#pool = pool
  }

  readonly queries: Queries<Pick<WriteTx, 'ids'>> = {
    ids: async (_, name, count) => {
      if (count <= 0) return []
      let first = 0
      const drawn = this.#range(name).then(async (range) => {
        const from = range.next + count <= range.end ? range : await this.#reserve(name, count)
        first = from.next
        return { next: first + count, end: from.end }
      })
      // After a failure the next one who asks tries anew.
      this.#ranges.set(
        name,
        drawn.catch(() => ({ next: 0, end: 0 })),
      )
      await drawn
      return Array.from({ length: count }, (_, index) => first + index)
    },
  }

  #range(name: Name): Promise<Range> {
    return this.#ranges.get(name) ?? Promise.resolve({ next: 0, end: 0 })
  }

  async #reserve(name: Name, count: number): Promise<Range> {
    const size = Math.max(count, RANGE[name])
    try {
      const { rows } = await this.#pool.query<{ next: string }>(RESERVE, [name, size])
      const end = Number(rows[0]!.next)
      return { next: end - size, end }
    } catch (cause) {
      throw storageError(cause)
    }
  }
}
