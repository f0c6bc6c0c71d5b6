/** Whatever stands in whichever place of a request, the answer is one of the vendor’s, and a refused request changes nothing. */
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { explore } from '../random/explore.ts'
import type { TestServer } from '../server.ts'
import type { Reply } from '../smh/session.ts'
import { isPostgres } from '../store.ts'
import { DIALECTS } from './dialects.ts'
import { DEMO, type Estate, idsOf, makeEstate, startParties } from './estate.ts'
import { ODD, oddAt, type Site, sendable, sitesOf } from './odd.ts'
import { type Ask, type Caller, type Routes, samplesOf } from './routes.ts'
import { filled, requestOf, type Sample } from './sample.ts'
import { asking } from './send.ts'

/** How many odd things each place is tried with; which, goes round. */
const ODDS_PER_SITE = 1
/** Requests of a random history, and such histories with each dialect. */
const REQUESTS = 30
const HISTORIES = 2

let server: TestServer
let ask: Ask
beforeAll(async () => {
  server = await startParties()
  ask = asking(server.url)
})
afterAll(() => server.stop())

let tried = 0
let seen = 0

/** Numbers that stand for a route, a place in its request, and something odd to be there. */
const histories = fc.record({
  steps: fc.array(
    fc.record({ do: fc.constant('ask'), route: fc.nat(9_999), site: fc.nat(9_999), odd: fc.nat(9_999) }),
    {
      minLength: REQUESTS,
      maxLength: REQUESTS,
      size: 'max',
    },
  ),
})

async function trialWith(routes: Routes): Promise<(route: string, sample: Sample) => Trial> {
  const estate = await makeEstate(server, DEMO, routes.dialect.name as 'pds')
  const owner = await routes.owner(server, DEMO)
  const ids = await idsOf({ server, ask }, routes, owner, estate)
  return (route, sample) => ({ routes, route, estate, owner, parts: filled(sample, () => ids) })
}

describe.each(DIALECTS)('$dialect.name', (routes) => {
  const samples = samplesOf(routes)
  /** Makes trials on an estate that is as it was made: whatever was asked there was refused, or asked for nothing to change. */
  let untouched: Awaited<ReturnType<typeof trialWith>> | undefined

  test.each(samples)('$route', async ({ route, sample }) => {
    // What is odd is found out by the dialect: on the slower store a third of the places is enough.
    const sites = sitesOf(sample).filter(() => !isPostgres() || seen++ % 3 === 0)
    if (sites.length === 0) return
    const trialOf = untouched ?? (await trialWith(routes))
    untouched = undefined
    const trial = trialOf(route, sample)
    let isTouched = false
    for (const site of sites) {
      for (let odds = 0; odds < ODDS_PER_SITE; odds++) {
        const isTaken = (await tryOdd(trial, site, tried++)) < 400
        isTouched ||= isTaken && !route.startsWith('GET ') && !route.startsWith('HEAD ')
      }
    }
    if (!isTouched) untouched = trialOf
  })

  test('anything anywhere, one request after the other', { timeout: 3_600_000 }, async () => {
    await explore({
      name: `${routes.dialect.name} bad input`,
      histories,
      runs: HISTORIES,
      async play({ steps }) {
        const trialOf = await trialWith(routes)
        for (const { route: pick, site, odd } of steps) {
          const { route, sample } = samples[pick % samples.length]!
          const trial = trialOf(route, sample)
          const sites = sitesOf(trial.parts)
          if (sites.length > 0) await tryOdd(trial, sites[site % sites.length]!, odd)
        }
      },
    })
  })
})

interface Trial {
  readonly routes: Routes
  readonly route: string
  readonly estate: Estate
  readonly owner: Caller
  readonly parts: Pick<Sample, 'at' | 'query' | 'body'>
}

/** @returns the status of the answer */
async function tryOdd({ routes, route, estate, owner, parts }: Trial, site: Site, number: number): Promise<number> {
  const odd = sendable(oddAt(parts, site, ODD[number % ODD.length]!))
  const { method, target, body } = requestOf(route, odd)
  const before = await stateOf(estate)
  const reply = await ask(owner, method, target, body === undefined ? {} : { body: JSON.stringify(body) })
  const about = `${route} ${site.join('.')}: ${JSON.stringify(odd).slice(0, 300)}\n${reply.text.slice(0, 300)}`
  expect(reply.status, about).toBeLessThan(500)
  if (reply.status < 400) return reply.status
  expectFault(routes, method, reply, about)
  expect(await stateOf(estate), about).toEqual(before)
  return reply.status
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
