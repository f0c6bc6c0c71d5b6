/** Files on their way: upload sessions, seen from the folders they will land in. */
import { ACTIONS } from './action.ts'
import type { Actor } from './actor.ts'
import type { RunBatch } from './batch.ts'
import type { NodeId } from './model.ts'
import type { Failed, NodeView } from './op.ts'
import type { Clock, Store } from './port.ts'
import type { Arriving, Readings, UploadCursor, UploadsQuery } from './readings.ts'
import { look } from './sight.ts'
import { foldersWithin } from './within.ts'

export function createArriving(store: Store, clock: Clock, batch: RunBatch): Pick<Readings, 'arriving'> {
  return {
    async arriving(actor, query) {
      const get = { kind: 'get', node: query.folder, need: ACTIONS.list, trashed: 'no', expect: 'folder' } as const
      const [result] = await batch(actor, [get], 'each')
      if (result!.status === 'failed') return result as Failed
      const top = (result as { view: NodeView }).view
      const items: Arriving[] = []
      let after: UploadCursor | null = query.after
      let more = true
      while (more && items.length < query.limit) {
        const limit = query.limit - items.length
        const rows = await store.read((tx) => {
          const folder = query.deep ? null : top.node.id
          // One row more than asked tells whether there is a next page.
          return tx.uploadPage({ drive: top.drive.id, folder, after, now: clock(), limit: limit + 1 })
        })
        const page = rows.slice(0, limit)
        const folders = await seen({ store, batch }, actor, top, [...new Set(page.map(({ parent }) => parent))], query)
        items.push(
          ...page.flatMap((upload) => {
            const folder = folders.get(upload.parent)
            return folder ? [{ upload, folder }] : []
          }),
        )
        after = page.at(-1) ?? after
        more = rows.length > limit
      }
      return { items, next: more && after ? { parent: after.parent, id: after.id } : null }
    },
  }
}

/** Those of the folders that the query is about and that the actor may list. */
async function seen(
  { store, batch }: { readonly store: Store; readonly batch: RunBatch },
  actor: Actor,
  { node: top, drive }: NodeView,
  ids: readonly NodeId[],
  { deep }: UploadsQuery,
): Promise<Map<NodeId, NodeView>> {
  const keys = ids.map((id) => ({ drive: drive.id, id }))
  const within = deep && (await store.read((tx) => foldersWithin(tx, keys, top)))
  const about = within ? keys.filter(({ id }) => within.has(id)) : keys
  const views = await look(batch, actor, about, 'no')
  return new Map(views.flatMap((view) => (view ? [[view.node.id, view] as const] : [])))
}
