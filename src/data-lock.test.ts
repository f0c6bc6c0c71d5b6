import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { DataInUseError, lockData } from './data-lock.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'batchdrive-lock-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const lockFile = () => join(folder, 'server.lock')

it('is taken once, under whatever name, and free again when given back', async () => {
  const release = await lockData(folder)
  await expect(lockData(folder)).rejects.toThrow(DataInUseError)
  const alias = `${folder}-alias`
  symlinkSync(folder, alias)
  await expect(lockData(alias)).rejects.toThrow(DataInUseError)
  rmSync(alias)
  await release()
  expect(existsSync(lockFile())).toBe(false)
  await (await lockData(folder))()
})

it('makes the folder', async () => {
  const release = await lockData(join(folder, 'a', 'b'))
  expect(existsSync(join(folder, 'a', 'b', 'server.lock'))).toBe(true)
  await release()
})

it('is refused while another process has it, and free when that was killed', async () => {
  const source = `
    import { lockData } from ${JSON.stringify(new URL('./data-lock.ts', import.meta.url).href)}
    await lockData(${JSON.stringify(folder)})
    console.log('locked')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  await expect(lockData(folder)).rejects.toThrow(`process ${child.pid}`)
  child.kill('SIGKILL')
  await once(child, 'exit')
  await (await lockData(folder))()
})

it('is taken over from a process whose number another process has now', async () => {
  writeFileSync(lockFile(), JSON.stringify({ pid: process.ppid, host: hostname(), born: 'long ago' }))
  await (await lockData(folder))()
})

it('is taken over when the lock file is garbage', async () => {
  writeFileSync(lockFile(), '{')
  await (await lockData(folder))()
})
