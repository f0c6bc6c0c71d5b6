/** App secrets: kept so that they can be read again (signatures need them in clear), and compared without telling by time. */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'

const CIPHER = 'aes-256-gcm'
const IV_BYTES = 12
const TAG_BYTES = 16

/** Seals and opens secrets under one deployment's key. */
export interface Secrets {
  /** The sealed form, base64url; sealing the same text twice gives two forms. '' stays ''. */
  seal(text: string): string
  /** The text behind a sealed form; throws when it was not sealed under this key, or was altered. '' stays ''. */
  open(sealed: string): string
}

/** @param master the deployment's master key, at least 32 bytes */
export function createSecrets(master: Buffer): Secrets {
  const key = Buffer.from(hkdfSync('sha256', master, '', 'batchdrive app secret', 32))
  return {
    seal(text) {
      if (text === '') return ''
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv(CIPHER, key, iv)
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url')
    },
    open(sealed) {
      if (sealed === '') return ''
      const bytes = Buffer.from(sealed, 'base64url')
      const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
      decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
      return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8')
    },
  }
}

/** Whether two texts are equal; takes the same time wherever they differ and whatever their lengths. */
export function equalTexts(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}
