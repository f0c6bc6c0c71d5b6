/** What must hold of any batch, whatever is in it. */
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ACTIONS, ALL_ACTIONS, type Drive, type Op, type Result } from '../../src/engine/index.ts'
import { quickFolder } from '../random/quick-folder.ts'
import { cases } from '../store.ts'
import {
  at,
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
  trash,
  update,
} from './ops.ts'
import { furnish, opOn, owner, type PathOp, pathOp } from './path-ops.ts'
import { exactPicture, likeness, resultLikeness } from './pictures.ts'
import { bob, codes, createDrive, createWorld, done, type World } from './world.ts'

/** Random cases a property is tried on. */
const CASES = cases(150)
const SEED = 20260103

let world: World
beforeAll(async () => {
  world = await createWorld({ within: quickFolder() })
})
afterAll(() => world.stop())

function drives(count: number): Promise<Drive[]> {
  return Promise.all(Array.from({ length: count }, () => createDrive(world)))
}

test('a batch does what its ops do one by one', async () => {
  await check(fc.array(pathOp, { minLength: 1, maxLength: 30, size: 'max' }), async (symbols) => {
    const [together, alone] = await Promise.all((await drives(2)).map(({ id }) => furnish(world, id)))
    const batch = await world.engine.batch(
      owner,
      symbols.map((symbol) => opOn(together!, symbol)),
    )
    const singles: Result[] = []
    for (const symbol of symbols) singles.push(...(await world.engine.batch(owner, [opOn(alone!, symbol)])))
    expect(batch.map(resultLikeness)).toEqual(singles.map(resultLikeness))
    expect(await likeness(world, together!.drive)).toBe(await likeness(world, alone!.drive))
  })
})

test('a batch that must do all and cannot writes nothing', async () => {
  const bad: Op['kind'][] = ['rename', 'move', 'purge']
  const place = fc.record({
    symbols: fc.array(pathOp, { maxLength: 12 }),
    at: fc.nat(12),
    kind: fc.constantFrom(...bad),
  })
  await check(place, async ({ symbols, at: index, kind }) => {
    const stock = await furnish(world, (await createDrive(world)).id)
    const before = await exactPicture(world, [stock.drive])
    const hopeless = opOn(stock, { ...IMPOSSIBLE, kind: kind as PathOp['kind'] })
    const ops = symbols.map((symbol) => opOn(stock, symbol)).toSpliced(index, 0, hopeless)
    const results = await world.engine.batch(owner, ops, 'all')
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['failed']))
    expect(codes(results)[Math.min(index, symbols.length)]).toBe('node_not_found')
    expect(await exactPicture(world, [stock.drive])).toBe(before)
  })
})

/** About a node that no history makes. */
const IMPOSSIBLE: Omit<PathOp, 'kind'> = {
  node: ['nowhere'],
  to: [],
  name: 'b',
  named: false,
  strategy: 'fail',
  replace: 'version',
  makeParents: false,
  pick: 0,
}

/** Ops about one corner of a drive each, of which none can tell whether another was done. */
const CORNER_OPS: ((drive: Drive['id'], corner: string) => Op)[] = [
  (drive, corner) => move(at(drive, `${corner}/file`), at(drive, 'shared'), { name: `${corner} file` }),
  (drive, corner) => move(at(drive, `${corner}/folder`), at(drive, 'shared'), { name: `${corner} folder` }),
  (drive, corner) => move(at(drive, `${corner}/file`), at(drive, `${corner}/folder`)),
  (drive, corner) => copy(at(drive, `${corner}/folder`), at(drive, 'shared'), { name: `${corner} copy` }),
  (drive, corner) => rename(at(drive, `${corner}/file`), 'renamed'),
  (drive, corner) => rename(at(drive, corner), `${corner} renamed`),
  (drive, corner) => trash(at(drive, `${corner}/folder`)),
  (drive, corner) => purge(at(drive, `${corner}/file`)),
  (drive, corner) => purge(at(drive, corner)),
  (drive, corner) => update(at(drive, `${corner}/file`), { starred: true }),
  (drive, corner) => createFolder(at(drive, corner), 'made'),
  (drive, corner) => createFolder(at(drive, `${corner}/file`), 'refused'),
  (drive, corner) => grant(at(drive, corner), 'user:bob', ACTIONS.list),
]

