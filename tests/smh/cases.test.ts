/** Replays what the vendor's pages show, as data: each case in a space of its own, on whichever store the project uses. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { match, queryOf, segmentsOf } from '../../src/dialect/smh/call.ts'
import { OPERATIONS } from '../../src/dialect/smh/index.ts'
import { LIBRARY, open, type Reply, SECRET, type Session, send } from './session.ts'

/** One call and what it must answer, or an upload from start to confirm. */
type Step =
  | { call: string; body?: unknown; status: number; answer?: unknown; keep?: Record<string, string> }
  | { upload: string; content: string; query?: string; in?: string }

interface Case {
  readonly name: string
  /** The vendor's page that shows it. */
  readonly page: string
  readonly steps: readonly Step[]
}

const folder = fileURLToPath(new URL('../../src/dialect/smh/cases/', import.meta.url))
const files = readdirSync(folder).filter((name) => name.endsWith('.json'))
const families = files.map((name) => {
  return [name, JSON.parse(readFileSync(folder + name, 'utf8')) as Case[]] as const
})

/** A library of photos, for what others cannot do; its calls carry its secret. */
const ALBUMS = { id: 'smhalbum', secret: 'album-secret' }

let smh: Session
beforeAll(async () => {
  smh = await open()
  const extra = { 'smh.multiSpace': true, 'smh.media': true }
  await smh.addTenant({ id: 'albums', apps: [{ dialect: 'smh', ...ALBUMS, extra }] })
})
afterAll(() => smh.stop())

/** Fills the places of a text, or of all texts in a value; a text that is one place alone becomes what it holds. */
function filled(value: unknown, words: ReadonlyMap<string, unknown>): unknown {
  if (typeof value === 'string') {
    const alone = /^\{([A-Z]+)\}$/.exec(value)?.[1]
    if (alone !== undefined) return words.get(alone)
    return value.replace(/\{([A-Z]+)\}/g, (_, name) => String(words.get(name)))
  }
  if (Array.isArray(value)) return value.map((one) => filled(one, words))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, filled(one, words)]))
}

const KINDS: Readonly<Record<string, unknown>> = {
  '<string>': expect.any(String),
  '<number>': expect.any(Number),
  '<time>': expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  '<any>': expect.anything(),
}

/** What must be there: of objects the given members, of arrays every element. */
function pattern(value: unknown): unknown {
  if (typeof value === 'string') return KINDS[value] ?? value
  if (Array.isArray(value)) return value.map(pattern)
  if (typeof value !== 'object' || value === null) return value
  return expect.objectContaining(Object.fromEntries(Object.entries(value).map(([name, one]) => [name, pattern(one)])))
}

function memberOf(body: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], body)
}

/** Two fresh spaces, so that cases know nothing of one another. */
async function wordsOf(): Promise<Map<string, unknown>> {
  const made = await Promise.all([0, 1].map(() => smh.call('POST', `/api/v1/space/${LIBRARY}`, { body: {} })))
  const [space, other] = made.map(({ body }) => body.spaceId)
  const albums = { ALBUMS: ALBUMS.id, ALBUMSECRET: ALBUMS.secret }
  return new Map(Object.entries({ LIB: LIBRARY, SECRET, SPACE: space, OTHER: other, ...albums }))
}

async function call(text: string, body: unknown): Promise<Reply> {
  const [, method, target] = /^([A-Z]+) (.*)$/.exec(text)!
  const path = `/api/v1/${target}`
  return target!.startsWith('token') ? send(smh.url, method!, path, { body }) : smh.call(method!, path, { body })
}

async function upload(step: Extract<Step, { upload: string }>, words: ReadonlyMap<string, unknown>): Promise<void> {
  const base = `/api/v1/file/${filled(step.in ?? '{LIB}/{SPACE}', words)}`
  const query = filled(step.query ?? '', words)
  const begun = await smh.call('PUT', `${base}/${step.upload}?${query}`)
  expect(begun.status, begun.text).toBe(201)
  const { domain, path, headers, confirmKey } = begun.body
  await send(`http://${domain}`, 'PUT', path, { body: step.content, headers })
  expect((await smh.call('POST', `${base}/${confirmKey}?confirm&${query}`)).status).toBe(200)
}

async function replay(step: Step, words: Map<string, unknown>): Promise<void> {
  if ('upload' in step) return upload(step, words)
  const reply = await call(filled(step.call, words) as string, filled(step.body, words))
  expect(reply.status, `${step.call}: ${reply.text}`).toBe(step.status)
  expect(reply.headers['x-request-id']).toMatch(/.+/)
  if (step.answer !== undefined) expect(reply.body).toEqual(pattern(filled(step.answer, words)))
  for (const [name, path] of Object.entries(step.keep ?? {})) words.set(name, memberOf(reply.body, path))
}

describe.each(families)('the cases of %s', (_, cases) => {
  it.each(cases)('$name, as page $page has it', async ({ steps }) => {
    const words = await wordsOf()
    await steps.reduce((before, step) => before.then(() => replay(step, words)), Promise.resolve())
  })
})

/** Calls that succeed, with the members of their bodies. An upload is two of them. */
const SHOWN = families
  .flatMap(([, cases]) => cases.flatMap(({ steps }) => steps))
  .flatMap((step) => {
    if ('upload' in step) return ['PUT file/a/b/c', 'POST file/a/b/c?confirm'].map((text) => ({ text, members: [''] }))
    return step.status < 400 ? [{ text: step.call, members: Object.keys(step.body ?? {}) }] : []
  })
  .map(({ text, members }) => {
    const [, method, target] = /^([A-Z]+) (.*)$/.exec(text)!
    const url = `/api/v1/${target!.replace(/\{[A-Z]+\}/g, 'x')}`
    const [family] = segmentsOf(url)
    const alike = OPERATIONS.filter((one) => one.method === method && one.path.split('/', 1)[0] === family)
    return { operation: match(alike, segmentsOf(url), queryOf(url))?.operation, members }
  })

it('every operation that is served has a case in which it succeeds', () => {
  const hit = new Set(SHOWN.map(({ operation }) => operation))
  const missing = OPERATIONS.filter((one) => !hit.has(one) && !/^not (planned|served)/.test(one.coverage))
  expect(missing.map(({ operation, method, path }) => `${operation}: ${method} ${path}`)).toEqual([])
})

it.each([
  ['PUT file/{lib}/{space}/{path*}', ['', 'copyFrom', 'from', 'linkTo', 'fromTemplate']],
  ['PUT directory/{lib}/{space}/{path*}', ['copyFrom', 'from']],
])('all that %s does by its body has a case', (call, wanted) => {
  const shown = SHOWN.filter(({ operation }) => operation && `${operation.method} ${operation.path}` === call)
  const members = new Set(shown.flatMap((one) => one.members))
  expect(wanted.filter((member) => !members.has(member))).toEqual([])
})
