/** Links: made by whoever may share nodes, used by whoever knows them, counted exactly. */
import { randomInt } from 'node:crypto'
import { ACTIONS, type ActionBits } from './action.ts'
import type { Actor, Lent } from './actor.ts'
import type { RunBatch } from './batch.ts'
import { inBatches } from './batches.ts'
import type { Engine, LinkPatch, LinkSpec, LinkUse } from './engine.ts'
import { fail } from './error.ts'
import type { Drive, Json, Link, LinkCounts, LinkId, NodeId } from './model.ts'
import type { Failed, NodeView, Op, Result } from './op.ts'
import type { Clock, Store, WriteTx } from './port.ts'

/** How many nodes one link may open. */
export const LINK_NODES_MAX = 100
/** How many links are read at once when all of somebody's are listed. */
const LINKS_PAGE = 1000
const ID_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
/** 65 bits. */
const ID_LENGTH = 11
/** What a link may open at most: nobody destroys, locks out or shares on by a link. */
const LINK_ACTIONS_MAX: ActionBits =
  ACTIONS.list | ACTIONS.preview | ACTIONS.download | ACTIONS.copy | ACTIONS.copyContent | ACTIONS.print
/** What it opens in a folder that takes files in. */
const INBOX_ACTIONS: ActionBits = ACTIONS.list | ACTIONS.upload | ACTIONS.newEmpty
const NO_COUNTS: LinkCounts = { accesses: 0, previews: 0, downloads: 0, saves: 0 }

export type Links = Pick<Engine, 'links' | 'listLinks' | 'createLinks' | 'updateLinks' | 'useLinks' | 'returnLinkUses'>

/** What a link lends its holder, given whom its maker is now. */
export function lentBy(link: Link, maker: Actor): Lent {
  const on = (bits: ActionBits) => ({ file: bits & maker.allow.file, folder: bits & maker.allow.folder })
  const lent = (nodes: readonly NodeId[], bits: ActionBits) =>
    nodes.map((node) => ({ drive: link.drive, node, allow: on(bits) }))
  return {
    nodes: [...lent(link.nodes, link.actions), ...lent(link.inboxes, link.actions | INBOX_ACTIONS)],
    subjects: maker.subjects,
    admin: maker.admin,
  }
}

export function createLinks(store: Store, clock: Clock, batch: RunBatch): Links {
  return {
    async links(ids) {
      const rows = await store.read((tx) => tx.links(ids))
      const byId = new Map(rows.map((link) => [link.id, link]))
      return ids.map((id) => byId.get(id) ?? null)
    },

    async listLinks(actor, makers) {
      const { tenant } = actor
      const owners = actor.admin ? makers : [actor.self]
      const found: Link[] = []
      for (let page: Link[], after: LinkId | '' = ''; ; after = page.at(-1)!.id) {
        page = await store.read((tx) => tx.linksOf({ tenant, makers: owners, after, limit: LINKS_PAGE }))
        found.push(...page)
        if (page.length < LINKS_PAGE) return found
      }
    },

    async createLinks(actor, specs) {
      const ops = specs.map((spec) => [...spec.nodes, ...(spec.inboxes ?? [])].map((id) => shareOp(spec, id)))
      const results = await inBatches(ops.flat(), (some) => batch(actor, some, 'each'))
      const at = clock()
      let from = 0
      const made = specs.map((spec) => {
        const own = results.slice(from, from + spec.nodes.length + (spec.inboxes?.length ?? 0))
        from += own.length
        return linkFor(actor, spec, own, at)
      })
      await store.write((tx) => tx.putLinks(made.filter((link) => link.state !== undefined)))
      return made
    },

    updateLinks: (actor, patches) => store.write((tx) => updateLinks(tx, clock(), actor, patches)),
    useLinks: (uses) => store.write((tx) => takeUses(tx, uses)),

    async returnLinkUses(uses) {
      if (uses.length === 0) return
      await store.write(async (tx) => {
        await tx.countLinks(
          [...summed(uses)].map(([id, counts]) => ({ id, ...times(counts, -1) })),
          false,
        )
      })
    },
  }
}

function shareOp({ drive }: LinkSpec, id: NodeId): Op {
  return { kind: 'get', node: { drive, id }, need: ACTIONS.share, trashed: 'no' }
}

type Made = (Link & { readonly error?: never }) | (Failed & { readonly state?: never })

function linkFor(actor: Actor, spec: LinkSpec, results: readonly Result[], at: number): Made {
  const views: NodeView[] = []
  for (const result of results) {
    if (result.status === 'failed') return result
    if (result.view) views.push(result.view)
  }
  const shared = views.slice(0, spec.nodes.length)
  const [first] = shared
  if (!first || shared.length > LINK_NODES_MAX || new Set(spec.nodes).size < shared.length) return wrong('nodes')
  if (shared.some(({ node }) => node.parent !== first.node.parent)) return wrong('nodes')
  const inboxes = views.slice(shared.length)
  const isInside = ({ path }: NodeView) => shared.some((top) => top.path.every((name, i) => path[i] === name))
  if (inboxes.some((inbox) => inbox.node.kind !== 'folder' || !isInside(inbox))) return wrong('inboxes')
  const { nodes, name = nameOf(first), description = '', password = '', expiresAt = 0, limits, extra = {} } = spec
  return {
    id: freshId(),
    tenant: actor.tenant,
    drive: spec.drive,
    nodes,
    inboxes: spec.inboxes ?? [],
    name,
    description,
    password,
    actions: (spec.actions & LINK_ACTIONS_MAX) | ACTIONS.list,
    state: 'open',
    expiresAt,
    limits: { previews: 0, downloads: 0, saves: 0, takings: 0, ...limits },
    counts: NO_COUNTS,
    creator: actor.self,
    createdAt: at,
    updatedAt: at,
    extra,
  }
}

