/** Numbers that are handed out once. */
import type { WriteTx } from '../../engine/index.ts'
import type { Connection } from './connection.ts'
import type { Queries } from './transaction.ts'

const DRAW = 'update sequence set next = max(next, ?) + ? where name = ? returning next'
const RAISE = 'update sequence set next = max(next, f.value) from json_each(?) f where name = f.key'

/**
 * Draws numbers in the transaction that uses them: one small write beside its others, durable with them, and safe with
 * several processes. What a transaction drew before it was rolled back is remembered here and written again, so that no
 * number is handed out a second time.
 */
export class Sequences {
  readonly #next = new Map<string, number>()

  readonly queries: Queries<Pick<WriteTx, 'ids'>> = {
    ids: (db, sequence, count) => {
      if (count <= 0) return []
      const rows = db.all<[number]>(DRAW, this.#next.get(sequence) ?? 0, count, sequence)
      const next = rows[0]![0]
      this.#next.set(sequence, next)
      return Array.from({ length: count }, (_, index) => next - count + index)
    },
  }

  /** To be called in the transaction that stays, after another's draws were undone. */
  restore(db: Connection): void {
    if (this.#next.size > 0) db.run(RAISE, JSON.stringify(Object.fromEntries(this.#next)))
  }
}
