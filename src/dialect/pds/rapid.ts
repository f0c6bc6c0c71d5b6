/**
 * Rapid uploads: bytes that are here already need not be sent again. Only content that the caller sees anyway counts:
 * who merely knows a hash must not get the bytes by it.
 */
import { createHash } from 'node:crypto'
import type { Actor, DriveId, Engine, NodeView, Upload, Where } from '../../engine/index.ts'
import type { Env, Steps } from './call.ts'
import { type Answer, missing, notValid, Refusal, sound } from './error.ts'
import { type Body, text } from './request.ts'

/** How many files of one size are looked at for a pre-hash. */
const TWINS_MAX = 20
/** Beside the drive of the upload, so many of the caller's own. */
const OWN_DRIVES_MAX = 20
/** A pre-hash is the SHA-1 of so many bytes. */
const PRE_HASH_BYTES = 1024
const PROOF_BYTES = 8

export interface ContentKey {
  readonly drive: DriveId
  readonly size: number
  readonly hashes: Upload['hashes']
}

/** Files of one content; without hashes, of one size. */
export async function twinsOf(
  engine: Engine,
  actor: Actor,
  { drive, size, hashes }: ContentKey,
): Promise<readonly NodeView[]> {
  const own = await engine.listDrives(actor, { owners: [actor.self], after: 0, limit: OWN_DRIVES_MAX })
  const drives = [...new Set([drive, ...own.items.map(({ id }) => id)])]
  const all: Where[] = [{ field: 'size', is: '=', value: size }]
  if (hashes.sha1) all.push({ field: 'sha1', in: [hashes.sha1] })
  if (hashes.sha256) all.push({ field: 'sha256', in: [hashes.sha256] })
  const query = { drives, where: { all }, trashed: 'no', order: [], limit: TWINS_MAX, cursor: null } as const
  const found = await engine.search(actor, query)
  return 'status' in found ? [] : found.items
}

/** 409 when the beginning of the file is the beginning of one the caller sees: the client then sends the whole hash. */
export const PRE_HASH_MATCHED = sound(409, 'PreHashMatched', 'Pre hash matched.')

/** Whether a file of this size that the caller sees begins with the same bytes. */
export function* preHashMatches(body: Body, drive: DriveId, size: number | undefined): Steps<boolean> {
  const hash = text(body, 'pre_hash')?.toLowerCase()
  if (!hash || !size) return false
  if (!/^[0-9a-f]{40}$/.test(hash)) throw new Refusal(notValid('pre_hash'))
  const { twins } = yield { twins: [{ drive, size, hashes: {} }] }
  const distinct = [...new Map(twins[0]!.map((view) => [view.node.content!.digest, view])).values()]
  const { versions } = yield { versions: distinct.map(keyOf) }
  let matches = false
  const compare = async (): Promise<Answer> => {
    const heads = await Promise.all(
      versions.map((one) => ('status' in one ? Buffer.alloc(0) : read(one, 0, Math.min(PRE_HASH_BYTES, size)))),
    )
    matches = heads.some((head) => createHash('sha1').update(head).digest('hex') === hash)
    return { status: 200 }
  }
  yield { waits: [compare] }
  return matches
}

/** The file whose content the upload would bring, if the caller sees one; null otherwise. */
export function* knownFile(env: Env, body: Body, key: ContentKey, isProofDue: boolean): Steps<NodeView | null> {
  const proof = text(body, 'proof_code')
  if (isProofDue && !proof) throw new Refusal(missing('proof_code'))
  if ((text(body, 'proof_version') || 'v1') !== 'v1') throw new Refusal(notValid('proof_version'))
  if (!key.hashes.sha1 && !key.hashes.sha256) return null
  const { twins } = yield { twins: [key] }
  const [found] = twins[0]!
  if (!found) return null
  if (proof && !(yield* proves(env, proof, found))) {
    throw new Refusal(sound(400, 'InvalidRapidProof', 'The proof code of the content is not valid.'))
  }
  return found
}

/** Proof `v1`: eight bytes of the content, at a place that the access token determines. */
function* proves({ caller }: Env, proof: string, view: NodeView): Steps<boolean> {
  const { size } = view.node.content!
  const seed = createHash('md5')
    .update(caller?.tokenText ?? '')
    .digest('hex')
    .slice(0, 16)
  const start = size === 0 ? 0 : Number(BigInt(`0x${seed}`) % BigInt(size))
  const { versions } = yield { versions: [keyOf(view)] }
  const version = versions[0]!
  if ('status' in version) return false
  let isRight = false
  const compare = async (): Promise<Answer> => {
    const bytes = await read(version, start, Math.min(start + PROOF_BYTES, size))
    isRight = bytes.toString('base64') === proof
    return { status: 200 }
  }
  yield { waits: [compare] }
  return isRight
}

function keyOf({ node, drive }: NodeView) {
  return { drive: drive.id, node: node.id, version: node.version }
}

type Readable = { stream(range: { start: number; end: number }): NodeJS.ReadableStream }

async function read(content: Readable, start: number, end: number): Promise<Buffer> {
  if (end <= start) return Buffer.alloc(0)
  const chunks: Buffer[] = []
  for await (const chunk of content.stream({ start, end })) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}
