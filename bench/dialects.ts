/** Each dialect's heart as a client sends it, over one kept-alive connection. */
import { Agent, request } from 'node:http'
import { importPKCS8, SignJWT } from 'jose'
import type { Engine } from '../src/engine/index.ts'
import type { Playground, Tree } from './tree.ts'

export interface Call {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface DialectCalls {
  readonly name: string
  /** Items a call moves or reads, as the vendor's limit allows, 100 at most. */
  readonly items: number
  /** Moves a playground's files to its other folder; absent where the dialect has no batch for it. */
  readonly move?: (playground: Playground, there: boolean) => Call
  readonly read: (playground: Playground) => Call
  /** Reads the metadata of one file. */
  readonly get: (playground: Playground) => Call
  /** The items of an answer to `read`. */
  readonly itemsOf: (answer: never) => object[]
}

/** Sends calls one after another; rejects answers that are not 200. */
export function connect(url: string): { send(call: Call): Promise<string>; close(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  return {
    send: (call) =>
      new Promise((resolve, reject) => {
        const length = { 'content-length': String(Buffer.byteLength(call.body)) }
        const headers = { ...call.headers, ...(call.body === '' ? {} : length) }
        const sent = request(url + call.path, { agent, method: call.method, headers }, (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString()
            if (response.statusCode === 200) resolve(text)
            else reject(new Error(`${call.method} ${call.path}: ${response.statusCode} ${text.slice(0, 300)}`))
          })
        })
        sent.on('error', reject)
        sent.end(call.body)
      }),
    close: () => agent.destroy(),
  }
}

const JSON_TYPE = { 'content-type': 'application/json' }

/** Signs in to every dialect of a server with the demo tenant. */
export async function signIn(url: string, tree: Tree, engine: Engine, privateKey: string): Promise<DialectCalls[]> {
  const space = String(tree.drive.id)
  const fileId = (node: Playground['left']) => engine.ids.fileId(node)
  return [
    pds(space, fileId, await pdsToken(url, privateKey)),
    smh(space, await tokenOf(`${url}/api/v1/token?library_id=smhdemo&library_secret=smhdemo-secret&grant=admin`)),
    wps(fileId, await wpsToken(url)),
    dingtalk(space, await dingtalkToken(url)),
  ]
}

function pds(space: string, fileId: (node: Playground['left']) => string, token: string): DialectCalls {
  const headers = { ...JSON_TYPE, authorization: `Bearer ${token}` }
  const child = (id: number, url: string, body: object) => ({
    id: String(id),
    method: 'POST',
    url,
    headers: { 'Content-Type': 'application/json' },
    body: { drive_id: space, ...body },
  })
  const batch = (requests: object[]): Call => ({
    method: 'POST',
    path: '/v2/batch',
    headers,
    body: JSON.stringify({ resource: 'file', requests }),
  })
  return {
    name: 'pds /v2/batch',
    items: 100,
    move: ({ files, left, right }, there) => {
      const to = fileId(there ? right : left)
      const move = { to_parent_file_id: to, auto_rename: true }
      return batch(files.map((file, i) => child(i, '/file/move', { file_id: fileId(file), ...move })))
    },
    read: ({ files }) => batch(files.map((file, i) => child(i, '/file/get', { file_id: fileId(file) }))),
    get: ({ files }) => ({
      method: 'POST',
      path: '/v2/file/get',
      headers,
      body: JSON.stringify({ drive_id: space, file_id: fileId(files[0]!) }),
    }),
    itemsOf: ({ responses }: { responses: object[] }) => responses,
  } as DialectCalls
}

