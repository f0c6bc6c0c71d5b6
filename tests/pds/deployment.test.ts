/** Failures that depend on how the server is set up and how much there is already, not on one request. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DEPTH_MAX, type DriveId, onConflict, type TenantId } from '../../src/engine/index.ts'
import { addApps } from '../../src/engine/people.ts'
import { type Answer, tokenCall } from './client.ts'
import { startWorld, type World } from './world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.server.stop())

const code = (answer: Answer) => [answer.status, answer.body.code]
const tenant = 'demo' as TenantId

test('a domain without room, and an application without room, say which of them it is', async () => {
  const { server, alice } = world
  const file = { parent_file_id: 'root', name: 'x', type: 'file', size: 10 }
  await server.engine.setQuotas(tenant, [{ kind: 'tenant', key: '', quota: 5 }])
  expect(code(await alice.call('/file/create', file))).toEqual([403, 'QuotaExhausted.Domain'])
  await server.engine.setQuotas(tenant, [{ kind: 'tenant', key: '', quota: null }])
  const actor = (await server.auth.actor({ tenant, dialect: 'pds', app: 'demo-pds', user: 'admin' }))!
  const [drive] = await server.engine.createDrives(actor, [{ name: 'of an app', owner: 'user:alice', app: 'demo-pds' }])
  await server.engine.setQuotas(tenant, [{ kind: 'app', key: 'demo-pds', quota: 5 }])
  expect(code(await alice.call('/file/create', { ...file, drive_id: String(drive!.id) }))).toEqual([
    403,
    'QuotaExhausted.App',
  ])
})

test('a server that cannot keep up says so with the status that clients wait on', async () => {
  const slow = await startWorld({ engine: { waitMsMax: -1 } })
  try {
    const answer = await slow.alice.call('/file/create', { parent_file_id: 'root', name: 'x', type: 'folder' })
    expect(code(answer)).toEqual([504, 'D504TO'])
    expect([answer.headers.get('x-ca-error-code'), answer.headers.get('x-ca-error-message')]).toEqual([
      'D504TO',
      'timeout',
    ])
  } finally {
    await slow.server.stop()
  }
})

test('a code is changed for tokens only with the application’s secret, where it has one', async () => {
  const { auth } = world.server
  await world.store.write((tx) =>
    addApps(tx, { tenant, at: Date.now() }, [
      { dialect: 'pds', id: 'demo-web', secret: auth.seal('s3cret'), extra: { 'pds.kind': 'jwt' } },
    ]),
  )
  const exchange = async (client_secret: string) => {
    const spec = { dialect: 'pds', purpose: 'code', tenant, app: 'demo-web', user: 'alice', scopes: [] } as const
    const redirect_uri = 'http://localhost/'
    const issued = await auth.issue({ ...spec, data: { redirectUri: redirect_uri }, ttlMs: 60_000 })
    const fields = { grant_type: 'code', client_id: 'demo-web', code: issued.text, redirect_uri, client_secret }
    return tokenCall(world.url, fields)
  }
  expect(code(await exchange('guess'))).toEqual([400, 'InvalidParameter.ClientSecret'])
  expect((await exchange('s3cret')).body.user_id).toBe('alice')
})

test('nothing lies deeper than the limit', async () => {
  const { server, alice } = world
  const actor = (await server.auth.actor({ tenant, dialect: 'pds', app: '', user: 'alice' }))!
  const drive = Number(alice.drive) as DriveId
  const path = Array.from({ length: DEPTH_MAX - 1 }, (_, i) => `level ${i + 1}`)
  const naming = { pattern: 'time', charactersMax: 0, forbidden: null, trim: false } as const
  const [made] = await server.engine.batch(actor, [
    {
      kind: 'createFolder',
      parent: { drive, path },
      makeParents: true,
      name: 'deepest',
      conflict: onConflict('fail'),
      naming,
    },
  ])
  if (made?.status !== 'done') throw new Error(`no folder: ${JSON.stringify(made)}`)
  const parent_file_id = server.engine.ids.fileId(made.view!.node)
  const deeper = { parent_file_id, name: 'deeper', type: 'folder' }
  expect(code(await alice.call('/file/create', deeper))).toEqual([400, 'InvalidParameterOutOfRange.ParentFileId'])
})

test('fifty revisions of a file are kept for ever, and no more', async () => {
  const { alice } = world
  const kept: string[] = []
  let file: { file_id?: string } = {}
  for (let i = 0; i <= 50; i++) {
    const bytes = `revision ${i}`
    const content_hash = createHash('sha1').update(bytes).digest('hex')
    const { file_id, revision_id } = await alice.upload('kept', bytes, { ...file, content_hash })
    file = { file_id }
    kept.push(revision_id)
  }
  const update = (revision_id: string) =>
    alice.call('/file/revision/update', { ...file, revision_id, keep_forever: true })
  for (const revision of kept.slice(0, 50)) expect((await update(revision)).status).toBe(200)
  expect(code(await update(kept[50]!))).toEqual([400, 'InvalidParameterOutOfRange.KeepForever'])
})
