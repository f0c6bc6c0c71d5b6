/**
 * Random sequences of batches, on the server and on the naive model side by side: after every request each answer and all
 * that is stored must agree.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DriveId, NodeView } from '../../src/engine/index.ts'
import { type Entry, Model, type Outcome, type Strategy } from './model.ts'
import { pictureOf, type ResultItem, type Session, sha256, startSession } from './session.ts'

const REQUESTS = 120
const STRATEGIES: readonly Strategy[] = [
  'AUTO_RENAME',
  'OVERWRITE',
  'RETURN_DENTRY_IF_EXISTS',
  'RETURN_ERROR_IF_EXISTS',
]
const NAMES = ['a', 'b', 'a(1)', 'x.txt', 'x(1).txt']

let session: Session

beforeAll(async () => {
  session = await startSession()
})
afterAll(() => session.stop())

/** A small deterministic generator (mulberry32): a failing seed fails again. */
function random(seed: number) {
  let state = seed
  const below = (bound: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound
  }
  return { below, pick: <T>(list: readonly T[]): T => list[below(list.length)]! }
}

type Random = ReturnType<typeof random>

describe('batches and the naive model', () => {
  it.each([1, 2, 3])('agree on every answer and every state (seed %i)', async (seed) => {
    const dice = random(seed)
    const spaces = await Promise.all([0, 1].map((i) => makeSpace(`${seed}x${i}`)))
    const model = new Model()
    for (let i = 0; i < REQUESTS; i++) {
      const step = nextStep(dice, model, spaces)
      const note = `seed ${seed}, request ${i}: ${step.title}`
      const got = await step.send()
      const wanted = step.expect(model)
      const known = await sync(model, spaces, note)
      expect(got, note).toEqual(wanted.map((outcome) => ('id' in outcome ? named(outcome, known) : outcome)))
    }
  })
})

async function makeSpace(sceneId: string): Promise<string> {
  const option = { scene: 'model', sceneId }
  return (await session.call<{ space: { id: string } }>('addSpace', [], { option })).space.id
}

function named(outcome: { async: boolean; id: string }, known: ReadonlyMap<string, string>): Outcome {
  return { ...outcome, id: known.get(outcome.id) ?? outcome.id }
}

/** Compares all that is stored with the model, and tells the model the ids of what it made; returns old id → new. */
async function sync(model: Model, spaces: readonly string[], note: string): Promise<Map<string, string>> {
  const picture = (await pictureOf(session.engine, session.admin)) as {
    trees: NodeView[][]
    trash: { node: { id: number } }[]
  }
  const stored = picture.trees.flat().filter(({ drive }) => spaces.includes(String(drive.id)))
  const ids = new Map(stored.map((view) => [`${view.drive.id}:/${view.path.join('/')}`, String(view.node.id)]))
  const shown = stored.map(({ node, drive, path }) =>
    [`${drive.id}:/${path.join('/')}`, node.kind.toUpperCase(), node.content?.digest ?? '', node.version].join(' '),
  )
  const place = (entry: Entry) => `${entry.space}:${model.path(entry)}`
  const wanted = [...model.alive.values()].map((entry) =>
    [place(entry), entry.kind, entry.content, entry.version].join(' '),
  )
  expect(shown.sort(), note).toEqual(wanted.sort())
  const known = new Map([...model.alive.values()].map((entry) => [entry.id, ids.get(place(entry)) ?? '']))
  const entries = [...model.alive.values()]
  model.alive = new Map()
  for (const entry of entries)
    model.add({ ...entry, id: known.get(entry.id)!, parent: known.get(entry.parent) ?? entry.parent })
  return known
}

interface Step {
  readonly title: string
  send(): Promise<Outcome[]>
  expect(model: Model): Outcome[]
}

function nextStep(dice: Random, model: Model, spaces: readonly string[]): Step {
  const roll = dice.below(10)
  if (roll < 2 || model.alive.size < 4) return adding(dice, model, spaces)
  if (roll < 5) return relocating('Move', dice, model, spaces)
  if (roll < 7 && model.alive.size < 60) return relocating('Copy', dice, model, spaces)
  if (roll < 8) return removing(dice, model, spaces)
  return roll < 9 ? restoring(dice, model, spaces) : renaming(dice, model, spaces)
}

function folderIn(dice: Random, model: Model, space: string): string {
  const folders = [...model.alive.values()].filter((entry) => entry.space === space && entry.kind === 'FOLDER')
  return dice.pick(['0', ...folders.map(({ id }) => id)])
}

/** Some ids of a space, with repetitions, strangers and nested ones among them. */
function idsIn(dice: Random, model: Model): string[] {
  const all = [...model.alive.keys(), '999999999999']
  return Array.from({ length: 1 + dice.below(4) }, () => dice.pick(all))
}

