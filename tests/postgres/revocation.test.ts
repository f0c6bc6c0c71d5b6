/** What one server takes back, another does not accept a moment longer, whatever it remembers. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ACTIONS } from '../../src/engine/index.ts'
import { at, createFolder, grant } from '../engine/ops.ts'
import { actorOf, done } from '../engine/world.ts'
import { startServer, type TestServer } from '../server.ts'

let dataDir: string
let here: TestServer
let there: TestServer
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'batchdrive-revocation-'))
  here = await startServer({ dataDir })
  there = await startServer({ dataDir })
})
afterEach(async () => {
  await Promise.all([here.stop(), there.stop()])
  await here.rows.drop()
  await rm(dataDir, { recursive: true })
})

const admin = () => actorOf('user:admin', { tenant: here.demo.tenant, admin: true })

async function tokenOf(user: string) {
  const { text, token } = await here.auth.issue({
    ...{ dialect: 'pds', purpose: 'access', tenant: here.demo.tenant, app: 'demo-pds' },
    ...{ user, scopes: [], ttlMs: 3600_000 },
  })
  const call = async (path: string, body: object) => {
    const response = await fetch(`${there.url}/v2${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${text}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return { status: response.status, body: (await response.json()) as { items?: unknown[] } }
  }
  const drive_id = String(here.demo.drives.alice)
  return {
    id: token.id,
    make: (name: string) => call('/file/create', { drive_id, parent_file_id: 'root', type: 'folder', name }),
    list: () => call('/file/list', { drive_id, parent_file_id: 'root' }),
    users: () => call('/user/list', {}),
  }
}

const namesMade = async () =>
  (await here.rows.rows<{ name: string }>("select name from node where name like 'made %' order by name")).map(
    ({ name }) => name,
  )

test('a token that one server takes back is refused by the other at once', async () => {
  const alice = await tokenOf('alice')
  expect((await alice.make('made before')).status).toBe(201)
  expect((await alice.list()).status).toBe(200)
  await here.auth.revoke([alice.id])
  const answers = [await alice.make('made after'), await alice.list(), await alice.make('made again')]
  expect(answers.every(({ status }) => status >= 400)).toBe(true)
  expect(answers.at(-1)!.status).toBe(401)
  expect(await namesMade()).toEqual(['made before'])
})

test('who is disabled by one server reads and writes nothing at the other', async () => {
  const alice = await tokenOf('alice')
  expect((await alice.list()).status).toBe(200)
  await here.engine.updateUsers(admin(), [{ id: 'alice', set: { status: 'disabled' } }])
  expect((await alice.list()).status).toBeGreaterThanOrEqual(400)
  expect((await alice.make('made after')).status).toBe(401)
  expect(await namesMade()).toEqual([])
})

test('a list of what is not in a drive is refused as well', async () => {
  const alice = await tokenOf('alice')
  expect((await alice.list()).status).toBe(200)
  await here.engine.deleteUsers(admin(), ['alice'])
  const { status, body } = await alice.users()
  expect(status >= 400 || body.items?.length === 0).toBe(true)
})

test('who joins a group by one server, and leaves it, has its rights at the other just as long', async () => {
  await here.engine.createUsers(admin(), [{ id: 'eve' }])
  await here.engine.createGroups(admin(), [{ id: 'team', name: 'team' }])
  const drive = here.demo.drives.alice
  await done(here, admin(), [createFolder(at(drive), 'shared')])
  await done(here, admin(), [grant(at(drive), 'group:team', ACTIONS.list)])
  const eve = await tokenOf('eve')
  expect((await eve.list()).status).toBe(403)
  await here.engine.putMembers(admin(), [{ group: 'team', member: 'user:eve' }])
  expect((await eve.list()).status).toBe(200)
  await here.engine.removeMembers(admin(), [{ group: 'team', member: 'user:eve' }])
  expect((await eve.list()).status).toBe(403)
})
