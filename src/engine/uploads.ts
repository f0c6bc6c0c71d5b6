/** Bytes on their way in and out: parts stored, uploads sealed, versions opened. No rule of a drive is decided here. */
import type { Actor } from './actor.ts'
import { type BlobStore, TooLongError } from './blob-port.ts'
import { emptyChanges } from './effects.ts'
import type { Engine, OpenVersion, StoredPart } from './engine.ts'
import { fail } from './error.ts'
import type { Content, Upload, UploadId, UploadPart } from './model.ts'
import type { Failed } from './op.ts'
import type { Clock, Store, WriteTx } from './port.ts'

/** The largest part, and so the largest file sent in one piece: 5 TiB, as large as any object store takes. */
export const PART_BYTES_MAX = 5 * 2 ** 40
export const PARTS_MAX = 10_000

/**
 * How long a content without any reference is kept, its row and its bytes: an upload of the same content may be about to refer
 * to it. Bytes that were sealed longer ago than a part of that are not relied on.
 */
export const UNUSED_BLOB_KEPT_MS = 10 * 60_000
const SEALED_RELIED_ON_MS = UNUSED_BLOB_KEPT_MS / 5

export type Uploads = Pick<Engine, 'uploads' | 'abortUploads' | 'writePart' | 'openVersion'> & {
  /** Turns the stored parts of open uploads into blobs. Uploads that lack parts, or do not exist, are left as they are. */
  seal(ids: readonly UploadId[]): Promise<void>
}

export function createUploads(store: Store, blobs: BlobStore, clock: Clock): Uploads {
  return {
    uploads: (actor, ids) => ownUploads(store, actor, ids),

    async abortUploads(actor, ids) {
      const own = await ownUploads(store, actor, ids)
      const doomed = own.flatMap((found) => (found && found.upload.state !== 'committed' ? [found.upload.id] : []))
      const removed = await store.write((tx) => removeUploads(tx, doomed, clock()))
      await blobs.discard(removed.map(({ id }) => id))
      const gone = new Map(removed.map((upload) => [upload.id, upload]))
      return own.map((found): Upload | Failed => {
        if (!found) return fail('upload_not_found')
        return gone.get(found.upload.id) ?? fail('upload_used', { node: found.upload.node })
      })
    },

    writePart: (upload, part, bytes) => writePart({ store, blobs, clock }, upload, part, bytes),
    openVersion: (key) => openVersion(store, blobs, key),
    seal: (ids) => seal({ store, blobs, clock }, ids),
  }
}

interface Parts {
  readonly store: Store
  readonly blobs: BlobStore
  readonly clock: Clock
}

async function ownUploads(store: Store, actor: Actor, ids: readonly UploadId[]) {
  const { uploads, parts } = await store.read(async (tx) => ({
    uploads: await tx.uploads(ids),
    parts: await tx.uploadParts(ids),
  }))
  const byId = new Map(uploads.map((upload) => [upload.id, upload]))
  return ids.map((id) => {
    const upload = byId.get(id)
    const isOwn = upload?.tenant === actor.tenant && (actor.admin || upload.creator === actor.self)
    const lends = actor.lent?.nodes.some(({ drive }) => drive === upload?.drive) ?? false
    const reaches = upload && (lends || (actor.drives?.includes(upload.drive) ?? true))
    if (!upload || !isOwn || !reaches) return null
    return { upload, parts: parts.filter((part) => part.upload === id).sort((a, b) => a.number - b.number) }
  })
}

/** Removes upload rows; what one with bytes held of its blob is given back. */
export async function removeUploads(tx: WriteTx, ids: readonly UploadId[], at: number) {
  const removed = await tx.deleteUploads(ids)
  const held = removed.filter(({ state, content }) => (state === 'sealed' || state === 'filled') && content)
  const blobRefs = held.map(({ drive, content }) => ({ drive, content: content!, delta: -1, at }))
  if (blobRefs.length > 0) await tx.apply({ ...emptyChanges(), blobRefs })
  return removed
}

async function writePart(
  { store, blobs, clock }: Parts,
  id: UploadId,
  part: number,
  bytes: AsyncIterable<Uint8Array>,
): Promise<StoredPart | Failed> {
  if (!Number.isInteger(part) || part < 1 || part > PARTS_MAX) return fail('upload_mismatch', { detail: 'part' })
  const [upload] = await store.read((tx) => tx.uploads([id]))
  if (!upload || upload.expiresAt <= clock()) return fail('upload_not_found')
  if (upload.state !== 'open') return fail('upload_used', { node: upload.node })
  let content: Content
  try {
    content = await blobs.stage({ upload: id, part }, bytes, Math.min(upload.size ?? PART_BYTES_MAX, PART_BYTES_MAX))
  } catch (error) {
    if (error instanceof TooLongError) return fail('upload_mismatch', { detail: 'size' })
    throw error
  }
  const { size, md5, crc64 } = content
  const isKept = await store.write(async (tx) => {
    const [now] = await tx.uploads([id])
    if (now?.state !== 'open') return false
    await tx.putUploadParts([{ upload: id, number: part, size, md5, uploadedAt: clock() }])
    return true
  })
  return isKept ? { size, md5, crc64 } : fail('upload_used', { node: upload.node })
}

