/** Keeping up with a part of a drive: what its changes tell is enough to have a true copy of it. */
import fc from 'fast-check'
import { beforeEach, expect, test } from 'vitest'
import {
  ACTIONS,
  type ChangesPage,
  type Drive,
  type Node,
  type NodeId,
  type Op,
  type Ref,
} from '../../src/engine/index.ts'
import {
  at,
  byId,
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
  trash,
  update,
} from './ops.ts'
import { useWorld } from './use-world.ts'
import { alice, bob, createDrive, done, driveNow, isFailed, nodeOf, run } from './world.ts'

const use = useWorld()
let drive: Drive
beforeEach(async () => {
  drive = await createDrive(use.world)
})

async function changesBelow(below: Ref, after: number, { actor = alice, limit = 100 } = {}): Promise<ChangesPage> {
  const page = await use.world.engine.changes(actor, { drive: drive.id, below, after, limit })
  if (isFailed(page)) throw new Error(`no changes: ${page.error.code}`)
  return page as ChangesPage
}
const told = ({ items }: ChangesPage) =>
  items.map(({ change: { kind, name, from }, view }) => [kind, name, from?.name ?? null, view?.node.name ?? null])

test('what happens in the folder is told, what happens beside it is not; comings have no origin, goings are leavings', async () => {
  const { world } = use
  const [, , beside] = (await putFolders(world, alice, drive.id, ['top', 'top/in', 'beside'])) as [Node, Node, Node]
  const file = await putFile(world, alice, drive.id, 'top/f', 'one')
  const other = await putFile(world, alice, drive.id, 'beside/o', 'two')
  const { seq } = await driveNow(world, drive.id)
  await done(world, alice, [
    rename(byId(file), 'g'),
    update(byId(other), { starred: true }),
    move(byId(file), at(drive.id, 'top/in')),
    move(byId(other), at(drive.id, 'top')),
    move(byId(file), byId(beside), { name: 'h' }),
    createFolder(byId(beside), 'unseen'),
    trash(byId(other)),
    restore(byId(other)),
    move(at(drive.id, 'top/in'), byId(beside)),
    rename(at(drive.id, 'top'), 'renamed'),
  ])
  const page = await changesBelow(at(drive.id, 'renamed'), seq)
  expect(told(page)).toEqual([
    ['rename', 'g', 'f', 'h'],
    // The folder it went to has left since: from here it left at once.
    ['leave', 'g', null, null],
    ['move', 'o', null, 'o'],
    ['trash', 'o', null, 'o'],
    ['restore', 'o', null, 'o'],
    ['leave', 'in', null, null],
  ])
  expect([page.next, page.more]).toEqual([(await driveNow(world, drive.id)).seq, false])
})

test('a folder one may not list, a file, and a folder of another drive are refused', async () => {
  const { world } = use
  await putFolders(world, alice, drive.id, ['top', 'hidden'])
  await putFile(world, alice, drive.id, 'f', '1')
  const elsewhere = await createDrive(world)
  const code = async (below: Ref, actor = alice) => {
    const page = await world.engine.changes(actor, { drive: drive.id, below, after: 0, limit: 9 })
    return isFailed(page) ? page.error.code : 'done'
  }
  await done(world, alice, [grant(at(drive.id, 'top'), 'user:bob', ACTIONS.list)])
  expect([await code(at(drive.id, 'top'), bob), await code(at(drive.id, 'hidden'), bob)]).toEqual(['done', 'forbidden'])
  expect(await code(at(drive.id, 'f'))).toBe('wrong_kind')
  expect(await code(at(drive.id, 'no'))).toBe('node_not_found')
  expect(await code(at(elsewhere.id))).toBe('node_not_found')
  await done(world, alice, [createFolder(at(drive.id, 'top'), 'seen'), createFolder(at(drive.id, 'hidden'), 'unseen')])
  expect(told(await changesBelow(at(drive.id, 'top'), 0, { actor: bob }))).toEqual([['create', 'seen', null, 'seen']])
})

/** A client's copy of what lies below a folder: every node's parent and name. */
class Copy {
  readonly #top: Node
  readonly #nodes = new Map<NodeId, { parent: NodeId; name: string }>()
  #after: number

