/** What the vendor's JavaScript SDK does when a call is refused, and what it makes of the answers. */
import { expect, test } from 'vitest'
import { Sdk, SharedSdk } from './sdk.ts'
import { startWorld, type World } from './world.ts'

/** A world of its own for a test. */
async function within(options: Parameters<typeof startWorld>[0], run: (world: World) => Promise<void>): Promise<void> {
  const world = await startWorld(options)
  try {
    await run(world)
  } finally {
    await world.server.stop()
  }
}

const never = async () => {
  throw new Error('no token was refused')
}

test('calls that come too many at once are throttled, made again, and all done in the end', () =>
  within({ engine: { batchesPerDriveMax: 1 } }, async (world) => {
    const statuses: number[] = []
    class Watched extends Sdk {
      override async call(...sent: Parameters<Sdk['call']>) {
        const answer = await super.call(...sent)
        statuses.push(answer.status)
        return answer
      }
    }
    const names = Array.from({ length: 12 }, (_, i) => `f${String(i).padStart(2, '0')}`)
    const body = (name: string) => ({ name, type: 'folder', parent_file_id: 'root' })
    const plain = await Promise.all(names.map((name) => world.alice.call('/file/create', body(`plain ${name}`))))
    expect(plain.filter(({ status }) => status === 429).map(({ body }) => body.code)).toContain('TooManyRequests')
    const client = new Watched(world.alice, never)
    await Promise.all(names.map((name) => client.call('/file/create', body(name))))
    expect(statuses).toEqual(names.map(() => 201))
    expect((await client.list()).filter((name) => !name.startsWith('plain'))).toEqual(names)
  }))

test('a visitor whose share token has run out asks for another and goes on', async () => {
  let now = Date.UTC(2026, 10, 24)
  await within({ clock: () => now }, async (world) => {
    const { file_id } = await world.alice.upload('given.txt', 'given')
    const share = await world.alice.ok('/share_link/create', { file_id_list: [file_id], share_pwd: 'pw' }, 201)
    const visitor = new SharedSdk(world.url, share.share_id, 'pw')
    expect(await visitor.list()).toEqual(['given.txt'])
    now += 601_000
    expect(await visitor.list()).toEqual(['given.txt'])
    expect(visitor.renewals).toBe(2)
  })
})

test('stars are set in tens, and what comes back is enough to take them away again', () =>
  within({}, async (world) => {
    const client = new Sdk(world.alice, never)
    const ids = await Promise.all(Array.from({ length: 23 }, (_, i) => client.folder(`star ${i}`)))
    const items = ids.map((file_id) => ({ drive_id: client.drive, file_id }))
    const starred = await client.toggleStars(items)
    expect(starred.map(({ file_id, starred }) => [file_id, starred])).toEqual(ids.map((id) => [id, true]))
    const listed = () => client.ok('/file/list_by_custom_index_key', { custom_index_key: 'starred_yes', limit: 100 })
    expect((await listed()).items).toHaveLength(23)
    expect(await client.toggleStars(starred)).toHaveLength(23)
    expect((await listed()).items).toEqual([])
  }))
