/** What clients try to do to one small tree, all at once: few nodes, few names, so that they are in each other's way. */
import * as fc from 'fast-check'
import {
  ACTIONS,
  type Drive,
  type DriveId,
  type Mode,
  type NodeId,
  type Op,
  onConflict,
  type UploadId,
} from '../../src/engine/index.ts'
import {
  at,
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
} from '../engine/ops.ts'
import { type OnConflict, REPLACES, type Replace, STRATEGIES } from '../engine/vocabulary.ts'
import { actorOf, type World } from '../engine/world.ts'

const KINDS = [
  ...(['move', 'move', 'move', 'move', 'rename', 'rename', 'trash', 'trash', 'restore', 'restore'] as const),
  ...(['commit', 'commit', 'copy', 'createFolder', 'purge', 'update', 'grant', 'get', 'get', 'list'] as const),
]
const NAMES = ['a', 'b', 'c', 'a.t']

export interface Move {
  readonly kind: (typeof KINDS)[number]
  readonly node: number
  readonly to: number
  readonly name: string
  readonly named: boolean
  readonly strategy: OnConflict
  readonly replace: Replace
  readonly pick: number
}

/** One request of one client. */
export interface Call {
  readonly mode: Mode
  /** Whether the drives' owner asks, or somebody with the rights he was given. */
  readonly asOwner: boolean
  /** Turns of the event loop to wait for before asking. */
  readonly pause: number
  readonly ops: readonly Move[]
}

/** The requests of all clients: each client makes its own in order and waits for the answers. */
export interface Contest {
  readonly quota: number | null
  readonly steps: readonly { readonly ops: readonly Call[] }[]
}

const someMove: fc.Arbitrary<Move> = fc.record({
  kind: fc.constantFrom(...KINDS),
  node: fc.nat(99),
  to: fc.nat(99),
  name: fc.constantFrom(...NAMES),
  named: fc.boolean(),
  // Twins would be the only nodes that a log does not tell apart.
  strategy: fc.constantFrom(...STRATEGIES.filter((strategy) => strategy !== 'duplicate')),
  replace: fc.constantFrom(...REPLACES),
  pick: fc.nat(99),
})

const call: fc.Arbitrary<Call> = fc.record({
  mode: fc.constantFrom<Mode>('each', 'each', 'chain', 'all'),
  asOwner: fc.integer({ min: 0, max: 3 }).map((roll) => roll > 0),
  pause: fc.nat(4),
  ops: fc.array(someMove, { minLength: 1, maxLength: 3, size: 'max' }),
})

/** @param clients how many take part */
export function contest(clients: { min: number; max: number }): fc.Arbitrary<Contest> {
  return fc.noBias(
    fc.record({
      quota: fc.constantFrom(null, 40, 60),
      steps: fc.array(fc.record({ ops: fc.array(call, { minLength: 2, maxLength: 8, size: 'max' }) }), {
        minLength: clients.min,
        maxLength: clients.max,
        size: 'max',
      }),
    }),
  )
}

/** What a contest is about. */
export interface Field {
  readonly drives: readonly Drive[]
  readonly nodes: readonly { readonly drive: DriveId; readonly id: NodeId }[]
  readonly uploads: readonly { readonly drive: DriveId; readonly id: UploadId; readonly text: string }[]
  /** Everything that is in a file. */
  readonly texts: readonly string[]
}

const IN_FILES = ['one', 'four']
const IN_UPLOADS = ['x', 'twelve bytes', 'of sixteen bytes']

/** Makes the tree before the contest: chains of folders to tie into knots, files to replace, uploads to commit. */
export async function furnish(world: Pick<World, 'engine'>, drives: readonly Drive[]): Promise<Field> {
  const owner = actorOf('user:alice', { tenant: drives[0]!.tenant })
  const nodes: { drive: DriveId; id: NodeId }[] = []
  const uploads: Field['uploads'][number][] = []
  for (const { id: drive } of drives) {
    nodes.push(...(await putFolders(world, owner, drive, ['a', 'a/b', 'a/b/c', 'b', 'b/a', 'c'])))
    for (const [index, text] of IN_FILES.entries())
      nodes.push(await putFile(world, owner, drive, ['a/a.t', 'a.t'][index]!, text))
    for (const text of IN_UPLOADS) {
      const { id } = await staged(world, owner, drive, text)
      uploads.push({ drive, id, text })
    }
  }
  return { drives, nodes, uploads, texts: [...IN_FILES, ...IN_UPLOADS] }
}

export function opOf({ nodes, uploads }: Field, symbol: Move): Op {
  const { kind, name, named, strategy, replace, pick } = symbol
  const { drive, id } = nodes[symbol.node % nodes.length]!
  // A node may be in another drive by now: its public id finds it there, its place of birth does not.
  const node = pick % 2 === 0 ? { drive, id } : { born: drive, id }
  const target = nodes[symbol.to % nodes.length]!
  const to = symbol.to % 5 === 0 ? at(target.drive) : { born: target.drive, id: target.id }
  const terms = { conflict: onConflict(strategy, replace), naming: spaced }
  switch (kind) {
    case 'move':
      return move(node, to, { ...terms, ...(named ? { name } : {}) })
    case 'rename':
      return rename(node, name, terms)
    case 'trash':
      return trash(node)
    case 'restore':
      return restore(node, { ...terms, parentGone: (['fail', 'root', 'recreate'] as const)[pick % 3]! })
    case 'commit': {
      const upload = uploads[pick % uploads.length]!
      // Settled by `reuse` a commit would use its upload up and leave no trace in the log.
      const conflict = onConflict(strategy === 'reuse' ? 'rename' : strategy, replace)
      return commit(upload.id, named ? to : at(upload.drive), name, { ...terms, conflict })
    }
    case 'copy':
      return copy(node, to, { ...terms, ...(named ? { name } : {}) })
    case 'createFolder':
      return createFolder(to, name, terms)
    case 'purge':
      return purge(node, { trashed: 'any' })
    case 'update':
      return update(node, { description: name })
    case 'grant':
      return grant(node, 'user:bob', named ? null : ACTIONS.list | ACTIONS.move | ACTIONS.newEmpty | ACTIONS.upload)
    case 'get':
      return get(node, { trashed: 'any' })
    case 'list':
      return list(to)
  }
}
