import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { KeyError, masterKey, masterKeyFile, writeOwnerOnly } from './key.ts'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'batchdrive-key-'))
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

it('makes a key of 32 bytes that only its owner can read, and finds it again', async () => {
  const key = await masterKey(dataDir)
  expect(key).toHaveLength(32)
  expect(statSync(masterKeyFile(dataDir)).mode & 0o777).toBe(0o600)
  expect(statSync(join(dataDir, 'keys')).mode & 0o777).toBe(0o700)
  expect(await masterKey(dataDir)).toEqual(key)
})

it('gives all who start at once the same key and leaves no temporary file', async () => {
  const keys = await Promise.all(Array.from({ length: 8 }, () => masterKey(dataDir)))
  expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(1)
  expect(readdirSync(join(dataDir, 'keys'))).toEqual(['master.key'])
})

it('refuses a key that others can read', async () => {
  await masterKey(dataDir)
  chmodSync(masterKeyFile(dataDir), 0o640)
  await expect(masterKey(dataDir)).rejects.toThrow(KeyError)
  await expect(masterKey(dataDir)).rejects.toThrow(/chmod 600/)
})

it('refuses a key of the wrong length rather than making another', async () => {
  await masterKey(dataDir)
  truncateSync(masterKeyFile(dataDir), 31)
  await expect(masterKey(dataDir)).rejects.toThrow(/31 bytes/)
})

it('never overwrites a file', async () => {
  const file = join(dataDir, 'deep', 'secret')
  await writeOwnerOnly(file, 'first')
  await writeOwnerOnly(file, 'second')
  expect(readFileSync(file, 'utf8')).toBe('first')
})

it('refuses to make a new key for data that was made under another', async () => {
  await expect(masterKey(dataDir, true)).rejects.toThrow(/missing/)
  expect(existsSync(join(dataDir, 'keys'))).toBe(false)
})
