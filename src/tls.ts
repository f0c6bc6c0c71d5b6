/** What the server speaks TLS with: files the operator names, or a self-signed pair of the data folder's own. */
import { readFile, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { writeOwnerOnly } from './auth/key.ts'
import { type Config, ConfigError } from './config.ts'
import { covers, selfSigned, type TlsPair } from './http/certificate.ts'

/** A self-signed pair is made anew at a start when it would not hold for so long any more, ms. */
const RENEWED_BEFORE_MS = 30 * 24 * 3600_000
/** Where this machine finds itself, whatever else the server is reached under. */
const OWN_NAMES = ['localhost', '127.0.0.1', '::1']
const ANY_ADDRESS = new Set(['0.0.0.0', '::'])

/** The certificate of the data folder's own pair; clients are told to trust it. */
export function certificateFile(dataDir: string): string {
  return join(dataDir, 'tls', 'certificate.pem')
}

function keyFile(dataDir: string): string {
  return join(dataDir, 'tls', 'key.pem')
}

/** The pair to serve with; null when plain HTTP is spoken. Throws ConfigError when the files cannot be used. */
export async function tlsPair({ tls, dataDir, host, publicUrl }: Config, now: number): Promise<TlsPair | null> {
  if (tls === 'off') return null
  if (tls === 'self-signed') return ownPair(dataDir, namesOf(host, publicUrl), now)
  const [key, cert] = await Promise.all([tls.keyFile, tls.certFile].map(readPem))
  if (!covers({ key: key!, cert: cert! }, [], 0)) {
    throw new ConfigError(`${tls.certFile} and ${tls.keyFile} are not a certificate and its private key in PEM`)
  }
  return { key: key!, cert: cert! }
}

async function readPem(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new ConfigError(`${file} cannot be read: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}

function namesOf(host: string, publicUrl: string): string[] {
  const published = publicUrl === '' ? [] : [new URL(publicUrl).hostname.replace(/^\[|\]$/g, '')]
  const listening = ANY_ADDRESS.has(host) ? [hostname()] : [host]
  return [...new Set([...published, ...listening, ...OWN_NAMES])]
}

async function ownPair(dataDir: string, names: readonly string[], now: number): Promise<TlsPair> {
  const files = [keyFile(dataDir), certificateFile(dataDir)]
  const [key = '', cert = ''] = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')))
  if (covers({ key, cert }, names, now + RENEWED_BEFORE_MS)) return { key, cert }
  const pair = selfSigned(names, now)
  await Promise.all(files.map((file) => rm(file, { force: true })))
  await Promise.all([pair.key, pair.cert].map((text, at) => writeOwnerOnly(files[at]!, text)))
  return pair
}
