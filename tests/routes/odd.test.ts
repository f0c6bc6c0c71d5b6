/** Whatever stands in whichever place of a request, the answer is one of the vendor’s, and a refused request changes nothing. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestServer } from '../server.ts'
import type { Reply } from '../smh/session.ts'
import { DIALECTS } from './dialects.ts'
import { DEMO, type Estate, idsOf, makeEstate, startParties } from './estate.ts'
import { ODD, oddAt, type Site, sendable, sitesOf } from './odd.ts'
import { type Ask, type Caller, type Routes, samplesOf } from './routes.ts'
import { filled, requestOf, type Sample } from './sample.ts'
import { asking } from './send.ts'

/** How many odd things each place is tried with; which, goes round. */
const ODDS_PER_SITE = 2

let server: TestServer
let ask: Ask
beforeAll(async () => {
  server = await startParties()
  ask = asking(server.url)
})
afterAll(() => server.stop())

let tried = 0

describe.each(DIALECTS)('$dialect.name', (routes) => {
  test.each(samplesOf(routes))('$route', async ({ route, sample }) => {
    const estate = await makeEstate(server, DEMO, routes.dialect.name as 'pds')
    const owner = await routes.owner(server, DEMO)
    const ids = await idsOf({ server, ask }, routes, owner, estate)
    const parts = filled(sample, () => ids)
    for (const site of sitesOf(parts)) {
      for (let odds = 0; odds < ODDS_PER_SITE; odds++)
        await tryOdd({ routes, route, estate, owner, parts }, site, tried++)
    }
  })
})

interface Trial {
  readonly routes: Routes
  readonly route: string
  readonly estate: Estate
  readonly owner: Caller
  readonly parts: Pick<Sample, 'at' | 'query' | 'body'>
}

async function tryOdd({ routes, route, estate, owner, parts }: Trial, site: Site, number: number) {
  const odd = sendable(oddAt(parts, site, ODD[number % ODD.length]!))
  const { method, target, body } = requestOf(route, odd)
  const before = await stateOf(estate)
  const reply = await ask(owner, method, target, body === undefined ? {} : { body: JSON.stringify(body) })
  const about = `${route} ${site.join('.')}: ${JSON.stringify(odd).slice(0, 300)}\n${reply.text.slice(0, 300)}`
  expect(reply.status, about).toBeLessThan(500)
  if (reply.status < 400) return
  expectFault(routes, method, reply, about)
  expect(await stateOf(estate), about).toEqual(before)
}

/** Every dialect says in JSON what is wrong. */
function expectFault({ dialect }: Routes, method: string, { body }: Reply, about: string) {
  if (method === 'HEAD') return
  const code = dialect.name === 'wps' ? expect.any(Number) : expect.any(String)
  const words = dialect.name === 'wps' ? { msg: expect.any(String) } : { message: expect.any(String) }
  expect(body ?? { error: body?.error }, about).toMatchObject({ code, ...words })
}

async function stateOf({ drive, spare, party: { tenant } }: Estate) {
  while (await server.engine.work());
  return server.store.read(async (tx) => [
    await tx.drives([drive, spare]),
    await tx.drivesOf({ tenant, owners: null, after: spare, limit: 1_000 }),
    await tx.count('node'),
    await tx.count('grant'),
    await tx.count('mark'),
  ])
}