  constructor(top: Node, after: number) {
    this.#top = top
    this.#after = after
  }

  /** Reads one page; whether there is more. */
  async keepUp(limit: number): Promise<boolean> {
    const page = await changesBelow(byId(this.#top), this.#after, { limit })
    for (const { change, view } of page.items) {
      const isGone = view === null || view.trash !== null || ['trash', 'purge', 'leave'].includes(change.kind)
      if (isGone) this.#drop(change.node)
      else
        await this.#take(view.node, (change.from === null && change.kind !== 'update') || !this.#nodes.has(change.node))
    }
    this.#after = page.next
    return page.more
  }

  /** What goes takes along what is below it. */
  #drop(id: NodeId): void {
    this.#nodes.delete(id)
    for (const [child, { parent }] of this.#nodes) if (parent === id) this.#drop(child)
  }

  /** What comes from elsewhere brings along what is below it. */
  async #take(node: Node, isNew: boolean): Promise<void> {
    this.#nodes.set(node.id, { parent: node.parent, name: node.name })
    if (node.kind === 'folder' && isNew) for (const child of await below(node)) await this.#take(child, true)
  }

  get paths(): string[] {
    const pathOf = (id: NodeId): string | null => {
      const node = this.#nodes.get(id)
      if (!node) return null
      if (node.parent === this.#top.id) return node.name
      const above = pathOf(node.parent)
      return above === null ? null : `${above}/${node.name}`
    }
    return [...this.#nodes.keys()].flatMap((id) => pathOf(id) ?? []).sort()
  }
}

async function below(folder: Node): Promise<Node[]> {
  const result = await run(use.world, alice, list(byId(folder)))
  return result.status === 'done' ? result.page!.items.map(({ node }) => node) : []
}

async function pathsBelow(folder: Node): Promise<string[]> {
  const children = await below(folder)
  const inner = await Promise.all(
    children.map(async (child) => {
      const paths = child.kind === 'folder' ? await pathsBelow(child) : []
      return [child.name, ...paths.map((path) => `${child.name}/${path}`)]
    }),
  )
  return inner.flat().sort()
}

const STEPS = fc.array(
  fc.record({
    verb: fc.constantFrom(...'create move move move move rename trash restore restore purge read'.split(' ')),
    which: fc.nat(1000),
    to: fc.nat(1000),
  }),
  { minLength: 30, maxLength: 60 },
)

test('whatever moves in and out between its pages, a copy kept by the changes is true in the end', {
  timeout: 300_000,
}, async () => {
  const { world } = use
  let round = 0
  await fc.assert(
    fc.asyncProperty(STEPS, async (steps) => {
      const prefix = `r${round++}`
      const [top, out] = (await putFolders(world, alice, drive.id, [`${prefix}-top`, `${prefix}-out`])) as [Node, Node]
      const copy = new Copy(top, (await driveNow(world, drive.id)).seq)
      const inside = ['a', 'b', 'c', 'a/d', 'a/d/e', 'b/f', 'b/f/g']
      const first = await putFolders(world, alice, drive.id, [
        ...inside.map((path) => `${top.name}/${path}`),
        ...inside.map((path) => `${out.name}/${path}`),
      ])
      while (await copy.keepUp(100));
      const folders: Ref[] = [top, out, ...first].map(byId)
      for (const [i, { verb, which, to }] of steps.entries()) {
        const node = folders[2 + (which % Math.max(1, folders.length - 2))]
        const target = folders[to % folders.length]!
        if (verb === 'read') await copy.keepUp(1 + (which % 3))
        else if (verb === 'create') {
          const made = await run(world, alice, createFolder(target, `n${i}`))
          if (made.status === 'done') folders.push(byId(nodeOf(made)))
        } else if (node) {
          const ops: Record<string, Op> = {
            move: move(node, target),
            rename: rename(node, `m${i}`),
            trash: trash(node),
            restore: restore(node, { parentGone: 'root' }),
            purge: purge(node),
          }
          await run(world, alice, ops[verb]!)
        }
      }
      while (await copy.keepUp(4));
      expect(copy.paths).toEqual(await pathsBelow(nodeOf(await run(world, alice, get(byId(top))))))
    }),
    { numRuns: 15, endOnFailure: true },
  )
})
