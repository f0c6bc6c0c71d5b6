/** Random ops that name nodes by their places, so that the same ones can be done to several drives which look alike. */
import * as fc from 'fast-check'
import { ACTIONS, type DriveId, type Op, onConflict, type TrashId, type UploadId } from '../../src/engine/index.ts'
import {
  commit,
  copy,
  createFolder,
  get,
  grant,
  list,
  move,
  purge,
  putFile,
  putFolders,
  rename,
  restore,
  spaced,
  staged,
  trash,
  update,
} from './ops.ts'
import { type OnConflict, REPLACES, type Replace, STRATEGIES } from './vocabulary.ts'
import { actorOf, done, type World } from './world.ts'

const KINDS = [
  ...(['get', 'list', 'createFolder', 'commit', 'rename', 'move', 'move', 'move'] as const),
  ...(['copy', 'copy', 'update', 'trash', 'restore', 'purge', 'grant'] as const),
]

export interface PathOp {
  readonly kind: (typeof KINDS)[number]
  readonly node: readonly string[]
  readonly to: readonly string[]
  readonly name: string
  readonly named: boolean
  readonly strategy: OnConflict
  readonly replace: Replace
  readonly makeParents: boolean
  readonly pick: number
}

const NAMES = ['a', 'b', 'c', 'a.t']
const path = (minLength: number) => fc.array(fc.constantFrom(...NAMES), { minLength, maxLength: 3 })

export const pathOp: fc.Arbitrary<PathOp> = fc.record({
  kind: fc.constantFrom(...KINDS),
  node: path(1),
  to: path(0),
  name: fc.constantFrom(...NAMES, ''),
  named: fc.boolean(),
  strategy: fc.constantFrom(...STRATEGIES),
  replace: fc.constantFrom(...REPLACES),
  makeParents: fc.boolean(),
  pick: fc.nat(99),
})

/** What the ops of one drive may speak of beside places. */
export interface Stock {
  readonly drive: DriveId
  readonly trash: readonly TrashId[]
  readonly uploads: readonly UploadId[]
}

export const owner = actorOf('user:alice')

/** Furnishes a drive: folders within folders, files with and without a past, some in the trash, uploads to commit. */
export async function furnish(world: World, drive: DriveId): Promise<Stock> {
  await putFolders(world, owner, drive, ['a', 'a/a', 'a/b', 'b', 'b/a', 'b/a/c'])
  await putFile(world, owner, drive, 'c', 'first')
  await putFile(world, owner, drive, 'c', 'second', { conflict: onConflict('replace') })
  await putFile(world, owner, drive, 'a/a/a.t', 'text')
  await putFile(world, owner, drive, 'b/a/a', 'bytes')
  await putFolders(world, owner, drive, ['a/c', 'a/c/b'])
  await putFile(world, owner, drive, 'b/c', 'away')
  const away = await done(world, owner, [trash({ drive, path: ['a', 'c'] }), trash({ drive, path: ['b', 'c'] })])
  const uploads = await Promise.all(['x', 'yy', 'zzz'].map((text) => staged(world, owner, drive, text)))
  return { drive, trash: away.map((result) => entryOf(result)), uploads: uploads.map(({ id }) => id) }
}

function entryOf(result: { trash?: { id: TrashId } }): TrashId {
  if (!result.trash) throw new Error('nothing came into the trash')
  return result.trash.id
}

export function opOn({ drive, trash: entries, uploads }: Stock, symbol: PathOp): Op {
  const { kind, name, named, makeParents, pick } = symbol
  const node = { drive, path: symbol.node }
  const to = { drive, path: symbol.to }
  const terms = { conflict: onConflict(symbol.strategy, symbol.replace), naming: spaced }
  const renamed = named ? { name } : {}
  switch (kind) {
    case 'get':
      return get(node)
    case 'list':
      return list(to, { limit: 1 + (pick % 4) })
    case 'createFolder':
      return createFolder(to, name, { ...terms, makeParents })
    case 'commit':
      return commit(uploads[pick % uploads.length]!, to, name, terms)
    case 'rename':
      return rename(node, name, terms)
    case 'move':
      return move(node, to, { ...terms, ...renamed, makeParents, keepGrants: pick % 2 === 0 })
    case 'copy':
      return copy(node, to, { ...terms, ...renamed, makeParents })
    case 'update':
      return update(node, { description: name })
    case 'trash':
      return trash(node)
    case 'restore':
      return restore({ drive, trash: entries[pick % entries.length]! }, { ...terms, parentGone: 'root' })
    case 'purge':
      return purge(node)
    case 'grant':
      return grant(node, 'user:bob', named ? ACTIONS.list : null)
  }
}
