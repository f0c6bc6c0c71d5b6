/** A user's own lists of nodes: favourites, and what was lately viewed or modified. */
import type { Actor } from './actor.ts'
import type { RunBatch } from './batch.ts'
import { fail } from './error.ts'
import { isFailed } from './locate.ts'
import type { Mark, MarkKind, NodeId } from './model.ts'
import type { Failed, NodeView, Ref } from './op.ts'
import type { Clock, Store, WriteTx } from './port.ts'
import { MARKS_MAX, type MarkCursor, type MarksQuery, type MarkView, type Readings } from './readings.ts'
import { look } from './sight.ts'

export type Marks = Pick<Readings, 'mark' | 'unmark' | 'marks' | 'marked'>

/** How many marks are looked at in one go while a page is being filled. */
const LOOKED_AT_MIN = 100

export function createMarks(store: Store, batch: RunBatch, clock: Clock): Marks {
  return {
    async mark(actor, kind, nodes) {
      const views = await lookAt(batch, actor, nodes)
      return store.write((tx) => putMarks(tx, actor, kind, views, clock()))
    },

    async unmark(actor, kind, nodes) {
      const views = await lookAt(batch, actor, nodes)
      return store.write(async (tx) => {
        const known = byNode(await tx.marksOf(listOf(actor, [kind])))
        const outcomes = views.map((view): MarkView | Failed => {
          if (isFailed(view)) return view
          const mark = known.get(view.node.id)
          known.delete(view.node.id)
          return mark ? { mark, view } : fail('mark_not_found', { node: view.node.id })
        })
        await tx.deleteMarks(outcomes.flatMap((outcome) => ('mark' in outcome ? [outcome.mark] : [])))
        return outcomes
      })
    },

    async marks(actor, query) {
      const stored = await store.read((tx) => tx.marksOf(listOf(actor, query.kinds)))
      const { shown, gone } = await visible(batch, actor, query, inOrder(stored, query))
      // What was destroyed comes to light here; striking it out keeps the list from filling up with it.
      if (gone.length > 0) await store.write((tx) => tx.deleteMarks(gone))
      const items = shown.slice(0, query.limit)
      return { items, next: shown.length > query.limit ? cursorOf(items.at(-1)!.mark) : null }
    },

    async marked(actor, kind, nodes) {
      const known = byNode(await store.read((tx) => tx.marksOf(listOf(actor, [kind]))))
      return nodes.map((id) => known.has(id))
    },
  }
}

/** The nodes as the actor sees them, or why it does not. */
async function lookAt(batch: RunBatch, actor: Actor, nodes: readonly Ref[]): Promise<(NodeView | Failed)[]> {
  const views = await look(batch, actor, nodes, 'no')
  return views.map((view) => view ?? fail('node_not_found'))
}

function listOf({ tenant, self }: Actor, kinds: readonly MarkKind[]) {
  return { tenant, subject: self, kinds }
}

function byNode(marks: readonly Mark[]): Map<NodeId, Mark> {
  return new Map(marks.map((mark) => [mark.node, mark]))
}

async function putMarks(
  tx: WriteTx,
  actor: Actor,
  kind: MarkKind,
  views: readonly (NodeView | Failed)[],
  at: number,
): Promise<(MarkView | Failed)[]> {
  const known = byNode(await tx.marksOf(listOf(actor, [kind])))
  const outcomes = views.map((view): MarkView | Failed => {
    if (isFailed(view)) return view
    const { id: node, born } = view.node
    if (kind === 'favourite' && known.has(node)) return fail('mark_exists', { node })
    if (kind === 'favourite' && known.size >= MARKS_MAX) return fail('attribute_invalid', { detail: 'marks' })
    const mark: Mark = { tenant: actor.tenant, subject: actor.self, kind, node, born, at }
    known.set(node, mark)
    return { mark, view }
  })
  const latest = [...known.values()].sort(latestFirst)
  await tx.deleteMarks(latest.slice(MARKS_MAX))
  const kept = new Set(latest.slice(0, MARKS_MAX))
  await tx.putMarks(outcomes.flatMap((outcome) => ('mark' in outcome && kept.has(outcome.mark) ? [outcome.mark] : [])))
  return outcomes
}

function latestFirst(a: MarkCursor, b: MarkCursor): number {
  return b.at - a.at || b.node - a.node || (a.kind < b.kind ? -1 : Number(a.kind > b.kind))
}

/** The marks after the cursor, in the order asked. */
function inOrder(marks: readonly Mark[], { ascending = false, after }: MarksQuery): Mark[] {
  const compare = (a: MarkCursor, b: MarkCursor) => (ascending ? latestFirst(b, a) : latestFirst(a, b))
  return marks.filter((mark) => after === null || compare(mark, after) > 0).sort(compare)
}

interface Visible {
  readonly shown: MarkView[]
  readonly gone: Mark[]
}

/** Goes along the marks until a page, and one more, is found of nodes that the actor sees. */
async function visible(
  batch: RunBatch,
  actor: Actor,
  { drives, limit }: MarksQuery,
  waiting: readonly Mark[],
  found: Visible = { shown: [], gone: [] },
): Promise<Visible> {
  if (waiting.length === 0 || found.shown.length > limit) return found
  const slice = waiting.slice(0, Math.max(LOOKED_AT_MIN, limit + 1))
  const nodes = slice.map(({ born, node: id }) => ({ born, id }))
  const results = await batch(
    actor,
    nodes.map((node) => ({ kind: 'get', node, need: 0, trashed: 'any' }) as const),
    'each',
  )
  const shown = slice.flatMap((mark, index): MarkView[] => {
    const result = results[index]!
    const view = result.status === 'done' ? result.view : null
    const isHere = view && !view.trash && (drives?.includes(view.drive.id) ?? true)
    return isHere ? [{ mark, view }] : []
  })
  const isGone = (index: number) => {
    const result = results[index]!
    return result.status === 'failed' && result.error.code === 'node_not_found'
  }
  const gone = slice.filter((_, index) => actor.drives === null && !actor.lent && isGone(index))
  const next = { shown: [...found.shown, ...shown], gone: [...found.gone, ...gone] }
  return visible(batch, actor, { drives, limit } as MarksQuery, waiting.slice(slice.length), next)
}

function cursorOf({ at, node, kind }: Mark): MarkCursor {
  return { at, node, kind }
}
