/**
 * A small client of the WPS 365 v7 API, written from the vendor's description alone: it shares no code with the server.
 * It sends what the published clients send.
 */
import { createHash, createHmac } from 'node:crypto'

/** JSON from the wire, whatever its shape: the tests say what they expect of it. */
// biome-ignore lint/suspicious/noExplicitAny: a test looks into answers without narrowing every step
export type Wire = any

export interface Reply<Data = Wire> {
  readonly status: number
  readonly headers: Headers
  readonly code: number
  readonly msg: string
  readonly data: Data
  readonly text: string
}

export interface Sign {
  readonly id: string
  readonly secret: string
  /** The literal X-Kso-Date. */
  readonly date?: string
  /** Changes what is signed, for requests that must be refused. */
  readonly spoil?: (message: string) => string
}

export interface Send {
  readonly token?: string | null
  readonly body?: unknown
  /** Sent as it is, instead of `body`. */
  readonly raw?: string | Uint8Array
  readonly headers?: Record<string, string>
  readonly sign?: Sign
}

export const DEMO_APP = { id: 'AKDEMO', secret: 'SKDEMO' }

/** Lower-case hex HMAC-SHA256 over "KSO-1", method, URI without the deployment prefix, content type, date, body hash. */
export function kso(
  sign: Sign,
  method: string,
  target: string,
  contentType: string,
  date: string,
  body: Buffer,
): string {
  const uri = target.replace(/^\/openapi(?=\/)/, '')
  const hash = body.length > 0 ? createHash('sha256').update(body).digest('hex') : ''
  const message = ['KSO-1', method, uri, contentType, date, hash].join('')
  return createHmac('sha256', sign.secret)
    .update(sign.spoil ? sign.spoil(message) : message)
    .digest('hex')
}

export class WpsClient {
  readonly url: string
  readonly token: string

  constructor(url: string, token: string) {
    this.url = url
    this.token = token
  }

  get<Data = Wire>(path: string, options: Send = {}): Promise<Reply<Data>> {
    return this.send('GET', path, options)
  }

  post<Data = Wire>(path: string, body?: unknown, options: Send = {}): Promise<Reply<Data>> {
    return this.send('POST', path, { ...options, body })
  }

  async send<Data = Wire>(method: string, path: string, options: Send): Promise<Reply<Data>> {
    const { body, raw, sign } = options
    const bytes =
      raw !== undefined ? Buffer.from(raw) : body === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(body))
    const token = options.token === undefined ? this.token : options.token
    const headers: Record<string, string> = {
      ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
      ...(body !== undefined || raw !== undefined ? { 'Content-Type': 'application/json' } : {}),
      ...options.headers,
    }
    if (sign) {
      const date = sign.date ?? new Date().toUTCString()
      const signature = kso(sign, method, path, headers['Content-Type'] ?? '', date, bytes)
      headers['X-Kso-Date'] = date
      headers['X-Kso-Authorization'] = `KSO-1 ${sign.id}:${signature}`
    }
    const response = await fetch(this.url + path, { method, headers, ...(bytes.length > 0 ? { body: bytes } : {}) })
    return replyOf(response)
  }

  /** The three-step upload; the commit's reply. */
  async upload(
    drive: string | number,
    parent: string,
    name: string,
    content: string | Buffer,
    more: object = {},
  ): Promise<Reply> {
    const bytes = Buffer.from(content)
    const sum = createHash('sha256').update(bytes).digest('hex')
    const requested = await this.post(`/v7/drives/${drive}/files/${parent}/request_upload`, {
      name,
      size: bytes.length,
      hashes: [{ type: 'sha256', sum }],
      on_name_conflict: 'rename',
      ...more,
    })
    if (requested.code !== 0) return requested
    const { upload_id, store_request } = requested.data
    const stored = await fetch(store_request.url, {
      method: store_request.method,
      // The published clients send their login to the storage address too.
      headers: { 'Content-Type': 'application/octet-stream', Authorization: `Bearer ${this.token}` },
      body: bytes,
    })
    if (stored.status !== 200) throw new Error(`the storage address answered ${stored.status}: ${await stored.text()}`)
    return this.post(`/v7/drives/${drive}/files/${parent}/commit_upload`, { upload_id })
  }

  /** Asks for a task until it is over. */
  async task(id: string): Promise<{ status: string; total: number; done: number; failed: number }> {
    for (let asked = 0; asked < 200; asked++) {
      const { code, data } = await this.get(`/v7/drive_tasks/${id}/meta`)
      if (code !== 0) throw new Error(`the task ${id} cannot be asked about: ${code}`)
      if (data.status === 'success' || data.status === 'failed') return data
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    throw new Error(`the task ${id} does not end`)
  }

  /** A new folder's id. */
  async folder(drive: string | number, parent: string, name: string): Promise<string> {
    const { code, msg, data } = await this.post(`/v7/drives/${drive}/files/${parent}/create`, {
      file_type: 'folder',
      name,
    })
    if (code !== 0) throw new Error(`no folder ${name}: ${code} ${msg}`)
    return data.id
  }

  /** A new file's id. */
  async file(drive: string | number, parent: string, name: string, content: string | Buffer = name): Promise<string> {
    const { code, msg, data } = await this.upload(drive, parent, name, content)
    if (code !== 0) throw new Error(`no file ${name}: ${code} ${msg}`)
    return data.id
  }

  /** The names in a folder, sorted. */
  async names(drive: string | number, parent: string): Promise<string[]> {
    const { data } = await this.get(`/v7/drives/${drive}/files/${parent}/children?page_size=500`)
    return data.items.map((item: { name: string }) => item.name).sort()
  }
}

async function replyOf(response: Response): Promise<Reply> {
  const text = await response.text()
  const { code, msg, data } = JSON.parse(text)
  return { status: response.status, headers: response.headers, code, msg, data, text }
}

/** Asks the token endpoint with a form; the body as it came. */
export async function askToken(
  url: string,
  form: Record<string, string>,
  path = '/oauth2/token',
): Promise<{ status: number; body: Wire }> {
  const response = await fetch(url + path, { method: 'POST', body: new URLSearchParams(form) })
  return { status: response.status, body: await response.json() }
}

/** A client with a token of the demo app itself. */
export async function appClient(url: string, more: Record<string, string> = {}): Promise<WpsClient> {
  const form = { grant_type: 'client_credentials', client_id: DEMO_APP.id, client_secret: DEMO_APP.secret, ...more }
  const { status, body } = await askToken(url, form)
  if (status !== 200) throw new Error(`no token: ${JSON.stringify(body)}`)
  return new WpsClient(url, body.access_token)
}
