import { createHash } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  type DriveId,
  type Node,
  onConflict,
  type Result,
  StorageError,
  type UploadId,
} from '../../src/engine/index.ts'
import {
  at,
  byId,
  bytesOf,
  commit,
  copy,
  createFolder,
  DAY,
  get,
  move,
  purge,
  putFile,
  putFolders,
  staged,
  upload,
} from './ops.ts'
import { useWorld } from './use-world.ts'
import {
  actorOf,
  admin,
  alice,
  bob,
  codeOf,
  codes,
  createDrive,
  done,
  isFailed,
  nodeOf,
  run,
  settleDown,
  usedOf,
} from './world.ts'

const use = useWorld()
let drive: DriveId
beforeEach(async () => {
  drive = (await createDrive(use.world)).id
})

async function contentOf(node: Pick<Node, 'drive' | 'id'>, version: number): Promise<string> {
  const opened = await use.world.engine.openVersion({ drive: node.drive, node: node.id, version })
  if (isFailed(opened)) return opened.error.code
  return text(opened.stream({ start: 0, end: opened.content.size }))
}

/** Gives a file its next version. */
async function revise(file: Node, bytes: string): Promise<Node> {
  const { id } = await staged(use.world, alice, file.drive, bytes)
  return nodeOf((await done(use.world, alice, [commit(id, null, '', { target: byId(file) })]))[0])
}

const sha256 = (bytes: string) => createHash('sha256').update(bytes).digest('hex')

describe('an upload becomes a file', () => {
  test('with the digests of its bytes, and nothing is visible before the commit', async () => {
    const session = await staged(use.world, alice, drive, 'hello', { parent: at(drive), name: 'f' })
    expect(codeOf(await run(use.world, alice, get(at(drive, 'f'))))).toBe('node_not_found')
    const [result] = await done(use.world, alice, [commit(session.id, null, '')])
    expect(nodeOf(result)).toMatchObject({
      id: session.node,
      version: 1,
      content: {
        digest: sha256('hello'),
        size: 5,
        md5: createHash('md5').update('hello').digest('hex'),
        sha1: createHash('sha1').update('hello').digest('hex'),
      },
    })
    expect(await contentOf(nodeOf(result), 1)).toBe('hello')
  })

  test('of no bytes at all', async () => {
    const file = await putFile(use.world, alice, drive, 'empty', '')
    expect(file.content).toMatchObject({ size: 0, digest: sha256('') })
    expect(await contentOf(file, 1)).toBe('')
  })

  test('in the order of the part numbers, not of their arrival, and a part sent again counts once', async () => {
    const { world } = use
    const session = (await done(world, alice, [upload(drive)]))[0]!
    const id = session.status === 'done' ? session.upload!.id : ('' as UploadId)
    await world.engine.writePart(id, 2, bytesOf('world'))
    await world.engine.writePart(id, 1, bytesOf('wrong'))
    await world.engine.writePart(id, 1, bytesOf('hello '))
    const file = nodeOf((await done(world, alice, [commit(id, at(drive), 'f')]))[0])
    expect(await contentOf(file, 1)).toBe('hello world')
  })

  test('by several commits in one batch, and equal bytes are kept once', async () => {
    const sessions = await Promise.all(['a', 'b', 'c'].map(() => staged(use.world, alice, drive, 'same')))
    const results = await use.world.engine.batch(
      alice,
      sessions.map(({ id }, index) => commit(id, at(drive), `f${index}`)),
    )
    expect(codes(results)).toEqual(['done', 'done', 'done'])
    expect(await use.world.store.read((tx) => tx.blobs([{ drive, digest: sha256('same') }]))).toMatchObject([
      { refs: 3 },
    ])
    expect((await usedOf(use.world, drive)).drive).toBe(12)
  })

  test('in a folder that an earlier op of the batch made', async () => {
    const session = await staged(use.world, alice, drive, 'bytes')
    const results = await use.world.engine.batch(alice, [
      createFolder(at(drive), 'x'),
      commit(session.id, at(drive, 'x'), 'f'),
      get(at(drive, 'x/f')),
    ])
    expect(codes(results)).toEqual(['done', 'done', 'done'])
  })
})

