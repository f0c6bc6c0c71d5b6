/** Many clients at once: whatever they saw, it can be told as one thing after the other. */
import { afterAll, describe, test } from 'vitest'
import type { Drive, TenantId } from '../../src/engine/index.ts'
import { matchChildren } from '../engine/compare-nodes.ts'
import { dump } from '../engine/dump.ts'
import { brokenInvariants } from '../engine/invariants.ts'
import type { ModelState } from '../engine/model-state.ts'
import { actorOf, createWorld, type World } from '../engine/world.ts'
import { explore } from '../random/explore.ts'
import { quickFolder } from '../random/quick-folder.ts'
import { type Contest, contest, furnish } from './contest.ts'
import { record } from './record.ts'
import { explain } from './serial-order.ts'
import { startState } from './start.ts'

/** Times a failing contest is tried to make it shorter: what fails depends on who was faster, so it may not fail again. */
const ATTEMPTS = 60
/** Contests in one world. */
const CONTESTS_PER_WORLD = 20

let world: World | undefined
let played = 0
async function someWorld(): Promise<World> {
  if (played % CONTESTS_PER_WORLD === 0) {
    await world?.stop()
    world = await createWorld({ within: quickFolder(), ticking: true })
  }
  return world!
}
afterAll(() => world?.stop())

describe.each([
  { drives: 1, clients: { min: 8, max: 16 }, contests: 20 },
  { drives: 2, clients: { min: 8, max: 24 }, contests: 20 },
  { drives: 2, clients: { min: 48, max: 64 }, contests: 10 },
])('$clients.min to $clients.max clients on $drives drives', ({ drives, clients, contests }) => {
  test('some serial order explains every answer', { timeout: 3_600_000 }, async () => {
    const name = `${clients.min} to ${clients.max} clients on ${drives} drives`
    await explore({
      name,
      histories: contest(clients),
      runs: contests,
      attempts: ATTEMPTS,
      play: (one) => play(drives, one),
    })
  })
})

async function play(count: number, one: Contest): Promise<void> {
  const world = await someWorld()
  const tenant = `contest${++played}` as TenantId
  const boss = actorOf('user:admin', { tenant, admin: true })
  const specs = Array.from({ length: count }, (_, index) => ({ name: `drive ${index}`, owner: 'user:alice' as const }))
  const field = await furnish(world, await world.engine.createDrives(boss, specs))
  const ids = field.drives.map(({ id }) => id)
  await world.engine.setQuotas(
    tenant,
    ids.map((id) => ({ kind: 'drive', key: String(id), quota: one.quota })),
  )
  const before = await drivesNow(world, ids)
  const start = await startState(world, before, field)
  const recording = await record(world, { ...field, drives: before }, one)
  const end = explain(start, before, recording)
  await compareState(world, before, end)
  const broken = await brokenInvariants(world, ids)
  if (broken.length > 0) throw new Error(`broken invariants:\n${broken.join('\n')}`)
}

async function drivesNow(world: World, ids: readonly Drive['id'][]): Promise<Drive[]> {
  const found = await world.store.read((tx) => tx.drives(ids))
  return ids.map((id) => found.find((drive) => drive.id === id)!)
}

/** What is stored in the end is what the serial order leads to. */
async function compareState(world: World, drives: readonly Drive[], end: ModelState): Promise<void> {
  const { byId } = await dump(
    world.store,
    drives.map(({ id }) => id),
  )
  for (const [index, { root, trash }] of drives.entries()) {
    const model = end.drives[index]!
    matchChildren(model.root, byId.get(root)!.children, model.root.children, 'in the end ')
    matchChildren(null, byId.get(trash)!.children, model.trash, 'in the end ')
  }
}
