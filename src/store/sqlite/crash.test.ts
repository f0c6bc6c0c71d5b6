import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it } from 'vitest'
import { createSqliteStore } from './store.ts'

/** Writes without end, eight at a time, and says each number once its write was answered. */
const WRITER = `
  const { createSqliteStore } = await import(process.argv[1])
  const store = createSqliteStore({ file: process.argv[2] })
  for (;;) {
    await Promise.all(Array.from({ length: 8 }, async () => {
      const number = await store.write(async (tx) => {
        const [number] = await tx.ids('node', 1)
        await tx.putTenants([{ id: String(number), name: 'x'.repeat(5_000), createdAt: 1, extra: {} }])
        return number
      })
      process.stdout.write(number + '\\n')
    }))
  }
`

it('a process that is killed loses nothing it had answered for, and its numbers are not given again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'batchdrive-crash-'))
  const file = join(folder, 'drive.db')
  const code = new URL('./store.ts', import.meta.url).href
  const writer = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', WRITER, code, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const answered: number[] = []
  for await (const line of createInterface(writer.stdout)) {
    answered.push(Number(line))
    // Killed amid its writing; lines on their way are still read.
    if (answered.length === 400) writer.kill('SIGKILL')
  }
  if (writer.exitCode === null && writer.signalCode === null) await once(writer, 'exit')
  expect(writer.signalCode).toBe('SIGKILL')

  const store = createSqliteStore({ file })
  const found = await store.read((tx) => tx.tenants(answered.map((number) => String(number) as never)))
  expect(found).toHaveLength(answered.length)
  const [next] = await store.write((tx) => tx.ids('node', 1))
  expect(next).toBeGreaterThan(Math.max(...answered))
  await store.close()
  rmSync(folder, { recursive: true })
})
