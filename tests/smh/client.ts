/**
 * A small SMH client that writes its requests as one of the vendor's clients does: where the flag stands, how paths are
 * encoded, how the token travels, what bodies are sent, how booleans are written, and when it stops polling a task.
 */
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Crc64 } from '../../src/blob/crc64.ts'
import { type Reply, send } from './session.ts'

export type Vendor = 'javascript' | 'java' | 'android' | 'ios'
export const VENDORS: readonly Vendor[] = ['javascript', 'java', 'android', 'ios']

const MIB = 2 ** 20
/** What clients hash a content by, and the smallest one they do it with. */
const STRIDE_BYTES = MIB

interface Style {
  /** The tail of a URL for an entry's path. */
  path(segments: readonly string[]): string
  /** The query with the flag in its place. */
  query(flag: string, rest: readonly string[]): string
  readonly headers: Readonly<Record<string, string>>
  /** The body of a call that has nothing to say. */
  readonly empty: unknown
  /** A boolean in a body. */
  readonly yes: unknown
  /** The id of something recycled, in a body. */
  id(id: number): unknown
  /** From so many bytes on it sends parts, and how large those are. */
  readonly multipartFrom: number
  readonly partBytes: number
  /** Whether it streams bytes without saying how many there are. */
  readonly streams: boolean
  /** What it says of the bytes it has sent. */
  confirmation(content: Buffer): unknown
  /** Whether a task with this answer is over. */
  isOver(task: { status: number; result?: unknown }): boolean
}

const perSegment = (segments: readonly string[]) => segments.map(encodeURIComponent).join('/')
const flagLast = (flag: string, rest: readonly string[]) => [...rest, flag].filter(Boolean).join('&')

const STYLES: Readonly<Record<Vendor, Style>> = {
  // Boundaries encoded too; the flag first and with a value.
  javascript: {
    path: (segments) => (segments.length === 0 ? '/%2F' : `/${encodeURIComponent(segments.join('/'))}`),
    query: (flag, rest) => [flag === '' ? '' : `${flag}=1`, ...rest].filter(Boolean).join('&'),
    headers: { 'client-version': 'smh-js-sdk/1.0.16' },
    empty: {},
    yes: true,
    id: (id) => id,
    // The vendor's is 32 MiB, which is long to send in a test.
    multipartFrom: 6 * MIB,
    partBytes: 5 * MIB,
    streams: false,
    confirmation: (content) => ({ crc64: crc64Of(content) }),
    isOver: ({ status }) => status !== 202,
  },
  // The root has no tail; the flag bare and last; booleans and ids as strings; bytes as a stream, without their number.
  java: {
    path: (segments) => (segments.length === 0 ? '' : `/${perSegment(segments)}`),
    query: flagLast,
    headers: { 'x-smh-sdk-log-debug': 'off' },
    empty: undefined,
    yes: 'true',
    id: String,
    multipartFrom: 3 * MIB,
    partBytes: MIB,
    streams: true,
    confirmation: () => undefined,
    isOver: ({ status }) => status !== 202,
  },
  // The root ends in a slash; booleans as numbers; stops only when there are items, none of them under way.
  android: {
    path: (segments) => `/${encodeURIComponent(segments.join('/'))}`,
    query: flagLast,
    headers: { 'x-smh-meta-creation-date': '1700000000' },
    empty: undefined,
    yes: 1,
    id: (id) => id,
    multipartFrom: 2 * MIB,
    partBytes: MIB,
    streams: false,
    confirmation: () => undefined,
    // Of one entry the result is an object, which it has another parser for.
    isOver: ({ result }) => {
      const items = Array.isArray(result) ? result : result === undefined ? [] : [result]
      return items.length > 0 && items.every((one: { status: number }) => one.status !== 202)
    },
  },
  // Waits on at any status it does not know.
  ios: {
    path: (segments) => `/${perSegment(segments)}`,
    query: (flag, rest) => flagLast(flag, ['with_inode=1', 'with_content_cas=1', ...rest]),
    headers: {},
    empty: undefined,
    yes: true,
    id: String,
    multipartFrom: MIB,
    partBytes: MIB,
    streams: false,
    confirmation: () => undefined,
    isOver: ({ status }) => [200, 204, 207].includes(status),
  },
}

export class SmhClient {
  readonly vendor: Vendor
  private readonly style: Style
  private readonly base: string
  private readonly library: string
  private readonly space: string
  private readonly token: string

  constructor(vendor: Vendor, at: { base: string; library: string; space: string; token: string }) {
    this.vendor = vendor
    this.style = STYLES[vendor]
    this.base = at.base
    this.library = at.library
    this.space = at.space
    this.token = at.token
  }

  /** The boolean `true` as this client writes it. */
  get yes(): unknown {
    return this.style.yes
  }

  /** The id of something recycled as this client writes it. */
  id(id: number): unknown {
    return this.style.id(id)
  }

  /** Bytes that it sends in two parts. */
  get inPartsBytes(): number {
    return Math.max(this.style.multipartFrom, this.style.partBytes + 5)
  }

  /** Whether it stops waiting for a task that is told of like this. */
  isOver(task: { status: number; result?: unknown }): boolean {
    return this.style.isOver(task)
  }

