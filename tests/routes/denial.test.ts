/** For every route of every dialect: who has no right to a thing is refused, and refused things stay as they are. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestServer } from '../server.ts'
import { DIALECTS } from './dialects.ts'
import { DEMO, type Estate, idsOf, makeEstate, startParties } from './estate.ts'
import { type Ask, samplesOf } from './routes.ts'
import { filled, type Ids, requestOf } from './sample.ts'
import { asking } from './send.ts'

let server: TestServer
let ask: Ask
beforeAll(async () => {
  server = await startParties()
  ask = asking(server.url)
})
afterAll(() => server.stop())

describe.each(DIALECTS)('$dialect.name', (routes) => {
  let estate: Estate
  let ids: Ids
  beforeAll(async () => {
    estate = await makeEstate(server, DEMO, routes.dialect.name as 'pds')
    ids = await idsOf({ server, ask }, routes, await routes.owner(server, DEMO), estate)
  })

  const refusable = samplesOf(routes).filter(({ sample }) => sample.refused === undefined)

  test.each(refusable)('$route', async ({ route, sample }) => {
    const before = await everything(estate)
    const stranger = await routes.stranger(server, DEMO)
    const { method, target, body } = requestOf(
      route,
      filled(sample, () => ids),
    )
    const answer = await ask(stranger, method, target, body === undefined ? {} : { body })
    expect(routes.isRefused(answer), answer.text).toBe(sample.open === undefined)
    expect(answer.status).toBeLessThan(500)
    expect(await everything(estate)).toEqual(before)
  })
})

describe('a child of a PDS batch', () => {
  const [pds] = DIALECTS.filter(({ dialect }) => dialect.name === 'pds')
  const children = samplesOf(pds!).filter(({ route }) =>
    /^POST \/v2\/(?!oauth|batch|account\/(token|revoke))/.test(route),
  )

  test('is denied what is denied alone, in the same words', async () => {
    const estate = await makeEstate(server, DEMO, 'pds')
    const ids = await idsOf({ server, ask }, pds!, await pds!.owner(server, DEMO), estate)
    const before = await everything(estate)
    const stranger = await pds!.stranger(server, DEMO)
    const denied = children.filter(({ sample }) => sample.open === undefined)
    expect(denied.length).toBeGreaterThan(60)
    for (const { route, sample } of denied) {
      const { target, body } = requestOf(
        route,
        filled(sample, () => ids),
      )
      const alone = await ask(stranger, 'POST', target, { body })
      const requests = ['1', '2'].map((id) => ({ id, method: 'POST', url: target.slice('/v2'.length), body }))
      const { responses } = (await ask(stranger, 'POST', '/v2/batch', { body: { resource: 'file', requests } })).body
      const expected = requests.map(({ id }) => ({ id, status: alone.status, body: alone.body }))
      expect([route, responses]).toEqual([route, expected])
    }
    expect(await everything(estate)).toEqual(before)
  })
})

/** How an estate stands: its drives, and who and what there is of the tenant, but for what is the stranger's own. */
async function everything({ drive, spare, party: { tenant } }: Estate) {
  while (await server.engine.work());
  return server.store.read(async (tx) => ({
    drives: await tx.drives([drive, spare]),
    // When somebody signed in is told by the token, not by what was asked with it.
    users: (await tx.userPage({ tenant, filter: {}, after: '', limit: 1_000 })).map((user) => ({
      ...user,
      signedInAt: 0,
      renewedAt: 0,
    })),
    groups: await tx.groupPage({ tenant, filter: {}, after: '', limit: 1_000 }),
    // How often a link was opened is not its maker’s doing.
    links: (await tx.linksOf({ tenant, makers: ['user:admin'], after: '', limit: 1_000 })).map((link) => ({
      ...link,
      counts: null,
    })),
  }))
}
