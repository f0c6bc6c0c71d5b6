/** Carries all rows from one store to another, in pages, so that it can go on where it was interrupted. */
import { createHash } from 'node:crypto'
import { termsOf } from '../engine/gram.ts'
import {
  type Reached,
  type RowReader,
  type RowWriter,
  StorageError,
  type Table,
  type Value,
  type Words,
} from '../engine/index.ts'
import { type NodeRow, toNode } from '../store/row/node.ts'

/** Rows carried in one transaction. */
export const PAGE_ROWS = 2_000

export type OnRows = (what: string, done: number, total: number | null) => void

/**
 * Copies every table into a database that is empty, or in which a copy was begun. Nobody may write to either meanwhile.
 * @throws StorageError when the target has other contents, or its tables are others
 */
export async function copyRows(from: RowReader, to: RowWriter, onRows: OnRows = () => {}): Promise<void> {
  const tables = await commonTables(from, to)
  let progress = await demandFree(to)
  if (progress === null) {
    await to.begin()
    progress = new Map()
  }
  // One table after the other: the source is one connection, and the progress tell where to go on.
  for (const [source, target] of tables)
    await copyTable({ from, to, source, target, onRows }, progress.get(source.name))
}

/** How far a copy that was begun has come, null when none was. Throws StorageError when the target has other contents. */
export async function demandFree(to: RowWriter): Promise<ReadonlyMap<string, Reached> | null> {
  const progress = await to.progress()
  if (progress !== null || (await to.isEmpty())) return progress
  throw new StorageError('the target has rows of its own: copy into an empty database')
}

interface TableCopy {
  readonly from: RowReader
  readonly to: RowWriter
  readonly source: Table
  readonly target: Table
  readonly onRows: OnRows
}

async function copyTable({ from, to, source, target, onRows }: TableCopy, begun: Reached | undefined): Promise<void> {
  let reached: Reached = begun ?? { after: [], rows: 0 }
  const rearranged = arranger(source, target)
  const say = () => onRows(`copying ${source.name}`, reached.rows, null)
  say()
  let written = Promise.resolve()
  for await (const rows of pagesOf(from, source, reached.rows === 0 ? null : reached.after)) {
    const words = source.name === 'node' ? rows.flatMap(wordsOf) : []
    await written
    say()
    reached = { after: keyOf(source, rows), rows: reached.rows + rows.length }
    // While it is written the next page is read.
    written = to.write(target, rows.map(rearranged), words, reached)
    written.catch(() => undefined)
  }
  await written
}

/** A table's rows page by page; the next is asked for while one is used. */
async function* pagesOf(reader: RowReader, table: Table, after: readonly Value[] | null): AsyncGenerator<Value[][]> {
  let coming = reader.page(table, after, PAGE_ROWS)
  for (;;) {
    const rows = await coming
    if (rows.length === 0) return
    coming = reader.page(table, keyOf(table, rows), PAGE_ROWS)
    // Whoever stops before it comes will not wait for it.
    coming.catch(() => undefined)
    yield rows
  }
}

/** The key of the last row. */
function keyOf({ key }: Table, rows: readonly (readonly Value[])[]): Value[] {
  return key.map((at) => rows.at(-1)![at]!)
}

/** A drive's tops have no name and are not found. */
function wordsOf(row: readonly Value[]): Words[] {
  const node = toNode(row as unknown as NodeRow)
  return node.name === '' ? [] : [{ drive: node.drive, node: node.id, terms: termsOf(node) }]
}

/** The tables of both, as each has them. */
async function commonTables(from: RowReader, to: RowReader): Promise<[Table, Table][]> {
  const targets = new Map((await to.tables()).map((table) => [table.name, table]))
  const sources = await from.tables()
  const shape = ({ name, columns }: Table) => `${name} (${columns.toSorted().join(', ')})`
  const [here, there] = [sources, [...targets.values()]].map((tables) => tables.map(shape).sort())
  const odd = [...here!.filter((one) => !there!.includes(one)), ...there!.filter((one) => !here!.includes(one))]
  if (odd.length > 0) throw new StorageError(`the two databases have different tables: ${odd.join(', ')}`)
  return sources.map((source) => [source, targets.get(source.name)!])
}

/** Values in the order of the target's columns. */
function arranger(source: Table, target: Table): (row: readonly Value[]) => readonly Value[] {
  const places = target.columns.map((column) => source.columns.indexOf(column))
  return places.every((place, at) => place === at) ? (row) => row : (row) => places.map((place) => row[place]!)
}

/** What tells the contents of a table from others. */
export interface TableSum {
  readonly rows: number
  readonly sha256: string
}

/** Every table's rows counted and summed up; equal in all stores for equal contents. */
export async function sumRows(
  reader: RowReader,
  what: string,
  onRows: OnRows = () => {},
): Promise<Map<string, TableSum>> {
  const sums = new Map<string, TableSum>()
  for (const table of await reader.tables()) sums.set(table.name, await sumTable(reader, table, what, onRows))
  return sums
}

async function sumTable(reader: RowReader, table: Table, what: string, onRows: OnRows): Promise<TableSum> {
  const sorted = table.columns.map((column, at) => ({ column, at })).sort((a, b) => (a.column < b.column ? -1 : 1))
  const hash = createHash('sha256')
  let rows = 0
  for await (const page of pagesOf(reader, table, null)) {
    onRows(`${what} ${table.name}`, rows, null)
    hash.update(page.map((row) => `${JSON.stringify(sorted.map(({ at }) => row[at]))}\n`).join(''))
    rows += page.length
  }
  return { rows, sha256: hash.digest('hex') }
}

/** Throws StorageError unless both have the same rows. */
export async function demandSameRows(from: RowReader, to: RowReader, onRows: OnRows = () => {}): Promise<number> {
  const [here, there] = [await sumRows(from, 'summing up', onRows), await sumRows(to, 'comparing', onRows)]
  const odd = [...here].filter(([name, sum]) => there.get(name)?.sha256 !== sum.sha256)
  if (odd.length > 0) {
    const texts = odd.map(([name, { rows }]) => `${name} (${rows} rows here, ${there.get(name)?.rows ?? 0} there)`)
    throw new StorageError(`the copy differs from what was copied: ${texts.join(', ')}`)
  }
  return [...here.values()].reduce((sum, { rows }) => sum + rows, 0)
}
