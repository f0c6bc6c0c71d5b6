/** A tree of many nodes, planted as rows: making it op by op would take longer than what is tested with it. */
import { createHash } from 'node:crypto'
import { emptyChanges } from '../../src/engine/effects.ts'
import { termsOf } from '../../src/engine/gram.ts'
import type { Content, Drive, Node, NodeId, Store, Version } from '../../src/engine/index.ts'

/** How many contents the files share. */
export const CONTENTS = 20
const ROWS_PER_APPLY = 5_000

export interface LargeTree {
  readonly top: Node
  readonly nodes: number
  readonly bytes: number
}

/**
 * Plants below a drive's root a tree of so many nodes: one folder with a quarter of the files, and the rest in folders three
 * deep with 90 files each.
 */
export async function plantLargeTree(store: Store, drive: Drive, name: string, nodes: number): Promise<LargeTree> {
  const contents = Array.from({ length: CONTENTS }, (_, seed) => contentOf(seed))
  return store.write(async (tx) => {
    await tx.putTenants([{ id: drive.tenant, name: drive.tenant, createdAt: drive.createdAt, extra: {} }])
    const rows = layOut(drive, name, (await tx.ids('node', nodes)) as NodeId[], contents)
    const starts = Array.from({ length: Math.ceil(nodes / ROWS_PER_APPLY) }, (_, i) => i * ROWS_PER_APPLY)
    for (const start of starts) await tx.apply(changesFor(rows.slice(start, start + ROWS_PER_APPLY)))
    const bytes = rows.reduce((sum, { content }) => sum + (content?.size ?? 0), 0)
    const poolDeltas = drive.pools.map(({ kind, key }) => ({ tenant: drive.tenant, kind, key, delta: bytes }))
    await tx.apply({ ...emptyChanges(), poolDeltas })
    return { top: rows[0]!, nodes, bytes }
  })
}

/** The bytes of one of them, 0 … CONTENTS - 1. */
export function contentText(seed: number): string {
  return `content ${seed}`
}

function contentOf(seed: number): Content {
  const bytes = contentText(seed)
  const hex = (name: string) => createHash(name).update(bytes).digest('hex')
  return { digest: hex('sha256'), size: bytes.length, md5: hex('md5'), sha1: hex('sha1'), crc64: String(seed) }
}

function layOut(drive: Drive, name: string, ids: readonly NodeId[], contents: readonly Content[]): Node[] {
  const rows: Node[] = []
  const add = (parent: NodeId, name: string, content: Content | null): Node => {
    const node: Node = {
      drive: drive.id,
      id: ids[rows.length]!,
      parent,
      name,
      key: name,
      twin: 0,
      kind: content ? 'file' : 'folder',
      content,
      version: content ? 1 : 0,
      born: drive.id,
      rev: 1,
      createdAt: drive.createdAt,
      updatedAt: drive.createdAt,
      creator: 'user:alice',
      modifier: 'user:alice',
      attributes: {},
    }
    rows.push(node)
    return node
  }
  const fill = (folder: Node, count: number) => {
    for (let i = 0; i < count && rows.length < ids.length; i++) add(folder.id, `file ${i}.txt`, contents[i % CONTENTS]!)
  }
  const top = add(drive.root, name, null)
  fill(add(top.id, 'wide', null), Math.floor(ids.length / 4))
  for (let way = 0; rows.length < ids.length; way++) {
    const one = add(top.id, `folder ${way}`, null)
    if (rows.length < ids.length) fill(add(one.id, 'inner', null), 90)
  }
  return rows
}

function changesFor(insertNodes: Node[]) {
  const files = insertNodes.filter(({ content }) => content !== null)
  const insertVersions = files.map(({ drive, id: node, content, createdAt, creator }): Version => {
    return {
      drive,
      node,
      version: 1,
      content: content!,
      createdAt,
      creator,
      keep: false,
      description: '',
      expiresAt: 0,
      revertOf: 0,
    }
  })
  const blobRefs = files.map(({ drive, content, createdAt: at }) => ({ drive, content: content!, delta: 1, at }))
  const putTerms = insertNodes.map((node) => ({ drive: node.drive, node: node.id, terms: termsOf(node) }))
  return { ...emptyChanges(), insertNodes, insertVersions, blobRefs, putTerms }
}
