import { X509Certificate } from 'node:crypto'
import { createServer, get } from 'node:https'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { CERTIFICATE_MS, covers, selfSigned } from './certificate.ts'

const NAMES = ['drive.example', 'localhost', '127.0.0.1', '::1', '2001:db8::8:800:200c:417a']
const now = Date.now()

describe('a self-signed certificate', () => {
  it('is one that Node reads as it was meant', () => {
    const certificate = new X509Certificate(selfSigned(NAMES, now).cert)
    expect(certificate.subject).toBe('CN=drive.example')
    expect(certificate.issuer).toBe(certificate.subject)
    expect(certificate.ca).toBe(true)
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    expect(certificate.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' })
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
    expect(Date.parse(certificate.validFrom)).toBeLessThan(now)
    expect(Math.abs(Date.parse(certificate.validTo) - now - CERTIFICATE_MS)).toBeLessThan(1000)
    expect(BigInt(`0x${certificate.serialNumber}`)).toBeGreaterThan(0n)
  })

  it('covers its names, for its time, with its own key', () => {
    const pair = selfSigned(NAMES, now)
    expect(covers(pair, NAMES, now)).toBe(true)
    expect(covers(pair, ['2001:db8:0:0:8:800:200c:417a'], now)).toBe(true)
    for (const name of ['other.example', '127.0.0.2', '::2']) expect(covers(pair, [name], now)).toBe(false)
    expect(covers(pair, NAMES, now + CERTIFICATE_MS + 1000)).toBe(false)
    expect(covers({ ...pair, key: selfSigned(NAMES, now).key }, NAMES, now)).toBe(false)
    expect(covers({ key: 'x', cert: 'y' }, NAMES, now)).toBe(false)
  })

  it('holds beyond 2049', () => {
    const late = Date.parse('2049-12-31T00:00:00Z')
    const { validFrom, validTo } = new X509Certificate(selfSigned(['a'], late).cert)
    expect([new Date(validFrom).getUTCFullYear(), new Date(validTo).getUTCFullYear()]).toEqual([2049, 2051])
  })

  it('is served with, and trusted by whoever was given it', async () => {
    const pair = selfSigned(NAMES, now)
    const server = createServer(pair, (_, answer) => answer.end('hello'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const ask = (ca?: string) =>
      new Promise<string>((resolve, reject) => {
        get({ host: '127.0.0.1', port, agent: false, ...(ca ? { ca } : {}) }, (answer) => {
          answer.setEncoding('utf8').on('data', resolve)
        }).on('error', reject)
      })
    expect(await ask(pair.cert)).toBe('hello')
    await expect(ask()).rejects.toThrow(/self-signed/)
    await expect(ask(selfSigned(NAMES, now).cert)).rejects.toThrow()
    server.close()
  })
})
