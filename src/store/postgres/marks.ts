/** Users' own lists of nodes. A list is short, so that it is read as a whole. */
import type { Mark, ReadTx, WriteTx } from '../../engine/index.ts'
import { fromMark, type MarkRow, toMark } from '../row/mark.ts'
import { columns, latest, unnest } from './sets.ts'
import type { Queries } from './transaction.ts'

/** Relies on the primary key. */
export const MARKS_OF = `
select tenant_id, subject, kind, node_id, born, at from mark
where tenant_id = $1 and subject = $2 and kind = any($3::text[])`

export const PUT_MARKS = `
insert into mark (tenant_id, subject, kind, node_id, born, at) select * from ${unnest('tttnnn')}
on conflict (tenant_id, subject, kind, node_id) do update set born = excluded.born, at = excluded.at`
export const DELETE_MARKS = `
delete from mark m using ${unnest('tttn')} k (tenant_id, subject, kind, node_id)
where m.tenant_id = k.tenant_id and m.subject = k.subject and m.kind = k.kind and m.node_id = k.node_id`

export const markQueries: Queries<Pick<ReadTx, 'marksOf'> & Pick<WriteTx, 'putMarks' | 'deleteMarks'>> = {
  async marksOf(db, { tenant, subject, kinds }) {
    if (kinds.length === 0) return []
    db.reserve(kinds.map((kind) => listName({ tenant, subject, kind })))
    return (await db.all<MarkRow>(MARKS_OF, tenant, subject, kinds)).map(toMark)
  },

  async putMarks(db, rows) {
    if (rows.length === 0) return
    db.reserve(rows.map(listName))
    const set = latest(rows, (mark) => `${listName(mark)} ${mark.node}`)
    await db.run(PUT_MARKS, ...columns(set.map(fromMark), 6))
  },

  async deleteMarks(db, rows) {
    if (rows.length === 0) return
    db.reserve(rows.map(listName))
    await db.run(DELETE_MARKS, ...columns(rows.map(fromMark), 4))
  },
}

/** The name under which a list is locked. */
function listName({ tenant, subject, kind }: Pick<Mark, 'tenant' | 'subject' | 'kind'>): string {
  return `mark ${tenant} ${subject} ${kind}`
}