function nameOf({ node, drive }: { node: NodeView['node']; drive: Drive }): string {
  return node.id === drive.root ? drive.name : node.name
}

function wrong(detail: string): Made {
  return fail('attribute_invalid', { detail })
}

function freshId(): LinkId {
  const character = () => ID_CHARACTERS[randomInt(ID_CHARACTERS.length)]
  return Array.from({ length: ID_LENGTH }, character).join('') as LinkId
}

async function updateLinks(
  tx: WriteTx,
  at: number,
  actor: Actor,
  patches: Parameters<Links['updateLinks']>[1],
): Promise<(Link | Failed)[]> {
  const found = new Map((await tx.links(patches.map(({ id }) => id))).map((link) => [link.id, link]))
  const before = new Map(found)
  const outcomes = patches.map(({ id, set }) => {
    const link = found.get(id)
    if (!link || link.tenant !== actor.tenant) return fail('link_not_found')
    if (!actor.admin && link.creator !== actor.self) return fail('forbidden')
    // Later patches of the same link build on earlier ones.
    found.set(id, patched(link, typeof set === 'function' ? set(link) : set, at))
    return id
  })
  const changed = [...new Set(outcomes.filter((outcome) => typeof outcome === 'string'))]
  const after = changed.map((id) => found.get(id)!)
  await tx.putLinks(after)
  const deltas = after.map(({ id, counts }) => ({ id, ...difference(counts, before.get(id)!.counts) }))
  await tx.countLinks(deltas, false)
  return outcomes.map((outcome) => (typeof outcome === 'string' ? found.get(outcome)! : outcome))
}

function patched(link: Link, set: LinkPatch, at: number): Link {
  const { limits, counts, extra, actions = link.actions, ...plain } = set
  const merged: Record<string, Json> = { ...link.extra, ...extra }
  return {
    ...link,
    ...plain,
    actions: (actions & LINK_ACTIONS_MAX) | ACTIONS.list,
    limits: { ...link.limits, ...limits },
    counts: { ...link.counts, ...counts },
    extra: merged,
    updatedAt: at,
  }
}

/**
 * As many of the uses as there is room for, the first ones first. What is read here another process may count up before
 * it is written: then the statement counts nothing and the room is measured again.
 */
async function takeUses(tx: WriteTx, uses: readonly LinkUse[]): Promise<boolean[]> {
  const taken = uses.map(() => false)
  let open = [...new Set(uses.map(({ link }) => link))]
  while (open.length > 0) {
    const links = await tx.links(open)
    const fitting = new Map(links.map((link) => [link.id, fittingUses(link, uses)]))
    const deltas = [...fitting].flatMap(([id, indexes]) => {
      const counts = summed(indexes.map((index) => uses[index]!)).get(id)
      return counts ? [{ id, ...counts }] : []
    })
    const counted = new Set(await tx.countLinks(deltas, true))
    for (const id of counted) for (const index of fitting.get(id)!) taken[index] = true
    open = deltas.flatMap(({ id }) => (counted.has(id) ? [] : [id]))
  }
  return taken
}

/** The indexes of a link's uses that its limits leave room for. */
function fittingUses({ id, counts, limits }: Link, uses: readonly LinkUse[]): number[] {
  const now = { ...counts }
  return uses.flatMap(({ link, what }, index) => {
    if (link !== id) return []
    const after = { ...now, [what]: now[what] + 1 }
    const within = (count: number, limit: number) => limit === 0 || count <= limit
    const takes = what === 'saves' || what === 'downloads'
    const own = what === 'accesses' || within(after[what], limits[what])
    if (!own || (takes && !within(after.saves + after.downloads, limits.takings))) return []
    Object.assign(now, after)
    return [index]
  })
}

function summed(uses: readonly LinkUse[]): Map<LinkId, LinkCounts> {
  const sums = new Map<LinkId, LinkCounts>()
  for (const { link, what } of uses) {
    const before = sums.get(link) ?? NO_COUNTS
    sums.set(link, { ...before, [what]: before[what] + 1 })
  }
  return sums
}

function times({ accesses, previews, downloads, saves }: LinkCounts, factor: number): LinkCounts {
  return {
    accesses: accesses * factor,
    previews: previews * factor,
    downloads: downloads * factor,
    saves: saves * factor,
  }
}

function difference(to: LinkCounts, from: LinkCounts): LinkCounts {
  return {
    accesses: to.accesses - from.accesses,
    previews: to.previews - from.previews,
    downloads: to.downloads - from.downloads,
    saves: to.saves - from.saves,
  }
}
