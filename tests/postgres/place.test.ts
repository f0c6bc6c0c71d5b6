/** A data folder and a database that belong together, and who may be there at once. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createServer, openData, openUpkeep, startWorker } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { runHere } from '../cli/program.ts'
import { createTestDatabase, type TestDatabase } from '../store.ts'

let folder: string
let database: TestDatabase
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'batchdrive-place-'))
  database = await createTestDatabase('')
})
afterEach(async () => {
  await database.drop()
  await rm(folder, { recursive: true })
})

const configOf = (name = 'data') =>
  readConfig({ data: join(folder, name), database: database.url, port: '0', logLevel: 'silent' }, {})

test('servers and workers are there together, upkeep is alone', async () => {
  const [one, other] = [await createServer(configOf()), await createServer(configOf())]
  const worker = await startWorker(configOf(), () => undefined)
  await expect(openUpkeep(configOf())).rejects.toThrow(/in use by servers/)
  await Promise.all([one.close(), other.close(), worker.close()])
  const upkeep = await openUpkeep(configOf())
  await expect(createServer(configOf())).rejects.toThrow(/upkeep/)
  await expect(openUpkeep(configOf())).rejects.toThrow(/in use/)
  await upkeep.close()
  await (await createServer(configOf())).close()
})

test('a server whose connection broke says again that it is there', async () => {
  const server = await createServer(configOf())
  const admin = new pg.Client({ connectionString: database.url })
  await admin.connect()
  await admin.query(`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = 'batchdrive presence'`)
  await admin.end()
  await wait(2_500)
  await expect(openUpkeep(configOf())).rejects.toThrow(/in use by servers/)
  await server.close()
})

describe('the key', () => {
  test('of a database is asked of everybody who joins', async () => {
    await (await createServer(configOf())).close()
    await expect(createServer(configOf('another'))).rejects.toThrow(/master.key is missing/)
    // A folder with a key of its own.
    await rm(join(folder, 'another'), { recursive: true })
    const beside = await openData({ dataDir: join(folder, 'another'), database: '' })
    await beside.store.close()
    await rm(join(folder, 'another', 'batchdrive.db'))
    await expect(createServer(configOf('another'))).rejects.toThrow(/another key/)
  })
})

describe('a folder', () => {
  test('whose rows are in PostgreSQL is not served from another set of rows', async () => {
    await (await createServer(configOf())).close()
    const { dataDir } = configOf()
    await expect(openData({ dataDir, database: '' })).rejects.toThrow(/in PostgreSQL/)
  })

  test('with rows of its own is not served from PostgreSQL', async () => {
    const { dataDir } = configOf()
    await (await openData({ dataDir, database: '' })).store.close()
    await expect(createServer(configOf())).rejects.toThrow(/rows of its own/)
  })
})

describe('the command line', () => {
  const run = (...args: string[]) => runHere([...args, '--data', join(folder, 'data'), '--database', database.url])

  test('reaches the same rows', async () => {
    expect(await run('tenant', 'create', 'acme')).toMatchObject({ code: 0 })
    expect(await database.rows('select id from tenant')).toEqual([{ id: 'acme' }])
    expect((await run('user', 'create', 'ann', '--tenant', 'acme')).code).toBe(0)
  })

  test('brings a schema up to date, and says what Citus lacks', async () => {
    expect(await run('migrate')).toMatchObject({ code: 0, out: 'the schema is up to date\n' })
    expect(await run('migrate', '--citus')).toMatchObject({ code: 1, err: expect.stringMatching(/citus/) })
    const plain = await runHere(['migrate', '--citus', '--data', join(folder, 'plain')])
    expect(plain).toMatchObject({ code: 1, err: expect.stringMatching(/--database/) })
  })

  test('works only for a database', async () => {
    const { code, err } = await runHere(['work', '--data', join(folder, 'plain')])
    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringMatching(/--database/) })
  })

  test('never repeats an address that it refuses, for it holds a password', async () => {
    const { code, err } = await runHere(['tenant', 'create', 'x', '--database', 'mysql://me:hush@host/db'])
    expect(code).toBe(2)
    expect(err).toMatch(/--database must be/)
    expect(err).not.toMatch(/hush/)
  })

  test('says when the database cannot be reached, without its password', async () => {
    const { code, err } = await runHere([
      ...['tenant', 'create', 'x', '--data', join(folder, 'far')],
      ...['--database', 'postgres://me:hush@127.0.0.1:1/db'],
    ])
    expect(code).toBe(1)
    expect(err).toMatch(/database/)
    expect(err).not.toMatch(/hush/)
  })
})
