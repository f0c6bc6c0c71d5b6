/**
 * The ports by which all rows of a store are carried to another, table by table, without asking what they mean. A value
 * means the same in every store: texts, whole numbers, and null; JSON is text and truth is 1 and 0.
 */
import type { DriveId, NodeId } from './model.ts'

export type Value = string | number | null

export interface Table {
  readonly name: string
  /** In the order of a row's values. */
  readonly columns: readonly string[]
  /** The places of the primary key's columns among them, in its order. Rows are read in the order of the key. */
  readonly key: readonly number[]
}

/** All rows of one committed state. */
export interface RowReader {
  /** Every table by name, without the search index, which is made from the nodes. */
  tables(): Promise<Table[]>
  /** The rows after a key (null = from the start), in the order of keys: texts by their UTF-8 bytes. */
  page(table: Table, after: readonly Value[] | null, limit: number): Promise<Value[][]>
  close(): Promise<void>
}

/** How far a table has been written: the key of its last row. */
export interface Reached {
  readonly after: readonly Value[]
  readonly rows: number
}

/** The words a node is found by. */
export interface Words {
  readonly drive: DriveId
  readonly node: NodeId
  readonly terms: readonly string[]
}

/** A database that is being filled. What it was told is durable before the promise resolves. */
export interface RowWriter extends RowReader {
  /** Whether nobody has made anything in it yet. */
  isEmpty(): Promise<boolean>
  /** How far a copy that was begun has come, by table; null when none was. */
  progress(): Promise<ReadonlyMap<string, Reached> | null>
  /** Begins a copy: its progress is kept from now on. Rows that a new database has by itself go. */
  begin(): Promise<void>
  /** Rows that are not there yet and words of nodes, in one transaction with how far the table has come. */
  write(table: Table, rows: readonly (readonly Value[])[], words: readonly Words[], reached: Reached): Promise<void>
  /** Ends the copy: nothing tells of it any more. */
  finish(): Promise<void>
}