  /** The same client with another token. */
  as(token: string): SmhClient {
    return new SmhClient(this.vendor, { base: this.base, library: this.library, space: this.space, token })
  }

  call(method: string, target: string, flag = '', body?: unknown, query: readonly string[] = []): Promise<Reply> {
    const words = this.style.query(flag, [...query, `access_token=${this.token}`])
    const sent = body ?? (method === 'PUT' || method === 'POST' ? this.style.empty : undefined)
    return send(this.base, method, `/api/v1/${target}${words === '' ? '' : `?${words}`}`, {
      headers: this.style.headers,
      ...(sent === undefined ? {} : { body: sent }),
    })
  }

  /** A call on an entry of the space. */
  on(family: 'file' | 'directory', method: string, path: string, flag = '', body?: unknown, query: string[] = []) {
    const tail = this.style.path(path.split('/').filter(Boolean))
    return this.call(method, `${family}/${this.library}/${this.space}${tail}`, flag, body, query)
  }

  inSpace(family: string, method: string, tail = '', flag = '', body?: unknown, query: string[] = []) {
    return this.call(method, `${family}/${this.library}/${this.space}${tail}`, flag, body, query)
  }

  /** Runs a batch to its end, whether it is answered at once or by a task; its items. */
  async batch(
    verb: 'move' | 'copy' | 'delete',
    items: readonly unknown[],
  ): Promise<{ status: number; code?: string }[]> {
    return this.settled(await this.inSpace('batch', 'POST', '', verb, items))
  }

  async settled({ status, body, text }: Reply): Promise<{ status: number; code?: string }[]> {
    if (status === 200 || status === 207) return body.result
    if (status !== 202) throw new Error(text)
    for (let tries = 0; tries < 600; tries++) {
      const [task] = (await this.inSpace('task', 'GET', `/${body.taskId}`)).body
      if (task && this.style.isOver(task)) return task.result
      await sleep(50)
    }
    throw new Error(`task ${body.taskId} never ends for the ${this.vendor} client`)
  }

  /** Brings a file in as the client does: rapidly if it can, else in one piece or in parts. The file as confirmed. */
  async upload(path: string, content: Buffer, query: string[] = []): Promise<Reply> {
    const multipart = content.length >= this.style.multipartFrom ? 'multipart' : ''
    const method = multipart ? 'POST' : 'PUT'
    const begin = (claim?: object) =>
      this.on('file', method, path, multipart, claim, [`filesize=${content.length}`, ...query])
    const begun = await this.begin(content, begin)
    if (begun.status !== 201) return begun
    const { confirmKey } = begun.body
    await this.sendBytes(begun.body, content, multipart !== '')
    return this.on('file', 'POST', confirmKey, 'confirm', this.style.confirmation(content) ?? this.style.empty, [])
  }

  private async begin(content: Buffer, start: (claim?: object) => Promise<Reply>): Promise<Reply> {
    if (content.length < STRIDE_BYTES || this.vendor === 'java') return start()
    const claim = { beginningHash: hashes(content).head, size: String(content.length) }
    const known = await start(claim)
    return known.status === 202 ? start({ ...claim, fullHash: hashes(content).chain }) : known
  }

  private async sendBytes(
    target: { domain: string; path: string; uploadId?: string; headers: Record<string, string> },
    content: Buffer,
    inParts: boolean,
  ): Promise<void> {
    const { domain, path, uploadId, headers } = target
    const { partBytes, streams } = this.style
    const count = inParts ? Math.ceil(content.length / partBytes) : 1
    const numbers = Array.from({ length: count }, (_, at) => at + 1)
    // Parts may come in any order.
    const stored = await Promise.all(
      numbers.toReversed().map(async (number) => {
        const bytes = inParts ? content.subarray((number - 1) * partBytes, number * partBytes) : content
        const query = inParts ? `?partNumber=${number}&uploadId=${uploadId}` : ''
        const sent = { body: bytes, headers: streams ? { ...headers, 'transfer-encoding': 'chunked' } : headers }
        const reply = await send(`http://${domain}`, 'PUT', path + query, sent)
        return { reply, md5: createHash('md5').update(bytes).digest('hex') }
      }),
    )
    for (const { reply, md5 } of stored) {
      // One client looks whether the digest has 34 characters and is the part's own.
      if (reply.status !== 200 || reply.headers.etag !== `"${md5}"`)
        throw new Error(`a part was not stored: ${reply.text}`)
    }
  }

  async download(path: string): Promise<string> {
    const { status, headers, text } = await this.on('file', 'GET', path)
    if (status !== 302) throw new Error(text)
    return (await fetch(String(headers.location))).text()
  }
}

function crc64Of(content: Buffer): string {
  const sum = new Crc64()
  sum.update(content)
  return sum.digest()
}

/** How clients name content: by its first mebibyte, and by a chain over all of them. */
function hashes(content: Buffer): { head: string; chain: string } {
  let chain = createHash('sha256').update(content.subarray(0, STRIDE_BYTES)).digest()
  const head = chain.toString('hex')
  for (let at = STRIDE_BYTES; at < content.length; at += STRIDE_BYTES) {
    chain = createHash('sha256')
      .update(chain)
      .update(content.subarray(at, at + STRIDE_BYTES))
      .digest()
  }
  return { head, chain: chain.toString('hex') }
}
