/**
 * How many nodes a search finds in one drive. Everything that meets the conditions is looked at; rights are not judged node by
 * node.
 */
import { allowedActions, ownsDrive } from './access.ts'
import { ACTIONS, ALL_ACTIONS } from './action.ts'
import type { Actor } from './actor.ts'
import type { RunBatch } from './batch.ts'
import { allMatches } from './search-parts.ts'
import { grantedPlaces } from './search-place.ts'
import type { Match, Seeking } from './search-seek.ts'
import { look, SIGHT_NODES_MAX } from './sight.ts'

/** Nodes that are seen alike. */
interface Alike {
  count: number
  readonly first: Match
  last: Match
}

export async function countIn(seek: Seeking, batch: RunBatch, actor: Actor): Promise<number> {
  const { drive } = seek.place
  const groupOf = await grouping(seek, actor)
  const groups = new Map<string, Alike>()
  for await (const found of allMatches(seek)) {
    for (const match of await seek.region.inside(found)) {
      const name = groupOf(match)
      const group = groups.get(name)
      if (!group) groups.set(name, { count: 1, first: match, last: match })
      else {
        group.count++
        group.last = match
      }
    }
  }
  const isOwn = ownsDrive(actor, drive)
  const seen = isOwn ? ownSight(actor, groups.values()) : await sight(seek, batch, actor, [...groups.values()])
  return seen.reduce((sum, { count }) => sum + count, 0)
}

/**
 * By what is granted on it and above it a node is seen. So siblings of one kind are seen alike where nothing is granted on them; what
 * lies in the trash itself is seen as where it was.
 */
async function grouping({ store, place: { drive } }: Seeking, actor: Actor): Promise<(match: Match) => string> {
  if (ownsDrive(actor, drive)) return ({ kind }) => kind
  const granted = await grantedPlaces(store, actor)
  const special = granted && new Set(granted.flatMap(({ drive: home, node }) => (home === drive.id ? [node] : [])))
  return ({ id, parent, kind }) =>
    !special || special.has(id) || parent === drive.trash ? `${id}` : `${parent} ${kind}`
}

/** An owner sees what the credential lets it see. */
function ownSight(actor: Actor, groups: Iterable<Alike>): Alike[] {
  return [...groups].filter(({ first: { kind } }) => allowedActions(actor, kind, ALL_ACTIONS) & ACTIONS.list)
}

/** One of each is looked at, and where it is not seen another one, since it may just have gone. */
async function sight({ query }: Seeking, batch: RunBatch, actor: Actor, groups: readonly Alike[]): Promise<Alike[]> {
  const seen: Alike[] = []
  const half = SIGHT_NODES_MAX / 2
  for (let from = 0; from < groups.length; from += half) {
    const some = groups.slice(from, from + half)
    const refs = some.flatMap(({ first, last }) => [first, last]).map(({ drive, id }) => ({ drive, id }))
    const views = await look(batch, actor, refs, query.trashed)
    seen.push(...some.filter((_, at) => views[2 * at] ?? views[2 * at + 1]))
  }
  return seen
}
