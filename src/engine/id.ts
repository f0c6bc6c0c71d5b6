/**
 * Public node ids: opaque, reversible and authenticated, made of (drive of birth, node id) under the deployment's key. One
 * AES block holds both numbers and two zero bytes; a permutation under a secret key makes any other block decode to
 * noise, so that a guessed id is refused without a query. The long form adds four bytes of a second permutation.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import type { DriveId, NodeId } from './model.ts'

const BLOCK = 16
/** How many encoded ids are remembered: they never change, and the same nodes are asked for again and again. */
const REMEMBERED_MAX = 65_536
const TAG = 4

/** Where a public id points: the drive in which the node was born, and its id. */
export interface PublicId {
  readonly born: DriveId
  readonly id: NodeId
}

/** Encodes and decodes public ids under one deployment's key. */
export interface IdCodec {
  /** 40 lower-case hex digits; `file_id` in PDS and WPS. */
  fileId(node: PublicId): string
  /** Undefined for anything `fileId` did not make. */
  parseFileId(text: string): PublicId | undefined
  /** 32 lower-case hex digits; DingTalk's uuid. */
  uuid(node: PublicId): string
  parseUuid(text: string): PublicId | undefined
}

/** @param secret the deployment's master key, at least 32 bytes */
export function idCodec(secret: Buffer): IdCodec {
  const key = (label: string) => Buffer.from(hkdfSync('sha256', secret, '', `batchdrive ${label}`, BLOCK))
  // ECB over single blocks is a plain permutation, and without padding one cipher object serves every call.
  const encrypter = (label: string) => createCipheriv('aes-128-ecb', key(label), null).setAutoPadding(false)
  const decrypter = (label: string) => createDecipheriv('aes-128-ecb', key(label), null).setAutoPadding(false)
  const long = { encrypt: encrypter('file id'), decrypt: decrypter('file id') }
  const short = { encrypt: encrypter('uuid'), decrypt: decrypter('uuid') }
  const tag = encrypter('file id tag')
  const parsed = new Map<string, PublicId>()

  return {
    fileId: remembering((node) => {
      const block = long.encrypt.update(pack(node))
      return block.toString('hex') + tag.update(block).toString('hex', 0, TAG)
    }),
    parseFileId(text) {
      const known = parsed.get(text)
      if (known) return known
      if (!/^[0-9a-f]{40}$/.test(text)) return undefined
      const block = Buffer.from(text.slice(0, 2 * BLOCK), 'hex')
      if (tag.update(block).toString('hex', 0, TAG) !== text.slice(2 * BLOCK)) return undefined
      const node = unpack(long.decrypt.update(block))
      if (parsed.size >= REMEMBERED_MAX) parsed.clear()
      if (node) parsed.set(text, node)
      return node
    },
    uuid: remembering((node) => short.encrypt.update(pack(node)).toString('hex')),
    parseUuid(text) {
      return /^[0-9a-f]{32}$/.test(text) ? unpack(short.decrypt.update(Buffer.from(text, 'hex'))) : undefined
    },
  }
}

/** Keeps what was encoded, by node id; a node has one drive of birth, so that is checked and not part of the key. */
function remembering(encode: (node: PublicId) => string): (node: PublicId) => string {
  const known = new Map<NodeId, { born: DriveId; text: string }>()
  return (node) => {
    const found = known.get(node.id)
    if (found?.born === node.born) return found.text
    const text = encode(node)
    if (known.size >= REMEMBERED_MAX) known.clear()
    known.set(node.id, { born: node.born, text })
    return text
  }
}

function pack({ born, id }: PublicId): Buffer {
  const block = Buffer.alloc(BLOCK)
  writeUint56(block, born, 0)
  writeUint56(block, id, 7)
  return block
}

function unpack(block: Buffer): PublicId | undefined {
  const born = readUint56(block, 0)
  const id = readUint56(block, 7)
  const genuine = block.readUInt16BE(14) === 0 && isId(born) && isId(id)
  return genuine ? { born: born as DriveId, id: id as NodeId } : undefined
}

const TWO_32 = 2 ** 32

function writeUint56(block: Buffer, value: number, at: number) {
  block.writeUIntBE(Math.floor(value / TWO_32), at, 3)
  block.writeUInt32BE(value % TWO_32, at + 3)
}

function readUint56(block: Buffer, at: number): number {
  return block.readUIntBE(at, 3) * TWO_32 + block.readUInt32BE(at + 3)
}

function isId(value: number): boolean {
  return value > 0 && value <= Number.MAX_SAFE_INTEGER
}

/** Reads an id written as decimal digits without leading zeros; undefined for anything else. */
export function parseDecimalId<Id extends number>(text: unknown): Id | undefined {
  if (typeof text !== 'string' || !/^[1-9][0-9]{0,15}$/.test(text)) return undefined
  const value = Number(text)
  return isId(value) ? (value as Id) : undefined
}
