/** A small tree that is large for a world whose batches may touch three nodes, and how to look at it. */
import type { DriveId, Node } from '../../src/engine/index.ts'
import { at, get, list, putFile, putFolders } from './ops.ts'
import { admin, alice, nodeOf, run, type World } from './world.ts'

/** big › a › (1, deep › deeper › 2), b, c, 3: nine nodes, 9 bytes. */
export async function plantTree(world: World, drive: DriveId): Promise<void> {
  await putFolders(world, alice, drive, ['big', 'big/a', 'big/a/deep', 'big/a/deep/deeper', 'big/b', 'big/c'])
  await putFile(world, alice, drive, 'big/a/1', 'one')
  await putFile(world, alice, drive, 'big/a/deep/deeper/2', 'two')
  await putFile(world, alice, drive, 'big/3', '333')
}
export const NODES = 9
export const PATHS = ['3', 'a', 'a/1', 'a/deep', 'a/deep/deeper', 'a/deep/deeper/2', 'b', 'c']

/** The paths below a folder, in order; null when it is not there. */
export async function pathsBelow(world: World, id: DriveId, path: string): Promise<string[] | null> {
  const result = await run(world, admin, list(at(id, path), { limit: 100 }))
  if (result.status !== 'done') return null
  const below = await Promise.all(
    result.page!.items.map(async ({ node }) => {
      const inside =
        node.kind === 'folder' ? await pathsBelow(world, id, path === '' ? node.name : `${path}/${node.name}`) : []
      return [node.name, ...inside!.map((name) => `${node.name}/${name}`)]
    }),
  )
  return below.flat().sort()
}

export async function nodesBelow(world: World, id: DriveId, path: string): Promise<Map<string, Node>> {
  const paths = [path, ...(await pathsBelow(world, id, path))!.map((name) => `${path}/${name}`)]
  const results = await world.engine.batch(
    admin,
    paths.map((name) => get(at(id, name))),
  )
  return new Map(results.map((result, i) => [paths[i]!, nodeOf(result)]))
}

/** A folder as its paths, contents and versions tell it, whatever the ids. */
export async function pictureOf(world: World, id: DriveId, path: string) {
  const nodes = await nodesBelow(world, id, path)
  return [...nodes].map(([name, node]) => [name.slice(path.length), node.kind, node.content?.digest, node.twin !== 0])
}
