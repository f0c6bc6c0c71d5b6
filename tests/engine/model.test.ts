/**
 * The engine against a naive model on random histories. A failure prints its seed and path, and the shortest history that
 * still fails: `MODEL_SEED=… MODEL_PATH=… npx vitest run tests/engine/model.test.ts` replays it. Without a seed the histories are
 * always the same; `MODEL_SEED=random MODEL_RUNS=…` explores.
 */
import * as fc from 'fast-check'
import { afterAll, beforeAll, test } from 'vitest'
import { type History, history } from './random-steps.ts'
import { reduced } from './reduce.ts'
import { play } from './side-by-side.ts'
import { createWorld, type World } from './world.ts'

const { MODEL_SEED = '20260102', MODEL_PATH, MODEL_RUNS = '300' } = process.env
const ATTEMPTS = 500

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(async () => {
  await world.stop()
})

test('the engine and the naive model agree on random histories', { timeout: 600_000 }, async () => {
  const replay = {
    ...(MODEL_SEED !== 'random' && { seed: Number(MODEL_SEED) }),
    ...(MODEL_PATH && { path: MODEL_PATH }),
  }
  const outcome = await fc.check(
    fc.asyncProperty(history, (steps) => play(world, steps)),
    // What fails is shortened below: whole steps at a time, which takes seconds where number by number takes minutes.
    { numRuns: Number(MODEL_RUNS), endOnFailure: true, ...replay },
  )
  if (!outcome.failed) return
  const [failing] = outcome.counterexample!
  const short = await reduced(failing, attempt, ATTEMPTS)
  const where = `MODEL_SEED=${outcome.seed} MODEL_PATH=${outcome.counterexamplePath}`
  const cause = (await attempt(short)) ?? outcome.errorInstance
  throw new Error(`${where}\nafter ${short.steps.length} of ${failing.steps.length} steps`, { cause })
})

async function attempt(steps: History): Promise<Error | undefined> {
  try {
    await play(world, steps)
    return undefined
  } catch (error) {
    return error as Error
  }
}
