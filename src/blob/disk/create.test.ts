import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type * as fs from 'node:fs/promises'
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type BlobStore, StorageError, type UploadId } from '../../engine/index.ts'
import { describeBlobStore } from '../conformance.ts'
import { createDiskBlobs } from './create.ts'
import { parseStagedName } from './layout.ts'

/** What the file system was asked, in order, and which calls are to fail. */
const spy = vi.hoisted(() => ({
  calls: [] as [call: string, ...paths: string[]][],
  failing: new Map<string, string>(),
}))

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>()
  function noted(call: string, ...paths: unknown[]) {
    spy.calls.push([call, ...paths.map(String)])
    const code = spy.failing.get(call)
    if (code !== undefined) throw Object.assign(new Error(code), { code })
  }
  const wrap =
    <Given extends unknown[], Given2>(call: string, paths: number, fn: (...given: Given) => Promise<Given2>) =>
    async (...given: Given) => {
      noted(call, ...given.slice(0, paths))
      return fn(...given)
    }
  return {
    ...real,
    rename: wrap('rename', 2, real.rename),
    link: wrap('link', 2, real.link),
    unlink: wrap('unlink', 1, real.unlink),
    mkdir: wrap('mkdir', 1, real.mkdir),
    async open(path: string, ...rest: unknown[]) {
      const file = await (real.open as (...given: unknown[]) => Promise<fs.FileHandle>)(path, ...rest)
      const { sync, write } = file
      file.sync = async () => {
        noted('sync', path)
        return sync.call(file)
      }
      file.write = (async (...given: Parameters<typeof write>) => {
        noted('write', path)
        return write.apply(file, given)
      }) as typeof file.write
      return file
    },
  }
})

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'batchdrive-blobs-'))
  spy.calls.length = 0
  spy.failing.clear()
})
afterEach(async () => {
  spy.failing.clear()
  await rm(folder, { recursive: true, force: true })
})

describeBlobStore('disk', async (clock) => {
  const blobs = await createDiskBlobs({ folder, clock })
  return { blobs, close: () => blobs.close() }
})

const UPLOAD = '0123456789abcdef0123456789abcdef' as UploadId
const HELLO = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'

async function* bytes(...texts: string[]): AsyncGenerator<Buffer> {
  for (const one of texts) yield Buffer.from(one)
}

const stage = (blobs: BlobStore, part: number, ...texts: string[]) =>
  blobs.stage({ upload: UPLOAD, part }, bytes(...texts), 1000)
const seal = (blobs: BlobStore, ...parts: number[]) => blobs.seal(parts.map((part) => ({ upload: UPLOAD, part })))

/** All files below the folder. */
async function files(): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)))
}

/** The calls so far, with short names, and forgets them. */
function calls(...kinds: string[]): string[] {
  const lines = spy.calls
    .filter(([call]) => kinds.includes(call))
    .map(([call, ...paths]) => [call, ...paths.map((path) => kindOf(relative(folder, path)))].join(' '))
  spy.calls.length = 0
  // These two are done side by side.
  const at = lines.indexOf('sync blobs/2c')
  return at >= 0 && lines[at + 1] === 'sync blobs' ? lines.with(at, 'sync blobs').with(at + 1, 'sync blobs/2c') : lines
}

function kindOf(path: string): string {
  return path
    .replace(UPLOAD, 'UPLOAD')
    .replace(/\d+-\d+\.tmp/, 'TEMPORARY')
    .replace(/(\d+\.\d+)\.\d+\.[0-9a-f]{64}\.[0-9a-f.]+$/, '$1.FACTS')
    .replace(/[0-9a-f]{64}$/, 'DIGEST')
}