describe('a commit is refused', () => {
  test('when bytes are missing: none at all, or a gap between the parts', async () => {
    const { world } = use
    const opened = await done(world, alice, [upload(drive), upload(drive)])
    const [none, gap] = opened.map((result) => (result.status === 'done' ? result.upload!.id : ('' as UploadId)))
    await world.engine.writePart(gap!, 1, bytesOf('1'))
    await world.engine.writePart(gap!, 3, bytesOf('3'))
    const results = await world.engine.batch(alice, [commit(none!, at(drive), 'a'), commit(gap!, at(drive), 'b')])
    expect(codes(results)).toEqual(['upload_incomplete', 'upload_incomplete'])
    await world.engine.writePart(gap!, 2, bytesOf('2'))
    expect(codeOf(await run(world, alice, commit(gap!, at(drive), 'b')))).toBe('done')
  })

  test('when they are not the bytes that were declared, at the start or now', async () => {
    const refused = async (opening: object, closing: object, detail: string) => {
      const session = await staged(use.world, alice, drive, 'hello', opening)
      const result = await run(use.world, alice, commit(session.id, at(drive), 'f', closing))
      expect(result).toMatchObject({ status: 'failed', error: { code: 'upload_mismatch', detail } })
    }
    await refused({ size: 6 }, {}, 'size')
    await refused({}, { size: 4 }, 'size')
    await refused({ hashes: { sha1: '0'.repeat(40) } }, {}, 'sha1')
    await refused({}, { hashes: { md5: '0'.repeat(32) } }, 'md5')
    await refused({}, { hashes: { sha256: sha256('other') } }, 'sha256')
    await refused({}, { hashes: { crc64: '1' } }, 'crc64')
  })

  test('but not for digests in capitals', async () => {
    const session = await staged(use.world, alice, drive, 'hello')
    const hashes = { sha256: sha256('hello').toUpperCase() }
    expect(codeOf(await run(use.world, alice, commit(session.id, at(drive), 'f', { hashes })))).toBe('done')
  })

  test('the second time, in the same batch or later, and says what the first became', async () => {
    const session = await staged(use.world, alice, drive, 'hello')
    const op = commit(session.id, at(drive), 'f')
    const results = await use.world.engine.batch(alice, [op, op])
    const used = { status: 'failed', error: { code: 'upload_used', node: nodeOf(results[0]).id } }
    expect(results[1]).toMatchObject(used)
    expect(await run(use.world, alice, op)).toMatchObject(used)
  })

  test('the second time also when both come at once and the first one seals the bytes', async () => {
    const { world } = use
    const session = await staged(world, alice, drive, 'hello')
    const seal = world.blobs.seal.bind(world.blobs)
    const first: Result[] = []
    world.blobs.seal = async (keys) => {
      world.blobs.seal = seal
      first.push(await run(world, alice, commit(session.id, at(drive), 'first')))
      return seal(keys)
    }
    const second = await run(world, alice, commit(session.id, at(drive), 'second'))
    expect(codes([...first, second])).toEqual(['done', 'upload_used'])
  })

  test('when the session has expired, is unknown, or belongs to another tenant', async () => {
    const session = await staged(use.world, alice, drive, 'hello', { ttlMs: DAY })
    const stranger = actorOf('user:alice', { tenant: 'other' as never, admin: true })
    expect(codeOf(await run(use.world, stranger, commit(session.id, at(drive), 'f')))).toBe('upload_not_found')
    expect(codeOf(await run(use.world, alice, commit('0'.repeat(32) as UploadId, at(drive), 'f')))).toBe(
      'upload_not_found',
    )
    use.world.now += DAY
    expect(codeOf(await run(use.world, alice, commit(session.id, at(drive), 'f')))).toBe('upload_not_found')
  })

  test('in another drive than the one it was opened for', async () => {
    const other = await createDrive(use.world)
    const session = await staged(use.world, alice, drive, 'hello')
    expect(codeOf(await run(use.world, alice, commit(session.id, at(other.id), 'f')))).toBe('node_not_found')
  })

  test('and can be tried again when what stood in the way is gone', async () => {
    const session = await staged(use.world, alice, drive, 'hello')
    await putFolders(use.world, alice, drive, ['f'])
    expect(codeOf(await run(use.world, alice, commit(session.id, at(drive), 'f')))).toBe('name_taken')
    expect(codeOf(await run(use.world, alice, commit(session.id, at(drive), 'g')))).toBe('done')
  })
})

