/** A drive's change log as an actor may read it, for clients that keep up with a drive or with a part of one. */
import { ownsDrive, reachesDrive } from './access.ts'
import { ACTIONS } from './action.ts'
import type { Actor } from './actor.ts'
import type { RunBatch } from './batch.ts'
import { fail } from './error.ts'
import type { Change, ChangeSourceNode, DriveId, NodeId } from './model.ts'
import type { Failed, NodeView, Ref } from './op.ts'
import type { NodeKey, Store } from './port.ts'
import type { ChangeView, Readings } from './readings.ts'
import { look, SIGHT_NODES_MAX } from './sight.ts'
import { foldersWithin } from './within.ts'

export function createChanges(store: Store, batch: RunBatch): Pick<Readings, 'changes'> {
  return {
    async changes(actor, { drive: id, below, after, limit }) {
      const top = below ? await folderOf(batch, actor, id, below) : null
      if (top && 'status' in top) return top
      const { drive, rows, within } = await store.read(async (tx) => {
        // One row more than asked tells whether there is a next page.
        const rows = await tx.changes({ drive: id, after, limit: limit + 1 })
        const folders = rows.flatMap(foldersOf).map((folder) => ({ drive: id, id: folder }))
        const within = top && (await foldersWithin(tx, folders, top))
        return { drive: (await tx.drives([id]))[0], rows, within }
      })
      if (!drive || !reachesDrive(actor, drive)) return fail('drive_not_found')
      if (drive.settings.disabled) return fail('drive_disabled')
      const looked = rows.slice(0, limit)
      const told = within ? looked.flatMap((change) => seenFrom(within, change) ?? []) : looked
      const owns = ownsDrive(actor, drive)
      const ids = [...new Set(told.flatMap((change) => (owns ? [change.node] : nodesOf(change))))]
      const views = await viewsOf(batch, actor, id, ids)
      const shown = told.filter((change) => owns || placesOf(change).some((place) => views.get(place)))
      // Others learn of an original only where they see it, in this drive.
      const knows = (original: ChangeSourceNode) => owns || (original.drive === id && Boolean(views.get(original.node)))
      const items = shown.map((change): ChangeView => {
        const isGone = top !== null && change.kind === 'leave'
        const original = originalIn(change)
        const isToldAll = original === null || knows(original)
        return {
          change: isToldAll ? change : { ...change, source: null },
          view: isGone ? null : (views.get(change.node) ?? null),
        }
      })
      return { items, next: looked.at(-1)?.seq ?? after, more: rows.length > limit }
    },
  }
}

/** The folder a reader keeps up with; it must be in the drive and the actor's to list. */
async function folderOf(batch: RunBatch, actor: Actor, drive: DriveId, ref: Ref): Promise<NodeKey | Failed> {
  const [result] = await batch(
    actor,
    [{ kind: 'get', node: ref, need: ACTIONS.list, trashed: 'no', expect: 'folder' }],
    'each',
  )
  if (result!.status === 'failed') return result as Failed
  const { node } = (result as { view: NodeView }).view
  return node.drive === drive ? { drive, id: node.id } : fail('node_not_found')
}

/**
 * What a change is to somebody who sees only what lies in some folders; null when it is nothing. Judged by where those folders
 * are now: one that has left since, or come, has a later entry of its own, which tells of all that is below it.
 */
function seenFrom(within: ReadonlySet<NodeId>, change: Change): Change | null {
  const { parent, from } = change
  const isThere = within.has(parent)
  const wasThere = from ? within.has(from.parent) : isThere
  if (!isThere && !wasThere) return null
  if (isThere) return wasThere ? change : { ...change, from: null }
  return { ...change, kind: 'leave', parent: from!.parent, name: from!.name, from: null, source: null, replaces: false }
}

async function viewsOf(
  batch: RunBatch,
  actor: Actor,
  drive: DriveId,
  ids: readonly NodeId[],
): Promise<Map<NodeId, NodeView | null>> {
  const slices = Array.from({ length: Math.ceil(ids.length / SIGHT_NODES_MAX) }, (_, index) =>
    ids.slice(index * SIGHT_NODES_MAX, (index + 1) * SIGHT_NODES_MAX),
  )
  const refs = (slice: readonly NodeId[]) => slice.map((id) => ({ drive, id }))
  const seen = await Promise.all(slices.map((slice) => look(batch, actor, refs(slice), 'any')))
  return new Map(seen.flat().map((view, index) => [ids[index]!, view]))
}

/** The folders a change happened in. */
function foldersOf({ parent, from }: Change): NodeId[] {
  return from ? [parent, from.parent] : [parent]
}

/** The places of a change, and what it made something of. */
function nodesOf(change: Change): NodeId[] {
  const original = originalIn(change)
  return original ? [...placesOf(change), original.node] : placesOf(change)
}

function originalIn({ source }: Change): ChangeSourceNode | null {
  return source === 'known' ? null : source
}

/** The node itself, and the folders it came into and left: who sees one of them has seen the change. */
function placesOf(change: Change): NodeId[] {
  return [change.node, ...foldersOf(change)]
}
