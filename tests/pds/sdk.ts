/**
 * Transfers as the vendor's JavaScript SDK makes them, from the specification's account of its behaviour: chunks padded to 64
 * bytes, rapid checks first, checkpoints to resume from, retries of what the SDK retries, tokens renewed on refusal.
 */
import { createHash } from 'node:crypto'
import { type Answer, anonymous, Client, putPart, send } from './client.ts'

/** Above this the SDK asks with a pre-hash first; smaller here than its 100 MB, so that tests reach it. */
export const PRE_HASH_FROM = 8 * 1024 * 1024
const CHUNK = 1024 * 1024
/** How often a call is made again that was answered 429, and after how long; the SDK waits 1 to 4 s. */
const THROTTLED_TIMES_MAX = 10
const THROTTLED_WAIT_MS = 50

/** Where an upload stands; plain JSON, as the SDK keeps it between runs. */
export interface Checkpoint {
  readonly name: string
  readonly file_id: string
  readonly upload_id: string
  readonly part_size: number
}

/** What went on during an upload, for tests to look at. */
export interface Uploaded {
  readonly file_id: string
  readonly state: 'success' | 'rapid_success'
  readonly parts: number
}

export interface Starred {
  readonly drive_id: string
  readonly file_id: string
  readonly starred?: boolean
}

export class Sdk extends Client {
  readonly #refreshToken: () => Promise<string>
  #token: string
  #renewing: Promise<string> | undefined

  constructor(client: Client, refreshToken: () => Promise<string>) {
    super(client.url, client.token, client.drive, client.settle)
    this.#token = client.token
    this.#refreshToken = refreshToken
  }

  protected override credentials(): Record<string, string> {
    return { authorization: `Bearer ${this.#token}` }
  }

  /** A refused token is renewed, by one of those who find it refused, and the call made again. */
  override async raw(...sent: Parameters<Client['raw']>): Promise<Answer> {
    const used = this.#token
    const answer = await unthrottled(() => super.raw(...sent))
    if (!/AccessTokenInvalid|TokenExpired/.test(answer.body?.code ?? '')) return answer
    if (used === this.#token) {
      this.#renewing ??= this.#refreshToken().finally(() => {
        this.#renewing = undefined
      })
      this.#token = await this.#renewing
    }
    return unthrottled(() => super.raw(...sent))
  }

  /** The SDK's `batchToggleFilesStar`: what it gives back may be given to it again. */
  async toggleStars(items: readonly Starred[], starred = !items[0]?.starred): Promise<Starred[]> {
    const children = items.map(({ drive_id, file_id }) => {
      const custom_index_key = starred ? 'starred_yes' : ''
      return { id: file_id, url: '/file/update', body: { drive_id, file_id, starred, custom_index_key } }
    })
    return (await this.batchApi(children, 10)).successItems as Starred[]
  }

  /**
   * The SDK's upload of a file.
   * @param stopAfter parts after which the client is closed; the checkpoint is thrown
   */
  async send(
    name: string,
    bytes: Buffer,
    parent_file_id: string,
    stopAfter = Number.POSITIVE_INFINITY,
  ): Promise<Uploaded> {
    const part_size = chunkSize(bytes.length)
    const part_info_list = partsOf(bytes, part_size)
    const common = { name, type: 'file', parent_file_id, size: bytes.length, part_info_list, check_name_mode: 'refuse' }
    const content_hash = createHash('sha1').update(bytes).digest('hex').toUpperCase()
    if (bytes.length > PRE_HASH_FROM) {
      const pre_hash = createHash('sha1').update(bytes.subarray(0, 1024)).digest('hex')
      const started = await this.call('/file/create', { ...common, pre_hash })
      // Any 409 counts as "the whole hash is wanted".
      if (started.status !== 409) return this.#transfer(started, name, bytes, part_size, stopAfter)
    }
    const created = await this.call('/file/create', { ...common, content_hash, content_hash_name: 'sha1' })
    if (created.body.rapid_upload) return { file_id: created.body.file_id, state: 'rapid_success', parts: 0 }
    return this.#transfer(created, name, bytes, part_size, stopAfter)
  }

  async #transfer(created: Answer, name: string, bytes: Buffer, part_size: number, stopAfter: number) {
    if (created.status !== 201) throw new Error(`create: ${created.status} ${created.text}`)
    const { file_id, upload_id, part_info_list } = created.body
    const checkpoint: Checkpoint = { name, file_id, upload_id, part_size }
    return this.#putAll(checkpoint, bytes, part_info_list, stopAfter)
  }

  /** Goes on where a checkpoint stopped: the parts that came are asked for, and fresh URLs for the others. */
  async resume(checkpoint: Checkpoint, bytes: Buffer): Promise<Uploaded> {
    const { file_id, upload_id, part_size } = checkpoint
    const listed = await this.ok('/file/list_uploaded_parts', { file_id, upload_id, limit: 1000 })
    const there = new Set(listed.uploaded_parts.map(({ part_number }: { part_number: number }) => part_number))
    const part_info_list = partsOf(bytes, part_size)
    const urls = await this.ok('/file/get_upload_url', { file_id, upload_id, part_info_list })
    const missing = urls.part_info_list.filter(({ part_number }: { part_number: number }) => !there.has(part_number))
    return this.#putAll(checkpoint, bytes, missing, Number.POSITIVE_INFINITY)
  }

  async #putAll(
    checkpoint: Checkpoint,
    bytes: Buffer,
    parts: readonly { part_number: number; upload_url: string }[],
    stopAfter: number,
  ): Promise<Uploaded> {
    const { file_id, upload_id, part_size } = checkpoint
    for (const [i, { part_number, upload_url }] of parts.entries()) {
      if (i >= stopAfter) throw Object.assign(new Error('stopped'), { checkpoint })
      const from = (part_number - 1) * part_size
      const put = await putPart(upload_url, bytes.subarray(from, from + part_size))
      if (put.status !== 200 || !put.headers.get('etag')) throw new Error(`PUT: ${put.status} ${put.text}`)
    }
    // The generated SDKs name no parts; the CRC is compared with the client's own.
    const file = await this.ok('/file/complete', { file_id, upload_id })
    if (file.content_hash !== createHash('sha1').update(bytes).digest('hex').toUpperCase())
      throw new Error('other content')
    return { file_id, state: 'success', parts: parts.length }
  }

  /** The SDK's download: ranges one after the other, then the hash of the whole against the file's. */
  async fetch(file_id: string): Promise<Buffer> {
    const { url, size } = await this.ok('/file/get_download_url', { file_id })
    const pieces: Buffer[] = []
    for (let from = 0; from < size || from === 0; from += CHUNK) {
      const to = Math.min(from + CHUNK, size) - 1
      const response = await fetch(url, { headers: { range: `bytes=${from}-${to}` } })
      // `bytes=0--1` of an empty file is answered as if no range had been asked for.
      if (response.status !== (size === 0 ? 200 : 206)) throw new Error(`GET: ${response.status}`)
      pieces.push(Buffer.from(await response.arrayBuffer()))
    }
    const bytes = Buffer.concat(pieces)
    const { content_hash } = await this.ok('/file/get', { file_id })
    if (createHash('sha1').update(bytes).digest('hex').toUpperCase() !== content_hash) throw new Error('other content')
    return bytes
  }

  /** Deltas from a cursor until there are no more. */
  async deltas(from: string): Promise<{ ops: { op: string; file_id: string }[]; cursor: string }> {
    const ops: { op: string; file_id: string }[] = []
    let cursor = from
    for (let more = true; more; ) {
      const page = await this.ok('/file/list_delta', { cursor })
      ops.push(...page.items)
      ;({ cursor, has_more: more } = page)
    }
    return { ops, cursor }
  }

  /** Everything in a folder, page by page, as the SDK's "list all" does. */
  async listAll(parent_file_id: string): Promise<{ name: string; file_id: string; type: string; size?: number }[]> {
    const items = []
    let marker = ''
    do {
      const page = await this.ok('/file/list', { parent_file_id, limit: 100, marker, url_expire_sec: 7200 })
      items.push(...page.items)
      marker = page.next_marker
    } while (marker)
    return items
  }
}

