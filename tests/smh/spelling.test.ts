/** Every call in every way in which a client may write it: it means the same. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROWS, type Row } from './permission-rows.ts'
import { expectFault, LIBRARY, open, type Reply, type Session, send } from './session.ts'
import { World } from './world.ts'

let smh: Session
let world: World

beforeAll(async () => {
  smh = await open()
  const made = () => smh.call('POST', `/api/v1/space/${LIBRARY}`)
  const [one, two] = [await made(), await made()]
  world = new World(smh, one.body.spaceId, two.body.spaceId)
  await world.begin()
})
afterAll(() => smh.stop())

/** A target taken apart: its path, the flag that chooses the call, and the other words of its query. */
interface Target {
  readonly path: string
  readonly flag: string
  readonly words: readonly string[]
}

function apart({ call }: Row, target: string): Target {
  const [path, query = ''] = target.split('?') as [string, string?]
  const flag = call.split('?')[1] ?? ''
  return { path, flag, words: query.split('&').filter((word) => word !== '' && word !== flag) }
}

const joined = (path: string, ...words: string[]) => `/api/v1/${path}?${words.filter(Boolean).join('&')}`
/** The first segments of a path, and what follows as a client may write it. */
function rewritten({ call }: Row, path: string, tail: (rest: readonly string[]) => string): string {
  const fixed = call.split(' ')[1]!.split('?')[0]!.split('/').length - 1
  const segments = path.split('/')
  return [...segments.slice(0, fixed), tail(segments.slice(fixed))].join('/')
}

const takesPath = ({ call }: Row) => call.includes('{path*}')

const SPELLINGS: Readonly<Record<string, (target: Target, token: string, row: Row) => string | undefined>> = {
  'with the flag last and bare': ({ path, flag, words }, token) => joined(path, ...words, token, flag),
  'with the flag first and a value': ({ path, flag, words }, token) =>
    flag === '' ? undefined : joined(path, `${flag}=1`, ...words, token),
  'with an empty flag': ({ path, flag, words }, token) =>
    flag === '' ? undefined : joined(path, token, `${flag}=`, ...words),
  'with a flag that is true': ({ path, flag, words }, token) =>
    flag === '' ? undefined : joined(path, ...words, `${flag}=true`, token),
  'with words nobody knows': ({ path, flag, words }, token) => joined(path, flag, 'x-unknown=1', ...words, token, 'y'),
  'with doubled slashes, and one at the end': ({ path, flag, words }, token) =>
    joined(`${path.replaceAll('/', '//')}/`, flag, ...words, token),
  'with the slashes of its path encoded': ({ path, flag, words }, token, row) =>
    takesPath(row)
      ? joined(
          rewritten(row, path, (rest) => rest.join('%2F')),
          flag,
          ...words,
          token,
        )
      : undefined,
  'with an encoded slash before its path': ({ path, flag, words }, token, row) =>
    takesPath(row)
      ? joined(
          rewritten(row, path, (rest) => `%2F${rest.join('%2F')}`),
          flag,
          ...words,
          token,
        )
      : undefined,
  'with every letter of its path encoded': ({ path, flag, words }, token, row) =>
    takesPath(row)
      ? joined(
          rewritten(row, path, (rest) => rest.map(encoded).join('/')),
          flag,
          ...words,
          token,
        )
      : undefined,
}

