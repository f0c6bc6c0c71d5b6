/** What the change log does not say itself, found beside it: why a file went, what was overwritten, which version came. */
import type { ChangeView, DriveId, Node, NodeId, Version, VersionsOp } from '../../engine/index.ts'
import type { Visit } from './auth.ts'
import type { Call } from './call.ts'
import { isMultiSpace } from './library.ts'
import { contentTypeOf, eTagOf, type Shown } from './present.ts'
import { libraryActor } from './space-index.ts'
import { spaceIdOf } from './terms.ts'

/** A file's version that a change made, and the one it followed. */
export interface Succession {
  readonly next: Version
  readonly before: Version
}

export interface Facts {
  /** Which of the files destroyed fell to a quota. */
  readonly evicted: ReadonlySet<NodeId>
  /** By the number of the change that made them. */
  readonly successions: ReadonlyMap<number, Succession>
  /** The entry of what a newcomer overwrote, by the number of the newcomer's own. */
  readonly overwritten: ReadonlyMap<number, ChangeView>
  /** By their drives, the spaces from which something came; only those of the library, of others nothing is told. */
  readonly spaces: ReadonlyMap<DriveId, string>
  /** The drives of birth of the directories in which things lay that are gone, as far as those are still there. */
  readonly folders: ReadonlyMap<NodeId, DriveId>
}

export async function factsOf(call: Call, here: Visit, after: number, items: readonly ChangeView[]): Promise<Facts> {
  const [evicted, successions, overwritten, spaces, folders] = await Promise.all([
    evictedOf(call, here, items),
    successionsOf(call, here, items),
    overwrittenOf(call, here, after, items),
    spacesOf(call, here, items),
    foldersOf(call, here, items),
  ])
  return { evicted, successions, overwritten, spaces, folders }
}

async function foldersOf(call: Call, { actor, drive }: Visit, items: readonly ChangeView[]) {
  const ids = [...new Set(items.flatMap(({ change, view }) => (view ? [] : [change.parent])))]
  if (ids.length === 0) return new Map<NodeId, DriveId>()
  const refs = ids.map((id) => ({ kind: 'get', node: { drive: drive.id, id }, need: 0, trashed: 'any' }) as const)
  const results = await call.context.engine.batch(actor, refs)
  const views = results.flatMap((result) => (result.status === 'done' && result.view ? [result.view] : []))
  return new Map(views.map(({ node }) => [node.id, node.born]))
}

async function spacesOf(call: Call, { caller: { library }, drive }: Visit, items: readonly ChangeView[]) {
  const sources = items.flatMap(({ change: { source } }) => (source && source !== 'known' ? [source.drive] : []))
  const others = isMultiSpace(library) ? [...new Set(sources)].filter((id) => id !== drive.id) : []
  const drives = others.length > 0 ? await call.context.engine.drives(libraryActor(library), others) : []
  const spaces = [drive, ...drives.filter((other) => other !== null)]
  return new Map(spaces.map((space): [DriveId, string] => [space.id, spaceIdOf(space, library.id)]))
}

async function evictedOf(call: Call, { actor, drive }: Visit, items: readonly ChangeView[]): Promise<Set<NodeId>> {
  const gone = items.flatMap(({ change }) => (change.kind === 'purge' ? [{ drive: drive.id, id: change.node }] : []))
  if (gone.length === 0) return new Set()
  const rows = await call.context.engine.evicted(actor, gone)
  return new Set(rows.flatMap((row) => (row ? [row.node] : [])))
}

/** A version is known by its time; where two of a file have the same, or the one before is gone, nothing is said. */
async function successionsOf(call: Call, { actor, drive }: Visit, items: readonly ChangeView[]) {
  const made = items.filter(({ change, view }) => change.kind === 'version' && view && !view.trash)
  const ids = [...new Set(made.map(({ change }) => change.node))]
  const found = new Map<number, Succession>()
  if (ids.length === 0) return found
  const ops = ids.map((id): VersionsOp => ({ kind: 'versions', node: { drive: drive.id, id } }))
  const results = await call.context.engine.batch(actor, ops, 'each')
  const versions = new Map(
    results.map((result, index) => [ids[index]!, result.status === 'done' ? (result.versions ?? []) : []]),
  )
  for (const { change } of made) {
    const all = versions.get(change.node)!
    const [next, ...others] = all.filter(({ createdAt }) => createdAt === change.at)
    const before = next && all.find(({ version }) => version === next.version - 1)
    if (before && others.length === 0) found.set(change.seq, { next, before })
  }
  return found
}

const NEWCOMERS: ReadonlySet<string> = new Set(['create', 'copy', 'move', 'rename', 'restore'])

/** What makes room does so just before the newcomer takes its place: it has the entry before. */
async function overwrittenOf(call: Call, { actor, drive }: Visit, after: number, items: readonly ChangeView[]) {
  const isNewcomer = ({ change }: ChangeView) => change.replaces && NEWCOMERS.has(change.kind)
  const first = items[0]
  const known = new Map(items.map((item) => [item.change.seq, item]))
  // The first one's may have been on the page before.
  if (first && isNewcomer(first) && first.change.seq === after + 1) {
    const page = await call.context.engine.changes(actor, { drive: drive.id, after: after - 1, limit: 1 })
    for (const item of 'status' in page ? [] : page.items) known.set(item.change.seq, item)
  }
  const found = new Map<number, ChangeView>()
  for (const { change } of items.filter(isNewcomer)) {
    const before = known.get(change.seq - 1)
    const hasMadeRoom = before?.change.kind === 'trash' || before?.change.kind === 'purge'
    const { parent, at, by } = change
    const isOfIt = before?.change.parent === parent && before.change.at === at && before.change.by === by
    if (before && hasMadeRoom && isOfIt) found.set(change.seq, before)
  }
  return found
}

/** What an event tells of the file that was overwritten, and when it is only in the bin now, of its content. */
export function overwrittenNode(call: Call, { change, view }: ChangeView): Shown {
  const owInode = inodeOf(call, { born: change.born, id: change.node })
  return { owInode, ...(view?.node.content ? told(view.node, { ...view.node, content: view.node.content }) : {}) }
}

/** The same of a version that another one followed. */
export function overwrittenVersion(call: Call, node: Node, version: Version): Shown {
  return { owInode: inodeOf(call, node), ...told(node, version) }
}

function told(node: Node, { content, version }: Pick<Version, 'content' | 'version'>): Shown {
  return {
    owSize: content.size,
    owEtag: eTagOf({ ...node, content }),
    owCRC64: content.crc64,
    owContentType: contentTypeOf(node),
    owRevisionVersion: version,
  }
}

function inodeOf(call: Call, { born, id }: { readonly born: DriveId; readonly id: NodeId }): string {
  return call.context.engine.ids.fileId({ born, id })
}