/** The SDK in the hands of a visitor: a share token that is refused is asked for anew, and the call made again. */
export class SharedSdk extends Client {
  readonly share: string
  readonly #password: string
  #shareToken = ''
  /** How often a token was asked for. */
  renewals = 0

  constructor(url: string, share: string, password = '') {
    super(url, '', '')
    this.share = share
    this.#password = password
  }

  protected override credentials(): Record<string, string> {
    return { 'x-share-token': this.#shareToken }
  }

  override call(path: string, body: object = {}): Promise<Answer> {
    return this.raw(path, JSON.stringify({ share_id: this.share, ...body }))
  }

  override async raw(...sent: Parameters<Client['raw']>): Promise<Answer> {
    if (this.#shareToken === '') await this.#renew()
    const answer = await super.raw(...sent)
    if (!String(answer.body?.code).includes('ShareLinkTokenInvalid')) return answer
    await this.#renew()
    return super.raw(...sent)
  }

  async #renew(): Promise<void> {
    const asked = { share_id: this.share, share_pwd: this.#password, expire_sec: 600 }
    const { status, body, text } = await anonymous(this.url, '/share_link/get_share_token', asked)
    if (status !== 200) throw new Error(`get_share_token: ${status} ${text}`)
    this.#shareToken = body.share_token
    this.renewals++
  }
}

/** A call made again while it is answered 429. */
async function unthrottled(call: () => Promise<Answer>): Promise<Answer> {
  let answer = await call()
  for (let times = 0; answer.status === 429 && times < THROTTLED_TIMES_MAX; times++) {
    await new Promise((resolve) => setTimeout(resolve, THROTTLED_WAIT_MS * (1 + 3 * Math.random())))
    answer = await call()
  }
  return answer
}

/** 10 MB in the SDK; padded to the next multiple of 64, as there. */
function chunkSize(size: number): number {
  const plain = size > 64 * CHUNK ? 8 * CHUNK : CHUNK
  return plain + (64 - (plain % 64))
}

function partsOf(bytes: Buffer, partSize: number) {
  const count = Math.max(1, Math.ceil(bytes.length / partSize))
  return Array.from({ length: count }, (_, i) => {
    const [from, to] = [i * partSize, Math.min((i + 1) * partSize, bytes.length)]
    return { part_number: i + 1, part_size: to - from, from, to }
  })
}

/** Fetches a URL that anybody may fetch. */
export async function fetchText(url: string): Promise<string> {
  return (await send(url)).text
}
