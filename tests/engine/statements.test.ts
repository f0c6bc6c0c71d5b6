/** What a batch costs: SQL statements that do not grow with it, and rows that do not grow with what lies below a folder. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ACTIONS, type DriveId, type Node, type NodeId, type Op, type Upload } from '../../src/engine/index.ts'
import type { ChangeCounter } from '../store.ts'
import {
  at,
  byId,
  commit,
  copy,
  createFolder,
  get,
  grant,
  grants,
  MERGE,
  move,
  purge,
  putFile,
  putFolders,
  RENAME,
  rename,
  restore,
  staged,
  trash,
  update,
  updateVersion,
  upload,
  versions,
} from './ops.ts'
import { useWorld } from './use-world.ts'
import { alice, bob, createDrive, done } from './world.ts'

const FEW = 10
const MANY = 1_000
/** No batch of one kind of op needs more. */
const STATEMENTS_MAX = 40

const use = useWorld({ forgetful: true })
let drive: DriveId
let nodes: Node[]

/** Files made by copying one, since sending a thousand would only test the disk. */
beforeEach(async () => {
  const { world } = use
  drive = (await createDrive(world, { settings: { versionsMax: 5 } })).id
  await putFolders(world, alice, drive, ['files', 'to', 'deep', 'deep/er', 'deep/er/n'])
  const file = await putFile(world, alice, drive, 'f.txt', 'bytes')
  const copies = Array.from({ length: FEW + MANY }, (_, index) =>
    copy(byId(file), at(drive, 'files'), { name: `f${index}.txt` }),
  )
  nodes = (await done(world, alice, copies)).map((result) => result.view!.node)
})

/** How many statements a batch of these ops takes. */
async function cost(ops: readonly Op[], actor = alice): Promise<number> {
  const before = use.world.store.statements()
  await done(use.world, actor, ops)
  return use.world.store.statements() - before
}

const VERBS: [what: string, op: (node: Node) => Op][] = [
  ['get by id', (node) => get(byId(node))],
  ['get by public id', (node) => get({ born: node.born, id: node.id })],
  ['get by path', (node) => get(at(drive, `files/${node.name}`))],
  ['move', (node) => move(byId(node), at(drive, 'to'))],
  ['move with a new name', (node) => move(byId(node), at(drive, 'to'), { name: `m${node.id}` })],
  ['move with one name for all', (node) => move(byId(node), at(drive, 'to'), { name: 'm', conflict: RENAME })],
  ['move without its grants', (node) => move(byId(node), at(drive, 'to'), { keepGrants: false })],
  ['move onto a file', (node) => move(byId(node), at(drive), { name: 'f.txt', conflict: MERGE })],
  ['move, making folders', (node) => move(byId(node), at(drive, `new${node.id}`), { makeParents: true })],
  ['rename', (node) => rename(byId(node), `r${node.id}`)],
  ['update', (node) => update(byId(node), { starred: true })],
  ['copy', (node) => copy(byId(node), at(drive, 'to'))],
  ['copy beside itself', (node) => copy(byId(node), at(drive, 'files'), { conflict: RENAME })],
  ['create a folder', (node) => createFolder(at(drive, 'deep/er'), `n${node.id}`)],
  ['create folders of one name', () => createFolder(at(drive, 'deep/er'), 'n', { conflict: RENAME })],
  ['trash', (node) => trash(byId(node))],
  ['trash, as a task if it has children', (node) => trash(byId(node), { taskIfChildren: true })],
  ['purge', (node) => purge(byId(node))],
  ['grant', (node) => grant(byId(node), 'user:bob', ACTIONS.list)],
  ['read grants', (node) => grants(byId(node), true)],
  ['read versions', (node) => versions(byId(node))],
  ['write on a version', (node) => updateVersion(byId(node), 1, { description: 'x' })],
  ['open an upload', (node) => upload(drive, { parent: at(drive, 'to'), name: `u${node.id}` })],
]

