/** What the SMH tests share: a started server, raw HTTP, tokens, files, and a picture of all that is stored. */
import { request } from 'node:http'
import { afterAll, beforeAll, expect } from 'vitest'
import type { Actor, DriveId, Engine, NodeView } from '../../src/engine/index.ts'
import { ALL_ACTIONS, type TenantId } from '../../src/engine/index.ts'
import { type StartOptions, startServer, type TestServer } from '../server.ts'

export const LIBRARY = 'smhdemo'
export const SECRET = 'smhdemo-secret'

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** The body as JSON; undefined when it is empty. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read what the wire carries.
  readonly body: any
}

export interface Sent {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** Sends exactly this target; nothing is normalized on the way. A body that is no string or bytes goes as JSON. */
export function send(base: string, method: string, target: string, { body, headers = {} }: Sent = {}): Promise<Reply> {
  const bytes =
    body === undefined ? undefined : typeof body === 'string' || Buffer.isBuffer(body) ? Buffer.from(body) : json(body)
  const type = bytes && !Object.hasOwn(headers, 'content-type') ? { 'content-type': 'application/json' } : {}
  const isChunked = headers['transfer-encoding'] === 'chunked'
  const length = bytes && !isChunked ? { 'content-length': String(bytes.length) } : {}
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(base)
    const call = request(
      { hostname, port, method, path: target, headers: { ...type, ...length, ...headers } },
      (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          const isJson = String(answer.headers['content-type'] ?? '').startsWith('application/json')
          resolve({
            status: answer.statusCode!,
            headers: answer.headers,
            text,
            body: isJson ? JSON.parse(text) : undefined,
          })
        })
      },
    )
    call.on('error', reject)
    call.end(bytes)
  })
}

function json(body: unknown): Buffer {
  return Buffer.from(JSON.stringify(body))
}

export interface Session extends TestServer {
  /** The admin's space. */
  readonly space: string
  /** Alice's. */
  readonly other: string
  /** A token with `admin`. */
  readonly token: string
  /** A call with the admin token, unless the target names a credential. */
  call(method: string, target: string, sent?: Sent): Promise<Reply>
  /** A fresh token; `spaces` default to the admin's space. */
  mint(grants: string, query?: Readonly<Record<string, string>>): Promise<string>
  /** Uploads a file by the API; its directory must exist. */
  put(path: string, content?: string, space?: string): Promise<void>
  mkdir(path: string, space?: string): Promise<void>
  /** Closes a space as only an administrator of the deployment does. */
  disable(space: string): Promise<void>
  /** Every path of a space with its content's size, or `/` for directories; sorted. */
  tree(space?: string): Promise<string[]>
  batch(verb: 'move' | 'copy' | 'delete', items: unknown, query?: string): Promise<Reply>
  /** The same server with two new spaces in place of these: a test that has them need not start one of its own. */
  fresh(): Promise<Session>
}

export function adminActor(tenant: TenantId): Actor {
  return {
    tenant,
    self: 'user:admin',
    subjects: ['user:admin'],
    admin: true,
    app: '',
    drives: null,
    allow: { file: ALL_ACTIONS, folder: ALL_ACTIONS },
    dialect: 'smh',
  }
}

export async function open(options: StartOptions = {}): Promise<Session> {
  const server = await startServer(options)
  const { admin, alice } = server.demo.drives
  const token = await mintAt(server.url, { grant: 'admin', period: '315360000' })
  return sessionIn(server, token, String(admin), String(alice))
}

/** One server for all tests of a file, which have spaces of their own each: begun before the first, stopped after the last. */
export function serverForAll(options: StartOptions = {}): Pick<Session, 'fresh'> {
  let session: Session | undefined
  beforeAll(async () => {
    session = await open(options)
  })
  afterAll(() => session?.stop())
  return { fresh: () => session!.fresh() }
}

async function mintAt(url: string, query: Readonly<Record<string, string>>): Promise<string> {
  const words = new URLSearchParams({ library_id: LIBRARY, library_secret: SECRET, ...query })
  const reply = await send(url, 'GET', `/api/v1/token?${words}`)
  expect(reply.status, reply.text).toBe(200)
  return reply.body.accessToken
}

function sessionIn(server: TestServer, token: string, space: string, other: string): Session {
  const { url, demo, engine } = server
  const actor = adminActor(demo.tenant)
  const call = (method: string, target: string, sent?: Sent) => {
    const isOwn = /[?&](access_token|library_secret)=/.test(target) || sent?.headers?.authorization
    const joined = isOwn ? target : `${target}${target.includes('?') ? '&' : '?'}access_token=${token}`
    return send(url, method, joined, sent)
  }
  return {
    ...server,
    ...{ space, other, token, call },
    mint: (grant, query = {}) => mintAt(url, { grant, space_id: space, ...query }),
    put: (path, content = path, into = space) => putFile(call, `/api/v1/file/${LIBRARY}/${into}`, path, content),
    async mkdir(path, into = space) {
      const reply = await call('PUT', `/api/v1/directory/${LIBRARY}/${into}/${encodeURI(path)}`)
      expect(reply.status, reply.text).toBe(201)
    },
    async disable(of) {
      const set = { settings: { disabled: true } }
      const [changed] = await engine.updateDrives(actor, [{ id: Number(of) as DriveId, set }])
      expect(changed).not.toHaveProperty('error')
    },
    tree: (of = space) => tree(engine, actor, Number(of) as DriveId),
    batch: (verb, items, query = '') =>
      call('POST', `/api/v1/batch/${LIBRARY}/${space}?${verb}${query}`, { body: items }),
    async fresh() {
      const made = await Promise.all([0, 1].map(() => call('POST', `/api/v1/space/${LIBRARY}`)))
      const [one, two] = made.map(({ body }) => body.spaceId as string)
      return sessionIn(server, token, one!, two!)
    },
  }
}

/** Start, bytes, confirm: as every client does it. */
async function putFile(call: Session['call'], base: string, path: string, content: string) {
  const begun = await call('PUT', `${base}/${path.split('/').map(encodeURIComponent).join('/')}`)
  expect(begun.status, begun.text).toBe(201)
  const { domain, path: target, headers, confirmKey } = begun.body
  const stored = await send(`http://${domain}`, 'PUT', target, { body: content, headers })
  expect(stored.status, stored.text).toBe(200)
  const done = await call('POST', `${base}/${confirmKey}?confirm`)
  expect(done.status, done.text).toBe(200)
}

async function tree(engine: Engine, actor: Actor, drive: DriveId): Promise<string[]> {
  const found: string[] = []
  let level: readonly (readonly string[])[] = [[]]
  while (level.length > 0) {
    const results = await engine.batch(
      actor,
      level.map((path) => ({
        ...({ kind: 'list', by: 'name', descending: false, foldersFirst: false, limit: 1000 } as const),
        folder: { drive, path },
      })),
    )
    const items: NodeView[] = results.flatMap((result) => (result.status === 'done' ? [...result.page!.items] : []))
    found.push(...items.map(({ node, path }) => path.join('/') + (node.content ? ` ${node.content.size}` : '/')))
    level = items.filter(({ node }) => node.kind === 'folder').map(({ path }) => path)
  }
  return found.sort()
}

/** The vendor's error shape: a code, words, and the id that the header also carries. */
export function expectFault(reply: Reply, status: number, code: string) {
  expect({ status: reply.status, code: reply.body?.code }, reply.text).toEqual({ status, code })
  expect(reply.body.message).not.toBe('')
  expect(reply.body.requestId).toBe(reply.headers['x-request-id'])
  expect(reply.headers['content-type']).toBe('application/json; charset=utf-8')
}
