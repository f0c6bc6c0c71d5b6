/** `batchdrive tasks` as its users run it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { TaskId } from '../../src/engine/index.ts'
import { at, createFolder, purge } from '../engine/ops.ts'
import { actorOf, done } from '../engine/world.ts'
import { createTestPlace, type TestPlace, withEngine } from '../place.ts'
import { json, runHere } from './program.ts'

const admin = actorOf('user:admin', { admin: true })
let place: TestPlace
beforeEach(async () => {
  place = await createTestPlace(mkdtempSync(join(tmpdir(), 'batchdrive-tasks-')))
  await json('tenant', 'create', 'acme', ...place.args)
})
afterEach(async () => {
  await place.rows.drop()
  rmSync(place.dataDir, { recursive: true })
})

/** A task that waits, and, after work, one that has ended, and a sweep. */
async function makeTasks(): Promise<{ waiting: TaskId; ended: TaskId }> {
  return withEngine(place, async (engine) => {
    const [drive] = await engine.createDrives(admin, [{ name: 'd', owner: 'user:admin' }])
    const { id } = drive!
    await done({ engine }, admin, [createFolder(at(id), 'a'), createFolder(at(id, 'a'), 'b'), purge(at(id, 'a'))])
    const ended = await engine.submit(admin, id, 'createFolder', [createFolder(at(id), 'x')], [null])
    while (await engine.work());
    const waiting = await engine.submit(
      admin,
      id,
      'batch',
      ['y', 'z'].map((name) => createFolder(at(id), name)),
      [],
    )
    return { waiting, ended }
  })
}

it('lists what waits, what ended and the sweep, for people and for programs', async () => {
  expect((await runHere(['tasks', ...place.args])).out).toMatch(/^ID +TENANT +KIND +BY +STATE +PROGRESS/)
  const { waiting, ended } = await makeTasks()
  expect(await json('tasks', '--json', ...place.args)).toMatchObject([
    { id: waiting, tenant: 'acme', kind: 'batch', state: 'queued', total: 2, done: 0, creator: 'user:admin' },
    { id: 0, tenant: '', kind: 'sweep', state: 'done', done: 2, removed: { graves: 2 }, error: '', failedAt: 0 },
    { id: ended, tenant: 'acme', kind: 'createFolder', state: 'done', total: 1, done: 1 },
  ])
  const { out } = await runHere(['tasks', '--limit', '1', ...place.args])
  const lines = out.trimEnd().split('\n')
  expect(lines).toHaveLength(3)
  expect(lines[1]).toMatch(new RegExp(`^${waiting} +acme +batch +user:admin +queued +0/2 +0 +`))
  expect(out).not.toContain('"actor"')
})

it('asks a task to stop, once there is something to stop', async () => {
  const { waiting, ended } = await makeTasks()
  const cancel = (id: number | string) => runHere(['tasks', 'cancel', String(id), ...place.args])
  expect(await cancel(waiting)).toMatchObject({ code: 0, out: `task ${waiting} will stop\n` })
  expect(await json('tasks', '--json', ...place.args)).toMatchObject([{ id: waiting, cancelled: true }, {}, {}])
  expect((await runHere(['tasks', ...place.args])).out).toContain('stopping')
  expect(await cancel(ended)).toMatchObject({ code: 1, err: expect.stringContaining('has ended') })
  expect(await cancel(999)).toMatchObject({ code: 1, err: 'batchdrive: there is no task 999\n' })
  expect((await cancel(0)).code).toBe(2)
  expect((await cancel('x')).code).toBe(2)
  await withEngine(place, async (engine) => {
    while (await engine.work());
    expect(await engine.tasks(admin, [waiting])).toMatchObject([
      { state: 'done', done: 0, failed: 2, error: 'cancelled' },
    ])
  })
})
