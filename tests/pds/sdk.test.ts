/** What the vendor's JavaScript SDK does when a call is refused, and what it makes of the answers. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Answer } from './client.ts'
import { type Checkpoint, Sdk, SharedSdk } from './sdk.ts'
import { startWorld, type World } from './world.ts'

const never = async () => {
  throw new Error('no token was refused')
}

/** The vendor's client, and what it sent on the way. */
class Watched extends Sdk {
  readonly sent: [url: string, status: number][] = []

  override async call(...given: Parameters<Sdk['call']>) {
    const answer = await super.call(...given)
    this.sent.push([given[0], answer.status])
    return answer
  }
}

test('calls that come too many at once are throttled, made again, and all done in the end', async () => {
  const world = await startWorld({ engine: { batchesPerDriveMax: 1 } })
  try {
    const names = Array.from({ length: 12 }, (_, i) => `f${String(i).padStart(2, '0')}`)
    const body = (name: string) => ({ name, type: 'folder', parent_file_id: 'root' })
    const plain = await Promise.all(names.map((name) => world.alice.call('/file/create', body(`plain ${name}`))))
    expect(plain.filter(({ status }) => status === 429).map(({ body }) => body.code)).toContain('TooManyRequests')
    const client = new Watched(world.alice, never)
    await Promise.all(names.map((name) => client.call('/file/create', body(name))))
    expect(client.sent.map(([, status]) => status)).toEqual(names.map(() => 201))
    expect((await client.list()).filter((name) => !name.startsWith('plain'))).toEqual(names)
  } finally {
    await world.server.stop()
  }
})

describe('with one server', () => {
  let now = Date.UTC(2026, 10, 24)
  let world: World
  beforeAll(async () => {
    world = await startWorld({ clock: () => now })
  })
  afterAll(() => world.server.stop())

  /** Longer than an upload is kept that nobody completes. */
  const ELEVEN_DAYS_MS = 11 * 24 * 3600_000
  const KB = 1024
  const inParts = { chunk: 64 * KB }
  const alice = async () => new Watched(await world.clientOf('alice', world.alice.drive), never)
  const answered = (status: number, text: string): Answer => ({ status, headers: new Headers(), text, body: undefined })

  test('a visitor whose share token has run out asks for another and goes on', async () => {
    const { file_id } = await world.alice.upload('given.txt', 'given')
    const share = await world.alice.ok('/share_link/create', { file_id_list: [file_id], share_pwd: 'pw' }, 201)
    const visitor = new SharedSdk(world.url, share.share_id, 'pw')
    expect(await visitor.list()).toEqual(['given.txt'])
    now += 601_000
    expect(await visitor.list()).toEqual(['given.txt'])
    expect(visitor.renewals).toBe(2)
  })

  test('parts may come in any order where their hash has a state; where it has none the client sends one by one', async () => {
    const bytes = randomBytes(100 * KB)
    const client = await alice()
    const [free, ordered] = [await client.folder('free'), await client.folder('ordered')]
    client.sent.length = 0
    await client.send('free.bin', bytes, free, { ...inParts, parallel: true })
    expect(client.sent).toEqual([
      ['/file/create', 201],
      ['/file/complete', 200],
    ])
    client.sent.length = 0
    const { file_id } = await client.send('ordered.bin', bytes, ordered, {
      ...inParts,
      parallel: true,
      hashName: 'sm3',
    })
    expect(client.sent).toEqual([
      ['/file/create', 400],
      ['/file/create', 201],
      ['/file/complete', 200],
    ])
    expect((await client.fetch(file_id)).equals(bytes)).toBe(true)
  })

  test('an upload that is gone is done if its file is there; if not, the client is told, and begins anew', async () => {
    const bytes = randomBytes(100 * KB)
    const stopped = async (name: string): Promise<Checkpoint> => {
      const client = await alice()
      const thrown = await client.send(name, bytes, 'root', { ...inParts, stopAfter: 1 }).catch((error) => error)
      return JSON.parse(JSON.stringify(thrown.checkpoint))
    }
    const [never, done] = [await stopped('never.bin'), await stopped('done.bin')]
    expect(await (await alice()).resume(done, bytes)).toMatchObject({ state: 'success', parts: 1 })
    // Whoever did not hear of it asks again.
    expect(await (await alice()).resume(done, bytes)).toMatchObject({ state: 'success', parts: 0 })
    now += ELEVEN_DAYS_MS
    await world.alice.settle()
    const client = await alice()
    expect(await client.resume(done, bytes)).toMatchObject({ file_id: done.file_id, state: 'success', parts: 0 })
    expect(client.sent.slice(-2)).toEqual([
      ['/file/list_uploaded_parts', 404],
      ['/file/get', 200],
    ])
    await expect(client.resume(never, bytes)).rejects.toMatchObject({ code: 'NotFound.UploadId' })
    const anew = await client.send('never.bin', randomBytes(KB), 'root')
    expect(anew).toMatchObject({ state: 'success', parts: 1 })
    expect(anew.file_id).not.toBe(never.file_id)
  })

  test('of a part that came shorter than it was sent, the remainder goes with the next', async () => {
    const bytes = randomBytes(150 * KB)
    let puts = 0
    class Cut extends Watched {
      override async put(url: string, part: Uint8Array) {
        if (++puts !== 1) return super.put(url, part)
        await super.put(url, part.subarray(0, 10_000))
        return answered(409, '<Code>PartAlreadyExist</Code>')
      }
    }
    const client = new Cut(await alice(), never)
    const { file_id } = await client.send('cut.bin', bytes, 'root', inParts)
    expect(client.sent).toContainEqual(['/file/list_uploaded_parts', 200])
    expect((await client.fetch(file_id)).equals(bytes)).toBe(true)
  })

  test('a part that a gateway gave up on is sent again, whether it had arrived or not', async () => {
    const bytes = randomBytes(100 * KB)
    let puts = 0
    class Slow extends Watched {
      override async put(url: string, part: Uint8Array) {
        const arrived = ++puts % 4 === 1 ? null : await super.put(url, part)
        return puts % 2 === 1 || !arrived ? answered(504, 'gateway timeout') : arrived
      }
    }
    const client = new Slow(await alice(), never)
    const { file_id } = await client.send('slow.bin', bytes, 'root', inParts)
    expect(puts).toBe(4)
    expect((await client.fetch(file_id)).equals(bytes)).toBe(true)
  })

  test('stars are set in tens, and what comes back is enough to take them away again', async () => {
    const client = await alice()
    const ids = await Promise.all(Array.from({ length: 23 }, (_, i) => client.folder(`star ${i}`)))
    const items = ids.map((file_id) => ({ drive_id: client.drive, file_id }))
    const starred = await client.toggleStars(items)
    expect(starred.map(({ file_id, starred }) => [file_id, starred])).toEqual(ids.map((id) => [id, true]))
    const listed = () => client.ok('/file/list_by_custom_index_key', { custom_index_key: 'starred_yes', limit: 100 })
    expect((await listed()).items).toHaveLength(23)
    expect(await client.toggleStars(starred)).toHaveLength(23)
    expect((await listed()).items).toEqual([])
  })
})