function encoded(text: string): string {
  return [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
}

const failed = ({ status, body }: Reply) =>
  (status >= 400 && (body?.code ?? status)) ||
  (Array.isArray(body?.result) && body.result.find((item: { status: number }) => item.status >= 400)?.code) ||
  ''

describe('a call', () => {
  it.each(ROWS.map((row) => [row.call, row.about, row] as const))(
    '%s, %s, is written in many ways',
    async (...[, , row]) => {
      const token = `access_token=${smh.token}`
      // What only reads succeeds again and again.
      const once = /^(GET|HEAD) /.test(row.call) ? await row.make(world) : undefined
      const found = Object.entries(SPELLINGS).map(async ([spelling, write]) => {
        const { target, body } = once ?? (await row.make(world))
        const text = write(apart(row, target), token, row)
        if (text === undefined) return []
        const reply = await send(smh.url, row.call.split(' ')[0]!, text, { ...(body === undefined ? {} : { body }) })
        return [[spelling, failed(reply)]]
      })
      const wanted = row.except?.admin ?? ''
      expect((await Promise.all(found)).flat().filter(([, code]) => code !== wanted)).toEqual([])
    },
  )
})

/** Booleans of queries: a call, and whether its answer shows that they were taken for true. */
const BOOLEANS: readonly (readonly [name: string, call: () => Promise<string>, shows: (reply: Reply) => boolean])[] = [
  ['with_inode', () => list(), ({ body }) => 'inode' in body.contents[0]],
  ['with_favorite_status', () => list(), ({ body }) => 'isFavorite' in body.contents[0]],
  ['with_content_cas', () => list(), ({ body }) => 'contentCas' in body.contents[0]],
  ['pre_check', async () => `GET ${world.at('file', '/template/a.txt?info')}`, ({ body }) => !('cosUrl' in body)],
  [
    'permanent',
    async () => `DELETE ${world.at('file', `/${await world.folder()}/a.txt?`)}`,
    ({ status }) => status === 204,
  ],
  [
    'directory_only',
    async () => `DELETE ${world.at('directory', `/${await world.folder()}?`)}`,
    ({ body }) => body?.code === 'PathConflict',
  ],
  [
    'no_upload_part_info',
    async () => `GET ${world.at('file', `/${await world.upload(`${await world.folder()}/x`, 'multipart')}?upload`)}`,
    ({ body }) => !('uploadPartInfo' in body),
  ],
  [
    'force',
    async () => {
      const space = await world.newSpace()
      await smh.mkdir('d', space)
      return `DELETE ${world.at('space', '?', space)}`
    },
    ({ status }) => status === 204,
  ],
]
const list = async () => `GET ${world.at('directory', '/template?filter=onlyFile')}`

describe('a boolean of a query', () => {
  it.each(BOOLEANS)('%s is written as a number or a word', async (name, call, shows) => {
    const attempt = async (value: string) => {
      const [method, target] = (await call()).split(' ') as [string, string]
      const camel = name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
      const words = value.startsWith('camel:') ? `${camel}=${value.slice(6)}` : `${name}=${value}`
      return smh.call(method, `/api/v1/${target}&${words}`)
    }
    const answers = async (...values: string[]) => (await Promise.all(values.map(attempt))).map(shows)
    expect(await answers('1', 'true', 'camel:1', 'camel:true')).toEqual([true, true, true, true])
    expect(await answers('0', 'false', '', 'camel:0')).toEqual([false, false, false, false])
    for (const bad of ['yes', '2', 'TRUE', '-1']) expectFault(await attempt(bad), 400, 'ParamInvalid')
  })
})

describe('a boolean of a body', () => {
  it.each([[true], [1], ['1'], ['true']])('is true as %j', async (permanent) => {
    const path = `${await world.folder()}/a.txt`
    const reply = await smh.call('POST', `/api/v1/${world.at('batch', '?delete')}`, { body: [{ path, permanent }] })
    expect(reply.body.result[0].status).toBe(204)
  })

  it.each([[false], [0], ['0'], ['false'], [null]])('is false as %j', async (permanent) => {
    const path = `${await world.folder()}/a.txt`
    const reply = await smh.call('POST', `/api/v1/${world.at('batch', '?delete')}`, { body: [{ path, permanent }] })
    expect(reply.body.result[0].status).toBe(200)
  })

  it.each([['yes'], [2], [[]], [{}]])('is none as %j', async (permanent) => {
    const path = `${await world.folder()}/a.txt`
    const reply = await smh.call('POST', `/api/v1/${world.at('batch', '?delete')}`, { body: [{ path, permanent }] })
    expect(reply.body.result).toMatchObject([{ status: 400, code: 'ParamInvalid' }])
  })
})

describe('a number', () => {
  it('of a body is written as a number or in digits, of a query in digits', async () => {
    const limit = (downloadTrafficLimit: unknown) =>
      smh.call('POST', `/api/v1/${world.at('space', '/traffic-limit')}`, { body: { downloadTrafficLimit } })
    for (const value of [1048576, '1048576', -1, '-1']) expect((await limit(value)).status, String(value)).toBe(204)
    for (const value of ['1e6', '0x10', '', [], true]) expectFault(await limit(value), 400, 'ParamInvalid')
    const page = (query: string) => smh.call('GET', `/api/v1/${world.at('directory', `/template?${query}`)}`)
    for (const query of [
      'limit=1',
      'page_size=1',
      'pageSize=1',
      'by-page=1&page=1&page_size=1',
      'by_page=1&page_size=1',
    ]) {
      expect((await page(query)).body.contents, query).toHaveLength(1)
    }
    for (const query of ['limit=one', 'limit=-1', 'limit=1.0', 'page=0', 'limit=1001']) {
      expectFault(await page(query), 400, 'ParamInvalid')
    }
  })
})
