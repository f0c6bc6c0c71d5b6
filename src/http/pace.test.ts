import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { createPaces } from './pace.ts'

const bytes = (length: number) => Readable.from([Buffer.alloc(length, 'x')])

/** How long streams take from the first byte to the last, ms. */
async function duration(reading: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await reading()
  return performance.now() - start
}

describe('a pace', () => {
  it('lets every byte through, in order, at its rate at most', async () => {
    const paces = createPaces()
    const content = Buffer.from(Array.from({ length: 100_000 }, (_, at) => at % 251))
    let read: Buffer | undefined
    const took = await duration(async () => {
      read = await buffer(paces.keep(Readable.from([content]), 500_000, null))
    })
    expect(read).toEqual(content)
    // What comes first need not wait: 100,000 bytes less a piece.
    expect(took).toBeGreaterThan(150)
  })

  it('is shared by the streams of a lane, and not with others', async () => {
    const paces = createPaces()
    const read = (lane: string | null) => buffer(paces.keep(bytes(50_000), 500_000, lane))
    expect(await duration(() => Promise.all([read('a'), read('a'), read('a')]))).toBeGreaterThan(250)
    // One after the other they have no more than at once.
    expect(await duration(async () => [await read('b'), await read('b'), await read('b')])).toBeGreaterThan(250)
    // At a byte a second anyone who had to wait for another would wait for ten.
    const slow = createPaces()
    const firsts = ['c', 'd', null, null].map((lane) => slow.keep(bytes(10), 1, lane)[Symbol.asyncIterator]().next())
    expect(await duration(() => Promise.all(firsts))).toBeLessThan(5000)
  })

  it('of 0 is none', async () => {
    const stream = bytes(1)
    expect(createPaces().keep(stream, 0, 'a')).toBe(stream)
  })

  it('closes its source when the reader stops', async () => {
    const source = bytes(100_000)
    for await (const _ of createPaces().keep(source, 1_000_000_000, null)) break
    expect(source.destroyed).toBe(true)
  })
})
