/** What the DingTalk tests share: a started server, the vendor's own client, raw HTTP, and a picture of all that is stored. */
import { createHash, randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { expect } from 'vitest'
import type { DriveId, Engine, NodeView, Store } from '../../src/engine/index.ts'
import { ACTIONS, type Actor, ALL_ACTIONS, type Drive, type TenantId } from '../../src/engine/index.ts'
import { settled } from '../../src/engine/standing.ts'
import { startServer } from '../server.ts'

const require = createRequire(import.meta.url)
const { Config } = require('@alicloud/openapi-client') as typeof import('@alicloud/openapi-client')
const { RuntimeOptions } = require('@alicloud/tea-util') as typeof import('@alicloud/tea-util')
// One product each: the package's own index loads a hundred of them.
const PRODUCTS = {
  storage: '@alicloud/dingtalk/dist/storage_1_0/client.js',
  storage2: '@alicloud/dingtalk/dist/storage_2_0/client.js',
  oauth2: '@alicloud/dingtalk/dist/oauth2_1_0/client.js',
  drive: '@alicloud/dingtalk/dist/drive_1_0/client.js',
  doc: '@alicloud/dingtalk/dist/doc_2_0/client.js',
} as const

type Product = keyof typeof PRODUCTS
type Construct = new (value: object) => object
type Method = (...given: unknown[]) => Promise<{ statusCode: number; headers: Record<string, string>; body: unknown }>

export interface Dentry {
  readonly id: string
  readonly spaceId: string
  readonly parentId?: string
  readonly type: 'FILE' | 'FOLDER'
  readonly name: string
  readonly path: string
  readonly size?: number
  readonly version?: number
  readonly uuid: string
  readonly [field: string]: unknown
}

export interface ResultItem {
  readonly spaceId: string
  readonly dentryId: string
  readonly async: boolean
  readonly success?: boolean
  readonly errorCode?: string
  readonly taskId?: string
  readonly targetSpaceId?: string
  readonly targetDentryId?: string
}

/** What the vendor's client throws for an error answer. */
export interface ClientError extends Error {
  readonly code: string
  readonly statusCode: number
  readonly data: Record<string, unknown>
  readonly accessDeniedDetail?: { readonly requiredScopes: readonly string[] }
}

export interface Raw {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

type StartOptions = NonNullable<Parameters<typeof startServer>[0]>

export interface Session {
  readonly url: string
  readonly engine: Engine
  readonly store: Store
  readonly token: string
  readonly admin: Actor
  readonly alice: Actor
  /** Spaces by their owners. */
  readonly spaces: { readonly admin: string; readonly alice: string }
  /** Calls one method of the vendor's client as the user, by default `admin`; answers the body as plain JSON. */
  call<T = Record<string, unknown>>(
    method: string,
    path: readonly string[],
    fields?: Fields,
    product?: Product,
  ): Promise<T>
  /** As `call`, for a call that is to be refused. */
  refused(method: string, path: readonly string[], fields?: Fields, product?: Product): Promise<ClientError>
  raw(method: string, path: string, given?: RawGiven): Promise<Raw>
  folder(space: string, parent: string, name: string): Promise<Dentry>
  /** Uploads a file through the API. */
  file(space: string, parent: string, name: string, bytes?: Buffer, option?: object): Promise<Dentry>
  download(space: string, dentry: string, option?: object): Promise<Buffer>
  /** Names in a folder, in order of name. */
  names(space: string, parent?: string): Promise<string[]>
  /** All that is stored in the demo tenant's drives. */
  picture(): Promise<unknown>
  stop(): Promise<void>
}

type Fields = { readonly unionId?: string } & Record<string, unknown>

interface RawGiven {
  readonly body?: unknown
  readonly text?: string
  readonly token?: string | null
  readonly headers?: Record<string, string>
}

export async function startSession(options: StartOptions = {}): Promise<Session> {
  let store: Store | undefined
  const server = await startServer({
    ...options,
    wrapStore(inner) {
      store = inner
      return options.wrapStore ? options.wrapStore(inner) : inner
    },
  })
  if (!store) throw new Error('the server was started without a store')
  const { url, engine, auth, demo } = server
  const actorOf = async (user: string) => {
    const actor = await auth.actor({ tenant: demo.tenant, dialect: 'dingtalk', app: 'dingdemo', user })
    if (!actor) throw new Error(`${user} is not there`)
    return actor
  }
  const call = caller(url)
  const { accessToken } = await call<{ accessToken: string }>(
    '',
    'getAccessToken',
    [],
    { appKey: 'dingdemo', appSecret: 'dingdemo-secret' },
    'oauth2',
  )
  const admin = await actorOf('admin')
  const bare: Pick<Session, 'call' | 'raw'> = {
    call: (method, path, fields = {}, product = 'storage') =>
      call(accessToken, method, path, withOperator(product, fields), product),
    raw: (method, path, given = {}) => raw(url, method, path, { token: accessToken, ...given }),
  }
  return {
    ...bare,
    ...shortcuts(bare),
    url,
    engine,
    store,
    token: accessToken,
    admin,
    alice: await actorOf('alice'),
    spaces: { admin: String(demo.drives.admin), alice: String(demo.drives.alice) },
    async refused(method, path, fields, product) {
      const outcome = await bare.call(method, path, fields, product).then(
        (body) => new Error(`${method} was not refused: ${JSON.stringify(body)}`),
        (error: ClientError) => error,
      )
      if (!('code' in outcome)) throw outcome
      return outcome
    },
    picture: () => pictureOf(engine, admin),
    stop: () => server.stop(),
  }
}

function withOperator(product: Product, fields: Fields): Fields {
  return product === 'doc' ? { operatorId: 'admin', ...fields } : { unionId: 'admin', ...fields }
}

/** Drives the vendor's client over plain HTTP. Every method has a request model and a headers model named after it. */
function caller(url: string) {
  const config = new Config({ protocol: 'http', endpoint: new URL(url).host })
  const runtime = new RuntimeOptions({ readTimeout: 20_000, connectTimeout: 20_000 })
  return async <T>(token: string, method: string, path: readonly string[], fields: Fields, product: Product) => {
    const models = require(PRODUCTS[product]) as Record<string, Construct>
    const client = new (models.default as Construct)(config) as Record<string, Method>
    const model = method[0]?.toUpperCase() + method.slice(1)
    const given: unknown[] = [...path, new (models[`${model}Request`] as Construct)(fields)]
    const headers = models[`${model}Headers`]
    if (headers) given.push(new headers({ xAcsDingtalkAccessToken: token }))
    else given.push({})
    const run = client[`${method}WithOptions`]
    if (!run) throw new Error(`the client has no ${method}`)
    const { body } = await run.call(client, ...given, runtime)
    return JSON.parse(JSON.stringify(body ?? {})) as T
  }
}

async function raw(url: string, method: string, path: string, given: RawGiven): Promise<Raw> {
  const text = given.text ?? (given.body === undefined ? undefined : JSON.stringify(given.body))
  const answer = await fetch(url + path, {
    method,
    headers: {
      ...(text === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
      ...(given.token ? { 'x-acs-dingtalk-access-token': given.token } : {}),
      ...given.headers,
    },
    ...(text === undefined ? {} : { body: text }),
  })
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Raw['body'] }
}

function shortcuts({ call }: Pick<Session, 'call'>): Pick<Session, 'folder' | 'file' | 'download' | 'names'> {
  return {
    async folder(space, parent, name) {
      return (await call<{ dentry: Dentry }>('addFolder', [space, parent], { name })).dentry
    },
    async file(space, parent, name, bytes = randomBytes(16), option = {}) {
      const { uploadKey, headerSignatureInfo: info } = await call<UploadInfo>('getFileUploadInfo', [space], {
        protocol: 'HEADER_SIGNATURE',
      })
      await put(info, bytes)
      const fields = { uploadKey, name, parentId: parent, option }
      return (await call<{ dentry: Dentry }>('commitFile', [space], fields)).dentry
    },
    async download(space, dentry, option) {
      const { headerSignatureInfo: info } = await call<UploadInfo>('getFileDownloadInfo', [space, dentry], { option })
      const answer = await fetch(info.resourceUrls[0] ?? '', { headers: info.headers })
      expect(answer.status).toBe(200)
      return Buffer.from(await answer.arrayBuffer())
    },
    async names(space, parent = '0') {
      const fields = { parentId: parent, orderBy: 'NAME', order: 'ASC' }
      const { dentries } = await call<{ dentries: Dentry[] }>('listDentries', [space], fields)
      return dentries.map(({ name }) => name)
    },
  }
}

export interface SignatureInfo {
  readonly resourceUrls: readonly string[]
  readonly internalResourceUrls: readonly string[]
  readonly headers: Record<string, string>
  readonly expirationSeconds: number
  readonly region: string
}

export interface UploadInfo {
  readonly uploadKey: string
  readonly storageDriver: string
  readonly protocol: string
  readonly headerSignatureInfo: SignatureInfo
}

/** Sends bytes with exactly the given headers, as the vendor's pages say. */
export async function put(info: SignatureInfo, bytes: Buffer, headers: Record<string, string> = {}): Promise<Response> {
  const answer = await fetch(info.resourceUrls[0] ?? '', {
    method: 'PUT',
    headers: { ...info.headers, ...headers },
    body: new Uint8Array(bytes),
  })
  expect(answer.status).toBe(200)
  return answer
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/**
 * Every drive of the actor's tenant with its counters and whole tree, the trash included. What was destroyed gives its room
 * back in the background, so that is waited for: no counter changes of itself between two pictures.
 */
export async function pictureOf(engine: Engine, actor: Actor): Promise<unknown> {
  while (await engine.work());
  const { items } = await engine.listDrives(actor, { owners: null, after: 0, limit: 1000 })
  const trees = await Promise.all(items.map((drive) => treeOf(engine, actor, drive)))
  const drives = items.map((drive) => drive.id)
  const trash = await engine.trashPage(actor, { drives, after: null, limit: 1000 })
  return { items, trees, trash: trash.items }
}

async function treeOf(engine: Engine, actor: Actor, drive: Drive): Promise<NodeView[]> {
  const seen: NodeView[] = []
  let level = [drive.root]
  while (level.length > 0) {
    const results = await engine.batch(
      actor,
      level.map((id) => ({
        kind: 'list',
        folder: { drive: drive.id, id },
        by: 'name',
        descending: false,
        foldersFirst: false,
        limit: 1000,
      })),
    )
    const items = results.flatMap((result) => (result.status === 'done' ? (result.page?.items ?? []) : []))
    seen.push(...items)
    level = items.filter(({ node }) => node.kind === 'folder').map(({ node }) => node.id)
  }
  return seen
}

/** Gives a user rights on a node, as its owner would. */
export async function grant(session: Session, space: string, dentry: string, user: string, rights: number) {
  const drive = Number(space) as DriveId
  const node = dentry === '0' ? { drive, path: [] } : { drive, id: Number(dentry) as NodeView['node']['id'] }
  const [result] = await session.engine.batch(session.admin, [
    { kind: 'grant', node, subject: `user:${user}`, actions: rights, role: 'test', expiresAt: 0 },
  ])
  expect(result).toMatchObject({ status: 'done' })
}

export const READER = ACTIONS.list | ACTIONS.preview

/** A drive of another tenant, with one file's worth of folders in it. */
export async function otherTenant(session: Session): Promise<{ space: string; dentry: string; uuid: string }> {
  const tenant = 'other' as TenantId
  await session.store.write((tx) => tx.putTenants([{ id: tenant, name: 'Other', createdAt: 1, extra: {} }]))
  const actor: Actor = {
    // Not what the admin's rights rest on: that is another tenant's.
    ...settled(session.admin),
    tenant,
    self: 'user:mallory',
    subjects: ['user:mallory', 'everyone'],
    allow: { file: ALL_ACTIONS, folder: ALL_ACTIONS },
  }
  const [drive] = await session.engine.createDrives(actor, [{ name: 'other', owner: 'user:mallory' }])
  if (!drive) throw new Error('no drive was made')
  const [result] = await session.engine.batch(actor, [
    {
      kind: 'createFolder',
      parent: { drive: drive.id, path: [] },
      name: 'theirs',
      conflict: { file: 'fail', folder: 'fail', replace: 'version' },
      naming: { pattern: 'tight', charactersMax: 0, forbidden: null, trim: false },
    },
  ])
  if (result?.status !== 'done' || !result.view) throw new Error('no folder was made')
  const { node } = result.view
  return { space: String(drive.id), dentry: String(node.id), uuid: session.engine.ids.uuid(node) }
}
