import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { CERTIFICATE_MS, selfSigned } from '../../src/http/certificate.ts'
import { createTestPlace, type TestPlace } from '../place.ts'
import { run, type Serving, serve } from './program.ts'

const curl = (...args: string[]) => promisify(execFile)('curl', ['-s', ...args])

let folder: string
const places: TestPlace[] = []
let serving: Serving | undefined
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'batchdrive-tls-'))
})
afterEach(async () => {
  serving?.kill('SIGKILL')
  await serving?.ended
  serving = undefined
})
afterAll(async () => {
  await Promise.all(places.map(({ rows }) => rows.drop()))
  await rm(folder, { recursive: true, force: true })
})

/** A place for one test's servers. */
async function placeAt(name: string): Promise<TestPlace> {
  const place = await createTestPlace(join(folder, name))
  places.push(place)
  return place
}

describe('a server that signs its own certificate', () => {
  it('prints requests that work over HTTPS as they stand, and hands out HTTPS addresses', async () => {
    const { args, dataDir: data } = await placeAt('own')
    serving = await serve([...args, '--tls'])
    expect(serving.url).toMatch(/^https:/)
    const cert = join(data, 'tls', 'certificate.pem')
    expect((await stat(join(data, 'tls', 'key.pem'))).mode & 0o077).toBe(0)
    const block = serving.texts.out.split(/^# /m).find((text) => text.startsWith('Tencent SMH'))!
    const { stdout } = await promisify(execFile)('bash', ['-euc', `# ${block}`])
    expect(JSON.parse(stdout.trim().split('\n')[1]!).result).toMatchObject([{ status: 200, path: ['moved'] }])

    // An upload's target has no scheme: clients put https before it.
    const token = `${serving.url}/api/v1/token?library_id=smhdemo&library_secret=smhdemo-secret&grant=admin`
    const { accessToken } = JSON.parse((await curl('--cacert', cert, token)).stdout)
    const base = `${serving.url}/api/v1/file/smhdemo/1001`
    const started = await curl('--cacert', cert, '-X', 'PUT', `${base}/a.txt?access_token=${accessToken}`)
    const { domain, path, headers, confirmKey } = JSON.parse(started.stdout)
    const passed = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
    await curl('-f', '--cacert', cert, '-X', 'PUT', '-d', 'hello', ...passed, `https://${domain}${path}`)
    const confirm = `${base}/${confirmKey}?confirm&access_token=${accessToken}`
    expect(JSON.parse((await curl('--cacert', cert, '-X', 'POST', confirm)).stdout)).toMatchObject({ size: '5' })
    const shown = await curl('--cacert', cert, '-L', `${base}/a.txt?access_token=${accessToken}`)
    expect(shown.stdout).toBe('hello')
    // Whoever was not given the certificate does not trust it.
    await expect(curl(`${serving.url}/healthz`)).rejects.toThrow()
  })

  it('keeps the pair from start to start, unless it would end soon', async () => {
    const { args, dataDir: data } = await placeAt('kept')
    const cert = join(data, 'tls', 'certificate.pem')
    const serialNumber = async () => {
      serving = await serve([...args, '--tls'])
      serving.kill('SIGTERM')
      await serving.ended
      return new X509Certificate(await readFile(cert)).serialNumber
    }
    const first = await serialNumber()
    expect(await serialNumber()).toBe(first)
    const old = selfSigned(['127.0.0.1', 'localhost', '::1'], Date.now() - CERTIFICATE_MS + 20 * 24 * 3600_000)
    await writeFile(cert, old.cert)
    await writeFile(join(data, 'tls', 'key.pem'), old.key)
    const renewed = await serialNumber()
    expect([first, new X509Certificate(old.cert).serialNumber]).not.toContain(renewed)
  })
})

describe('a server that is given a certificate', () => {
  it('serves with it', async () => {
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
    const pair = selfSigned(['127.0.0.1', 'drive.example'], Date.now())
    await Promise.all([writeFile(cert, pair.cert), writeFile(key, pair.key)])
    const { args } = await placeAt('given')
    serving = await serve([...args, '--tls-cert', cert, '--tls-key', key])
    const { port } = new URL(serving.url)
    const resolve = ['--resolve', `drive.example:${port}:127.0.0.1`]
    const { stdout } = await curl('--cacert', cert, ...resolve, `https://drive.example:${port}/healthz`)
    expect(JSON.parse(stdout)).toEqual({ status: 'ok' })
  })

  it('says what is wrong with it', async () => {
    const [cert, key, other] = ['c.pem', 'k.pem', 'o.pem'].map((name) => join(folder, name)) as [string, string, string]
    const pair = selfSigned(['a'], Date.now())
    await Promise.all([writeFile(cert, pair.cert), writeFile(key, pair.key)])
    await writeFile(other, selfSigned(['a'], Date.now()).key)
    const attempt = async (...args: string[]) => {
      const { code, err } = await run(['serve', '--port', '0', '--data', join(folder, 'bad'), ...args])
      return [code, err]
    }
    expect(await attempt('--tls-cert', cert)).toEqual([2, expect.stringContaining('must be given together')])
    expect(await attempt('--tls-cert', cert, '--tls-key', other)).toEqual([2, expect.stringContaining('are not a')])
    const missing = join(folder, 'nowhere.pem')
    expect(await attempt('--tls-cert', cert, '--tls-key', missing)).toEqual([2, expect.stringContaining('be read')])
  })
})
