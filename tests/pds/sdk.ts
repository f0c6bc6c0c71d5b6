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
/** How often a part is sent that a gateway gave up on; the SDK waits 1 to 4 s between. */
const TRANSFER_TIMES_MAX = 50

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

export interface SendOptions {
  /** Whether the parts are to come in any order, each with the state of the hash where it begins. */
  readonly parallel?: boolean
  /** How long parts are, bytes; as the SDK chooses unless it is told. */
  readonly chunk?: number
  /** What hash the application has chosen. */
  readonly hashName?: string
  /** Parts after which the client is closed; the checkpoint is thrown. */
  readonly stopAfter?: number
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

  /** The SDK's upload of a file. */
  async send(name: string, bytes: Buffer, parent_file_id: string, options: SendOptions = {}): Promise<Uploaded> {
    const { parallel = false, hashName = 'sha1', stopAfter = Number.POSITIVE_INFINITY } = options
    const part_size = chunkSize(bytes.length, options.chunk)
    const pieces = piecesOf(bytes, part_size)
    const common = {
      ...{ name, type: 'file', parent_file_id, size: bytes.length, content_hash_name: hashName },
      ...{ check_name_mode: 'refuse', donot_emit_error: true },
      ...(parallel ? { parallel_upload: true, part_info_list: pieces.map(withState) } : { part_info_list: pieces }),
    }
    const content_hash = hashName === 'sha1' ? sha1(bytes) : undefined
    let created: Answer | undefined
    if (content_hash && bytes.length > PRE_HASH_FROM) {
      const pre_hash = createHash('sha1').update(bytes.subarray(0, 1024)).digest('hex')
      const started = await this.call('/file/create', { ...common, pre_hash })
      // Any 409 counts as "the whole hash is wanted".
      if (started.status !== 409) created = started
    }
    created ??= await this.call('/file/create', { ...common, content_hash })
    const { code, rapid_upload, file_id, upload_id, part_info_list } = created.body
    // Where parts may not come in any order, they are sent one after the other.
    if (parallel && String(code).includes('InvalidParameterNotSupported.ParallelUpload'))
      return this.send(name, bytes, parent_file_id, { ...options, parallel: false })
    if (created.status !== 201) throw new Error(`create: ${created.status} ${created.text}`)
    if (rapid_upload) return { file_id, state: 'rapid_success', parts: 0 }
    const checkpoint: Checkpoint = { name, file_id, upload_id, part_size }
    return this.#putAll(checkpoint, bytes, part_info_list, stopAfter)
  }

  /**
   * Goes on where a checkpoint stopped: the parts that came are asked for, and fresh URLs for the others. An upload that is
   * gone counts as done when its file is there; otherwise the answer is thrown, for the application to begin anew.
   */
  async resume(checkpoint: Checkpoint, bytes: Buffer): Promise<Uploaded> {
    const { file_id, upload_id, part_size } = checkpoint
    const ids = { file_id, upload_id }
    const listed = await this.call('/file/list_uploaded_parts', { ...ids, limit: 1000 })
    if (listed.body.code === 'NotFound.UploadId') return this.#gone(file_id, listed)
    const there = new Set(listed.body.uploaded_parts.map((part: { part_number: number }) => part.part_number))
    const part_info_list = piecesOf(bytes, part_size)
    const urls = await this.call('/file/get_upload_url', { ...ids, part_info_list })
    if (urls.body.code === 'AlreadyExist.File') return { file_id, state: 'success', parts: 0 }
    if (urls.body.code === 'NotFound.UploadId') return this.#gone(file_id, urls)
    const missing = urls.body.part_info_list.filter((part: { part_number: number }) => !there.has(part.part_number))
    return this.#putAll(checkpoint, bytes, missing, Number.POSITIVE_INFINITY)
  }

  async #gone(file_id: string, answer: Answer): Promise<Uploaded> {
    const { status } = await this.call('/file/get', { file_id })
    if (status === 200 || status === 403) return { file_id, state: 'success', parts: 0 }
    throw Object.assign(new Error(`the upload is gone: ${answer.text}`), { code: answer.body.code })
  }

  /** One part on its way; whoever puts something between the client and the server does it here. */
  protected put(url: string, bytes: Uint8Array): Promise<Answer> {
    return putPart(url, bytes)
  }

  async #putAll(
    checkpoint: Checkpoint,
    bytes: Buffer,
    parts: readonly { part_number: number; upload_url: string }[],
    stopAfter: number,
  ): Promise<Uploaded> {
    const { file_id, upload_id, part_size } = checkpoint
    const pieces = piecesOf(bytes, part_size)
    for (const [i, { part_number, upload_url }] of parts.entries()) {
      if (i >= stopAfter) throw Object.assign(new Error('stopped'), { checkpoint })
      const piece = pieces[part_number - 1]!
      const stored = await this.#sent({ file_id, upload_id }, upload_url, piece, bytes)
      // Of a part that is there and shorter, the remainder goes with the next one.
      const next = pieces[part_number]
      if (next) next.from = piece.from + stored
    }
    // The generated SDKs name no parts; the CRC is compared with the client's own.
    const file = await this.ok('/file/complete', { file_id, upload_id })
    if (file.content_hash !== sha1(bytes)) throw new Error('other content')
    return { file_id, state: 'success', parts: parts.length }
  }

  /** Sends a part until it is there; how many of its bytes are. */
  async #sent(ids: { file_id: string; upload_id: string }, url: string, piece: Piece, bytes: Buffer): Promise<number> {
    for (let times = 0; times < TRANSFER_TIMES_MAX; times++) {
      const put = await this.put(url, bytes.subarray(piece.from, piece.to))
      if (put.status === 200 && put.headers.get('etag')) return piece.to - piece.from
      if (put.status === 409) return this.#storedSize(ids, piece.part_number)
      if (put.status !== 504) throw new Error(`PUT: ${put.status} ${put.text}`)
    }
    throw new Error('stopped')
  }

  /** How long a part is that the server says it has. */
  async #storedSize(ids: { file_id: string; upload_id: string }, part_number: number): Promise<number> {
    const asked = { ...ids, limit: 1, part_number_marker: part_number - 1 }
    const [part] = (await this.ok('/file/list_uploaded_parts', asked)).uploaded_parts
    if (part?.part_number !== part_number || !part.etag) throw new Error('the part is not there')
    return part.part_size
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
    if (sha1(bytes) !== content_hash) throw new Error('other content')
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
function chunkSize(size: number, plain = size > 64 * CHUNK ? 8 * CHUNK : CHUNK): number {
  return plain + (64 - (plain % 64))
}

interface Piece {
  readonly part_number: number
  readonly part_size: number
  from: number
  readonly to: number
}

function piecesOf(bytes: Buffer, partSize: number): Piece[] {
  const count = Math.max(1, Math.ceil(bytes.length / partSize))
  return Array.from({ length: count }, (_, i) => {
    const [from, to] = [i * partSize, Math.min((i + 1) * partSize, bytes.length)]
    return { part_number: i + 1, part_size: to - from, from, to }
  })
}

/** The first part begins with nothing hashed; what the others carry the server keeps for the client and does not read. */
function withState(piece: Piece): object {
  const h = piece.part_number === 1 ? [] : [1, 2, 3, 4, 5]
  return { ...piece, parallel_sha1_ctx: { h, part_offset: piece.from } }
}

function sha1(bytes: Buffer): string {
  return createHash('sha1').update(bytes).digest('hex').toUpperCase()
}

/** Fetches a URL that anybody may fetch. */
export async function fetchText(url: string): Promise<string> {
  return (await send(url)).text
}