describe('a batch of ten and a batch of a thousand take the same number of statements', () => {
  test.each(VERBS)('%s', async (_, op) => {
    const few = await cost(nodes.slice(0, FEW).map(op))
    const many = await cost(nodes.slice(FEW).map(op))
    expect({ many }).toEqual({ many: few })
    expect(few).toBeLessThanOrEqual(STATEMENTS_MAX)
  })

  test('restore', async () => {
    await done(
      use.world,
      alice,
      nodes.map((node) => trash(byId(node))),
    )
    const few = await cost(nodes.slice(0, FEW).map((node) => restore(byId(node))))
    expect(await cost(nodes.slice(FEW).map((node) => restore(byId(node))))).toBe(few)
  })

  test('carry to another drive', async () => {
    const other = await createDrive(use.world)
    const few = await cost(nodes.slice(0, FEW).map((node) => move(byId(node), at(other.id))))
    expect(await cost(nodes.slice(FEW).map((node) => move(byId(node), at(other.id))))).toBe(few)
  })

  test('commit', async () => {
    const sessions: Upload[] = []
    for (let index = 0; index < 60; index++) sessions.push(await staged(use.world, alice, drive, `bytes ${index}`))
    const op = ({ id }: Upload, index: number) => commit(id, at(drive, 'to'), `c${index} ${id}`)
    const few = await cost(sessions.slice(0, FEW).map(op))
    expect(await cost(sessions.slice(FEW).map(op))).toBe(few)
  })

  test('for someone whose rights come from grants', async () => {
    await done(use.world, alice, [grant(at(drive, 'files'), 'user:bob', ACTIONS.list | ACTIONS.rename)])
    const few = await cost(
      nodes.slice(0, FEW).map((node) => rename(byId(node), `r${node.id}`)),
      bob,
    )
    expect(
      await cost(
        nodes.slice(FEW).map((node) => rename(byId(node), `r${node.id}`)),
        bob,
      ),
    ).toBe(few)
  })
})

describe('a folder of ten and a folder of ten thousand cost the same rows', () => {
  const TABLES = ['node', 'version', 'trash', 'node_grant', 'forward', 'change', 'drive', 'pool', 'task']
  let counter: ChangeCounter
  beforeEach(async () => {
    counter = await use.world.database.countChanges(TABLES)
  })
  afterEach(() => counter.stop())

  /** How many rows something inserted, changed or deleted. */
  async function counted(act: () => Promise<unknown>): Promise<number> {
    await counter.changes()
    await act()
    return counter.changes()
  }

  async function folderOf(count: number): Promise<Node> {
    const [folder] = await putFolders(use.world, alice, drive, [`folder of ${count}`])
    for (let made = 0; made < count; made += MANY) {
      const size = Math.min(MANY, count - made)
      await done(
        use.world,
        alice,
        Array.from({ length: size }, (_, index) => createFolder(byId(folder!), `n${made + index}`)),
      )
    }
    return folder!
  }

  async function changed(folder: Node): Promise<Record<string, number>> {
    const spent: Record<string, number> = {}
    const verbs: [string, Op][] = [
      ['rename', rename(byId(folder), 'renamed')],
      ['move', move(byId(folder), at(drive, 'to'))],
      ['trash', trash(byId(folder))],
      ['restore', restore(byId(folder))],
      ['purge', purge(byId(folder))],
    ]
    for (const [verb, op] of verbs) spent[verb] = await counted(() => done(use.world, alice, [op]))
    return spent
  }

  test('to rename, move, trash, restore and purge', async () => {
    const [few, many] = [await changed(await folderOf(FEW)), await changed(await folderOf(10 * MANY))]
    // What is much is destroyed by a task: its row, and the hidden folder it works off.
    expect(many).toEqual({ ...few, purge: few.purge! + 2 })
    for (const rows of Object.values(few)) expect(rows).toBeLessThanOrEqual(4)
  })
})

test('an id that was never there costs no more than one that is', async () => {
  const known = await cost([get(byId(nodes[0]!))])
  const before = use.world.store.statements()
  await use.world.engine.batch(alice, [get({ drive, id: 999_999 as NodeId })])
  expect(use.world.store.statements() - before).toBeLessThanOrEqual(known)
})
