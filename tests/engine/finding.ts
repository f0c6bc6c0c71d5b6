/** What the tests of searching share: what is asked when nothing is said, and what was found. */
import type { Actor, NodeView, SearchPage, SearchQuery, Where } from '../../src/engine/index.ts'
import { isFailed, type World } from './world.ts'

export const ALL: Pick<SearchQuery, 'where' | 'trashed' | 'order' | 'limit' | 'cursor'> = {
  where: null,
  trashed: 'no',
  order: [{ by: 'name', descending: false }],
  limit: 100,
  cursor: null,
}

export type Asked = Partial<SearchQuery> & Pick<SearchQuery, 'drives'>

/** A page of a search that must not fail. */
export async function searchIn({ engine }: World, actor: Actor, query: Asked): Promise<SearchPage> {
  const found = await engine.search(actor, { ...ALL, ...query })
  if (isFailed(found)) throw new Error(`a search failed: ${JSON.stringify(found.error)}`)
  return found as SearchPage
}

export const names = (views: readonly NodeView[]) => views.map(({ node }) => node.name)

export const contains = (text: string): Where => ({ field: 'name', is: 'contains', text })
