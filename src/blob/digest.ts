/** All the digests of a file's bytes, in one pass over them. */
import { createHash } from 'node:crypto'
import type { Content } from '../engine/index.ts'
import { Crc64 } from './crc64.ts'

/** A running description of bytes. */
export class ContentDigest {
  private readonly sha256 = createHash('sha256')
  private readonly sha1 = createHash('sha1')
  private readonly md5 = createHash('md5')
  private readonly crc64 = new Crc64()
  private size = 0

  update(bytes: Uint8Array): void {
    this.sha256.update(bytes)
    this.sha1.update(bytes)
    this.md5.update(bytes)
    this.crc64.update(bytes)
    this.size += bytes.length
  }

  /** What the bytes are; to be asked once, at the end. */
  content(): Content {
    return {
      digest: this.sha256.digest('hex'),
      size: this.size,
      md5: this.md5.digest('hex'),
      sha1: this.sha1.digest('hex'),
      crc64: this.crc64.digest(),
    }
  }
}
