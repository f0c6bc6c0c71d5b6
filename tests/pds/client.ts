/**
 * A small client that sends what the vendor's clients send: the JavaScript SDK (bearer tokens, batchApi, uploads in parts)
 * and the generated SDKs (requests signed with an AccessKey pair, v1 and v4). Written from the wire specification, apart
 * from the server's own code.
 */
import { createHash, createHmac, randomUUID } from 'node:crypto'
import { importPKCS8, SignJWT } from 'jose'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** The text as it came. */
  readonly text: string
  /** Parsed, when it is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came back
  readonly body: any
}

export async function send(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, { redirect: 'manual', ...init })
  const text = await response.text()
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {}
  return { status: response.status, headers: response.headers, text, body }
}

/** The headers of the JavaScript SDK's Node build. */
const SDK_HEADERS = {
  accept: 'application/json, text/plain, */*',
  'content-type': 'application/json',
  'pds-js-sdk': '1.4.0',
  'user-agent': 'axios/0.30.3',
}

export interface Assertion {
  readonly privateKey: string
  readonly iss?: string
  readonly sub: string
  readonly subType?: string
  readonly aud?: string
  /** s since 1970 */
  readonly now?: number
  readonly exp?: number
  readonly alg?: string
  /** Whether the user is to be made on its first use. */
  readonly autoCreate?: boolean
}

/** The JWT the SDK's `getJwtToken` makes: issued 300 s ago, good for 300 s, with a short id. */
export async function assertion({
  privateKey,
  iss = 'demo-pds',
  sub,
  subType = 'user',
  aud = 'demo',
  ...times
}: Assertion) {
  const now = times.now ?? Math.floor(Date.now() / 1000)
  return new SignJWT({ sub_type: subType, auto_create: times.autoCreate ?? false })
    .setProtectedHeader({ alg: times.alg ?? 'RS256', typ: 'JWT' })
    .setIssuer(iss)
    .setSubject(sub)
    .setAudience(aud)
    .setJti(Math.random().toString(36).slice(2))
    .setIssuedAt(now - 300)
    .setExpirationTime(times.exp ?? now + 300)
    .sign(await importPKCS8(privateKey, times.alg ?? 'RS256'))
}

