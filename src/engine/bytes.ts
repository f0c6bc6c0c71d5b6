/** Content coming and going within a batch: versions, references to blobs, and what they weigh on quotas. */
import type { ChangeSource, Content, Drive, Node, Version } from './model.ts'
import type { View } from './view.ts'

const DAY_MS = 24 * 3600_000

/** All bytes a node holds: every version counts. */
export function weight(view: View, node: Node): number {
  return view.versionsOf(node).reduce((sum, version) => sum + version.content.size, 0)
}

/** Takes what a drive refers to for a node from it, or gives it. Returns how many bytes that are. */
export function refer(view: View, drive: Drive, node: Node, delta: 1 | -1): number {
  for (const { content } of view.versionsOf(node)) view.addBlobRef(drive.id, content, delta)
  return weight(view, node)
}

/** Destroys nodes that are known in full, and gives their bytes back to the drive's pools. */
export function destroy(view: View, drive: Drive, nodes: readonly Node[]): void {
  let freed = 0
  for (const node of nodes) {
    freed += refer(view, drive, node, -1)
    view.destroy(node)
  }
  view.charge(drive, -freed)
}

/** Where new content comes from: elsewhere, then it may merge with a young version, as the drive says; or an earlier version. */
export type Succession = 'new' | { readonly revertOf: number }

/** How many bytes a file's drive gains when it gets this content on top. */
export function growth(view: View, drive: Drive, file: Node, content: Content, succession: Succession = 'new'): number {
  const gone = outgoing(view, drive, file, succession)
  return content.size - gone.reduce((sum, version) => sum + version.content.size, 0)
}

/**
 * Gives an existing file its next version. The caller has checked rights and quota. Its reference to the blob is new.
 * @param source what the version is made of, for the change log
 */
export function addVersion(
  view: View,
  drive: Drive,
  file: Node,
  content: Content,
  patch: Partial<Node> = {},
  succession: Succession = 'new',
  source: ChangeSource | null = null,
): Node {
  const before = view.versionsOf(file)
  const gone = outgoing(view, drive, file, succession)
  const next: Version = {
    drive: drive.id,
    node: file.id,
    version: file.version + 1,
    content,
    createdAt: view.now,
    creator: view.actor.self,
    keep: false,
    description: '',
    expiresAt: 0,
    revertOf: succession === 'new' ? 0 : succession.revertOf,
  }
  view.charge(drive, growth(view, drive, file, content, succession))
  for (const version of gone) view.addBlobRef(drive.id, version.content, -1)
  const kept = before.filter((version) => !gone.includes(version))
  view.setVersions(file.id, [...kept.map((version) => superseded(view, drive, file, version)), next])
  view.addBlobRef(drive.id, content, 1)
  const { now, actor } = view
  const node = view.put({
    ...file,
    ...patch,
    content,
    version: next.version,
    rev: file.rev + 1,
    updatedAt: now,
    modifier: actor.self,
  })
  view.note('version', node, { source, replaces: true })
  return node
}

/** Puts a new file under a settled place. The caller has checked rights and quota. Its reference to the blob is new. */
export function addFile(view: View, drive: Drive, node: Node, content: Content): Node {
  const { now, actor } = view
  view.charge(drive, content.size)
  view.addBlobRef(drive.id, content, 1)
  const origin = { createdAt: now, creator: actor.self, keep: false, description: '', expiresAt: 0, revertOf: 0 }
  view.setVersions(node.id, [{ drive: drive.id, node: node.id, version: 1, content, ...origin }])
  return view.put({ ...node, kind: 'file', content, version: 1 })
}

/** The current version's time runs from now on; that of earlier ones runs already. */
function superseded(view: View, { settings }: Drive, file: Node, version: Version): Version {
  const isNew = version.version === file.version && settings.versionDays
  return isNew ? { ...version, expiresAt: view.now + settings.versionDays * DAY_MS } : version
}

/** What goes when a file gets new content: the version it merges with, and old ones beyond the drive's limit. */
function outgoing(view: View, { settings }: Drive, file: Node, succession: Succession): Version[] {
  const before = view.versionsOf(file)
  const youngerThan = succession === 'new' ? (settings.versionMergeMs ?? 0) : 0
  const merged = before.filter(({ version, keep, createdAt }) => {
    return version === file.version && !keep && view.now - createdAt < youngerThan
  })
  const rest = before.filter((version) => !merged.includes(version))
  return [...merged, ...surplus(rest, settings.versionsMax)]
}

/** The versions that must go so that one more fits, oldest first; those to be kept neither go nor count. */
function surplus(versions: readonly Version[], max: number): Version[] {
  const passing = versions.filter(({ keep }) => !keep)
  const excess = passing.length + 1 - Math.max(1, max)
  return excess > 0 ? passing.toSorted((a, b) => a.version - b.version).slice(0, excess) : []
}
