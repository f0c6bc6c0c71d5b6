/** The checker itself: it must accept what has a serial order and refuse what has none. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Drive, type Op, onConflict, type Subject, type TenantId } from '../../src/engine/index.ts'
import type { ModelState } from '../engine/model-state.ts'
import { at, createFolder, get, move, rename, trash } from '../engine/ops.ts'
import { actorOf, createWorld, type World } from '../engine/world.ts'
import { type Field, furnish } from './contest.ts'
import { logsOf, type Recorded, type Recording } from './record.ts'
import { explain } from './serial-order.ts'
import { startState } from './start.ts'

let world: World
beforeAll(async () => {
  world = await createWorld({ ticking: true })
})
afterAll(() => world.stop())

let tenants = 0
let requests = 0
let drives: readonly Drive[]
let start: ModelState
let field: Field
let calls: Recorded[]

beforeEach(async () => {
  const tenant = `tenant${++tenants}` as TenantId
  const boss = actorOf('user:admin', { tenant, admin: true })
  const made = await world.engine.createDrives(boss, [
    { name: 'first', owner: 'user:alice' },
    { name: 'second', owner: 'user:alice' },
  ])
  field = await furnish(world, made)
  drives = await world.store.read((tx) => tx.drives(made.map(({ id }) => id)))
  start = await startState(world, drives, field)
  calls = []
})

/** Does something now, but notes that it was asked and answered at other times. */
async function ask(asked: number, answered: number, ...ops: Op[]): Promise<Recorded> {
  const self: Subject = `user:request${++requests}`
  const actor = actorOf(self, { tenant: drives[0]!.tenant, subjects: [self, 'user:alice'] })
  const results = await world.engine.batch(actor, ops)
  const call: Recorded = { actor, mode: 'each', ops, asked, answered, results }
  calls.push(call)
  return call
}

async function recording(): Promise<Recording> {
  return { calls, logs: await logsOf(world, drives) }
}

const node = (index: number) => field.nodes[index]!

test('requests at the same time are explained in the order they took effect, whoever asked first', async () => {
  await ask(4, 5, rename(node(0), 'x'))
  await ask(1, 6, rename(node(0), 'y'))
  await ask(0, 7, get(node(0)))
  expect(explain(start, drives, await recording()).drives[0]!.root.children.map(({ name }) => name)).toContain('y')
})

test('a request that took effect after one which was asked only when it was answered is refused', async () => {
  await ask(4, 5, rename(node(0), 'x'))
  await ask(1, 2, rename(node(0), 'y'))
  const found = await recording()
  expect(() => explain(start, drives, found)).toThrow('no serial order')
})

test('a reading of the past is refused, and accepted when it began before the change was answered', async () => {
  const read = await ask(8, 9, get(node(0)))
  await ask(1, 2, rename(node(0), 'x'))
  const late = await recording()
  expect(() => explain(start, drives, late)).toThrow('no serial order')
  calls[0] = { ...read, asked: 1.5 }
  const early = await recording()
  expect(() => explain(start, drives, early)).not.toThrow()
})

test('of two readings the later one must not see the earlier state', async () => {
  const old = await ask(6, 7, get(node(0)))
  await ask(0, 9, rename(node(0), 'x'))
  const fresh = await ask(4, 5, get(node(0)))
  const backwards = await recording()
  expect(() => explain(start, drives, backwards)).toThrow('no serial order')
  calls = calls.with(0, { ...old, asked: 3 }).with(2, fresh)
  const forwards = await recording()
  expect(() => explain(start, drives, forwards)).not.toThrow()
})

test('two moves that would have tied a knot together are refused', async () => {
  const done = await ask(0, 9, move(node(5), node(0)))
  await ask(1, 8, move(node(0), node(5)))
  expect(calls[1]!.results).toMatchObject([{ status: 'failed', error: { code: 'cycle' } }])
  calls[1] = { ...calls[1]!, results: done.results }
  const found = await recording()
  expect(() => explain(start, drives, found)).toThrow('no serial order')
})

test('an answer that never was true is refused', async () => {
  const call = await ask(0, 1, createFolder(at(drives[0]!.id), 'fresh'))
  const [other] = (await ask(2, 3, createFolder(at(drives[0]!.id), 'fresh'))).results
  calls[0] = { ...call, results: [other!] }
  const found = await recording()
  expect(() => explain(start, drives, found)).toThrow('no serial order')
})

test('a request that wrote at two moments, or whose entry is missing, is refused', async () => {
  await ask(0, 9, trash(node(0)), trash(node(3)))
  await ask(1, 8, rename(node(5), 'x'))
  const { logs } = await recording()
  const [first, second, third] = logs[0]! as [(typeof logs)[0][0], (typeof logs)[0][0], (typeof logs)[0][0]]
  const torn = [{ ...first }, { ...third, seq: second.seq }, { ...second, seq: third.seq }]
  expect(() => explain(start, drives, { calls, logs: [torn, []] })).toThrow('no serial order')
  expect(() => explain(start, drives, { calls, logs: [[first, second], []] })).toThrow('no serial order')
})

test('what the logs of two drives leave open is settled by the answers', async () => {
  const [one, two] = [node(0), field.nodes.find(({ drive }) => drive === drives[1]!.id)!]
  // Neither log has both changes; the reading has seen them both.
  await ask(0, 9, move(two, at(drives[1]!.id), { name: 'x', conflict: onConflict('rename') }))
  await ask(1, 8, rename(one, 'z'))
  await ask(2, 7, get({ born: one.drive, id: one.id }), get({ born: two.drive, id: two.id }))
  const found = await recording()
  expect(() => explain(start, drives, found)).not.toThrow()
})