/** `POST /v2/oauth/token` as the SDK sends it. */
export function tokenCall(url: string, fields: Record<string, string>): Promise<Answer> {
  return send(`${url}/v2/oauth/token`, {
    method: 'POST',
    headers: { ...SDK_HEADERS, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(fields).toString(),
  })
}

export async function jwtToken(url: string, claims: Assertion): Promise<Answer> {
  return tokenCall(url, {
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    client_id: claims.iss ?? 'demo-pds',
    assertion: await assertion(claims),
  })
}

export interface ChildRequest {
  readonly id?: string
  readonly url: string
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: unknown
}

/** How long a task may take on a machine that has much else to do. */
const POLL_MS_MAX = 100_000

/** Calls with a bearer token, as the JavaScript SDK makes them. */
export class Client {
  readonly url: string
  readonly token: string
  readonly drive: string
  /** Waits until the server has done what it does behind the requests. */
  readonly settle: () => Promise<void>

  constructor(url: string, token: string, drive: string, settle = async () => {}) {
    this.url = url
    this.token = token
    this.drive = drive
    this.settle = settle
  }

  protected credentials(): Record<string, string> {
    return { authorization: `Bearer ${this.token}` }
  }

  /** Any call; `drive_id` is filled in unless the body has one. */
  call(path: string, body: object = {}): Promise<Answer> {
    return this.raw(path, JSON.stringify({ drive_id: this.drive, ...body }))
  }

  raw(
    path: string,
    body: string | Uint8Array<ArrayBuffer> | undefined,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    return send(`${this.url}/v2${path}`, {
      method: 'POST',
      headers: { ...SDK_HEADERS, ...this.credentials(), ...headers },
      ...(body !== undefined && { body }),
    })
  }

  /** A call that must end in `status`; its body. */
  async ok(path: string, body: object = {}, status = 200): Promise<Answer['body']> {
    const answer = await this.call(path, body)
    if (answer.status !== status) throw new Error(`${path}: ${answer.status} instead of ${status}: ${answer.text}`)
    return answer.body
  }

  /** One batch; ids and headers as the SDK makes them, `drive_id` filled in. */
  batch(children: readonly ChildRequest[], resource = 'file'): Promise<Answer> {
    const requests = children.map(({ id, url, method = 'POST', headers, body }) => ({
      id: id ?? `id-${Date.now()}-${Math.random()}`,
      method,
      url,
      headers: headers ?? { 'Content-Type': 'application/json' },
      body: typeof body === 'object' && body !== null ? { drive_id: this.drive, ...body } : body,
    }))
    return this.raw('/batch', JSON.stringify({ resource, requests }))
  }

  /** The SDK's `batchApi`: groups of ten, one after the other, split into successes and failures. */
  async batchApi(children: readonly ChildRequest[], num = 10) {
    const successItems: unknown[] = []
    const errorItems: { code: string }[] = []
    for (let from = 0; from < children.length; from += num) {
      const answer = await this.batch(children.slice(from, from + num))
      if (answer.status !== 200) throw new Error(answer.text)
      for (const { status, body } of answer.body.responses) (status >= 400 ? errorItems : successItems).push(body)
    }
    return { successItems, errorItems }
  }

  /** The SDK's `pollingAsyncTask`: sleeps after every poll, ends on `succeed` and `failed` only. */
  async poll(async_task_id: string): Promise<Answer['body']> {
    const until = Date.now() + POLL_MS_MAX
    while (Date.now() < until) {
      const task = await this.ok('/async_task/get', { async_task_id })
      if (/^(succeed|failed)$/i.test(task.state)) return task
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error(`task ${async_task_id} does not end`)
  }

  async folder(name: string, parent = 'root', more: object = {}): Promise<string> {
    const body = { name, type: 'folder', parent_file_id: parent, check_name_mode: 'refuse', ...more }
    return (await this.ok('/file/create', body, 201)).file_id
  }

  /** The SDK's serial upload: create with the hash, PUT the parts, complete with their etags and the CRC. */
  async upload(name: string, content: string | Buffer, more: object = {}, partSize = 10_485_824) {
    const bytes = Buffer.from(content)
    const count = Math.max(1, Math.ceil(bytes.length / partSize))
    const parts = Array.from({ length: count }, (_, i) => {
      const [from, to] = [i * partSize, Math.min((i + 1) * partSize, bytes.length)]
      return { part_number: i + 1, part_size: to - from, from, to }
    })
    const created = await this.ok(
      '/file/create',
      {
        name,
        type: 'file',
        content_type: 'application/octet-stream',
        size: bytes.length,
        parent_file_id: 'root',
        part_info_list: parts,
        content_hash_name: 'sha1',
        content_hash: createHash('sha1').update(bytes).digest('hex').toUpperCase(),
        check_name_mode: 'refuse',
        donot_emit_error: true,
        ...more,
      },
      201,
    )
    if (created.rapid_upload || created.exist) return created
    const etags: { part_number: number; etag: string }[] = []
    for (const [i, part] of created.part_info_list.entries()) {
      const { from, to } = parts[i]!
      const put = await putPart(part.upload_url, bytes.subarray(from, to))
      if (put.status !== 200) throw new Error(`PUT: ${put.status} ${put.text}`)
      etags.push({ part_number: part.part_number, etag: put.headers.get('etag')! })
    }
    const { file_id, upload_id } = created
    const body = { file_id, upload_id, part_info_list: etags, crc64_hash: crc64(bytes) }
    return this.ok('/file/complete', body)
  }

  async list(parent = 'root', more: object = {}): Promise<string[]> {
    const { items } = await this.ok('/file/list', { parent_file_id: parent, limit: 100, order_by: 'name', ...more })
    return items.map((item: { name: string }) => item.name)
  }

  /** Everything in the drive and its recycle bin, to see that nothing changed. */
  async picture(drive = this.drive): Promise<string> {
    // Destroyed trees give their room back behind the requests.
    await this.settle()
    const listFolder = async (parent: string): Promise<unknown[]> => {
      const { items } = await this.ok('/file/list', {
        drive_id: drive,
        parent_file_id: parent,
        limit: 200,
        order_by: 'name',
      })
      return Promise.all(
        items.map(async (item: Record<string, unknown>) => {
          const { url, download_url, ...lasting } = item
          return { ...lasting, below: item.type === 'folder' ? await listFolder(String(item.file_id)) : [] }
        }),
      )
    }
    const bin = await this.ok('/recyclebin/list', { drive_id: drive, limit: 200 })
    const { used_size } = await this.ok('/drive/get', { drive_id: drive })
    return JSON.stringify([await listFolder('root'), bin, used_size])
  }
}

/** Calls with a share's token: alone, as a visitor without an account makes them, or beside a user's own. */
export class Visitor extends Client {
  readonly share: string
  readonly #shareToken: string

  constructor(url: string, share: string, shareToken: string, member?: Client) {
    super(url, member?.token ?? '', member?.drive ?? '')
    this.share = share
    this.#shareToken = shareToken
  }

  protected override credentials(): Record<string, string> {
    return { 'x-share-token': this.#shareToken, ...(this.token && super.credentials()) }
  }

  /** Any call; it goes through the share unless its body names another way. */
  override call(path: string, body: object = {}): Promise<Answer> {
    return this.raw(path, JSON.stringify({ share_id: this.share, ...body }))
  }
}

/** Opens a share as the SDK does, with nothing but its id and password. */
export async function visit(url: string, share: string, password?: string, member?: Client): Promise<Visitor> {
  const answer = await anonymous(url, '/share_link/get_share_token', { share_id: share, share_pwd: password })
  if (answer.status !== 200) throw new Error(`get_share_token: ${answer.status} ${answer.text}`)
  return new Visitor(url, share, answer.body.share_token, member)
}

/** A call without any credential. */
export function anonymous(url: string, path: string, body: object): Promise<Answer> {
  return send(`${url}/v2${path}`, { method: 'POST', headers: SDK_HEADERS, body: JSON.stringify(body) })
}

/** The PUT of a part: no credential, and a content type that is present and empty. */
export function putPart(url: string, bytes: Uint8Array, contentType = ''): Promise<Answer> {
  return send(url, {
    method: 'PUT',
    headers: { 'content-type': contentType, 'pds-js-sdk': '1.4.0' },
    body: new Uint8Array(bytes),
  })
}

/** The proof, version 1, that whoever holds the token has the text's bytes too. */
export function proofOf(token: string, text: string): string {
  const bytes = Buffer.from(text)
  const seed = BigInt(`0x${createHash('md5').update(token).digest('hex').slice(0, 16)}`)
  const start = Number(seed % BigInt(bytes.length))
  return bytes.subarray(start, start + 8).toString('base64')
}

// --- AccessKey signatures, from the specification's text ---

export interface Key {
  readonly id: string
  readonly secret: string
}

export interface SignOptions {
  readonly version: 'v1' | 'v4'
  readonly now?: number
  /** Spoils the text that is signed, or the signature. */
  readonly tamper?: (signature: string) => string
  readonly method?: string
  /** Sent instead of what was signed. */
  readonly sentBody?: string
  readonly region?: string
  readonly hash?: 'SHA256' | 'SM3'
  /** The day of the credential scope, when it is not `yyyymmdd`; then no `x-acs-date` is sent either. */
  readonly day?: string
}

/** A call as the generated SDK makes it. */
export function signedCall(
  url: string,
  key: Key,
  path: string,
  body: object | null,
  options: SignOptions,
): Promise<Answer> {
  const method = options.method ?? 'POST'
  const text = body === null ? '' : JSON.stringify(body)
  const date = new Date(options.now ?? Date.now())
  const headers: Record<string, string> = {
    date: date.toUTCString(),
    'x-acs-version': '2022-03-01',
    'x-acs-action': 'Test',
    'user-agent': 'AlibabaCloud (linux; x64) Node.js TeaDSL/1',
    'x-acs-signature-nonce': randomUUID(),
    accept: 'application/json',
    ...(body === null ? {} : { 'content-type': 'application/json; charset=utf-8' }),
  }
  const authorization =
    options.version === 'v1'
      ? signV1(key, method, path, headers)
      : signV4(key, method, path, headers, text, date, options)
  const spoilt = options.tamper ? options.tamper(authorization) : authorization
  const sent = options.sentBody ?? text
  return send(`${url}${path}`, {
    method,
    headers: { ...headers, authorization: spoilt },
    ...(method !== 'GET' && { body: sent }),
  })
}

function canonicalHeaders(headers: Record<string, string>): { block: string; names: string[] } {
  const names = Object.keys(headers)
    .filter((name) => name.startsWith('x-acs-'))
    .sort()
  let block = ''
  for (const name of ['accept', 'content-md5', 'content-type', 'date']) block += `${headers[name] ?? ''}\n`
  for (const name of names) block += `${name}:${headers[name]!.trim()}\n`
  return { block, names }
}

function canonicalResource(target: string): string {
  const [path, query] = target.split('?')
  if (!query) return path!
  const pairs = query.split('&').map((pair) => pair.split('=').map(decodeURIComponent))
  pairs.sort((a, b) => (a[0]! < b[0]! ? -1 : 1))
  return `${path}?${pairs.map(([name, value]) => (value ? `${name}=${value}` : name)).join('&')}`
}

function signV1(key: Key, method: string, path: string, headers: Record<string, string>): string {
  headers['x-acs-signature-method'] = 'HMAC-SHA1'
  headers['x-acs-signature-version'] = '1.0'
  const text = `${method}\n${canonicalHeaders(headers).block}${canonicalResource(path)}`
  return `acs ${key.id}:${createHmac('sha1', key.secret).update(text, 'utf8').digest('base64')}`
}

function signV4(
  key: Key,
  method: string,
  path: string,
  headers: Record<string, string>,
  body: string,
  date: Date,
  { region = 'center', hash = 'SHA256', day: ownDay }: SignOptions,
): string {
  const algorithm = hash.toLowerCase()
  const bodyHash = createHash(algorithm).update(body).digest('hex')
  if (!ownDay) headers['x-acs-date'] = `${date.toISOString().slice(0, 19)}Z`
  headers[`x-acs-content-${algorithm}`] = bodyHash
  const day = ownDay ?? date.toISOString().slice(0, 10).replaceAll('-', '')
  const { block, names } = canonicalHeaders(headers)
  const list = names.join(';')
  const inner = `${method}\n${canonicalResource(path)}\n${block}\n${list}\n${bodyHash}`
  const toSign = `ACS4-HMAC-${hash}\n${createHash(algorithm).update(inner).digest('hex')}`
  let signing = createHmac(algorithm, `aliyun_v4${key.secret}`).update(day).digest()
  for (const part of [region, 'pds', 'aliyun_v4_request'])
    signing = createHmac(algorithm, signing).update(part).digest()
  const signature = createHmac(algorithm, signing).update(toSign).digest('hex')
  return `ACS4-HMAC-${hash} Credential=${key.id}/${day}/${region}/pds/aliyun_v4_request,SignedHeaders=${list},Signature=${signature}`
}

/** CRC-64 (ECMA-182, reflected) bit by bit, as an unsigned decimal. */
export function crc64(bytes: Uint8Array): string {
  const polynomial = 0xc96c5795d7870f42n
  let crc = 0xffffffffffffffffn
  for (const byte of bytes) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ polynomial : crc >> 1n
  }
  return (crc ^ 0xffffffffffffffffn).toString()
}
