/** Tokens that are for spaces of a tag only, whatever else they may do. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectFault, LIBRARY, open, type Reply, SECRET, type Session, send } from './session.ts'

let smh: Session
let team: string
let personal: string

beforeAll(async () => {
  smh = await open()
  team = await made({ spaceTag: 'team' })
  personal = await made({ spaceTag: 'personal' })
})
afterAll(() => smh.stop())

async function made(extension: object): Promise<string> {
  return (await smh.call('POST', `/api/v1/space/${LIBRARY}`, { body: extension })).body.spaceId
}

const retag = (space: string, spaceTag: string | null) =>
  smh.call('POST', `/api/v1/space/${LIBRARY}/${space}/extension`, { body: { spaceTag } })
const list = (space: string, token: string) =>
  send(smh.url, 'GET', `/api/v1/directory/${LIBRARY}/${space}?access_token=${token}`)
const outcome = ({ status, body }: Reply) => body?.code ?? status

describe('a token for a tag', () => {
  it('opens the spaces that have it, and no others', async () => {
    const untagged = await made({})
    for (const grants of ['', 'space_admin', 'admin']) {
      const token = await smh.mint(grants, { space_id: '', allow_space_tag: 'team' })
      const seen = await Promise.all([team, personal, untagged, smh.other].map((space) => list(space, token)))
      expect(seen.map(outcome), grants).toEqual([200, ...Array(3).fill('AccessTokenNotMatchSpace')])
    }
  })

  it('goes by what the tag is at the time of the call', async () => {
    const space = await made({})
    const token = await smh.mint('space_admin', { space_id: '', allow_space_tag: 'team' })
    expectFault(await list(space, token), 403, 'AccessTokenNotMatchSpace')
    await retag(space, 'team')
    expect((await list(space, token)).status).toBe(200)
    await retag(space, null)
    expectFault(await list(space, token), 403, 'AccessTokenNotMatchSpace')
  })

  it('opens of the spaces it names only those of the tag', async () => {
    const token = await smh.mint('', { space_id: `${team},${personal}`, allow_space_tag: 'personal' })
    expect((await Promise.all([team, personal].map((space) => list(space, token)))).map(outcome)).toEqual([
      'AccessTokenNotMatchSpace',
      200,
    ])
  })

  it('carries nothing between a space of the tag and another', async () => {
    const token = await smh.mint('admin', { space_id: '', allow_space_tag: 'team' })
    const second = await made({ spaceTag: 'team' })
    await Promise.all([smh.put('in.txt', 'x', personal), smh.put('in.txt', 'x', second)])
    const move = (fromSpaceId: string) =>
      send(smh.url, 'POST', `/api/v1/batch/${LIBRARY}/${team}?move&access_token=${token}`, {
        body: [{ fromSpaceId, from: 'in.txt', to: 'moved.txt' }],
      })
    expect((await move(personal)).body.result.map(({ code }: { code?: string }) => code)).toEqual([
      'AccessTokenNotMatchSpace',
    ])
    expect(await smh.tree(personal)).toEqual(['in.txt 1'])
    expect((await move(second)).status).toBe(200)
    expect(await smh.tree(team)).toEqual(['moved.txt 1'])
    await smh.mkdir('d', second)
    const copy = (copyFromSpaceId: string) =>
      send(smh.url, 'PUT', `/api/v1/cross-space/directory/${LIBRARY}/${team}/copy/d?access_token=${token}`, {
        body: { copyFrom: 'd', copyFromSpaceId },
      })
    expectFault(await copy(personal), 403, 'AccessTokenNotMatchSpace')
    expect((await copy(second)).status).toBe(204)
  })

  it('is told of spaces of the tag only', async () => {
    const token = await smh.mint('admin', { space_id: '', allow_space_tag: 'personal' })
    const spaces = (tail: string) => send(smh.url, 'GET', `/api/v1/space/${LIBRARY}${tail}access_token=${token}`)
    const ids = (reply: Reply) => (reply.body.list ?? reply.body).map(({ spaceId }: { spaceId: string }) => spaceId)
    expect(ids(await spaces('/list?'))).toEqual([personal])
    expect(ids(await spaces('/list?ordered=1&'))).toEqual([personal])
    expect(ids(await spaces('?'))).toEqual([personal])
    expect((await spaces('/count?')).body).toEqual({ total: 1 })
    expectFault(
      await send(smh.url, 'DELETE', `/api/v1/space/${LIBRARY}/${team}?force=1&access_token=${token}`),
      403,
      'AccessTokenNotMatchSpace',
    )
  })
})

describe('minting', () => {
  it('takes the id of a folder kept in step, and bounds both words', async () => {
    const mint = (query: string) =>
      send(smh.url, 'GET', `/api/v1/token?library_id=${LIBRARY}&library_secret=${SECRET}&grant=admin&${query}`)
    expect((await mint('local_sync_id=17')).status).toBe(200)
    expectFault(await mint(`local_sync_id=${'1'.repeat(256)}`), 400, 'ParamInvalid')
    expectFault(await mint(`allow_space_tag=${'t'.repeat(256)}`), 400, 'ParamInvalid')
  })
})