function adding(dice: Random, model: Model, spaces: readonly string[]): Step {
  const space = dice.pick(spaces)
  const parent = folderIn(dice, model, space)
  const name = dice.pick(NAMES)
  const isFile = dice.below(2) === 0
  const bytes = Buffer.from(`bytes ${dice.below(1000)}`)
  let id = ''
  return {
    title: `add ${name} to ${space}/${parent}`,
    async send() {
      if (model.child(space, parent, name)) return []
      id = (isFile ? await session.file(space, parent, name, bytes) : await session.folder(space, parent, name)).id
      return []
    },
    expect() {
      const content = isFile ? sha256(bytes) : ''
      const kind = isFile ? 'FILE' : 'FOLDER'
      if (id) model.add({ id, space, parent, name, kind, content, version: isFile ? 1 : 0 })
      return []
    },
  }
}

function relocating(verb: 'Move' | 'Copy', dice: Random, model: Model, spaces: readonly string[]): Step {
  const [space, toSpace] = [dice.pick(spaces), dice.pick(spaces)]
  const to = folderIn(dice, model, toSpace)
  const dentryIds = idsIn(dice, model)
  const conflictStrategy = dice.pick(STRATEGIES)
  return {
    title: `${verb} ${dentryIds} of ${space} to ${toSpace}/${to} ${conflictStrategy}`,
    async send() {
      const body = { dentryIds, targetSpaceId: toSpace, targetFolderId: to, option: { conflictStrategy } }
      return (await post(`spaces/${space}/dentries/batch${verb}`, body)).map(outcomeOf)
    },
    expect: (naive) =>
      dentryIds.map((id) =>
        verb === 'Move'
          ? naive.move(space, id, toSpace, to, conflictStrategy)
          : naive.copy(space, id, toSpace, to, conflictStrategy),
      ),
  }
}

function removing(dice: Random, model: Model, spaces: readonly string[]): Step {
  const space = dice.pick(spaces)
  const dentryIds = idsIn(dice, model).slice(0, 2)
  const toRecycleBin = dice.below(3) > 0
  return {
    title: `remove ${dentryIds} of ${space}, to the bin: ${toRecycleBin}`,
    async send() {
      const items = await post(`spaces/${space}/dentries/batchRemove`, { dentryIds, option: { toRecycleBin } })
      return items.map((item) => outcomeOf({ ...item, targetDentryId: item.dentryId }))
    },
    expect: (naive) => dentryIds.map((id) => naive.remove(space, id, toRecycleBin)),
  }
}

function restoring(dice: Random, model: Model, spaces: readonly string[]): Step {
  const space = dice.pick(spaces)
  const tops = [...model.bin.values()].flatMap(([top]) => (top?.space === space ? [top.id] : []))
  const id = tops.length > 0 ? dice.pick(tops) : ''
  const conflictStrategy = dice.pick(STRATEGIES)
  return {
    title: `restore ${id} in ${space} ${conflictStrategy}`,
    async send() {
      if (id === '') return []
      const drive = Number(space) as DriveId
      const page = await session.engine.trashPage(session.admin, { drives: [drive], after: null, limit: 1000 })
      expect(page.items.map(({ node }) => String(node.id)).sort()).toEqual([...tops].sort())
      const item = page.items.find(({ node }) => String(node.id) === id)
      const body = { recycleItemIds: [`${space}-${item?.entry.id}`], option: { conflictStrategy } }
      const items = await post(`recycleBins/space-${space}/recycleItems/batchRestore`, body)
      return items.map((one) => outcomeOf({ ...one, ...('errorCode' in one ? {} : { targetDentryId: one.dentryId }) }))
    },
    expect: (naive) => (id === '' ? [] : [naive.restore(id, conflictStrategy)]),
  }
}

function renaming(dice: Random, model: Model, spaces: readonly string[]): Step {
  const space = dice.pick(spaces)
  const [id = ''] = idsIn(dice, model)
  const newName = dice.pick(NAMES)
  return {
    title: `rename ${id} of ${space} to ${newName}`,
    async send() {
      const path = `/v1.0/storage/spaces/${space}/dentries/${id}/rename?unionId=admin`
      const { status, body } = await session.raw('POST', path, { body: { newName } })
      return [status === 200 ? { async: false, id } : { error: String(body.code) }]
    },
    expect: (naive) => [naive.rename(space, id, newName)],
  }
}

async function post(path: string, body: object): Promise<ResultItem[]> {
  const answer = await session.raw('POST', `/v1.0/storage/${path}?unionId=admin`, { body })
  expect(answer.status, JSON.stringify(answer.body)).toBe(200)
  return answer.body.resultItems as ResultItem[]
}

function outcomeOf(item: ResultItem): Outcome {
  if (item.errorCode !== undefined) return { error: item.errorCode }
  expect(item).toHaveProperty(item.async ? 'taskId' : 'success')
  return { async: item.async, id: item.targetDentryId ?? '' }
}
