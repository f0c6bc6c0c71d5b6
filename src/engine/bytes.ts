/** Content coming and going within a batch: versions, references to blobs, and what they weigh on quotas. */
import type { Content, Drive, Node, Version } from './model.ts'
import type { View } from './view.ts'

/** All bytes a node holds: every version counts. */
export function weight(view: View, node: Node): number {
  return view.versionsOf(node).reduce((sum, version) => sum + version.content.size, 0)
}

/** Releases a node's bytes, as a step of destroying it. Returns how many bytes that were. */
function release(view: View, node: Node): number {
  for (const version of view.versionsOf(node)) view.addBlobRef(version.content.digest, -1)
  return weight(view, node)
}

/** Destroys nodes that are known in full, and gives their bytes back to the drive's pools. */
export function destroy(view: View, drive: Drive, nodes: readonly Node[]): void {
  let freed = 0
  for (const node of nodes) {
    freed += release(view, node)
    view.destroy(node)
  }
  view.charge(drive, -freed)
}

/** How many bytes a file's drive gains when it gets this content on top: old versions beyond the drive's limit go. */
export function growth(view: View, drive: Drive, file: Node, content: Content): number {
  const gone = surplus(view.versionsOf(file), drive.settings.versionsMax)
  return content.size - gone.reduce((sum, version) => sum + version.content.size, 0)
}

/** Gives an existing file its next version. The caller has checked rights and quota. Its reference to the blob is new. */
export function addVersion(view: View, drive: Drive, file: Node, content: Content, patch: Partial<Node> = {}): Node {
  const before = view.versionsOf(file)
  const gone = surplus(before, drive.settings.versionsMax)
  const next: Version = {
    drive: drive.id,
    node: file.id,
    version: file.version + 1,
    content,
    createdAt: view.now,
    creator: view.actor.self,
    keep: false,
    description: '',
  }
  view.charge(drive, growth(view, drive, file, content))
  for (const version of gone) view.addBlobRef(version.content.digest, -1)
  view.setVersions(file.id, [...before.filter((version) => !gone.includes(version)), next])
  view.addBlobRef(content.digest, 1)
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
  view.note('version', node, { replaces: true })
  return node
}

/** Puts a new file under a settled place. The caller has checked rights and quota. Its reference to the blob is new. */
export function addFile(view: View, drive: Drive, node: Node, content: Content): Node {
  const { now, actor } = view
  view.charge(drive, content.size)
  view.addBlobRef(content.digest, 1)
  const origin = { createdAt: now, creator: actor.self, keep: false, description: '' }
  view.setVersions(node.id, [{ drive: drive.id, node: node.id, version: 1, content, ...origin }])
  return view.put({ ...node, kind: 'file', content, version: 1 })
}

/** The versions that must go so that one more fits, oldest first; those to be kept neither go nor count. */
function surplus(versions: readonly Version[], max: number): Version[] {
  const passing = versions.filter(({ keep }) => !keep)
  const excess = passing.length + 1 - Math.max(1, max)
  return excess > 0 ? passing.toSorted((a, b) => a.version - b.version).slice(0, excess) : []
}
