/** Requests signed with an AccessKey pair, as the generated SDKs sign them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type SignOptions, signedCall } from './client.ts'
import { startWorld, type World } from './world.ts'

const KEY = { id: 'demo-ak', secret: 'demo-sk' }
const NOW = Date.UTC(2026, 10, 21, 12)
let world: World

beforeAll(async () => {
  world = await startWorld({ clock: () => NOW })
})
afterAll(() => world.server.stop())

describe.each(['v1', 'v4'] as const)('a request signed with %s', (version) => {
  const call = (path: string, body: object | null, more: Partial<SignOptions> = {}, key = KEY) =>
    signedCall(world.url, key, path, body, { version, now: NOW, ...more })

  test('is the super administrator, who may work in every drive', async () => {
    const listed = await call('/v2/drive/list', {})
    expect([listed.status, listed.body.items.map((drive: { owner: string }) => drive.owner)]).toEqual([
      200,
      ['admin', 'alice'],
    ])
    const made = await call('/v2/file/create', {
      drive_id: world.alice.drive,
      parent_file_id: 'root',
      name: `by ${version} 文件`,
      type: 'folder',
    })
    expect([made.status, made.body.file_name]).toEqual([201, `by ${version} 文件`])
  })

  test('needs a user_id where no user can be told from the key', async () => {
    const nobody = await call('/v2/drive/get_default_drive', {})
    expect([nobody.status, nobody.body.code]).toEqual([400, 'InvalidParameterMissing.UserId'])
    const alice = await call('/v2/drive/get_default_drive', { user_id: 'alice' })
    expect([alice.status, alice.body.drive_id]).toEqual([200, world.alice.drive])
  })

  test('covers the query of a GET', async () => {
    const { file_id } = await world.alice.upload(`download ${version}`, 'bytes')
    const path = `/v2/file/download?file_id=${file_id}&drive_id=${world.alice.drive}&file_name=a%20b`
    const answer = await call(path, null, { method: 'GET' })
    expect(answer.status).toBe(302)
    expect(await (await fetch(answer.headers.get('location')!)).text()).toBe('bytes')
  })

  test('is refused when the signature is off by one character, without a word about which', async () => {
    const before = await world.admin.picture()
    const body = { drive_id: world.admin.drive, parent_file_id: 'root', name: 'forged', type: 'folder' }
    const spoilt = (signature: string) => {
      const at = signature.length - 3
      return signature.slice(0, at) + (signature[at] === 'a' ? 'b' : 'a') + signature.slice(at + 1)
    }
    const longer = (signature: string) => `${signature}a`
    for (const tamper of [spoilt, longer]) {
      const answer = await call('/v2/file/create', body, { tamper })
      expect([answer.status, answer.body.code]).toEqual([401, 'AccessTokenInvalid'])
    }
    expect(await world.admin.picture()).toBe(before)
  })

  test('is refused with a wrong secret, an unknown key, or the id of an app that has none', async () => {
    for (const key of [
      { id: 'demo-ak', secret: 'demo-sK' },
      { id: 'nobody', secret: 'demo-sk' },
      { id: 'demo-pds', secret: '' },
    ]) {
      const answer = await call('/v2/drive/list', {}, {}, key)
      expect([answer.status, answer.body.code]).toEqual([401, 'AccessTokenInvalid'])
    }
  })

  test('is refused with 403 when its date is more than 15 minutes off, to either side', async () => {
    const statuses = await Promise.all(
      [-15 * 60_000 - 1000, -15 * 60_000, 15 * 60_000, 15 * 60_000 + 1000].map(async (off) => {
        const answer = await call('/v2/drive/list', {}, { now: NOW + off })
        return [answer.status, answer.body.code]
      }),
    )
    expect(statuses).toEqual([
      [403, 'Forbidden'],
      [200, undefined],
      [200, undefined],
      [403, 'Forbidden'],
    ])
  })
})

test('v4 covers the body: another body under the same signature is refused', async () => {
  const body = { drive_id: world.admin.drive, parent_file_id: 'root', name: 'mine', type: 'folder' }
  const sentBody = JSON.stringify({ ...body, name: 'yours' })
  const answer = await signedCall(world.url, KEY, '/v2/file/create', body, { version: 'v4', now: NOW, sentBody })
  expect([answer.status, answer.body.code]).toEqual([401, 'AccessTokenInvalid'])
  expect(await world.admin.list()).toEqual([])
})

test('v4 takes any region, since the endpoint names it', async () => {
  const answer = await signedCall(world.url, KEY, '/v2/drive/list', {}, { version: 'v4', now: NOW, region: 'bj29' })
  expect(answer.status).toBe(200)
})

test('v4 has an SM3 twin', async () => {
  const answer = await signedCall(world.url, KEY, '/v2/drive/list', {}, { version: 'v4', now: NOW, hash: 'SM3' })
  expect(answer.status).toBe(200)
})

test('v4 takes the day as some releases of the gateway module write it, from the Date header', async () => {
  const day = new Date(NOW).toUTCString().slice(0, 10)
  const answer = await signedCall(world.url, KEY, '/v2/drive/list', {}, { version: 'v4', now: NOW, day })
  expect([day, answer.status]).toEqual(['Sat, 21 No', 200])
})

test('a skew of 0 switches the check of dates off', async () => {
  const lenient = await startWorld({ clock: () => NOW, settings: { pdsClockSkewMs: 0 } })
  try {
    const answer = await signedCall(lenient.url, KEY, '/v2/drive/list', {}, { version: 'v1', now: 0 })
    expect(answer.status).toBe(200)
  } finally {
    await lenient.server.stop()
  }
})