describe('on disk', () => {
  it('everything is where the layout says', async () => {
    const blobs = await createDiskBlobs({ folder })
    await stage(blobs, 3, 'hel', 'lo')
    const [name = ''] = await readdir(join(folder, 'staging', UPLOAD))
    expect(parseStagedName(name)).toEqual({
      part: 3,
      attempt: 1,
      content: { ...(await seal(blobs, 3)), digest: HELLO },
    })
    expect((await files()).sort()).toEqual([`blobs/2c/f2/${HELLO}`, `staging/${UPLOAD}/${name}`])
    await blobs.discard([UPLOAD])
    expect(await files()).toEqual([`blobs/2c/f2/${HELLO}`])
    expect(await readdir(join(folder, 'staging'))).toEqual([])
  })

  it('a part that is a whole file becomes a blob without a copy', async () => {
    const blobs = await createDiskBlobs({ folder })
    await stage(blobs, 1, 'hello')
    await seal(blobs, 1)
    expect((await stat(join(folder, 'blobs/2c/f2', HELLO))).nlink).toBe(2)
  })

  it.each(['EPERM', 'ENOTSUP', 'EXDEV', 'EMLINK'])(
    'or with one, where the file system has no links (%s)',
    async (code) => {
      const blobs = await createDiskBlobs({ folder })
      await stage(blobs, 1, 'hello')
      calls()
      spy.failing.set('link', code)
      const { digest, size } = await seal(blobs, 1)
      expect(calls('sync', 'rename')).toEqual([
        'sync blobs',
        'sync blobs/2c',
        'sync temporary/TEMPORARY',
        'rename temporary/TEMPORARY blobs/2c/f2/DIGEST',
        'sync blobs/2c/f2',
      ])
      expect((await stat(join(folder, 'blobs/2c/f2', HELLO))).nlink).toBe(1)
      expect(await text(blobs.read(digest, { start: 0, end: size }))).toBe('hello')
      expect(await readdir(join(folder, 'temporary'))).toEqual([])
    },
  )

  it('a part is durable before it is acknowledged: first its bytes, then its name', async () => {
    const blobs = await createDiskBlobs({ folder })
    calls()
    await stage(blobs, 1, 'hel', 'lo')
    expect(calls('mkdir', 'write', 'sync', 'rename', 'unlink')).toEqual([
      'mkdir staging/UPLOAD',
      'sync staging',
      'write staging/UPLOAD/TEMPORARY',
      'write staging/UPLOAD/TEMPORARY',
      'sync staging/UPLOAD/TEMPORARY',
      'rename staging/UPLOAD/TEMPORARY staging/UPLOAD/1.1.FACTS',
      'sync staging/UPLOAD',
    ])
    await stage(blobs, 1, 'again')
    expect(calls('mkdir', 'sync', 'rename', 'unlink')).toEqual([
      'sync staging/UPLOAD/TEMPORARY',
      'rename staging/UPLOAD/TEMPORARY staging/UPLOAD/1.2.FACTS',
      'sync staging/UPLOAD',
    ])
  })

  it('some attempts at a part are kept; the oldest goes only when the latest is certain', async () => {
    const blobs = await createDiskBlobs({ folder })
    for (const text of ['1', '2', '3', '4']) await stage(blobs, 1, text)
    calls()
    await stage(blobs, 1, 'the fifth')
    expect(calls('rename', 'unlink')).toEqual([
      'rename staging/UPLOAD/TEMPORARY staging/UPLOAD/1.5.FACTS',
      'unlink staging/UPLOAD/1.1.FACTS',
    ])
    const parts = (await readdir(join(folder, 'staging', UPLOAD))).map(parseStagedName)
    expect(parts.map((staged) => staged?.attempt).sort()).toEqual([2, 3, 4, 5])
  })

  it('a blob is durable before it is acknowledged, with every folder above it', async () => {
    const blobs = await createDiskBlobs({ folder })
    await stage(blobs, 1, 'hello')
    calls()
    await seal(blobs, 1)
    const sealed = [
      'sync blobs',
      'sync blobs/2c',
      `link staging/UPLOAD/1.1.FACTS blobs/2c/f2/DIGEST`,
      'sync blobs/2c/f2',
    ]
    expect(calls('sync', 'link', 'rename')).toEqual(sealed)
    await stage(blobs, 1, 'hel')
    await stage(blobs, 2, 'lo')
    await blobs.remove([HELLO], Date.now() + 10_000)
    calls()
    await seal(blobs, 1, 2)
    expect(calls('sync', 'link', 'rename')).toEqual([
      'sync temporary/TEMPORARY',
      'rename temporary/TEMPORARY blobs/2c/f2/DIGEST',
      'sync blobs/2c/f2',
    ])
  })

  it('what another process left is trusted only after it was synced', async () => {
    const killed = await createDiskBlobs({ folder })
    await stage(killed, 1, 'hello')
    await seal(killed, 1)
    const blobs = await createDiskBlobs({ folder })
    calls()
    await seal(blobs, 1)
    expect(calls('sync', 'link', 'rename')).toEqual(['sync blobs', 'sync blobs/2c', 'sync blobs/2c/f2'])
    await stage(blobs, 2, 'x')
    expect(calls('sync')[0]).toBe('sync staging')
  })

  it('staged parts outlive a restart', async () => {
    await stage(await createDiskBlobs({ folder }), 1, 'hel')
    await stage(await createDiskBlobs({ folder }), 2, 'lo')
    const blobs = await createDiskBlobs({ folder })
    expect((await seal(blobs, 1, 2)).digest).toBe(HELLO)
    await stage(blobs, 1, 'hal')
    expect((await seal(await createDiskBlobs({ folder }), 1, 2)).digest).not.toBe(HELLO)
  })

  it('of attempts that a crash left, the latest counts', async () => {
    const blobs = await createDiskBlobs({ folder })
    for (const text of ['1', '2', '3', '4']) await stage(blobs, 1, text)
    spy.failing.set('unlink', 'EIO')
    await expect(stage(blobs, 1, 'hello')).rejects.toThrow(StorageError)
    spy.failing.clear()
    expect(await readdir(join(folder, 'staging', UPLOAD))).toHaveLength(5)
    expect((await seal(await createDiskBlobs({ folder }), 1)).digest).toBe(HELLO)
    expect((await seal(blobs, 1)).digest).toBe(HELLO)
  })

  it.each(['write', 'sync', 'rename', 'mkdir'])('a %s that fails keeps nothing and spoils nothing', async (call) => {
    const blobs = await createDiskBlobs({ folder })
    if (call !== 'mkdir') await stage(blobs, 1, 'hello')
    const before = await files()
    spy.failing.set(call, 'ENOSPC')
    const failed = await stage(blobs, 1, 'spoilt').catch((error) => error)
    expect(failed).toBeInstanceOf(StorageError)
    expect(failed.cause).toMatchObject({ code: 'ENOSPC' })
    if (call === 'write' || call === 'sync') await expect(seal(blobs, 1, 1)).rejects.toThrow(StorageError)
    spy.failing.clear()
    expect(await files()).toEqual(before)
    await stage(blobs, 1, 'hello')
    expect((await seal(blobs, 1)).digest).toBe(HELLO)
  })

  it('starting clears what a killed process had begun, and nothing else', async () => {
    const upload = join(folder, 'staging', UPLOAD)
    const script = `
      import { createDiskBlobs } from ${JSON.stringify(new URL('./create.ts', import.meta.url).pathname)}
      const blobs = await createDiskBlobs({ folder: ${JSON.stringify(folder)} })
      const key = { upload: '${UPLOAD}', part: 1 }
      await blobs.stage(key, (async function* () { yield Buffer.from('hello') })(), 100)
      await blobs.stage(key, (async function* () {
        yield Buffer.from('half of it')
        console.log('begun')
        await new Promise(() => setInterval(() => {}, 1000))
      })(), 100)`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script])
    await once(child.stdout, 'data')
    expect(await readdir(upload)).toHaveLength(2)
    await mkdir(join(folder, 'temporary'), { recursive: true })
    await writeFile(join(folder, 'temporary', `${child.pid}-9.tmp`), 'half a blob')
    // While it lives, its files are its own.
    await createDiskBlobs({ folder })
    expect(await readdir(upload)).toHaveLength(2)
    child.kill('SIGKILL')
    await once(child, 'close')
    const blobs = await createDiskBlobs({ folder })
    expect(await readdir(upload)).toHaveLength(1)
    expect(await readdir(join(folder, 'temporary'))).toEqual([])
    expect((await seal(blobs, 1)).digest).toBe(HELLO)
  })

  it('hundreds of parts are joined', async () => {
    const blobs = await createDiskBlobs({ folder })
    const parts = Array.from({ length: 300 }, (_, i) => i + 1)
    await Promise.all(parts.map((part) => stage(blobs, part, `${part},`)))
    const { digest, size } = await seal(blobs, ...parts)
    expect(await text(blobs.read(digest, { start: 0, end: size }))).toBe(parts.map((part) => `${part},`).join(''))
  })
})
