/** For every route of every dialect, and every place of it where an id can stand: another tenant’s is like none. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestServer } from '../server.ts'
import { DIALECTS } from './dialects.ts'
import { DEMO, idsOf, idsOfNothing, makeEstate, RIVAL, startParties } from './estate.ts'
import { type Ask, type Caller, samplesOf } from './routes.ts'
import { filled, type Ids, placesOf, requestOf, type Sample } from './sample.ts'
import { asking, told } from './send.ts'

let server: TestServer
let ask: Ask
beforeAll(async () => {
  server = await startParties()
  ask = asking(server.url)
})
afterAll(() => server.stop())

/** Each place alone, then all of them. */
function casesOf(sample: Sample): { about: string; isOther: (place: number) => boolean }[] {
  const places = placesOf(sample)
  const each = places.map((word, at) => ({ about: `{${word}} at ${at}`, isOther: (place: number) => place === at }))
  return places.length > 1 ? [...each, { about: 'all', isOther: () => true }] : each
}

describe.each(DIALECTS)('$dialect.name', (routes) => {
  let theirs: Ids
  let nothing: Ids

  beforeAll(async () => {
    const estate = await makeEstate(server, DEMO, routes.dialect.name as 'pds')
    theirs = await idsOf({ server, ask }, routes, await routes.owner(server, DEMO), estate)
    nothing = idsOfNothing({ server, ask }, routes, estate, theirs)
  })

  test('has a sample for every route, and no other', async () => {
    expect(Object.keys(routes.samples).sort()).toEqual([...new Set(await routes.routes())].sort())
  })

  /** What became of what a task was made of. */
  async function outcome(owner: Caller, task: string | undefined): Promise<string> {
    if (task === undefined) return ''
    while (await server.engine.work());
    return (await ask(owner, 'GET', task)).text
  }

  test.each(samplesOf(routes))('$route', async ({ route, sample }) => {
    const estate = await makeEstate(server, RIVAL, routes.dialect.name as 'pds')
    // A credential of its own: some calls end it.
    const owner = await routes.owner(server, RIVAL)
    const own = await idsOf({ server, ask }, routes, owner, estate)
    const before = await everything()
    const reply = async (other: Ids, isOther: (place: number) => boolean) => {
      const { method, target, body } = requestOf(
        route,
        filled(sample, (place) => (isOther(place) ? other : own)),
      )
      const answer = await ask(owner, method, target, body === undefined ? {} : { body })
      const shown = told(answer, [own, theirs, nothing])
      if (!sample.fresh || routes.isRefused(answer)) return shown
      return shown.replaceAll(/\d+/g, '#') + (await outcome(owner, routes.taskOf?.(answer)))
    }
    for (const { about, isOther } of casesOf(sample)) {
      const word = /\{(\w+)\}/.exec(about)?.[1] ?? ''
      if (about === 'all' ? sample.told : sample.told?.[word]) continue
      expect(await reply(theirs, isOther), about).toBe(await reply(nothing, isOther))
    }
    expect(await everything()).toEqual(before)
    // What is its owner's all this works with: so the answers above were about the ids.
    const { method, target, body } = requestOf(
      route,
      filled(sample, () => own),
    )
    const answer = await ask(owner, method, target, body === undefined ? {} : { body })
    expect(routes.isRefused(answer), answer.text).toBe(sample.refused !== undefined)
  })
})

/** What the other tenant has: where each of its drives stands, and who there is. */
async function everything() {
  while (await server.engine.work());
  const { tenant } = DEMO
  return server.store.read(async (tx) => ({
    drives: await tx.drivesOf({ tenant, owners: null, after: 0, limit: 1_000 }),
    users: await tx.userPage({ tenant, filter: {}, after: '', limit: 1_000 }),
    groups: await tx.groupPage({ tenant, filter: {}, after: '', limit: 1_000 }),
    links: await tx.linksOf({ tenant, makers: null, after: '', limit: 1_000 }),
  }))
}
