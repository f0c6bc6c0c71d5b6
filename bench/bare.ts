/** The yardstick: better-sqlite3 alone, doing the row changes of a batch of moves, or the reads of a batch of metadata. */
import { join } from 'node:path'
import { Database } from '../src/store/sqlite/driver.ts'
import type { Tree } from './tree.ts'

export interface Bare {
  /** Moves the first `count` files of a playground, by default the first, to its other folder, durably, in one transaction. */
  move(count: number, client?: number): void
  /** Selects `count` nodes one by one and writes them as JSON of the shape of `like`. */
  read(count: number, like: readonly object[]): string
  close(): void
}

/** Opens a copy of the very database the server uses. */
export function openBare(dataDir: string, { drive, playgrounds }: Tree): Bare {
  const db = new Database(join(dataDir, 'batchdrive.db'))
  db.pragma('journal_mode = wal')
  db.pragma('synchronous = full')
  const place = db.prepare(
    'update node set parent_id = ?, rev = rev + 1, updated_at = ?, modifier = ? where drive_id = ? and id = ?',
  )
  const log = db.prepare(
    `insert into change (drive_id, seq, kind, node_id, node_kind, born, parent_id, name, origin, replaces, at, by)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const head = db.prepare('update drive set seq = ? where id = ?')
  const select = db.prepare('select * from node where drive_id = ? and id = ?')
  const { files } = playgrounds[0]!
  const isThere = playgrounds.map(() => false)
  let seq = drive.seq

  const move = db.transaction((count: number, client: number) => {
    const { left, right, files } = playgrounds[client]!
    const there = !isThere[client]
    isThere[client] = there
    const [from, to] = there ? [left.id, right.id] : [right.id, left.id]
    const now = Date.now()
    for (const { id, name } of files.slice(0, count)) {
      place.run(to, now, 'user:admin', drive.id, id)
      const origin = JSON.stringify({ parent: from, parentBorn: drive.id, name })
      log.run(drive.id, ++seq, 'move', id, 'file', drive.id, to, name, origin, 0, now, 'user:admin')
    }
    head.run(seq, drive.id)
  })

  return {
    move: (count, client = 0) => void move.immediate(count, client),
    read(count, like) {
      const rows = files.slice(0, count).map(({ id }) => select.get(drive.id, id) as { name: string; size: number })
      return JSON.stringify({
        items: rows.map((row, i) => ({ ...like[i % like.length], name: row.name, size: row.size })),
      })
    },
    close: () => db.close(),
  }
}
