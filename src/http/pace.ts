/** Keeping streams to so many bytes a second, one by one or all of one lane together. */
import { setTimeout as sleep } from 'node:timers/promises'

/** How many lanes are remembered before those that are idle are forgotten. */
const LANES_MAX = 10_000
/** Bytes that may pass at once; larger chunks are cut, so that streams of one lane take turns. */
const PIECE_BYTES = 16 * 1024

/** When a lane is free again, ms. */
interface Lane {
  freeAt: number
}

export interface Paces {
  /**
   * The stream, slowed down to `rate` bytes a second together with all others of the lane; a lane of null is its own. A rate
   * of 0 is none. When the reader stops, the source is closed.
   */
  keep(stream: AsyncIterable<Buffer>, rate: number, lane: string | null): AsyncIterable<Buffer>
}

/** @param clock ms, never going back */
export function createPaces(clock: () => number = () => performance.now()): Paces {
  const lanes = new Map<string, Lane>()
  return {
    keep(stream, rate, key) {
      if (rate <= 0) return stream
      const lane = (key === null ? undefined : lanes.get(key)) ?? { freeAt: 0 }
      if (lanes.size >= LANES_MAX) forgetIdle(lanes, clock())
      if (key !== null) lanes.set(key, lane)
      return paced(stream, (bytes) => turn(lane, (bytes * 1000) / rate, clock()))
    },
  }
}

async function* paced(stream: AsyncIterable<Buffer>, waitFor: (bytes: number) => number): AsyncGenerator<Buffer> {
  for await (const chunk of stream) {
    for (let from = 0; from < chunk.length; from += PIECE_BYTES) {
      const piece = chunk.subarray(from, from + PIECE_BYTES)
      const waitMs = waitFor(piece.length)
      if (waitMs > 0) await sleep(waitMs)
      yield piece
    }
  }
}

/** How long to wait for a turn that takes so long, ms. */
function turn(lane: Lane, takesMs: number, now: number): number {
  const at = Math.max(lane.freeAt, now)
  lane.freeAt = at + takesMs
  return at - now
}

function forgetIdle(lanes: Map<string, Lane>, now: number): void {
  for (const [key, { freeAt }] of lanes) {
    if (freeAt <= now) lanes.delete(key)
  }
}
