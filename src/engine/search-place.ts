/** Where a search looks: in which drives, and there below which folders. */
import { grantees, ownsDrive, seesDrive } from './access.ts'
import type { Actor } from './actor.ts'
import type { RunBatch } from './batch.ts'
import { fail } from './error.ts'
import type { Drive, NodeId } from './model.ts'
import type { Failed } from './op.ts'
import type { Store } from './port.ts'
import type { SearchQuery } from './search-query.ts'
import { look } from './sight.ts'

/** Grants from which such places are made out. */
const SCOPE_GRANTS_MAX = 200

/** Where to look in one drive. */
export interface Place {
  readonly drive: Drive
  /** Only nodes below this folder. */
  readonly below: NodeId | null
  /** Nodes at or below which everything lies that can be found, hidden folders among them; null = the whole drive. */
  readonly scope: readonly NodeId[] | null
  readonly trashed: SearchQuery['trashed']
}

/** One place for each drive in which there is anything to look for. */
export async function placesOf(
  { store, batch }: { readonly store: Store; readonly batch: RunBatch },
  actor: Actor,
  { drives: ids, below: ref, trashed }: SearchQuery,
): Promise<Place[] | Failed> {
  const rows = await store.read((tx) => tx.drives([...new Set(ids)]))
  const seen = rows.filter((drive) => seesDrive(actor, drive))
  const drives = seen.filter(({ settings }) => !settings.disabled)
  // One of several that is closed is passed over, like one that cannot be seen.
  if (seen.length > 0 && drives.length === 0) return fail('drive_disabled')
  if (ref) {
    const [view] = await look(batch, actor, [ref], trashed === 'only' ? 'any' : 'no')
    const drive = drives.find(({ id }) => id === view?.node.drive)
    if (!view || !drive) return fail('node_not_found')
    if (view.node.kind !== 'folder') return fail('wrong_kind', { node: view.node.id })
    return [{ drive, below: view.node.id, scope: [view.node.id], trashed }]
  }
  if (trashed === 'only') return drives.map((drive) => ({ drive, below: null, scope: [drive.trash], trashed }))
  const strange = drives.filter((drive) => !ownsDrive(actor, drive))
  const granted = strange.length > 0 ? await grantedPlaces(store, actor) : null
  return drives.flatMap((drive): Place[] => {
    if (!granted || !strange.includes(drive)) return [{ drive, below: null, scope: null, trashed }]
    const scope = granted.flatMap((at) => (at.drive === drive.id ? [at.node] : []))
    if (scope.length === 0) return []
    return [{ drive, below: null, scope: scope.includes(drive.root) ? null : scope, trashed }]
  })
}

/** Where an actor that owns no drive may see anything; null when that is too much to say. */
export async function grantedPlaces(
  store: Store,
  actor: Actor,
): Promise<{ drive: Drive['id']; node: NodeId }[] | null> {
  const { tenant } = actor
  const page = { tenant, side: 'to', subjects: grantees(actor), after: null, limit: SCOPE_GRANTS_MAX } as const
  const grants = await store.read((tx) => tx.grantPage(page))
  if (grants.length === SCOPE_GRANTS_MAX) return null
  return [...(actor.lent?.nodes ?? []), ...grants]
}
