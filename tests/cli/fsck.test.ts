/** `batchdrive fsck` as its users run it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createTestPlace, type TestPlace } from '../place.ts'
import { json, runHere } from './program.ts'

let place: TestPlace
beforeEach(async () => {
  place = await createTestPlace(mkdtempSync(join(tmpdir(), 'batchdrive-fsck-')))
  await json('tenant', 'create', 'acme', ...place.args)
  await json('user', 'create', 'wang', '--tenant', 'acme', ...place.args)
})
afterEach(async () => {
  await place.rows.drop()
  rmSync(place.dataDir, { recursive: true })
})

it('says that nothing is wrong, and what it has seen', async () => {
  const { code, out, err } = await runHere(['fsck', ...place.args])
  expect(out).toBe('seen: 3 nodes, 0 versions, 1 drive, 0 blobs of 0 bytes\nnothing is wrong\n')
  expect(err).toMatch(/^every node can be reached from a top \([0-9.]+ s\)$/m)
  expect(code).toBe(0)
})

it('lists what is wrong and ends with 1', async () => {
  await place.rows.run("update pool set used = 7 where kind = 'tenant'")
  const { code, out, err } = await runHere(['fsck', ...place.args])
  expect(out).toContain('usage: the tenant quota of acme counts 7 bytes, its versions have 0\n')
  expect(out).not.toContain('nothing is wrong')
  expect(err).toContain('batchdrive: one thing is wrong\n')
  expect(code).toBe(1)
  const found = JSON.parse((await runHere(['fsck', '--json', ...place.args])).out)
  expect(found.faults).toEqual([expect.objectContaining({ check: 'usage', about: 'the tenant quota of acme' })])
})

it('ends with 2 where it cannot look', async () => {
  const nowhere = await runHere(['fsck', '--data', join(place.dataDir, 'nowhere')])
  expect([nowhere.code, nowhere.err]).toEqual([2, expect.stringContaining('there is no data in')])
  expect((await runHere(['fsck', '--surely'])).code).toBe(2)
})