test('independent ops give the same tree in any order', async () => {
  const picks = fc.array(fc.nat(CORNER_OPS.length - 1), { minLength: 2, maxLength: 8 })
  const orders = picks.chain((chosen) =>
    fc.tuple(fc.constant(chosen), fc.shuffledSubarray([...chosen.keys()], { minLength: chosen.length })),
  )
  await check(orders, async ([chosen, order]) => {
    const pair = await drives(2)
    const corners = chosen.map((_, index) => `corner ${index}`)
    const trees = corners.flatMap((corner) => [corner, `${corner}/folder`, `${corner}/folder/inner`])
    for (const { id } of pair) await putFolders(world, owner, id, ['shared', ...trees])
    for (const { id } of pair) for (const corner of corners) await putFile(world, owner, id, `${corner}/file`, corner)
    const [straight, mixed] = pair as [Drive, Drive]
    const op = (drive: Drive, index: number) => CORNER_OPS[chosen[index]!]!(drive.id, corners[index]!)
    const inOrder = await world.engine.batch(
      owner,
      corners.map((_, index) => op(straight, index)),
    )
    const shuffled = await world.engine.batch(
      owner,
      order.map((index) => op(mixed, index)),
    )
    expect(order.map((index) => resultLikeness(inOrder[index]!))).toEqual(shuffled.map(resultLikeness))
    expect(await likeness(world, straight.id)).toBe(await likeness(world, mixed.id))
  })
})

test('what is denied alone is denied alike among others, and changes nothing', async () => {
  const rights = fc.array(
    fc.record({ path: fc.constantFrom('', 'a', 'b', 'a/a', 'b/a', 'c'), actions: fc.nat(ALL_ACTIONS) }),
    { maxLength: 4 },
  )
  const cases = fc.record({ rights, symbols: fc.array(pathOp, { minLength: 1, maxLength: 15 }), seed: fc.nat(99) })
  let denials = 0
  await check(cases, async ({ rights: given, symbols, seed }) => {
    const stock = await furnish(world, (await createDrive(world)).id)
    const own = await createDrive(world, { owner: 'user:bob' })
    await done(
      world,
      owner,
      given.map(({ path, actions }) => grant(at(stock.drive, path), 'user:bob', actions)),
    )
    const denied = await deniedAlone(
      symbols.map((symbol) => opOn(stock, symbol)),
      stock.drive,
    )
    denials += denied.length
    const before = await exactPicture(world, [stock.drive])
    const allowed = [
      get(at(own.id)),
      list(at(own.id)),
      createFolder(at(own.id), 'one'),
      createFolder(at(own.id), 'two'),
    ]
    const mixed = interleaved<{ op: Op; result: Result | null }>(
      denied,
      allowed.map((op) => ({ op, result: null })),
      seed,
    )
    const results = await world.engine.batch(
      bob,
      mixed.map(({ op }) => op),
    )
    for (const [index, { result }] of mixed.entries()) {
      if (result) expect(results[index]).toEqual(result)
      else expect(results[index]!.status).toBe('done')
    }
    // Bob's own drive is in the counts too; what may not change is the one that is not his.
    expect(withoutCounts(await exactPicture(world, [stock.drive]))).toBe(withoutCounts(before))
  })
  expect(denials).toBeGreaterThan(CASES)
})

/** The ops that are denied to bob when tried one by one, with their results; the others are not tried further. */
async function deniedAlone(ops: readonly Op[], drive: Drive['id']): Promise<{ op: Op; result: Result }[]> {
  const denied: { op: Op; result: Result }[] = []
  for (const op of ops) {
    const before = await exactPicture(world, [drive])
    const [result] = await world.engine.batch(bob, [op], 'all')
    if (result!.status !== 'failed') {
      // Done: what it did may have changed what is denied, so that the earlier answers no longer count.
      if (before !== (await exactPicture(world, [drive]))) denied.length = 0
    } else if (result!.error.code === 'forbidden') {
      expect(await exactPicture(world, [drive])).toBe(before)
      denied.push({ op, result: result! })
    }
  }
  return denied
}

function interleaved<Item>(some: readonly Item[], others: readonly Item[], seed: number): Item[] {
  const mixed = [...some]
  for (const [index, other] of others.entries()) mixed.splice((seed * (index + 7)) % (mixed.length + 1), 0, other)
  return mixed
}

function withoutCounts(picture: string): string {
  return picture.slice(0, picture.indexOf('"counts"'))
}

async function check<Case>(someCases: fc.Arbitrary<Case>, property: (one: Case) => Promise<void>): Promise<void> {
  await fc.assert(fc.asyncProperty(someCases, property), {
    numRuns: CASES,
    seed: SEED,
    interruptAfterTimeLimit: 600_000,
  })
}