/** The parts in order when they are all there: numbered from 1 without a gap. */
function completeParts(parts: readonly UploadPart[]): UploadPart[] {
  const sorted = parts.toSorted((a, b) => a.number - b.number)
  return sorted.every(({ number }, index) => number === index + 1) ? sorted : []
}

async function seal({ store, blobs, clock }: Parts, ids: readonly UploadId[]): Promise<void> {
  const { uploads, parts } = await store.read(async (tx) => ({
    uploads: await tx.uploads(ids),
    parts: await tx.uploadParts(ids),
  }))
  const ready = uploads.flatMap((upload) => {
    const own = completeParts(parts.filter((part) => part.upload === upload.id))
    return upload.state === 'open' && own.length > 0 ? [{ upload, parts: own }] : []
  })
  if (ready.length === 0) return
  const begun = clock()
  const sealed = await sealBytes(store, blobs, ready)
  if (clock() - begun > SEALED_RELIED_ON_MS) await forgetSwept(blobs, sealed)
  if (sealed.size === 0) return
  const done = await store.write(async (tx) => {
    // Another commit of the same upload may have sealed it meanwhile.
    const open = (await tx.uploads([...sealed.keys()])).filter(({ state }) => state === 'open')
    if (open.length === 0) return []
    const rows = open.map((upload): Upload => ({ ...upload, state: 'sealed', content: sealed.get(upload.id)! }))
    const at = clock()
    const blobRefs = rows.map(({ drive, content }) => ({ drive, content: content!, delta: 1, at }))
    await tx.apply({ ...emptyChanges(), blobRefs, putUploads: rows })
    return rows.map(({ id }) => id)
  })
  await blobs.discard(done)
}

interface ReadyUpload {
  readonly upload: Upload
  readonly parts: readonly UploadPart[]
}

/**
 * Joins the parts of each upload into a blob. Whoever is the second to commit an upload may find its parts gone already:
 * that is no failure, for the upload is not open any more.
 */
async function sealBytes(
  store: Store,
  blobs: BlobStore,
  ready: readonly ReadyUpload[],
): Promise<Map<UploadId, Content>> {
  const outcomes = await Promise.allSettled(
    ready.map(({ upload, parts }) =>
      blobs.seal(parts.map(({ number, md5 }) => ({ upload: upload.id, part: number, md5 }))),
    ),
  )
  const sealed = new Map<UploadId, Content>()
  const failed = new Map<UploadId, unknown>()
  for (const [index, outcome] of outcomes.entries()) {
    const { id } = ready[index]!.upload
    if (outcome.status === 'fulfilled') sealed.set(id, outcome.value)
    else failed.set(id, outcome.reason)
  }
  const found = failed.size === 0 ? [] : await store.read((tx) => tx.uploads([...failed.keys()]))
  const unexplained = found.find(({ state }) => state === 'open')
  if (unexplained) throw failed.get(unexplained.id)
  return sealed
}

/**
 * Dates bytes anew that were sealed while other uploads took their time: the sweep may have found them unused. Those it has
 * removed are not sealed; their parts are still there.
 */
async function forgetSwept(blobs: BlobStore, sealed: Map<UploadId, Content>): Promise<void> {
  const kept = new Set(await blobs.keep([...new Set([...sealed.values()].map(({ digest }) => digest))]))
  for (const [id, { digest }] of sealed) if (!kept.has(digest)) sealed.delete(id)
}

async function openVersion(
  store: Store,
  blobs: BlobStore,
  key: Parameters<Engine['openVersion']>[0],
): Promise<OpenVersion | Failed> {
  const found = await store.read(async (tx) => {
    const seek = { drive: key.drive, id: key.node, follow: true }
    const node = (await tx.chains([seek])).find(({ id }) => id === key.node)
    if (!node) return undefined
    const [versions, [drive]] = await Promise.all([tx.versions([node]), tx.drives([node.drive])])
    const version = versions.find(({ version }) => version === key.version)
    return version && { version, rate: drive?.settings.downloadRate ?? 0 }
  })
  if (!found) return fail('version_not_found')
  const { content, createdAt: updatedAt, drive } = found.version
  return { content, updatedAt, drive, rate: found.rate, stream: (range) => blobs.read(content.digest, range) }
}
