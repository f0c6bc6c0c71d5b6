/** What every blob store must do, whatever it keeps its bytes in. Each implementation runs this suite. */
import { createHash, randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type BlobStore, type Clock, type Content, StorageError, TooLongError, type UploadId } from '../engine/index.ts'

/** A store under test. `close` also throws away what it holds. */
export interface OpenedBlobs {
  readonly blobs: BlobStore
  close(): Promise<void>
}

/** @param open makes an empty store that dates its blobs by the clock */
export function describeBlobStore(name: string, open: (clock: Clock) => Promise<OpenedBlobs>): void {
  let blobs: BlobStore
  let close: () => Promise<void>
  let now: number
  beforeEach(async () => {
    now = 1_700_000_000_000
    const opened = await open(() => now)
    blobs = opened.blobs
    close = () => opened.close()
  })
  afterEach(() => close())

  const stage = (upload: UploadId, part: number, text: string | Buffer) =>
    blobs.stage({ upload, part }, chunks(text), Number.POSITIVE_INFINITY)
  const seal = (upload: UploadId, ...parts: number[]) => blobs.seal(parts.map((part) => ({ upload, part })))
  /** A sealed blob; its stage is thrown away. */
  async function blobOf(text: string | Buffer): Promise<Content> {
    const upload = newUpload()
    await stage(upload, 1, text)
    const content = await seal(upload, 1)
    await blobs.discard([upload])
    return content
  }
  const readAll = async ({ digest, size }: Content) =>
    (await buffer(blobs.read(digest, { start: 0, end: size }))).toString()

  describe(`${name}: staging`, () => {
    it('tells what the bytes are', async () => {
      expect(await stage(newUpload(), 1, 'hello')).toEqual({
        digest: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
        size: 5,
        md5: '5d41402abc4b2a76b9719d911017c592',
        sha1: 'aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d',
        crc64: '11177612005948864433',
      })
      expect(await stage(newUpload(), 10_000, '')).toEqual({
        digest: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
        size: 0,
        md5: 'd41d8cd98f00b204e9800998ecf8427e',
        sha1: 'da39a3ee5e6b4b0d3255bfef95601890afd80709',
        crc64: '0',
      })
    })

    it('replaces an earlier attempt at the same part, and no other part', async () => {
      const upload = newUpload()
      await stage(upload, 1, 'first')
      await stage(upload, 2, ' second')
      await stage(upload, 1, 'again')
      await stage(upload, 1, 'again and again')
      expect(await readAll(await seal(upload, 1, 2))).toBe('again and again second')
    })

    it('keeps the attempt before, for a note of the latest may never have been made', async () => {
      const upload = newUpload()
      const { md5 } = await stage(upload, 1, 'noted')
      await stage(upload, 1, 'sent again')
      expect(await readAll(await blobs.seal([{ upload, part: 1, md5 }]))).toBe('noted')
      expect(await readAll(await seal(upload, 1))).toBe('sent again')
      await expect(blobs.seal([{ upload, part: 1, md5: '0'.repeat(32) }])).rejects.toThrow(StorageError)
    })

    it('keeps nothing of a stream that breaks off, and throws what the stream threw', async () => {
      const upload = newUpload()
      const broken = new Error('the sender went away')
      await stage(upload, 1, 'earlier')
      await expect(blobs.stage({ upload, part: 1 }, breaking('latest', broken), 100)).rejects.toBe(broken)
      await expect(blobs.stage({ upload, part: 2 }, breaking('other', broken), 100)).rejects.toBe(broken)
      expect(await readAll(await seal(upload, 1))).toBe('earlier')
      await expect(seal(upload, 2)).rejects.toThrow(StorageError)
    })

    it('takes as many bytes as permitted and cuts off one more', async () => {
      const upload = newUpload()
      await blobs.stage({ upload, part: 1 }, chunks('12345'), 5)
      let given = 0
      const endless = (async function* () {
        for (; given < 1000; given++) yield Buffer.from('a')
      })()
      await expect(blobs.stage({ upload, part: 1 }, endless, 5)).rejects.toThrow(TooLongError)
      expect(given).toBeLessThan(10)
      await expect(blobs.stage({ upload, part: 1 }, chunks('123456'), 5)).rejects.toThrow(TooLongError)
      expect(await readAll(await seal(upload, 1))).toBe('12345')
    })

    it('takes parts of one upload, and attempts at one part, at the same time', async () => {
      const upload = newUpload()
      const parts = Array.from({ length: 20 }, (_, i) => i + 1)
      await Promise.all(parts.map((part) => stage(upload, part, `<${part}>`)))
      expect(await readAll(await seal(upload, ...parts))).toBe(parts.map((part) => `<${part}>`).join(''))
      await Promise.all(parts.map((i) => stage(upload, 1, `attempt ${i}`)))
      expect(await readAll(await seal(upload, 1))).toMatch(/^attempt \d+$/)
    })

    it('refuses ids and numbers that are none, before it touches anything', async () => {
      const bad = ['../../../../etc/passwd', '', 'x'.repeat(32), `${newUpload()}/..`] as UploadId[]
      for (const upload of bad) {
        await expect((async () => stage(upload, 1, 'x'))()).rejects.toThrow()
        await expect((async () => seal(upload, 1))()).rejects.toThrow()
        await expect((async () => blobs.discard([upload]))()).rejects.toThrow()
      }
      for (const part of [0, -1, 1.5, Number.NaN]) {
        await expect((async () => stage(newUpload(), part, 'x'))()).rejects.toThrow()
      }
      for (const digest of ['', '..', 'A'.repeat(64), '../'.repeat(21)]) {
        await expect((async () => blobs.has([digest]))()).rejects.toThrow()
        await expect((async () => blobs.remove([digest], now))()).rejects.toThrow()
        await expect((async () => buffer(blobs.read(digest, { start: 0, end: 1 })))()).rejects.toThrow()
      }
    })
  })

  describe(`${name}: sealing`, () => {
    it('makes one part a blob', async () => {
      const upload = newUpload()
      const staged = await stage(upload, 7, 'hello')
      const sealed = await seal(upload, 7)
      expect(sealed).toEqual(staged)
      expect(await blobs.has([sealed.digest])).toEqual([sealed.digest])
      expect(await readAll(sealed)).toBe('hello')
    })

    it('joins parts in the order given', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.string(), { minLength: 1, maxLength: 4 }),
          fc.infiniteStream(fc.nat()),
          async (texts, picks) => {
            const upload = newUpload()
            await Promise.all(texts.map((text, i) => stage(upload, i + 1, text)))
            const order = [...picks.take(5)].map((pick) => (pick % texts.length) + 1)
            const whole = order.map((part) => texts[part - 1]).join('')
            const sealed = await seal(upload, ...order)
            expect(sealed).toEqual(contentOf(whole, sealed.crc64))
            expect(await stage(upload, 99, whole)).toEqual(sealed)
            expect(await readAll(sealed)).toBe(whole)
          },
        ),
        { numRuns: 20 },
      )
    })

    it('of nothing makes the empty blob', async () => {
      const sealed = await blobs.seal([])
      expect(sealed.size).toBe(0)
      expect(await blobs.has([sealed.digest])).toEqual([sealed.digest])
    })

    it('can be done again, and leaves the parts where they are', async () => {
      const upload = newUpload()
      await stage(upload, 1, 'a')
      await stage(upload, 2, 'b')
      const first = await seal(upload, 1, 2)
      expect(await seal(upload, 1, 2)).toEqual(first)
      expect(await readAll(await seal(upload, 2))).toBe('b')
      expect(await readAll(await seal(upload, 2))).toBe('b')
    })

    it('of a part that is not there fails', async () => {
      const upload = newUpload()
      await expect(seal(upload, 1)).rejects.toThrow(StorageError)
      await stage(upload, 1, 'a')
      await expect(seal(upload, 1, 2)).rejects.toThrow(StorageError)
    })

    it('takes each part whole from one attempt, while others arrive', async () => {
      const upload = newUpload()
      await Promise.all([stage(upload, 1, '<0>'), stage(upload, 2, '<0>')])
      const sealed: Content[] = []
      let attempts = 20
      async function attempt(part: number): Promise<void> {
        while (attempts-- > 0) await stage(upload, part, `<${attempts}>`)
      }
      async function sealMeanwhile(): Promise<void> {
        while (attempts > 0) sealed.push(await seal(upload, 1, 2))
      }
      await Promise.all([attempt(1), attempt(2), sealMeanwhile(), sealMeanwhile()])
      const texts = await Promise.all(sealed.map(readAll))
      for (const text of texts) expect(text).toMatch(/^<\d+><\d+>$/)
    })

    it('of equal contents at the same time makes one blob', async () => {
      const uploads = Array.from({ length: 10 }, newUpload)
      await Promise.all(
        uploads.map(async (upload, i) => {
          // Half of them in one part, half in two.
          await Promise.all(i % 2 === 0 ? [stage(upload, 1, 'same')] : [stage(upload, 1, 'sa'), stage(upload, 2, 'me')])
        }),
      )
      const sealed = await Promise.all(uploads.map((upload, i) => seal(upload, ...(i % 2 === 0 ? [1] : [1, 2]))))
      expect(new Set(sealed.map(({ digest }) => digest)).size).toBe(1)
      await blobs.discard(uploads)
      expect(await readAll(sealed[0]!)).toBe('same')
    })
  })

  describe(`${name}: discarding`, () => {
    it('throws away what is staged, and no blob', async () => {
      const [kept, gone] = [newUpload(), newUpload()]
      await Promise.all([stage(kept, 1, 'kept'), stage(gone, 1, 'gone')])
      const sealed = await seal(gone, 1)
      await blobs.discard([gone, newUpload(), gone])
      await blobs.discard([])
      await expect(seal(gone, 1)).rejects.toThrow(StorageError)
      expect(await readAll(sealed)).toBe('gone')
      expect(await readAll(await seal(kept, 1))).toBe('kept')
    })

    it('holds for a part that was still arriving', async () => {
      const upload = newUpload()
      let arrive = () => {}
      const arrived = new Promise<void>((resolve) => {
        arrive = resolve
      })
      let begin = () => {}
      const begun = new Promise<void>((resolve) => {
        begin = resolve
      })
      const slow = (async function* () {
        yield Buffer.from('half')
        begin()
        await arrived
        yield Buffer.from('half')
      })()
      const staged = blobs.stage({ upload, part: 1 }, slow, 100).catch((error) => error)
      await begun
      await blobs.discard([upload])
      arrive()
      expect(await staged).toBeInstanceOf(StorageError)
      await expect(seal(upload, 1)).rejects.toThrow(StorageError)
    })
  })

  describe(`${name}: reading`, () => {
    it('gives any range', async () => {
      const text = randomBytes(300_000).toString('latin1').slice(0, 200_000)
      const bytes = Buffer.from(text, 'latin1')
      const { digest, size } = await blobOf(bytes)
      await fc.assert(
        fc.asyncProperty(fc.nat(size), fc.nat(size), async (a, b) => {
          const range = { start: Math.min(a, b), end: Math.max(a, b) }
          const read = await buffer(blobs.read(digest, range))
          expect(read.equals(bytes.subarray(range.start, range.end))).toBe(true)
        }),
        {
          numRuns: 30,
          examples: [
            [0, 0],
            [0, size],
            [size, size],
            [size - 1, size],
          ],
        },
      )
    })

    it('of what is not there fails', async () => {
      const missing = '0'.repeat(64)
      await expect((async () => buffer(blobs.read(missing, { start: 0, end: 1 })))()).rejects.toThrow(StorageError)
      await expect((async () => buffer(blobs.read(missing, { start: 0, end: 0 })))()).rejects.toThrow(StorageError)
    })

    it('beyond the end fails, and does not end early as if all was well', async () => {
      const { digest } = await blobOf('12345')
      await expect(buffer(blobs.read(digest, { start: 2, end: 9 }))).rejects.toThrow(StorageError)
    })

    it('may stop at any time', async () => {
      const { digest, size } = await blobOf(randomBytes(2_000_000))
      const stream = blobs.read(digest, { start: 0, end: size })
      for await (const chunk of stream) {
        expect(chunk.length).toBeGreaterThan(0)
        break
      }
      const unread = blobs.read(digest, { start: 0, end: size }) as NodeJS.ReadableStream & { destroy(): void }
      unread.destroy()
    })

    it('tells which blobs are there', async () => {
      const here = await Promise.all(['a', 'b'].map((text) => blobOf(text)))
      const digests = here.map(({ digest }) => digest)
      expect(await blobs.has(['f'.repeat(64), ...digests])).toEqual(digests)
      expect(await blobs.has([])).toEqual([])
    })
  })

  describe(`${name}: removing`, () => {
    it('takes what was last written before the given time', async () => {
      const old = await blobOf('old')
      now += 1000
      const young = await blobOf('young')
      await blobs.remove([old.digest, young.digest, 'f'.repeat(64)], now)
      expect(await blobs.has([old.digest, young.digest])).toEqual([young.digest])
      expect(await readAll(young)).toBe('young')
      await blobs.remove([], now)
    })

    it('spares what was sealed again', async () => {
      const first = await blobOf('again')
      now += 1000
      expect(await blobOf('again')).toEqual(first)
      await blobs.remove([first.digest], now)
      expect(await readAll(first)).toBe('again')
    })

    it('spares what was kept since, and says what could not be', async () => {
      const [kept, left] = [await blobOf('kept'), await blobOf('left')]
      now += 1000
      expect(await blobs.keep([kept.digest, 'f'.repeat(64)])).toEqual([kept.digest])
      expect(await blobs.keep([])).toEqual([])
      await blobs.remove([kept.digest, left.digest], now)
      expect(await blobs.has([kept.digest, left.digest])).toEqual([kept.digest])
      expect(await readAll(kept)).toBe('kept')
    })

    it('can be undone by sealing again', async () => {
      const upload = newUpload()
      await stage(upload, 1, 'back')
      const sealed = await seal(upload, 1)
      await blobs.remove([sealed.digest], now + 1)
      expect(await blobs.has([sealed.digest])).toEqual([])
      expect(await seal(upload, 1)).toEqual(sealed)
      expect(await readAll(sealed)).toBe('back')
    })

    it('at the same time as a seal leaves the blob', async () => {
      const upload = newUpload()
      await stage(upload, 1, 'contested')
      const { digest } = await seal(upload, 1)
      await Promise.all(
        Array.from({ length: 50 }, async (_, i) => {
          const before = ++now
          // Whatever comes first: a seal that has been answered counts.
          if (i % 2 === 0) await blobs.remove([digest], before)
          else await seal(upload, 1)
        }),
      )
      await seal(upload, 1)
      await blobs.remove([digest], now)
      expect(await blobs.has([digest])).toEqual([digest])
    })
  })

  describe(`${name}: size`, () => {
    it('never matters for memory', async () => {
      const upload = newUpload()
      const piece = randomBytes(64 * 1024)
      const half = (watch: () => void) =>
        (async function* () {
          for (let i = 0; i < 800; i++) {
            watch()
            yield piece
          }
        })()
      const peak = peakOf()
      await blobs.stage({ upload, part: 1 }, half(peak.watch), 100_000_000)
      await blobs.stage({ upload, part: 2 }, half(peak.watch), 100_000_000)
      const timer = setInterval(peak.watch, 1)
      const sealed = await seal(upload, 1, 2)
      clearInterval(timer)
      expect(sealed.size).toBe(1600 * piece.length)
      let read = 0
      for await (const chunk of blobs.read(sealed.digest, { start: 0, end: sealed.size })) {
        peak.watch()
        read += chunk.length
      }
      expect(read).toBe(sealed.size)
      expect(peak.bytes()).toBeLessThan(50_000_000)
    })
  })
}

function newUpload(): UploadId {
  return randomBytes(16).toString('hex') as UploadId
}

/** Bytes in pieces of odd sizes. */
async function* chunks(text: string | Buffer): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text)
  for (let at = 0, size = 1; at < bytes.length; at += size, size = size * 3 + 1) yield bytes.subarray(at, at + size)
}

async function* breaking(text: string, error: Error): AsyncGenerator<Buffer> {
  yield* chunks(text)
  throw error
}

function contentOf(text: string, crc64: string): Content {
  const hex = (algorithm: string) => createHash(algorithm).update(text).digest('hex')
  return { digest: hex('sha256'), size: Buffer.byteLength(text), md5: hex('md5'), sha1: hex('sha1'), crc64 }
}

/** How far the memory for buffers has grown since now. */
function peakOf(): { watch(): void; bytes(): number } {
  const start = process.memoryUsage().arrayBuffers
  let peak = start
  return {
    watch() {
      peak = Math.max(peak, process.memoryUsage().arrayBuffers)
    },
    bytes: () => peak - start,
  }
}
