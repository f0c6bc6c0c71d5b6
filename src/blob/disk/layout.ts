/**
 * Where everything lies in the folder of a disk blob store:
 *
 *     blobs/ab/cd/<digest>          immutable bytes under their SHA-256
 *     staging/<upload>/<staged>     parts; the name says all about the bytes
 *     staging/<upload>/<temporary>  a part still arriving
 *     temporary/<temporary>         parts being joined
 *     temporary/<digest>.aside      a blob that may be removed, in a folder that several processes use
 *
 * That a staged part's facts are its name is what makes storing it atomic: one rename brings the bytes and the facts, and no
 * second file can disagree with the first.
 */
import assert from 'node:assert'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Content, UploadId } from '../../engine/index.ts'

/** A part as it lies in the staging area. Of several attempts at one part, the highest counts. */
export interface Staged {
  readonly part: number
  readonly attempt: number
  readonly content: Content
}

export interface Layout {
  readonly folder: string
  readonly blobs: string
  readonly staging: string
  readonly temporary: string
  /** Where an upload's parts lie. The id is checked: no path leads out of the staging area. */
  upload(id: UploadId): string
  /** The two folders above a blob, outer first, and its path. The digest is checked. */
  blob(digest: string): { folders: readonly [string, string]; path: string }
}

export function layoutOf(folder: string): Layout {
  const blobs = join(folder, 'blobs')
  const staging = join(folder, 'staging')
  return {
    folder,
    blobs,
    staging,
    temporary: join(folder, 'temporary'),
    upload(id) {
      assert(/^[0-9a-f]{32}$/.test(id), 'an upload id is 32 lower-case hex digits')
      return join(staging, id)
    },
    blob(digest) {
      assert(/^[0-9a-f]{64}$/.test(digest), 'a digest is 64 lower-case hex digits')
      const outer = join(blobs, digest.slice(0, 2))
      const inner = join(outer, digest.slice(2, 4))
      return { folders: [outer, inner], path: join(inner, digest) }
    },
  }
}

/** At most 194 characters: within what every usual file system takes. */
export function stagedName({ part, attempt, content }: Staged): string {
  const { digest, size, md5, sha1, crc64 } = content
  return [part, attempt, size, digest, md5, sha1, crc64].join('.')
}

/** Undefined for a name that `stagedName` does not make. */
export function parseStagedName(name: string): Staged | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.([0-9a-f]{64})\.([0-9a-f]{32})\.([0-9a-f]{40})\.(\d+)$/.exec(name)
  if (match === null) return undefined
  const [, part, attempt, size, digest, md5, sha1, crc64] = match as unknown as string[]
  const content = { digest: digest!, size: Number(size), md5: md5!, sha1: sha1!, crc64: crc64! }
  return { part: Number(part), attempt: Number(attempt), content }
}

let temporaries = 0

/** A name no living process uses. */
export function temporaryName(): string {
  return `${process.pid}-${++temporaries}.tmp`
}

/** A name no process on any machine uses. */
export function sharedTemporaryName(): string {
  return `${randomBytes(8).toString('hex')}.tmp`
}

/** What a blob is called in the temporary folder while it is judged whether it may go. */
export function asideName(digest: string): string {
  return `${digest}.aside`
}

/** The digest of a blob put aside; undefined for other names. */
export function digestAside(name: string): string | undefined {
  return /^([0-9a-f]{64})\.aside$/.exec(name)?.[1]
}

/** Whether a name is of a form that files have for a short time only. */
export function isTemporary(name: string): boolean {
  return TEMPORARY.test(name) || /^[0-9a-f]{16}\.tmp$/.test(name) || digestAside(name) !== undefined
}

const TEMPORARY = /^(\d+)-\d+\.tmp$/

/** Whether a name was `temporaryName`'s, in a process that is gone: this one has only begun, so its own id is an old one. */
export function isLeftover(name: string): boolean {
  return makerOf(name) === process.pid || isAbandoned(name)
}

/** Whether a name was `temporaryName`'s, in another process that is gone. */
export function isAbandoned(name: string): boolean {
  const pid = makerOf(name)
  return pid !== undefined && pid !== process.pid && !isAlive(pid)
}

function makerOf(name: string): number | undefined {
  const pid = TEMPORARY.exec(name)?.[1]
  return pid === undefined ? undefined : Number(pid)
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
