/** What decides how a page is asked for, whatever the store: where it goes on, and which queries one statement serves. */
import type { Kind, ListOrderBy, PageQuery, Position } from '../../engine/index.ts'

/** A run of siblings to take from: all, or those of one kind; from the start, or beyond the query's position. */
export interface Run {
  readonly only: Kind | null
  readonly beyond: boolean
}

/** What decides the text of the statement. Queries of one shape share a statement. */
export interface Shape {
  readonly by: ListOrderBy
  readonly descending: boolean
  /** One run after the other: with folders first that is the folders and then the files. */
  readonly runs: readonly Run[]
}

/** Behind which node the page begins; undefined when it begins at the start or after a number of nodes. */
export function positionOf({ cursor }: PageQuery): Position | undefined {
  return cursor && 'after' in cursor ? cursor.after : undefined
}

export function shapeOf(query: PageQuery): Shape {
  const { by, descending, foldersFirst, only } = query
  const position = positionOf(query)
  const beyond = position !== undefined
  // Among nodes of one kind the folders are first anyhow.
  if (!foldersFirst || only !== null) return { by, descending, runs: [{ only, beyond }] }
  if (position?.kind === 'file') return { by, descending, runs: [{ only: 'file', beyond }] }
  return {
    by,
    descending,
    runs: [
      { only: 'folder', beyond },
      { only: 'file', beyond: false },
    ],
  }
}

/** The queries of each shape, as their places in the list. */
export function alikeQueries(queries: readonly PageQuery[]): number[][] {
  const alike = new Map<string, number[]>()
  for (const [index, query] of queries.entries()) {
    const { by, descending, foldersFirst, only } = query
    const name = [by, descending, foldersFirst, only, positionOf(query)?.kind].join()
    const indexes = alike.get(name)
    if (indexes) indexes.push(index)
    else alike.set(name, [index])
  }
  return [...alike.values()]
}
