/** Every call with every permission by itself: what the vendor's pages let through succeeds, and nothing else does. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OPERATIONS } from '../../src/dialect/smh/index.ts'
import type { DriveId } from '../../src/engine/index.ts'
import { ALL, type Made, ROWS, type Row } from './permission-rows.ts'
import { adminActor, LIBRARY, open, type Reply, type Session, send } from './session.ts'
import { World } from './world.ts'

let smh: Session
let world: World
/** A token for each permission, for both spaces. */
let tokens: ReadonlyMap<string, string>

beforeAll(async () => {
  smh = await open()
  const made = () => smh.call('POST', `/api/v1/space/${LIBRARY}`)
  const [one, two] = [await made(), await made()]
  world = new World(smh, one.body.spaceId, two.body.spaceId)
  await world.begin()
  tokens = await mint(`${world.space},${world.other}`)
})
afterAll(() => smh.stop())

async function mint(spaces: string): Promise<ReadonlyMap<string, string>> {
  return new Map(
    await Promise.all(ALL.map(async (grant) => [grant, await smh.mint(grant, { space_id: spaces })] as const)),
  )
}

/** What became of a call: '' when all of it was done. Of the items of a batch the first that was not. */
function outcome({ status, body }: Reply): string {
  const items: { status: number; code?: string }[] = Array.isArray(body?.result) ? body.result : []
  const failed = items.find((item) => item.status >= 400)
  // An answer to HEAD has no body.
  return status >= 400 ? (body?.code ?? (status === 403 ? 'NoPermission' : String(status))) : (failed?.code ?? '')
}

async function attempt({ call }: Row, { target, body }: Made, token: string): Promise<string> {
  const path = `/api/v1/${target}${target.includes('?') ? '&' : '?'}access_token=${token}`
  const [method] = call.split(' ')
  return outcome(await send(smh.url, method!, path, { ...(body === undefined ? {} : { body }) }))
}

/** Grows with everything that happens to the entries of the spaces. */
async function changes(): Promise<number[]> {
  const ids = [world.space, world.other].map((id) => Number(id) as DriveId)
  const drives = await smh.engine.drives(adminActor(smh.demo.tenant), ids)
  return drives.flatMap((drive) => [drive!.seq, drive!.trashSeq])
}

describe('a call', () => {
  it.each(ROWS.map((row) => [row.call, row.about, row] as const))(
    '%s, %s, asks for its permissions',
    async (...[, , row]) => {
      const { permitted, except = {}, make } = row
      const expected = (grant: string) => except[grant] ?? (permitted.includes(grant) ? '' : 'NoPermission')
      const made = await make(world)
      const own = made.space ? await mint(made.space) : tokens
      const before = await changes()
      const refused = ALL.filter((grant) => expected(grant) !== '')
      const found = await Promise.all(refused.map(async (grant) => [grant, await attempt(row, made, own.get(grant)!)]))
      expect(found).toEqual(refused.map((grant) => [grant, expected(grant)]))
      expect(await changes()).toEqual(before)

      const tried = ALL.filter((grant) => expected(grant) === '').map(async (grant) => {
        // What only reads succeeds again and again.
        if (/^(GET|HEAD) /.test(row.call)) return [grant, await attempt(row, made, own.get(grant)!)]
        const fresh = await make(world)
        const token = fresh.space ? await smh.mint(grant, { space_id: fresh.space }) : tokens.get(grant)!
        return [grant, await attempt(row, fresh, token)]
      })
      expect((await Promise.all(tried)).filter(([, code]) => code !== '')).toEqual([])
    },
  )

  it('is here in each of its forms', () => {
    const here = new Set(ROWS.map(({ call }) => call))
    const missing = OPERATIONS.filter(({ coverage }) => !coverage.startsWith('not planned'))
      .map(({ method, path, flag }) => `${method} ${path}${flag ? `?${flag}` : ''}`)
      // Tokens are asked for with the secret, visitors of shares have tokens of their own, and the version is nobody's.
      .filter((call) => !/ token|share\/(url-detail|verify|file)| version$/.test(call))
      .filter((call) => !here.has(call))
    expect(missing).toEqual([])
  })
})
