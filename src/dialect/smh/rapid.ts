/**
 * Rapid upload: content that is in the library already is not sent again. A client names it first by how it begins, then by a
 * chain of hashes over the whole. Only content of a file that the caller may read is taken. Page 1339/71132 and three clients.
 */
import type { ContentsLike, DriveId, Upload } from '../../engine/index.ts'
import type { Visit } from './auth.ts'
import type { Call } from './call.ts'
import { refuse } from './error.ts'
import { bytes, type Members, member, text } from './words.ts'

/** What a client says of the content it is about to send. */
export interface Claim {
  readonly size: number
  readonly head: string | undefined
  readonly chain: string | undefined
}

/** The claim in the body of a start; undefined when it makes none. */
export function claimIn(body: Members): Claim | undefined {
  const [head, chain] = [hash(body, 'beginningHash'), hash(body, 'fullHash')]
  const size = member(body, 'size')
  if ((head === undefined && chain === undefined) || size === undefined || size === '') return undefined
  return { size: bytes(size, 'size'), head, chain }
}

function hash(body: Members, name: string): string | undefined {
  const value = text(body, name)
  if (value === undefined || value === '') return undefined
  if (!/^[0-9A-Fa-f]{64}$/.test(value)) throw refuse('ParamInvalid', `${name} must be a SHA-256 in hex.`)
  return value.toLowerCase()
}

/** Whether there is content that begins as claimed and that the caller may read: then it shall name the whole. */
export async function isBegun(call: Call, here: Visit, claim: Claim): Promise<boolean> {
  if (claim.chain !== undefined) return false
  const drives = await drivesOf(call, here)
  const digests = await call.context.engine.contentsLike(here.actor, likeOf(claim, drives))
  return digests.length > 0 && (await holderOf(call, here, drives, digests)) !== undefined
}

/** Gives an open upload the content that is as claimed; false when there is none. */
export async function fillUpload(call: Call, here: Visit, upload: Upload, claim: Claim): Promise<boolean> {
  if (claim.chain === undefined) return false
  const { engine } = call.context
  const drives = await drivesOf(call, here)
  const digests = await engine.contentsLike(here.actor, likeOf(claim, drives))
  const node = digests.length > 0 ? await holderOf(call, here, drives, digests) : undefined
  if (!node) return false
  const [filled] = await engine.fillUploads(here.actor, [{ upload: upload.id, node }])
  // Gone meanwhile: then it is sent like any other.
  return 'content' in filled!
}

function likeOf({ size, head, chain }: Claim, drives: readonly DriveId[]): ContentsLike {
  return { drives, size, ...(head === undefined ? {} : { head }), ...(chain === undefined ? {} : { chain }) }
}

/** The space of the call and the others its token opens. */
async function drivesOf(call: Call, here: Visit): Promise<DriveId[]> {
  const others = here.actor.drives ?? (await call.spaces.all(here.caller.library)).map(({ id }) => id)
  return [...new Set<DriveId>([here.drive.id, ...others])].slice(0, DRIVES_MAX)
}

/** A file of these spaces with one of the contents. */
async function holderOf(call: Call, here: Visit, drives: readonly DriveId[], digests: readonly string[]) {
  const where = { field: 'sha256', in: digests } as const
  const order = [{ by: 'name', descending: false }] as const
  const page = await call.context.engine.search(here.actor, {
    drives,
    where,
    trashed: 'no',
    order,
    limit: 1,
    cursor: null,
  })
  const found = 'status' in page ? undefined : page.items[0]
  return found && { drive: found.node.drive, id: found.node.id }
}

/** As many spaces as one search looks through. */
const DRIVES_MAX = 100
