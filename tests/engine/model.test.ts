/**
 * The engine against a naive model on random histories: results, codes, trees, versions, trash, usage and change logs.
 * `tests/random/explore.ts` says how a failure is replayed and how to explore.
 */
import { afterAll, test } from 'vitest'
import { explore } from '../random/explore.ts'
import { quickFolder } from '../random/quick-folder.ts'
import { history } from './random-steps.ts'
import { play } from './side-by-side.ts'
import { createWorld, type World } from './world.ts'

/** Histories of OPERATIONS each. */
const HISTORIES = 2_000
/** Histories in one world: some of its invariants are asked of all that it holds. */
const HISTORIES_PER_WORLD = 50

let world: World | undefined
let played = 0
async function someWorld(): Promise<World> {
  if (played++ % HISTORIES_PER_WORLD === 0) {
    await world?.stop()
    world = await createWorld({ within: quickFolder() })
  }
  return world!
}
afterAll(() => world?.stop())

test('the engine and the naive model agree on random histories', { timeout: 3_600_000 }, async () => {
  await explore({
    name: 'model',
    histories: history,
    runs: HISTORIES,
    postgresRuns: HISTORIES,
    play: async (steps, closely) => play(await someWorld(), steps, { closely }),
  })
})
