/** Once a test run: a PostgreSQL server, and on it an empty database of ours that each test's database is copied from. */
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { createPostgresStore } from '../../src/store/postgres/store.ts'
import { startCluster } from './cluster.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where tests make their databases: a server, and what their names begin with. Absent: stores are SQLite files. */
    postgres: { readonly url: string; readonly prefix: string }
  }
}

/** An existing server is used when it is named here; its user must be allowed to make databases. */
const GIVEN = 'BATCHDRIVE_TEST_DATABASE_URL'

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env[GIVEN]
  const cluster = given === undefined || given === '' ? await startCluster() : null
  const url = cluster?.url ?? given!
  const prefix = `batchdrive_test_${randomBytes(4).toString('hex')}`
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  try {
    await admin.query(`create database ${prefix}_template template template0 encoding 'UTF8'`)
    const template = new URL(url)
    template.pathname = `/${prefix}_template`
    const store = await createPostgresStore({ url: template.href })
    await store.close()
  } finally {
    await admin.end()
  }
  project.provide('postgres', { url, prefix })
  return async () => {
    if (cluster) return cluster.stop()
    await dropAll(url, prefix)
  }
}

async function dropAll(url: string, prefix: string): Promise<void> {
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  const { rows } = await admin.query<{ datname: string }>(
    'select datname from pg_database where starts_with(datname, $1)',
    [prefix],
  )
  for (const { datname } of rows) await admin.query(`drop database ${datname} with (force)`)
  await admin.end()
}