function smh(space: string, token: string): DialectCalls {
  return {
    name: 'smh ?move',
    items: 100,
    move: ({ files, left, right }, there) => {
      const [from, to] = there ? [left, right] : [right, left]
      const items = files.map(({ name }) => ({ from: `${from.name}/${name}`, to: `${to.name}/${name}` }))
      const path = `/api/v1/batch/smhdemo/${space}?move&access_token=${token}`
      return { method: 'POST', path, headers: JSON_TYPE, body: JSON.stringify(items) }
    },
    read: ({ left }) => ({
      method: 'GET',
      path: `/api/v1/directory/smhdemo/${space}/${encodeURIComponent(left.name)}?limit=100&access_token=${token}`,
      headers: {},
      body: '',
    }),
    get: ({ left, files }) => ({
      method: 'GET',
      path: `/api/v1/file/smhdemo/${space}/${encodeURIComponent(`${left.name}/${files[0]!.name}`)}?info&access_token=${token}`,
      headers: {},
      body: '',
    }),
    itemsOf: ({ contents }: { contents: object[] }) => contents,
  } as DialectCalls
}

function wps(fileId: (node: Playground['left']) => string, token: string): DialectCalls {
  const headers = { ...JSON_TYPE, authorization: `Bearer ${token}` }
  return {
    name: 'wps batch_get_meta',
    items: 100,
    read: ({ files }) => ({
      method: 'POST',
      path: '/v7/files/batch_get_meta',
      headers,
      body: JSON.stringify({ file_ids: files.map(fileId) }),
    }),
    get: ({ files }) => ({ method: 'GET', path: `/v7/files/${fileId(files[0]!)}/meta`, headers, body: '' }),
    itemsOf: ({ data }: { data: { items: object[] } }) => data.items,
  } as DialectCalls
}

function dingtalk(space: string, token: string): DialectCalls {
  const headers = { ...JSON_TYPE, 'x-acs-dingtalk-access-token': token }
  const dentries = (call: string, body: object): Call => ({
    method: 'POST',
    path: `/v1.0/storage/spaces/${space}/dentries/${call}?unionId=admin`,
    headers,
    body: JSON.stringify(body),
  })
  const ids = ({ files }: Playground) => files.slice(0, 30).map(({ id }) => String(id))
  return {
    name: 'dingtalk batchMove',
    items: 30,
    move: (playground, there) => {
      const target = there ? playground.right : playground.left
      const where = { targetSpaceId: space, targetFolderId: String(target.id) }
      return dentries('batchMove', { dentryIds: ids(playground), ...where })
    },
    read: (playground) => dentries('query', { dentryIds: ids(playground) }),
    get: (playground) => dentries(`${ids(playground)[0]}/query`, {}),
    itemsOf: ({ resultItems }: { resultItems: object[] }) => resultItems,
  } as DialectCalls
}

async function pdsToken(url: string, privateKey: string): Promise<string> {
  const assertion = await new SignJWT({ sub: 'admin', sub_type: 'user', jti: 'bench' })
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuer('demo-pds')
    .setAudience('demo')
    .setExpirationTime('1m')
    .sign(await importPKCS8(privateKey, 'RS256'))
  const grant = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
  const form = new URLSearchParams({ grant_type: grant, client_id: 'demo-pds', assertion })
  return tokenOf(`${url}/v2/oauth/token`, { method: 'POST', body: form })
}

function wpsToken(url: string): Promise<string> {
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: 'AKDEMO', client_secret: 'SKDEMO' })
  return tokenOf(`${url}/oauth2/token`, { method: 'POST', body: form })
}

function dingtalkToken(url: string): Promise<string> {
  const body = JSON.stringify({ appKey: 'dingdemo', appSecret: 'dingdemo-secret' })
  return tokenOf(`${url}/v1.0/oauth2/accessToken`, { method: 'POST', headers: JSON_TYPE, body })
}

async function tokenOf(url: string, init?: RequestInit): Promise<string> {
  const answer = (await (await fetch(url, init)).json()) as { access_token?: string; accessToken?: string }
  const token = answer.access_token ?? answer.accessToken
  if (!token) throw new Error(`no token: ${JSON.stringify(answer)}`)
  return token
}
