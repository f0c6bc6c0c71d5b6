import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Exploration, explore, type Settings } from './explore.ts'

interface Numbers {
  readonly steps: readonly { readonly ops: readonly number[] }[]
}

const histories: fc.Arbitrary<Numbers> = fc.record({
  steps: fc.array(fc.record({ ops: fc.array(fc.nat(50), { minLength: 1, maxLength: 5 }) }), {
    minLength: 20,
    maxLength: 30,
  }),
})

/** Something that goes wrong when a 7 follows a 3, notes what it was asked to play, and is asked 1,000 times. */
function fragile(played: Numbers[]): Exploration<Numbers> {
  return {
    name: 'numbers',
    histories,
    runs: 1_000,
    async play(history) {
      played.push(history)
      const flat = history.steps.flatMap(({ ops }) => ops)
      const three = flat.indexOf(3)
      if (three >= 0 && flat.indexOf(7, three) >= 0) throw new Error(`failed: ${JSON.stringify(flat)}`)
    },
  }
}

async function failure(played: Numbers[], settings: Settings): Promise<string> {
  try {
    await explore(fragile(played), settings)
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('nothing failed')
}

test('what fails is made as short as it can be', async () => {
  const message = await failure([], {})
  expect(message).toMatch(/^numbers: MODEL_SEED=-?\d+ MODEL_PATH=[\d:]+ fails; [12] of \d+ steps are enough:\n/)
  expect(message).toContain('failed: [3,7]')
})

test('the seed and path of a failure play the very same history first', async () => {
  const played: Numbers[] = []
  const message = await failure(played, { MODEL_SEED: 'random' })
  const { seed, path } = /MODEL_SEED=(?<seed>\S+) MODEL_PATH=(?<path>\S+)/.exec(message)!.groups!
  const again: Numbers[] = []
  const replayed = await failure(again, { MODEL_SEED: seed, MODEL_PATH: path })
  expect(replayed.split('\n')[0]).toBe(message.split('\n')[0])
  expect(played).toContainEqual(again[0])
})

test('without a seed the histories are always the same, with a random one they are not', async () => {
  const few = async (settings: Settings) => {
    const played: Numbers[] = []
    await explore({ ...fragile(played), runs: 3, play: async (history) => void played.push(history) }, settings)
    return played
  }
  expect(await few({})).toEqual(await few({}))
  expect(await few({ MODEL_SEED: 'random' })).not.toEqual(await few({ MODEL_SEED: 'random' }))
})

test('it goes on until told to stop and reports what it did', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'batchdrive-explore-'))
  const file = join(folder, 'report.jsonl')
  const played: Numbers[] = []
  const unbreakable = { ...fragile(played), play: async (history: Numbers) => void played.push(history) }
  await explore(unbreakable, { MODEL_SECONDS: '0.3', MODEL_REPORT: file })
  await expect(explore(fragile([]), { MODEL_REPORT: file })).rejects.toThrow('MODEL_PATH')
  const [first, second] = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  const operations = played.flatMap(({ steps }) => steps.flatMap(({ ops }) => ops)).length
  expect(first).toEqual({
    ...{ name: 'numbers', store: 'sqlite', sequences: played.length, operations, failed: null },
  })
  expect(second).toMatchObject({ name: 'numbers', failed: expect.stringContaining('MODEL_PATH=') })
  rmSync(folder, { recursive: true })
})
