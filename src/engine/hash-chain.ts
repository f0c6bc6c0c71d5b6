/**
 * Recognising content by how it begins and by a chain of hashes over it, as clients of one vendor name what they are about
 * to send. Both are computed when somebody first asks for content of that size, and remembered: most uploads never pay.
 */
import { createHash } from 'node:crypto'
import type { BlobStore } from './blob-port.ts'
import type { Engine } from './engine.ts'
import type { Holding, Store } from './port.ts'

/** Content is cut into strides of so many bytes; what is shorter than one is not recognised. */
export const STRIDE_BYTES = 2 ** 20
/** Contents of one size that are looked through for one question. */
const CANDIDATES_MAX = 16
/** Content up to so many bytes is hashed while the caller waits, larger content for the next who asks. */
export const INLINE_BYTES_MAX = 64 * 2 ** 20

export function createHashChains(store: Store, blobs: BlobStore): Pick<Engine, 'contentsLike'> {
  const chains = createChains(store, blobs)

  return {
    async contentsLike({ tenant }, { drives, size, head, chain }) {
      if (size < STRIDE_BYTES) return []
      const held = await store.read(async (tx) => {
        const own = (await tx.drives(drives)).filter((drive) => drive.tenant === tenant)
        return known(
          await tx.holdings(
            own.map((drive) => ({ drive: drive.id, size })),
            CANDIDATES_MAX,
          ),
        )
      })
      const begun = head === undefined ? held : (await withHeads(store, blobs, held)).filter((one) => one.head === head)
      if (chain === undefined) return begun.map(({ digest }) => digest)
      const whole = await Promise.all(begun.map((one) => chains.of(one)))
      return begun.filter((_, at) => whole[at] === chain).map(({ digest }) => digest)
    },
  }
}

/** Each content once, with what any of the drives knows of it. */
function known(held: readonly Holding[]): Holding[] {
  const contents = new Map<string, Holding>()
  for (const one of held) {
    const before = contents.get(one.digest) ?? one
    contents.set(one.digest, { ...before, head: before.head || one.head, chain: before.chain || one.chain })
  }
  return [...contents.values()]
}

/** Fills in how contents begin, and remembers it. */
async function withHeads(store: Store, blobs: BlobStore, held: readonly Holding[]): Promise<readonly Holding[]> {
  const present = new Set(await blobs.has(held.flatMap(({ head, digest }) => (head === '' ? [digest] : []))))
  const missing = held.filter(({ digest }) => present.has(digest))
  if (missing.length === 0) return held
  const heads = await Promise.all(
    missing.map(({ digest }) => sha256(blobs.read(digest, { start: 0, end: STRIDE_BYTES }))),
  )
  const found = new Map(missing.map((one, at) => [one.digest, { ...one, head: heads[at]! }]))
  await store.write((tx) => tx.putHoldings([...found.values()]))
  return held.map((one) => found.get(one.digest) ?? one)
}

async function sha256(bytes: AsyncIterable<Buffer | string>): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of bytes) hash.update(piece)
  return hash.digest('hex')
}

/** Chains already known, and those being computed; of one content at most one computation runs. */
function createChains(store: Store, blobs: BlobStore) {
  const running = new Map<string, Promise<string>>()

  function compute(one: Holding): Promise<string> {
    const begun = running.get(one.digest)
    if (begun) return begun
    const work = computeAndKeep(store, blobs, one).finally(() => running.delete(one.digest))
    running.set(one.digest, work)
    return work
  }

  return {
    /** The chain of a content; '' when it is not known yet. */
    async of(one: Holding): Promise<string> {
      if (one.chain !== '') return one.chain
      const work = compute(one)
      if (one.size <= INLINE_BYTES_MAX) return work
      // Nobody waits: should it fail, whoever asks next begins anew.
      work.catch(() => undefined)
      return ''
    },
  }
}

async function computeAndKeep(store: Store, blobs: BlobStore, one: Holding): Promise<string> {
  const present = await blobs.has([one.digest])
  if (present.length === 0) return ''
  const chain = await chainOf(blobs.read(one.digest, { start: 0, end: one.size }) as AsyncIterable<Buffer>)
  await store.write((tx) => tx.putHoldings([{ ...one, chain }]))
  return chain
}

/** The SHA-256 of the first stride, then of that hash and the next stride, and so on. */
export async function chainOf(bytes: AsyncIterable<Buffer>): Promise<string> {
  let hash = createHash('sha256')
  let room = STRIDE_BYTES
  let isEmpty = true
  for await (const piece of bytes) {
    for (let at = 0; at < piece.length; ) {
      if (room === 0) {
        hash = createHash('sha256').update(hash.digest())
        room = STRIDE_BYTES
      }
      const part = piece.subarray(at, at + room)
      hash.update(part)
      at += part.length
      room -= part.length
      isEmpty = false
    }
  }
  return isEmpty ? '' : hash.digest('hex')
}
