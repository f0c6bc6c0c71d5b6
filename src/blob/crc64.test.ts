import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Crc64 } from './crc64.ts'

/** Bit by bit, straight from the definition. */
function naive(bytes: Uint8Array): string {
  let register = 0xffffffffffffffffn
  for (const byte of bytes) {
    register ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) register = register & 1n ? (register >> 1n) ^ 0xc96c5795d7870f42n : register >> 1n
  }
  return (register ^ 0xffffffffffffffffn).toString()
}

function crc64(...chunks: Uint8Array[]): string {
  const crc = new Crc64()
  for (const chunk of chunks) crc.update(chunk)
  return crc.digest()
}

describe('CRC-64/XZ', () => {
  it('has the published check value', () => {
    expect(crc64(Buffer.from('123456789'))).toBe('11051210869376104954')
    expect(crc64(Buffer.from('hello'))).toBe('11177612005948864433')
    expect(crc64()).toBe('0')
  })

  it('agrees with the definition on any bytes, however they are cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, cut) => {
        expect(crc64(bytes.subarray(0, cut), bytes.subarray(cut))).toBe(naive(bytes))
      }),
    )
  })

  it('keeps its place over long inputs', () => {
    const bytes = randomBytes(100_003)
    expect(crc64(bytes)).toBe(naive(bytes))
  })
})
