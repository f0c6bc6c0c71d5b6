/** Conformance: what drives hold of contents, and uploads with their parts. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BlobRef, DriveId, Holding, Store, Upload, UploadId } from '../../engine/index.ts'
import { apply, content, DRIVE, driveId, nodeId, type Open, type Opened, OTHER, upload, uploadId } from './sample.ts'

export function uploadConformance(open: Open) {
  let opened: Opened
  let store: Store
  beforeEach(async () => {
    opened = await open()
    store = opened.store
  })
  afterEach(() => opened.close())

  describe('holdings', () => {
    const MEBIBYTE = 2 ** 20
    const sized = (seed: number, more: number) => content(seed, MEBIBYTE + more)
    const hold = (seed: number, more: number, drive = DRIVE): BlobRef => {
      return { drive, content: sized(seed, more), delta: 1, at: 10 }
    }
    const holding = (seed: number, more: number, filled: Partial<Holding> = {}): Holding => {
      return { drive: DRIVE, digest: content(seed).digest, size: MEBIBYTE + more, head: '', chain: '', ...filled }
    }
    const find = (...keys: [drive: DriveId, more: number][]) =>
      store.read((tx) =>
        tx.holdings(
          keys.map(([drive, more]) => ({ drive, size: MEBIBYTE + more })),
          2,
        ),
      )

    it('are what drives refer to, found by drive and size, so many of each', async () => {
      await apply(store, { blobRefs: [hold(1, 0), hold(2, 0), hold(4, 0), hold(3, 6), hold(3, 6, OTHER)] })
      expect(await find([DRIVE, 0])).toHaveLength(2)
      expect(await find([DRIVE, 6], [DRIVE, 7])).toEqual([holding(3, 6)])
      expect(await find([OTHER, 6], [DRIVE, 6], [DRIVE, 6])).toHaveLength(2)
      expect(await find([OTHER, 0])).toEqual([])
    })

    it('are not found when they are small', async () => {
      await apply(store, { blobRefs: [hold(1, -1)] })
      expect(await find([DRIVE, -1])).toEqual([])
    })

    it('are filled in by and by, and lose nothing', async () => {
      await apply(store, { blobRefs: [hold(1, 0), hold(1, 0, OTHER)] })
      await store.write((tx) => tx.putHoldings([holding(1, 0, { head: 'h' }), holding(2, 0)]))
      await store.write((tx) => tx.putHoldings([holding(1, 0, { chain: 'c' })]))
      await store.write((tx) => tx.putHoldings([holding(1, 0)]))
      await apply(store, { blobRefs: [hold(1, 0)] })
      expect(await find([DRIVE, 0])).toEqual([holding(1, 0, { head: 'h', chain: 'c' })])
      expect(await find([OTHER, 0])).toEqual([holding(1, 0, { drive: OTHER })])
    })

    it('go when the drive lets go of them', async () => {
      await apply(store, { blobRefs: [hold(1, 0), hold(1, 0, OTHER), hold(2, 0)] })
      await apply(store, { blobRefs: [{ ...hold(1, 0), delta: -1 }] })
      await store.write((tx) => tx.takeUnusedBlobs(100, 10))
      expect(await find([DRIVE, 0], [OTHER, 0])).toEqual(
        expect.arrayContaining([holding(2, 0), holding(1, 0, { drive: OTHER })]),
      )
    })
  })

  describe('uploads', () => {
    it('on their way to new files are found by folder, in order, until they are over', async () => {
      const into = (n: number, parent: number, more: Partial<Upload> = {}) =>
        upload(n, { drive: driveId(1), parent: nodeId(parent), revises: false, expiresAt: 100, ...more })
      const rows = [
        into(1, 5),
        into(2, 5),
        into(3, 4),
        into(4, 5, { revises: true }),
        into(5, 5, { state: 'committed' }),
        into(6, 5, { expiresAt: 50 }),
        into(7, 5, { drive: driveId(2) }),
        into(8, 0),
      ]
      await apply(store, { putUploads: rows })
      const page = (folder: number | null, after: Upload | null = null, limit = 9) =>
        store.read(async (tx) => {
          const about = { drive: driveId(1), folder: folder === null ? null : nodeId(folder), now: 50 }
          return (await tx.uploadPage({ ...about, after, limit })).map(({ id }) => id)
        })
      const [one, two, three] = [1, 2, 3].map((n) => uploadId(n, driveId(1)))
      expect(await page(5)).toEqual([one, two])
      expect(await page(5, rows[0]!)).toEqual([two])
      expect(await page(null)).toEqual([three, one, two])
      expect(await page(null, rows[2]!, 1)).toEqual([one])
      expect(await page(6)).toEqual([])
    })

    it('come back as they were put in, and are replaced by id', async () => {
      const sealed = upload(1, {
        size: 5,
        hashes: { sha1: 'x', crc64: '1' },
        state: 'sealed',
        content: content(5),
        data: { a: [true] },
      })
      await apply(store, { putUploads: [upload(1), upload(2)] })
      await apply(store, { putUploads: [sealed] })
      const found = await store.read((tx) => tx.uploads([uploadId(1), uploadId(2), uploadId(3)]))
      expect(found).toHaveLength(2)
      expect(found).toEqual(expect.arrayContaining([sealed, upload(2)]))
    })

    it('of several drives are found and removed together, and what is no id is none of them', async () => {
      const [here, there] = [upload(1), upload(1, { drive: OTHER })]
      const strange = ['', 'f'.repeat(32), here.id.slice(1), `${here.id}0`].map((id) => id as UploadId)
      const ids = [there.id, ...strange, here.id]
      await apply(store, { putUploads: [here, there] })
      await store.write((tx) =>
        tx.putUploadParts([here, there].map(({ id }) => ({ upload: id, number: 1, size: 1, md5: 'm', uploadedAt: 1 }))),
      )
      const both = expect.arrayContaining([here, there])
      expect(await store.read((tx) => tx.uploads(ids))).toEqual(both)
      expect(await store.write((tx) => tx.uploads(ids))).toEqual(both)
      expect((await store.read((tx) => tx.uploadParts(ids))).map(({ upload }) => upload).sort()).toEqual([
        here.id,
        there.id,
      ])
      expect(await store.write((tx) => tx.deleteUploads([...strange, there.id]))).toEqual([there])
      expect(await store.read((tx) => tx.uploads(ids))).toEqual([here])
      expect(await store.read((tx) => tx.uploadParts(ids))).toHaveLength(1)
    })

    it('have parts, each the latest of its number, and take them along', async () => {
      const part = (number: number, size = 1) => ({ upload: uploadId(1), number, size, md5: 'm', uploadedAt: 1 })
      await apply(store, { putUploads: [upload(1), upload(2)] })
      await store.write((tx) => tx.putUploadParts([part(2), part(1), { ...part(1), upload: uploadId(2) }]))
      await store.write((tx) => tx.putUploadParts([part(2, 8)]))
      const parts = () => store.read((tx) => tx.uploadParts([uploadId(1)]))
      expect((await parts()).sort((a, b) => a.number - b.number)).toEqual([part(1), part(2, 8)])
      expect(await store.write((tx) => tx.deleteUploads([uploadId(1), uploadId(9)]))).toEqual([upload(1)])
      expect(await parts()).toEqual([])
      expect(await store.read((tx) => tx.uploadParts([uploadId(2)]))).toHaveLength(1)
    })

    it('expire', async () => {
      const expiring = [30, 10, 20, 21].map((expiresAt, index) => upload(index + 1, { expiresAt }))
      await apply(store, { putUploads: expiring })
      const expired = (now: number, limit: number) => store.write((tx) => tx.expiredUploads(now, limit))
      expect((await expired(20, 10)).sort()).toEqual([uploadId(2), uploadId(3)])
      expect(await expired(100, 3)).toHaveLength(3)
      expect(await expired(9, 10)).toEqual([])
    })
  })
}
