/** The text of a token: what the client holds. It is derived from the token's id, so that the store never holds it. */
import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'

const MAC_BYTES = 16
const TEXT = /^(.*)([0-9a-f]{32})([0-9a-f]{32})$/s

/** Spells tokens and reads them back under one deployment's key. */
export interface TokenTexts {
  /** A fresh, unguessable token id: 32 hex digits. */
  freshId(): string
  /** An id that only the holder of the key can compute from its parts; 32 hex digits. */
  derivedId(parts: readonly string[]): string
  /** `prefix`, the id, and an authentication code over both. */
  text(id: string, prefix: string): string
  /** The id in a text that `text` made; undefined for anything else. */
  parse(text: string): string | undefined
}

/** @param master the deployment's master key, at least 32 bytes */
export function tokenTexts(master: Buffer): TokenTexts {
  const subkey = (label: string) => Buffer.from(hkdfSync('sha256', master, '', `batchdrive ${label}`, 32))
  const macKey = subkey('token')
  const idKey = subkey('token id')
  const mac = (prefix: string, id: string) =>
    createHmac('sha256', macKey).update(`${prefix}${id}`).digest().subarray(0, MAC_BYTES)

  return {
    freshId: () => randomBytes(MAC_BYTES).toString('hex'),
    derivedId: (parts) =>
      createHmac('sha256', idKey).update(JSON.stringify(parts)).digest().toString('hex', 0, MAC_BYTES),
    text: (id, prefix) => `${prefix}${id}${mac(prefix, id).toString('hex')}`,
    parse(text) {
      const [, prefix = '', id = '', code = ''] = TEXT.exec(text) ?? []
      if (id === '') return undefined
      return timingSafeEqual(Buffer.from(code, 'hex'), mac(prefix, id)) ? id : undefined
    },
  }
}
