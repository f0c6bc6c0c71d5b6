import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { type Runner, startRunner } from './runner.ts'

let runner: Runner | undefined
afterEach(() => runner?.stop())

/** An engine whose slices are what the script says, then idle. */
function scripted(...slices: (() => Promise<boolean> | boolean)[]) {
  const calls: number[] = []
  const errors: unknown[] = []
  const engine = {
    async work() {
      calls.push(performance.now())
      return (await slices[calls.length - 1]?.()) ?? false
    },
  }
  runner = startRunner(engine, (error) => errors.push(error))
  return { calls, errors, runner }
}

it('works without a pause while there is more to do', async () => {
  const { calls } = scripted(...Array.from({ length: 20 }, () => () => true))
  await wait(150)
  expect(calls).toHaveLength(21)
})

it('waits longer and longer while there is nothing to do', async () => {
  const { calls } = scripted()
  await wait(1500)
  const gaps = calls.slice(1).map((at, i) => at - calls[i]!)
  expect(gaps.length).toBeGreaterThanOrEqual(1)
  expect(gaps.length).toBeLessThanOrEqual(3)
  expect(gaps[0]).toBeGreaterThanOrEqual(350)
})

it('works at once when kicked', async () => {
  const { calls, runner } = scripted()
  await wait(50)
  expect(calls).toHaveLength(1)
  runner.kick()
  await wait(50)
  expect(calls).toHaveLength(2)
})

it('does not forget a kick that comes during a slice', async () => {
  const { calls, runner } = scripted(() => wait(100, false))
  await wait(50)
  runner.kick()
  await wait(150)
  expect(calls).toHaveLength(2)
})

it('never runs two slices at once', async () => {
  let inside = 0
  let most = 0
  const slice = async () => {
    most = Math.max(most, ++inside)
    await wait(20)
    inside--
    return true
  }
  const { runner } = scripted(slice, slice, slice)
  for (let i = 0; i < 10; i++) {
    runner.kick()
    await wait(5)
  }
  expect(most).toBe(1)
})

it('tells of an error and goes on', async () => {
  const { calls, errors, runner } = scripted(() => {
    throw new Error('disk on fire')
  })
  await wait(50)
  expect(errors).toMatchObject([{ message: 'disk on fire' }])
  runner.kick()
  await wait(50)
  expect(calls).toHaveLength(2)
})

it('ends the slice under way before it stops, and begins none after', async () => {
  let ended = false
  const { calls, runner } = scripted(async () => {
    await wait(100)
    ended = true
    return true
  })
  await wait(20)
  await runner.stop()
  expect(ended).toBe(true)
  runner.kick()
  await wait(50)
  expect(calls).toHaveLength(1)
})
