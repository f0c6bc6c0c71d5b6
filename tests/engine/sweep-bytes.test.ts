/**
 * The sweep takes bytes that no drive holds any more, while others come to hold the same bytes in another drive: each at
 * every moment of the other at which neither is inside a transaction or a call to the blob store.
 */
import { createHash } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { beforeEach, describe, expect, test } from 'vitest'
import { createEngine, type DriveId, type Node, type Store, type UploadId } from '../../src/engine/index.ts'
import { sweepBlobs } from '../../src/engine/unheld.ts'
import { UNUSED_BLOB_KEPT_MS } from '../../src/engine/uploads.ts'
import { at, byId, commit, copy, move, purge, putFile, putFolders, staged } from './ops.ts'
import { useWorld } from './use-world.ts'
import { admin, alice, codes, createDrive, done, isFailed, nodeOf, settleDown } from './world.ts'

const BYTES = 'the same bytes everywhere'

const use = useWorld()
/** Held bytes once; holds them in files; shall come to hold them. */
let before: DriveId
let source: DriveId
let target: DriveId
beforeEach(async () => {
  const drives = await Promise.all([1, 2, 3].map(() => createDrive(use.world)))
  ;[before, source, target] = drives.map(({ id }) => id) as [DriveId, DriveId, DriveId]
})

/** Bytes that one drive has not referred to for long, and that another one has in files of these names. */
async function leftBehind(bytes: string, names: readonly string[]): Promise<Node[]> {
  const files = await Promise.all(names.map((name) => putFile(use.world, alice, source, name, `${bytes} ${name}`)))
  const gone = names.length > 0 ? names.map((name) => `${bytes} ${name}`) : [bytes]
  await destroy(await Promise.all(gone.map((text) => putFile(use.world, alice, before, text, text))))
  use.world.now += 2 * UNUSED_BLOB_KEPT_MS
  return files
}

async function destroy(nodes: readonly Node[]): Promise<void> {
  await done(
    use.world,
    alice,
    nodes.map((node) => purge(byId(node))),
  )
  await settleDown(use.world)
}

const isThere = async (digest: string) => (await use.world.blobs.has([digest])).length === 1
const holders = async (digest: string) => {
  const keys = [before, source, target].map((drive) => ({ drive, digest }))
  return (await use.world.store.read((tx) => tx.blobs(keys))).map(({ drive, refs }) => [drive, refs])
}

async function read(node: Node): Promise<string> {
  const opened = await use.world.engine.openVersion({ drive: node.drive, node: node.id, version: node.version })
  if (isFailed(opened)) throw new Error('the version is gone')
  return text(opened.stream({ start: 0, end: opened.content.size }))
}

/** How a drive comes to hold the bytes of a file. */
const WAYS: Readonly<Record<string, (file: Node, bytes: string) => Promise<Node>>> = {
  copied: async (file) => nodeOf((await done(use.world, alice, [copy(byId(file), at(target))]))[0]),
  carried: async (file) => nodeOf((await done(use.world, alice, [move(byId(file), at(target))]))[0]),
  async inItsFolder(file) {
    const [folder] = await putFolders(use.world, alice, source, ['folder'])
    await done(use.world, alice, [move(byId(file), byId(folder!)), move(byId(folder!), at(target))])
    return { ...file, drive: target }
  },
  async fills(file) {
    const session = await staged(use.world, alice, target, 'others')
    await use.world.engine.fillUploads(alice, [{ upload: session.id, node: byId(file) }])
    return nodeOf((await done(use.world, alice, [commit(session.id, at(target), 'filled')]))[0])
  },
  sent: async (_, bytes) => putFile(use.world, alice, target, 'sent', bytes),
  sentBack: async (_, bytes) => putFile(use.world, alice, before, 'sent back', bytes),
}

/** A sweep during which something happens at one of its moments. */
async function sweepWith(moment: (typeof MOMENTS)[number], happen: () => Promise<void>): Promise<void> {
  const { store, blobs, now } = use.world
  const looking: Store = {
    ...store,
    async write(fn) {
      if (moment === 'before its rows go') await happen()
      const value = await store.write(fn)
      if (moment === 'before it looks who holds them') await happen()
      return value
    },
    read: (fn) => store.read(fn),
  }
  const removing = Object.assign(Object.create(blobs), {
    async remove(digests: readonly string[], time: number) {
      if (moment === 'before the bytes go') await happen()
      await blobs.remove(digests, time)
    },
  })
  await sweepBlobs(looking, removing, now - UNUSED_BLOB_KEPT_MS)
  if (moment === 'after the bytes went') await happen()
}
const MOMENTS = [
  'before its rows go',
  'before it looks who holds them',
  'before the bytes go',
  'after the bytes went',
] as const

