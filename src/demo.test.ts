import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createServer, openData } from './app.ts'
import { passwordMatches } from './auth/password.ts'
import { type GivenOptions, readConfig } from './config.ts'
import { DemoRefusedError, demoKeyFile } from './demo.ts'
import { addTenants, addUsers } from './engine/people.ts'

let data: string
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'batchdrive-demo-'))
})
afterEach(() => rmSync(data, { recursive: true, force: true }))

/** Puts a server together and takes it apart again; what it had. */
async function started(options: GivenOptions = {}) {
  const server = await createServer(readConfig({ data, port: '0', logLevel: 'silent', ...options }, {}))
  const { demo, auth } = server
  const apps = await Promise.all([
    auth.app('pds', 'demo-pds'),
    auth.app('pds', 'demo-ak'),
    auth.app('smh', 'smhdemo'),
    auth.app('wps', 'AKDEMO'),
    auth.app('dingtalk', 'dingdemo'),
  ])
  const secrets = apps.map((app) => app && auth.secretOf(app))
  const people = demo ? await server.engine.users(demo.tenant, ['admin', 'alice']) : []
  const actor = demo && (await auth.actor({ tenant: demo.tenant, dialect: 'pds', app: '', user: 'alice' }))
  const drives = actor ? await server.engine.drives(actor, Object.values(demo.drives)) : []
  await server.close()
  return { demo, apps, secrets, people, drives }
}

describe('the demo tenant', () => {
  it('has two people with a drive each and a credential for each dialect', async () => {
    const { demo, apps, secrets, people, drives } = await started()
    expect(demo!.tenant).toBe('demo')
    expect(secrets).toEqual(['', 'demo-sk', 'smhdemo-secret', 'SKDEMO', 'dingdemo-secret'])
    expect(apps.map((app) => app!.extra)).toEqual([
      { 'pds.kind': 'jwt' },
      { 'pds.kind': 'accesskey' },
      { 'smh.multiSpace': true },
      { 'wps.signature': false },
      {},
    ])
    expect(people.map((user) => [user!.role, user!.defaultDrive])).toEqual([
      ['admin', demo!.drives.admin],
      ['user', demo!.drives.alice],
    ])
    expect(await Promise.all(people.map((user) => passwordMatches(user!.password, user!.id)))).toEqual([true, true])
    expect(drives.map((drive) => [drive!.name, drive!.owner])).toEqual([
      ['demo', 'user:admin'],
      ['alice', 'user:alice'],
    ])
  })

  it('has a private key of its own that only the owner of the folder can read', async () => {
    const { demo } = await started()
    expect(demo!.pds.privateKey).toBe(readFileSync(demoKeyFile(data), 'utf8'))
    expect(statSync(demoKeyFile(data)).mode & 0o777).toBe(0o600)
  })

  it('is made once', async () => {
    const first = await started()
    expect(await started()).toEqual(first)
  })

  it('is made whole after a crash between the key and the rows', async () => {
    const { demo } = await started()
    const key = demo!.pds.privateKey
    rmSync(join(data, 'batchdrive.db'))
    rmSync(join(data, 'batchdrive.db-wal'), { force: true })
    rmSync(join(data, 'batchdrive.db-shm'), { force: true })
    const again = await started()
    expect(again.demo!.pds.privateKey).toBe(key)
    expect(again.apps[0]!.publicKey).toContain('PUBLIC KEY')
  })

  it('is not made where it is not wanted', async () => {
    expect((await started({ demo: 'off' })).demo).toBeNull()
    expect(existsSync(demoKeyFile(data))).toBe(false)
  })

  it('leaves a real tenant of that name alone', async () => {
    const { store } = await openData({ dataDir: data, database: '' })
    await store.write(async (tx) => {
      const [tenant] = await addTenants(tx, 1, [{ id: 'demo' }])
      if (tenant && 'id' in tenant) await addUsers(tx, { tenant: tenant.id, at: 1 }, [{ id: 'admin' }])
    })
    await store.close()
    const { demo, apps } = await started()
    expect(demo).toBeNull()
    expect(apps.every((app) => app === undefined)).toBe(true)
    await started({ host: '0.0.0.0' })
  })
})

describe('where others can reach the server', () => {
  const exposed: GivenOptions[] = [
    { host: '0.0.0.0' },
    { host: '::' },
    { host: '192.168.1.10' },
    { host: 'drive.example.com' },
    { publicUrl: 'https://drive.example.com' },
  ]

  it.each(exposed)('a folder with the demo tenant is refused, wanted or not: %o', async (where) => {
    await started()
    for (const demo of ['auto', 'on', 'off'] as const) {
      await expect(started({ ...where, demo })).rejects.toThrow(DemoRefusedError)
    }
    await expect(started(where)).rejects.toThrow(/demo secrets/)
    // The refusal leaves the folder free.
    await started()
  })

  it.each(exposed)('a new folder gets no demo tenant, and insisting is refused: %o', async (where) => {
    await expect(started({ ...where, demo: 'on' })).rejects.toThrow(DemoRefusedError)
    const { demo, apps } = await started(where)
    expect(demo).toBeNull()
    expect(apps.every((app) => app === undefined)).toBe(true)
    expect(existsSync(demoKeyFile(data))).toBe(false)
  })

  it('addresses of this machine alone are not meant', async () => {
    for (const host of ['127.0.0.1', '127.8.8.8', '::1', 'localhost']) {
      expect((await started({ host })).demo).not.toBeNull()
    }
  })
})
