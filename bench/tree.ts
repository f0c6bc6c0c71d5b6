/** A tree to measure on: many files in many folders of the demo drive, made as rows, all with the same few bytes. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { createServer } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import { emptyChanges } from '../src/engine/effects.ts'
import type { Content, Drive, Node, NodeId, Store, Version } from '../src/engine/index.ts'
import { createSqliteStore } from '../src/store/sqlite/store.ts'

const FILES_PER_FOLDER = 500
const CHUNK = 5_000

/** How many pairs of folders there are for clients to move files to and fro between, each with this many files. */
export const CLIENTS = 8
export const FILES_PER_CLIENT = 100

/**
 * One client's files and the two folders they move between. The files' rows lie spread over the whole table, as those of
 * a folder that grew over time do.
 */
export interface Playground {
  readonly left: Node
  readonly right: Node
  readonly files: readonly Node[]
}

export interface Tree {
  readonly drive: Drive
  readonly nodes: number
  readonly playgrounds: readonly Playground[]
}

/** Makes the demo tenant in a fresh data folder and fills its drive. */
export async function plantTree(dataDir: string, nodes: number): Promise<Tree> {
  const server = await createServer(readConfig({ data: dataDir, port: '0', logLevel: 'silent' }, {}))
  const id = server.demo!.drives.admin
  await server.close()
  const store = createSqliteStore({ file: join(dataDir, 'batchdrive.db') })
  try {
    return await store.write(async (tx) => {
      const [drive] = await tx.drives([id])
      const content = oneContent()
      const made = layOut(drive!, (await tx.ids('node', nodes + 2 * CLIENTS)) as NodeId[], nodes, content)
      await plant(tx, made.all, content)
      return { drive: drive!, nodes: made.all.length, playgrounds: made.playgrounds }
    })
  } finally {
    await store.close()
  }
}

function oneContent(): Content {
  const bytes = 'hello'
  const hex = (name: string) => createHash(name).update(bytes).digest('hex')
  return {
    digest: hex('sha256'),
    size: bytes.length,
    md5: hex('md5'),
    sha1: hex('sha1'),
    crc64: '11177612005948864433',
  }
}

function layOut(drive: Drive, ids: readonly NodeId[], nodes: number, content: Content) {
  const all: Node[] = []
  const stride = Math.floor(ids.length / (CLIENTS * FILES_PER_CLIENT))
  const spread = ids.filter((_, at) => at % stride === 0)
  const others = ids.filter((_, at) => at % stride !== 0)
  const add = (parent: NodeId, name: string, file: boolean, from = others): Node => {
    const node: Node = {
      drive: drive.id,
      id: from.pop()!,
      parent,
      name,
      key: name,
      twin: 0,
      kind: file ? 'file' : 'folder',
      content: file ? content : null,
      version: file ? 1 : 0,
      born: drive.id,
      rev: 1,
      createdAt: 1_700_000_000_000 + all.length,
      updatedAt: 1_700_000_000_000 + all.length,
      creator: 'user:admin',
      modifier: 'user:admin',
      attributes: {},
    }
    all.push(node)
    return node
  }
  const playgrounds = Array.from({ length: CLIENTS }, (_, client): Playground => {
    const left = add(drive.root, `left ${client}`, false)
    const right = add(drive.root, `right ${client}`, false)
    const files = Array.from({ length: FILES_PER_CLIENT }, (__, i) => add(left.id, `document ${i}.txt`, true, spread))
    return { left, right, files }
  })
  for (let folder: Node | undefined, inside = FILES_PER_FOLDER; all.length < nodes; inside++) {
    if (inside >= FILES_PER_FOLDER) {
      folder = add(drive.root, `folder ${all.length}`, false)
      inside = 0
    } else add(folder!.id, `file ${inside}.txt`, true)
  }
  return { all, playgrounds }
}

async function plant(tx: Parameters<Parameters<Store['write']>[0]>[0], nodes: readonly Node[], content: Content) {
  const chunks = Array.from({ length: Math.ceil(nodes.length / CHUNK) }, (_, i) =>
    nodes.slice(i * CHUNK, (i + 1) * CHUNK),
  )
  for (const insertNodes of chunks) {
    const files = insertNodes.filter(({ kind }) => kind === 'file')
    const insertVersions = files.map(
      ({ drive, id, createdAt, creator }): Version => ({
        ...{ drive, node: id, version: 1, content, createdAt, creator },
        ...{ keep: false, description: '', expiresAt: 0, revertOf: 0 },
      }),
    )
    const refs = { content, delta: files.length, at: Date.now() }
    const blobRefs = insertNodes[0] ? [{ drive: insertNodes[0].drive, ...refs }] : []
    await tx.apply({ ...emptyChanges(), insertNodes, insertVersions, blobRefs })
  }
}