describe.each(MOMENTS)('while the sweep is where it is %s', (moment) => {
  test('bytes stay that come to another drive, and their source may go at once', async () => {
    const ways = Object.keys(WAYS)
    const files = await leftBehind(BYTES, ways)
    const digests = files.map(({ content }) => content!.digest)
    const arrived: Node[] = []
    await sweepWith(moment, async () => {
      for (const [at, way] of ways.entries()) arrived.push(await WAYS[way]!(files[at]!, `${BYTES} ${way}`))
      await destroy(files.filter(({ id }) => !arrived.some((node) => node.id === id)))
    })
    use.world.now += 2 * UNUSED_BLOB_KEPT_MS
    await settleDown(use.world)
    expect(await Promise.all(arrived.map(read))).toEqual(ways.map((way) => `${BYTES} ${way}`))
    expect(await Promise.all(digests.map(holders))).toEqual(arrived.map(({ drive }) => [[drive, 1]]))
    await destroy(arrived)
    use.world.now += 2 * UNUSED_BLOB_KEPT_MS
    await settleDown(use.world)
    expect(await Promise.all(digests.map(holders))).toEqual(ways.map(() => []))
    expect(await Promise.all(digests.map(isThere))).toEqual(ways.map(() => false))
  })

  test('bytes that nobody else holds any more can be sent again', async () => {
    await leftBehind(BYTES, [])
    let sent: Node | undefined
    await sweepWith(moment, async () => {
      sent = await putFile(use.world, alice, target, 'sent', BYTES)
    })
    expect(await read(sent!)).toBe(BYTES)
    expect((await holders(sent!.content!.digest)).filter(([, refs]) => refs! > 0)).toEqual([[target, 1]])
  })
})

/** An engine to which something happens when it has sealed bytes and has not yet written the row. */
function engineWith(happen: () => Promise<void>) {
  const { store, blobs } = use.world
  const seal: typeof blobs.seal = async (keys) => {
    const content = await blobs.seal(keys)
    await happen()
    return content
  }
  return createEngine({
    store,
    blobs: Object.assign(Object.create(blobs), { seal }),
    clock: () => use.world.now,
    secret: Buffer.alloc(32, 7),
  })
}

describe('while an upload has its bytes and not yet its row', () => {
  let session: { id: UploadId }
  let digest: string
  beforeEach(async () => {
    await leftBehind(BYTES, [])
    digest = sha256(BYTES)
    session = await staged(use.world, alice, target, BYTES)
  })
  const commitWith = (happen: () => Promise<void>) =>
    engineWith(happen).batch(alice, [commit(session.id, at(target), 'sent')])

  test('the sweep takes the rows of others and leaves the bytes', async () => {
    const [sent] = await commitWith(async () => {
      await settleDown(use.world)
      expect(await holders(digest)).toEqual([])
    })
    expect(await read(nodeOf(sent))).toBe(BYTES)
    expect(await holders(digest)).toEqual([[target, 1]])
  })

  test('and takes too long for that, no row is written to bytes that were removed', async () => {
    const late = async () => {
      use.world.now += 2 * UNUSED_BLOB_KEPT_MS
      await settleDown(use.world)
      expect(await isThere(digest)).toBe(false)
    }
    expect(await commitWith(late).then(codes)).toEqual(['upload_incomplete'])
    expect(await holders(digest)).toEqual([])
    const [sent] = await use.world.engine.batch(alice, [commit(session.id, at(target), 'sent')])
    expect(await read(nodeOf(sent))).toBe(BYTES)
  })

  test('and takes long, bytes that are still there are dated anew before the row is written', async () => {
    const { store, blobs } = use.world
    const slow = async () => {
      use.world.now += UNUSED_BLOB_KEPT_MS - 1
    }
    const [sent] = await commitWith(slow)
    use.world.now += UNUSED_BLOB_KEPT_MS - 1
    // What a sweep would do that saw no row.
    await blobs.remove([digest], use.world.now - UNUSED_BLOB_KEPT_MS)
    await sweepBlobs(store, blobs, use.world.now - UNUSED_BLOB_KEPT_MS)
    expect(await read(nodeOf(sent))).toBe(BYTES)
  })
})

test('of two sweeps that take the rows of two drives, the later one takes the bytes', async () => {
  const { store, blobs } = use.world
  const [first, second] = await Promise.all(
    [before, source].map((drive) => putFile(use.world, alice, drive, 'f', BYTES)),
  )
  const { digest } = first!.content!
  await destroy([first!])
  use.world.now += 1_000
  await destroy([second!])
  const earlier = use.world.now
  use.world.now += UNUSED_BLOB_KEPT_MS
  await sweepWith('before it looks who holds them', async () => {
    expect(await holders(digest)).toEqual([[source, 0]])
    expect(await isThere(digest)).toBe(true)
    await sweepBlobs(store, blobs, earlier + 1)
  })
  expect(await holders(digest)).toEqual([])
  expect(await isThere(digest)).toBe(false)
})

test('a content that has just lost its last reference waits in its drive, however old it is', async () => {
  const [file] = await leftBehind(BYTES, ['file'])
  const { digest } = file!.content!
  await destroy([file!])
  expect(await holders(digest)).toEqual([[source, 0]])
  expect(await isThere(digest)).toBe(true)
  const again = await putFile(use.world, admin, source, 'again', `${BYTES} file`)
  expect(await holders(digest)).toEqual([[source, 1]])
  expect(await read(again)).toBe(`${BYTES} file`)
})

function sha256(bytes: string): string {
  return createHash('sha256').update(bytes).digest('hex')
}
