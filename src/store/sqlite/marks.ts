/** Users' own lists of nodes. A list is short, so that it is read as a whole. */
import type { ReadTx, WriteTx } from '../../engine/index.ts'
import { fromMark, type MarkRow, toMark } from '../row/mark.ts'
import { members } from './json.ts'
import type { Queries } from './transaction.ts'

/** Relies on the primary key. */
export const MARKS_OF = `
select tenant_id, subject, kind, node_id, born, at from mark
where tenant_id = ? and subject = ? and kind in (select value from json_each(?))`

const PUT_MARKS = `
insert or replace into mark (tenant_id, subject, kind, node_id, born, at) select ${members(6)} from json_each(?)`
export const DELETE_MARKS = `
delete from mark where (tenant_id, subject, kind, node_id) in (select ${members(4)} from json_each(?))`

export const markQueries: Queries<Pick<ReadTx, 'marksOf'> & Pick<WriteTx, 'putMarks' | 'deleteMarks'>> = {
  marksOf(db, { tenant, subject, kinds }) {
    if (kinds.length === 0) return []
    return db.all<MarkRow>(MARKS_OF, tenant, subject, JSON.stringify(kinds)).map(toMark)
  },

  putMarks(db, rows) {
    if (rows.length > 0) db.run(PUT_MARKS, JSON.stringify(rows.map(fromMark)))
  },

  deleteMarks(db, rows) {
    if (rows.length > 0) db.run(DELETE_MARKS, JSON.stringify(rows.map(fromMark)))
  },
}
