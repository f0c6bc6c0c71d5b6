/**
 * Where an upload's bytes go. The vendor sends its clients to Tencent COS with headers, or form fields, that they pass on
 * as they are; the same members lead to our own transfer URLs here.
 */
import { createHash } from 'node:crypto'
import type { Upload } from '../../engine/index.ts'
import { putPath, TRANSFER_PREFIX } from '../../http/transfer-url.ts'
import type { Call } from './call.ts'
import { domainOf, isoTime } from './terms.ts'
import { rateIn } from './traffic.ts'

/** How long the handed-out permission lasts before it must be renewed, ms. */
const TARGET_LIFE_MS = 2 * 3600_000
/** One of the vendor's clients shows it; nothing is looked up by it. */
const ACCESS_KEY = 'batchdrive'

export interface Target {
  readonly domain: string
  /** The URL's path; it carries the permission itself, so that clients which send no header are as good. */
  readonly path: string
  /** What the client sends along; the signature in it must be this URL's. */
  readonly headers: Readonly<Record<string, string>>
  readonly expiresAt: number
}

/** @param part 0 = the URL's query says which */
export function targetOf(call: Call, upload: Upload, part: number): Target {
  const { engine } = call.context
  const now = engine.now()
  const expiresAt = Math.min(upload.expiresAt, now + TARGET_LIFE_MS)
  const path = putPath(engine, { upload: upload.id, part, rate: rateIn(call.query) }, expiresAt)
  const signed = { ...signatureOf(path, now, expiresAt), 'q-header-list': '', 'q-url-param-list': '' }
  const headers = {
    Authorization: Object.entries(signed)
      .map(([name, value]) => `${name}=${value}`)
      .join('&'),
    'x-cos-security-token': securityToken(upload),
  }
  return { domain: domainOf(call), path, headers, expiresAt }
}

/** The members of a form that is posted to `/` of the same host, with the file behind them. */
export function formOf(
  call: Call,
  upload: Upload,
): { domain: string; form: Record<string, string>; expiresAt: number } {
  const { domain, path, expiresAt } = targetOf(call, upload, 1)
  const policy = Buffer.from(JSON.stringify({ expiration: isoTime(expiresAt), conditions: [] })).toString('base64')
  const form = {
    key: path.slice(TRANSFER_PREFIX.length),
    acl: 'default',
    'Content-Type': 'application/octet-stream',
    'x-cos-security-token': securityToken(upload),
    policy,
    ...signatureOf(path, call.context.engine.now(), expiresAt),
  }
  return { domain, form, expiresAt }
}

/** COS's form of a signature; the signature proper is the one the path ends in. */
function signatureOf(path: string, now: number, expiresAt: number): Record<string, string> {
  const times = [now, expiresAt].map((ms) => Math.floor(ms / 1000)).join(';')
  return {
    'q-sign-algorithm': 'sha1',
    'q-ak': ACCESS_KEY,
    'q-sign-time': times,
    'q-key-time': times,
    'q-signature': path.slice(path.indexOf('.') + 1),
  }
}

/** It only has to be there; nothing is permitted by it. */
function securityToken({ id }: Upload): string {
  return createHash('sha256').update(id).digest('base64url')
}