describe('an upload session', () => {
  test('is its opener’s and the admins’ to see and to give up', async () => {
    const session = await staged(use.world, alice, drive, 'hello')
    expect(await use.world.engine.uploads(bob, [session.id])).toEqual([null])
    expect(await use.world.engine.uploads(admin, [session.id])).toMatchObject([{ parts: [{ number: 1, size: 5 }] }])
    expect(await use.world.engine.abortUploads(bob, [session.id])).toMatchObject([
      { error: { code: 'upload_not_found' } },
    ])
    expect(await use.world.engine.abortUploads(alice, [session.id])).toMatchObject([{ id: session.id }])
    expect(codeOf(await run(use.world, alice, commit(session.id, at(drive), 'f')))).toBe('upload_not_found')
  })

  test('takes no more bytes than declared, nor any once it is used', async () => {
    const { engine } = use.world
    const session = await staged(use.world, alice, drive, 'hello', { size: 5 })
    expect(await engine.writePart(session.id, 1, bytesOf('hello!'))).toMatchObject({
      error: { code: 'upload_mismatch' },
    })
    await done(use.world, alice, [commit(session.id, at(drive), 'f')])
    expect(await engine.writePart(session.id, 1, bytesOf('hello'))).toMatchObject({ error: { code: 'upload_used' } })
    expect(await engine.writePart(session.id, 0, bytesOf('hello'))).toMatchObject({
      error: { code: 'upload_mismatch' },
    })
  })

  test('that nobody finished is swept away with its bytes', async () => {
    const session = await staged(use.world, alice, drive, 'hello')
    await use.world.engine.batch(alice, [commit(session.id, at(drive, 'nowhere'), 'f')])
    use.world.now += DAY
    await settleDown(use.world)
    expect(await use.world.store.read((tx) => tx.count('upload'))).toBe(0)
    use.world.now += DAY
    await settleDown(use.world)
    expect(await use.world.blobs.has([sha256('hello')])).toEqual([])
  })

  test('tells early what would fail at the end', async () => {
    const file = await putFile(use.world, alice, drive, 'f', 'hello')
    const conflict = onConflict('fail')
    const naming = { pattern: 'spaced', charactersMax: 0, forbidden: null, trim: false } as const
    const results = await use.world.engine.batch(alice, [
      upload(drive, { parent: at(drive), name: 'f', conflict, naming }),
      upload(drive, { parent: at(drive), name: 'f', conflict: onConflict('rename'), naming }),
      upload(drive, { parent: at(drive), name: '..', conflict, naming }),
      upload(drive, { parent: at(drive, 'f') }),
      upload(drive, { target: at(drive) }),
      upload(drive, { target: byId(file) }),
    ])
    expect(codes(results)).toEqual(['name_taken', 'done', 'name_invalid', 'wrong_kind', 'root_refused', 'done'])
    expect(results[1]).toMatchObject({ upload: { name: 'f (1)' } })
  })
})

