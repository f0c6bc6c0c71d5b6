/** Under whatever rights: what one may do alone, one may do in a batch, and what is denied alone is denied there. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GRANTS } from '../../src/dialect/smh/grant.ts'
import { ACTIONS, ALL_ACTIONS } from '../../src/engine/index.ts'
import { at, grant } from '../engine/ops.ts'
import { done } from '../engine/world.ts'
import type { TestServer } from '../server.ts'
import { type Asked, DEMO, type Estate, idsOf, makeEstate, ownerOf, startParties } from './estate.ts'
import { type Call, PAIRS, type Pairs } from './pairs.ts'
import type { Caller } from './routes.ts'
import { filled, type Ids, requestOf } from './sample.ts'
import { asking } from './send.ts'
import { tokenOf } from './smh.ts'

let server: TestServer
let asked: Asked
beforeAll(async () => {
  server = await startParties()
  asked = { server, ask: asking(server.url) }
})
afterAll(() => server.stop())

/** What is for one's own files only adds nothing where it is permitted for all. */
const { previewOwn: _, downloadOwn: __, ...APART } = ACTIONS
/** What alice may do: nothing, all, looking, all but one thing. */
const RIGHTS: readonly (readonly [about: string, actions: number])[] = [
  ['no right', 0],
  ['every right', ALL_ACTIONS],
  ['the right to look', ACTIONS.list],
  ...Object.entries(APART).map(([name, action]) => [`every right but ${name}`, ALL_ACTIONS & ~action] as const),
]

/** An estate on whose drives alice has rights, and its ids. */
async function estateFor({ routes }: Pairs, actions: number): Promise<{ estate: Estate; ids: Ids }> {
  const dialect = routes.dialect.name as 'pds'
  const estate = await makeEstate(server, DEMO, dialect)
  const owner = ownerOf(DEMO, dialect)
  const grants = [estate.drive, estate.spare].map((drive) => grant(at(drive), 'user:alice', actions))
  await done(server, owner, grants)
  return { estate, ids: await idsOf(asked, routes, await routes.owner(server, DEMO), estate) }
}

/** A call, and what became of the work it leaves behind. */
async function answerTo({ routes }: Pairs, caller: Caller, { route, sample }: Call, ids: Ids) {
  const { method, target, body } = requestOf(
    route,
    filled(sample, () => ids),
  )
  const reply = await asked.ask(caller, method, target, body === undefined ? {} : { body })
  const task = routes.taskOf?.(reply)
  while (await server.engine.work());
  return task ? asked.ask(caller, 'GET', task) : reply
}

/** Goes through the pairs with two estates that stay alike: alone on the one, in batches on the other. */
async function compare(pairs: Pairs, caller: Caller, actions: number): Promise<number> {
  const [one, other] = [await estateFor(pairs, actions), await estateFor(pairs, actions)]
  let denied = 0
  for (const { alone, among } of pairs.pairs) {
    const single = pairs.alone(await answerTo(pairs, caller, alone, one.ids))
    const batch = pairs.among(await answerTo(pairs, caller, among, other.ids))
    expect(batch, JSON.stringify(alone)).toBe(single)
    if (single !== 'done') denied++
  }
  return denied
}

describe.each(PAIRS)('$routes.dialect.name', (pairs) => {
  const looking = ([, actions]: (typeof RIGHTS)[number]) => actions === 0 || (actions & ACTIONS.list) !== 0
  test.each(pairs.refusedBlind ? RIGHTS.filter(looking) : RIGHTS)('with %s', async (_, actions) => {
    const { routes } = pairs
    const caller =
      routes.dialect.name === 'smh'
        ? await tokenOf(server, DEMO, { grant: 'acl', user_id: 'alice' })
        : await routes.stranger(server, DEMO)
    const denied = await compare(pairs, caller, actions)
    if (actions === 0) expect(denied).toBe(pairs.pairs.length)
  })
})

describe('smh', () => {
  const smh = PAIRS.find(({ routes }) => routes.dialect.name === 'smh')!
  test.each(GRANTS.filter((name) => name !== 'acl'))('with a token for %s', async (name) => {
    const caller = await tokenOf(server, DEMO, { grant: name, user_id: 'alice', space_tag: '' })
    await compare(smh, caller, 0)
  })
})
