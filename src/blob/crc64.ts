/**
 * CRC-64/XZ: the reflected ECMA-182 polynomial, register and output inverted. Object stores show it as an unsigned
 * decimal.
 *
 * The register is kept as two 32-bit halves, because JavaScript has no fast 64-bit integer, and eight bytes are taken at a
 * time through eight tables (slicing-by-8): each table answers for a byte that many places ahead.
 */

const POLYNOMIAL_HIGH = 0xc96c5795 | 0
const POLYNOMIAL_LOW = 0xd7870f42 | 0
const SLICES = 8

/** Entry `slice * 256 + byte`: what the byte does to the register after it and `slice` zero bytes went through. */
const [HIGH, LOW] = makeTables()

/** A running CRC-64/XZ. */
export class Crc64 {
  private high = -1
  private low = -1

  update(bytes: Uint8Array): void {
    let high = this.high
    let low = this.low
    const end = bytes.length
    const whole = end - (end % SLICES)
    let at = 0
    for (; at < whole; at += SLICES) {
      const first = low ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24))
      const second = high ^ (bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24))
      const a = 1792 + (first & 255)
      const b = 1536 + ((first >>> 8) & 255)
      const c = 1280 + ((first >>> 16) & 255)
      const d = 1024 + (first >>> 24)
      const e = 768 + (second & 255)
      const f = 512 + ((second >>> 8) & 255)
      const g = 256 + ((second >>> 16) & 255)
      const h = second >>> 24
      high = HIGH[a]! ^ HIGH[b]! ^ HIGH[c]! ^ HIGH[d]! ^ HIGH[e]! ^ HIGH[f]! ^ HIGH[g]! ^ HIGH[h]!
      low = LOW[a]! ^ LOW[b]! ^ LOW[c]! ^ LOW[d]! ^ LOW[e]! ^ LOW[f]! ^ LOW[g]! ^ LOW[h]!
    }
    for (; at < end; at++) {
      const index = (low ^ bytes[at]!) & 255
      low = ((low >>> 8) | (high << 24)) ^ LOW[index]!
      high = (high >>> 8) ^ HIGH[index]!
    }
    this.high = high
    this.low = low
  }

  /** The sum of all bytes so far, as an unsigned decimal. */
  digest(): string {
    return ((BigInt(~this.high >>> 0) << 32n) | BigInt(~this.low >>> 0)).toString()
  }
}

function makeTables(): [high: Int32Array, low: Int32Array] {
  const high = new Int32Array(SLICES * 256)
  const low = new Int32Array(SLICES * 256)
  for (let byte = 0; byte < 256; byte++) {
    let h = 0
    let l = byte
    for (let bit = 0; bit < 8; bit++) {
      const odd = l & 1
      l = (l >>> 1) | (h << 31)
      h >>>= 1
      if (odd) {
        h ^= POLYNOMIAL_HIGH
        l ^= POLYNOMIAL_LOW
      }
    }
    high[byte] = h
    low[byte] = l
  }
  for (let at = 256; at < SLICES * 256; at++) {
    const h = high[at - 256]!
    const l = low[at - 256]!
    high[at] = (h >>> 8) ^ high[l & 255]!
    low[at] = ((l >>> 8) | (h << 24)) ^ low[l & 255]!
  }
  return [high, low]
}