describe('versions', () => {
  test('each keeps its own bytes', async () => {
    const file = await putFile(use.world, alice, drive, 'f', 'one')
    const revised = await revise(file, 'second')
    expect(revised).toMatchObject({ id: file.id, version: 2, rev: 2 })
    expect(await Promise.all([1, 2].map((version) => contentOf(file, version)))).toEqual(['one', 'second'])
    expect(await contentOf(file, 3)).toBe('version_not_found')
  })

  test('beyond the drive’s limit the oldest go, and their room and bytes come back', async () => {
    const tight = await createDrive(use.world, { settings: { versionsMax: 2 } })
    const file = await putFile(use.world, alice, tight.id, 'f', '1')
    await revise(file, '22')
    await revise(file, '333')
    await revise(file, '4444')
    expect((await usedOf(use.world, tight.id)).drive).toBe(7)
    expect(await Promise.all([1, 2, 3, 4].map((version) => contentOf(file, version)))).toEqual([
      'version_not_found',
      'version_not_found',
      '333',
      '4444',
    ])
    const gone = ['1', '22'].map((bytes) => ({ drive: tight.id, digest: sha256(bytes) }))
    expect(await use.world.store.read((tx) => tx.blobs(gone))).toMatchObject([{ refs: 0 }, { refs: 0 }])
  })

  test('what the oldest gives back makes room for the newest', async () => {
    const tight = await createDrive(use.world, { settings: { versionsMax: 1 }, quota: 5 })
    const file = await putFile(use.world, alice, tight.id, 'f', '12345')
    await revise(file, '54321')
    expect((await usedOf(use.world, tight.id)).drive).toBe(5)
  })

  test('a file revised twice in one batch has both', async () => {
    const file = await putFile(use.world, alice, drive, 'f', 'one')
    const sessions = [await staged(use.world, alice, drive, 'two'), await staged(use.world, alice, drive, 'three')]
    await done(
      use.world,
      alice,
      sessions.map(({ id }) => commit(id, null, '', { target: byId(file) })),
    )
    expect(await Promise.all([1, 2, 3].map((version) => contentOf(file, version)))).toEqual(['one', 'two', 'three'])
  })

  test('a copy has only the current one, of its own', async () => {
    const file = await putFile(use.world, alice, drive, 'f', 'one')
    await revise(file, 'two')
    const twin = nodeOf((await done(use.world, alice, [copy(byId(file), at(drive), { name: 'g' })]))[0])
    expect(twin).toMatchObject({ version: 1 })
    await done(use.world, alice, [purge(byId(file))])
    expect(await contentOf(twin, 1)).toBe('two')
  })

  test('a commit of a new version asks for the revision its caller saw', async () => {
    const file = await putFile(use.world, alice, drive, 'f', 'one')
    const [stale, fresh] = [await staged(use.world, alice, drive, 'a'), await staged(use.world, alice, drive, 'b')]
    const target = byId(file)
    expect(codeOf(await run(use.world, alice, commit(stale.id, null, '', { target, ifRev: 7 })))).toBe(
      'precondition_failed',
    )
    expect(codeOf(await run(use.world, alice, commit(fresh.id, null, '', { target, ifRev: 1 })))).toBe('done')
  })

  test('a session for a file that has gone fails, and never makes another of its id', async () => {
    const { world } = use
    const other = await createDrive(world)
    const [moved, purged] = [await putFile(world, alice, drive, 'm', '1'), await putFile(world, alice, drive, 'p', '1')]
    const sessions = await Promise.all(
      [moved, purged].map((file) => staged(world, alice, drive, 'more', { target: byId(file) })),
    )
    await done(world, alice, [move(byId(moved), at(other.id)), purge(byId(purged))])
    const results = await world.engine.batch(
      alice,
      sessions.map(({ id }) => commit(id, null, '')),
    )
    expect(codes(results)).toEqual(['node_not_found', 'node_not_found'])
  })
})

test('a version whose bytes the disk has lost is the deployment’s failure', async () => {
  const file = await putFile(use.world, alice, drive, 'f', 'bytes')
  await use.world.blobs.remove([file.content!.digest], Number.MAX_SAFE_INTEGER)
  await expect(contentOf(file, 1)).rejects.toThrow(StorageError)
})
