/** Two servers and a worker on one database, each killed in turn while all are at work: nothing is lost, nothing is done twice. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Store } from '../../src/engine/index.ts'
import { type Running, type Serving, serve, work } from '../cli/program.ts'
import { brokenInvariants } from '../engine/invariants.ts'
import { createTestDatabase, type TestDatabase } from '../store.ts'

const LIBRARY = 'smhdemo'
/** Every batch becomes a task, and a killed worker’s tasks are taken over soon. */
const SETTINGS = { BATCHDRIVE_SMH_INLINE_ITEMS_MAX: '1', BATCHDRIVE_TASK_LEASE_MS: '1000' }
const CLIENTS = 3
const ITEMS_PER_TASK = 3
/** Between kills, ms; and how long the tasks left over may take. */
const CALM_MS = 1_500
/** Between a client's calls: the worker must be able to follow. */
const BREATH_MS = 100
const SETTLING_MS_MAX = 60_000

let folder: string
let database: TestDatabase
let store: Store
let env: Record<string, string>
const programs = new Set<Running>()

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'batchdrive-kill-'))
  database = await createTestDatabase('')
  env = { ...SETTINGS, BATCHDRIVE_DATABASE_URL: database.url, BATCHDRIVE_DATA: join(folder, 'data') }
  store = await database.open()
})
afterEach(async () => {
  for (const program of programs) program.kill('SIGKILL')
  await Promise.all([...programs].map(({ ended }) => ended))
  await store.close()
  await database.drop()
  await rm(folder, { recursive: true, force: true })
})

async function started<Program extends Running>(program: Promise<Program>): Promise<Program> {
  programs.add(await program)
  return program
}

async function killed(program: Running): Promise<void> {
  program.kill('SIGKILL')
  expect(await program.ended).toBe('SIGKILL')
  programs.delete(program)
}

/** What the clients were promised. */
interface Promised {
  readonly folders: string[]
  readonly tasks: number[]
  /** Where the tasks copy to. */
  readonly copies: string[]
}

interface Client {
  call(method: string, path: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown> }>
}

async function clientOf(url: () => string): Promise<Client & { space: string }> {
  const words = new URLSearchParams({
    library_id: LIBRARY,
    library_secret: `${LIBRARY}-secret`,
    grant: 'admin',
    period: '3600',
  })
  const { accessToken } = (await (await fetch(`${url()}/api/v1/token?${words}`)).json()) as { accessToken: string }
  const [space] = await database.rows<{ id: number }>('select id from drive order by id limit 1')
  return {
    space: String(space!.id),
    async call(method, path, body) {
      const target = `${url()}/api/v1${path}${path.includes('?') ? '&' : '?'}access_token=${accessToken}`
      const answer = await fetch(target, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      })
      return { status: answer.status, body: (await answer.json().catch(() => ({}))) as Record<string, unknown> }
    },
  }
}

/** Makes folders and submits copies until told to stop. A call that breaks off promised nothing. */
async function keepBusy(client: Client & { space: string }, name: string, promised: Promised, isOver: () => boolean) {
  for (let turn = 0; !isOver(); turn++) {
    const path = `made-${name}-${turn}`
    const copies = Array.from({ length: ITEMS_PER_TASK }, (_, item) => `copy-${name}-${turn}-${item}`)
    try {
      const made = await client.call('PUT', `/directory/${LIBRARY}/${client.space}/${path}`)
      if (made.status === 201) promised.folders.push(path)
      const items = copies.map((to) => ({ copyFrom: 'seed', to: `copies/${to}` }))
      const submitted = await client.call('POST', `/batch/${LIBRARY}/${client.space}?copy`, items)
      if (submitted.status !== 202) continue
      promised.tasks.push(submitted.body.taskId as number)
      promised.copies.push(...copies)
      await wait(BREATH_MS)
    } catch {
      // The server is gone; another call finds it back, or its successor.
      await wait(50)
    }
  }
}

test('a server, another and a worker are killed in turn under load', { timeout: 180_000 }, async () => {
  const servers: Serving[] = await Promise.all([started(serve(['--no-work'], env)), started(serve(['--no-work'], env))])
  let worker = await started(work([], env))
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, (_, index) => clientOf(() => servers[index % servers.length]!.url)),
  )
  const [first] = clients
  for (const path of ['seed', 'seed/below', 'seed/below/deeper', 'copies']) {
    expect((await first!.call('PUT', `/directory/${LIBRARY}/${first!.space}/${path}`)).status).toBe(201)
  }

  const promised: Promised = { folders: [], tasks: [], copies: [] }
  let isOver = false
  const busy = clients.map((client, index) => keepBusy(client, String(index), promised, () => isOver))
  await wait(CALM_MS)
  await killed(servers[0]!)
  servers[0] = await started(serve(['--no-work'], env))
  await wait(CALM_MS)
  await killed(worker)
  worker = await started(work([], env))
  await wait(CALM_MS)
  await killed(servers[1]!)
  servers[1] = await started(serve(['--no-work'], env))
  await wait(CALM_MS)
  isOver = true
  await Promise.all(busy)

  // Task 0 is the sweep’s.
  const open = () => database.rows<{ id: number }>("select id from task where id > 0 and state <> 'done'")
  const until = performance.now() + SETTLING_MS_MAX
  while ((await open()).length > 0 && performance.now() < until) await wait(100)
  expect(await open()).toEqual([])

  // All that was promised is there …
  expect(promised.folders.length).toBeGreaterThan(10)
  expect(promised.tasks.length).toBeGreaterThan(10)
  const names = new Map<string, number>()
  for (const { name } of await database.rows<{ name: string }>("select name from node where kind = 'folder'")) {
    names.set(name, (names.get(name) ?? 0) + 1)
  }
  expect(promised.folders.filter((name) => names.get(name) !== 1)).toEqual([])
  expect(promised.copies.filter((name) => names.get(name) !== 1)).toEqual([])
  // … and once: a copy made a second time would have found its name taken and got another.
  expect([...names.keys()].filter((name) => / \(\d+\)$/.test(name))).toEqual([])
  const copies = [...names.keys()].filter((name) => name.startsWith('copy-')).length
  expect(names.get('deeper')).toBe(copies + 1)
  const tasks = await database.rows<{ id: number; done: number; failed: number }>(
    'select id, done, failed from task where id > 0',
  )
  expect(tasks.filter(({ done, failed }) => done !== ITEMS_PER_TASK || failed !== 0)).toEqual([])
  expect(promised.tasks.filter((id) => !tasks.some((task) => task.id === id))).toEqual([])
  expect(copies).toBe(tasks.length * ITEMS_PER_TASK)
  expect(await brokenInvariants({ database, store })).toEqual([])
})
