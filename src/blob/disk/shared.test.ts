/** Two processes that use one folder; what each does between the other's steps is put there by the test. */
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BlobStore, UploadId } from '../../engine/index.ts'
import { createDiskBlobs } from './create.ts'
import { DISK, type Disk } from './disk.ts'

const UPLOAD = 'a'.repeat(32) as UploadId
const LATER = 1_000_000_000_000

let folder: string
let now: number
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'batchdrive-shared-'))
  now = 1_000_000
})
afterEach(() => rm(folder, { recursive: true }))

const open = (disk: Disk = DISK) => createDiskBlobs({ folder, clock: () => now, disk, shared: true })

async function* bytes(said: string) {
  yield Buffer.from(said)
}

const stage = (blobs: BlobStore, part: number, said: string) =>
  blobs.stage({ upload: UPLOAD, part }, bytes(said), 1_000)
const read = (blobs: BlobStore, digest: string, end: number) => text(blobs.read(digest, { start: 0, end }))

describe('parts', () => {
  it('staged by one are sealed by the other, also when that one has looked before', async () => {
    const [one, other] = [await open(), await open()]
    await stage(other, 1, 'a')
    await stage(one, 2, 'b')
    const { digest } = await other.seal([1, 2].map((part) => ({ upload: UPLOAD, part })))
    expect(await read(one, digest, 2)).toBe('ab')
  })

  it('sent again elsewhere are found, whatever was remembered', async () => {
    const [one, other] = [await open(), await open()]
    await stage(one, 1, 'first')
    let md5 = ''
    for (const said of ['1', '2', '3', '4', 'last']) md5 = (await stage(other, 1, said)).md5
    const { digest } = await one.seal([{ upload: UPLOAD, part: 1, md5 }])
    expect(await read(one, digest, 4)).toBe('last')
  })
})

describe('a blob that is sealed while another process removes it as unused', () => {
  async function unused(): Promise<string> {
    const blobs = await open()
    await stage(blobs, 1, 'bytes')
    const { digest } = await blobs.seal([{ upload: UPLOAD, part: 1 }])
    now = LATER
    return digest
  }
  const seal = async () => (await open()).seal([{ upload: UPLOAD, part: 1 }])

  it('stays when it is dated before it is put aside', async () => {
    const digest = await unused()
    const sweeping = await open({
      ...DISK,
      async rename(from, to) {
        await seal()
        await DISK.rename(from, to)
      },
    })
    await sweeping.remove([digest], LATER)
    expect(await read(sweeping, digest, 5)).toBe('bytes')
  })

  it('is put in its place again when it is put aside before it is dated', async () => {
    const digest = await unused()
    const sweeping = await open()
    let sweeps = 0
    const sealing = await open({
      ...DISK,
      async utimes(path, accessed, modified) {
        if (sweeps++ < 2) await sweeping.remove([digest], LATER)
        await DISK.utimes(path, accessed, modified)
      },
    })
    await sealing.seal([{ upload: UPLOAD, part: 1 }])
    expect(sweeps).toBe(3)
    expect(await read(sweeping, digest, 5)).toBe('bytes')
  })

  it('goes when nobody needs it', async () => {
    const digest = await unused()
    const sweeping = await open()
    await sweeping.remove([digest], LATER)
    expect(await sweeping.has([digest])).toEqual([])
    expect(await readdir(join(folder, 'temporary'))).toEqual([])
  })

  it('comes back when whoever put it aside was killed there', async () => {
    const digest = await unused()
    const dying = await open({
      ...DISK,
      async rename(from, to) {
        await DISK.rename(from, to)
        throw new Error('killed')
      },
    })
    await expect(dying.remove([digest], LATER)).rejects.toThrow('killed')
    expect(await dying.has([digest])).toEqual([])
    now = Date.now() + 48 * 3600_000
    expect(await (await open()).has([digest])).toEqual([digest])
    expect(await readdir(join(folder, 'temporary'))).toEqual([])
  })
})

it('two that seal equal bytes at once both have them', async () => {
  const blobs = await Promise.all([open(), open(), open()])
  await stage(blobs[0]!, 1, 'equal')
  const sealed = await Promise.all(blobs.map((store) => store.seal([{ upload: UPLOAD, part: 1 }])))
  expect(new Set(sealed.map(({ digest }) => digest)).size).toBe(1)
  expect(await read(blobs[1]!, sealed[0]!.digest, 5)).toBe('equal')
})

it('what another process is writing is left alone at the start, what nobody wrote to for a day is not', async () => {
  await open()
  const [fresh, old] = ['0'.repeat(16), '1'.repeat(16)].map((name) => join(folder, 'temporary', `${name}.tmp`))
  await writeFile(fresh!, 'on its way')
  await writeFile(old!, 'forgotten')
  now = Date.now()
  await utimes(old!, 1, 1)
  await open()
  expect(await readdir(join(folder, 'temporary'))).toHaveLength(2)
  now = Date.now() + 48 * 3600_000
  await open()
  expect(await readdir(join(folder, 'temporary'))).toEqual([])
})
