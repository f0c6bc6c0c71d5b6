/**
 * A self-signed X.509 certificate (RFC 5280), written down in DER by hand: Node makes keys and signatures, but no
 * certificates, and one short form is all that is needed here.
 */
import { createPrivateKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'

/** What TLS is served with, in PEM. */
export interface TlsPair {
  readonly key: string
  readonly cert: string
}

/** How long a certificate holds: clients of one maker refuse longer ones. */
export const CERTIFICATE_MS = 397 * 24 * 3600_000
/** Clocks of clients may be behind. */
const BACKDATED_MS = 24 * 3600_000

/**
 * A key on P-256 and a certificate for the names it is served under.
 * @param names host names and IP addresses, at least one
 */
export function selfSigned(names: readonly string[], now: number): TlsPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const subject = sequence(tlv(SET, sequence(oid('2.5.4.3'), tlv(UTF8, Buffer.from(names[0]!)))))
  const body = sequence(
    tlv(context(0), integer(Buffer.from([2]))), // version 3
    integer(serialNumber()),
    ECDSA_SHA256,
    subject, // issuer
    sequence(time(now - BACKDATED_MS), time(now + CERTIFICATE_MS)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(context(3), sequence(...extensions(names))),
  )
  const signature = sign('sha256', body, privateKey)
  const der = sequence(body, ECDSA_SHA256, tlv(BIT_STRING, Buffer.concat([Buffer.from([0]), signature])))
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert: pem(der) }
}

/** Whether a pair is one, holds until then, and is for all of the names. */
export function covers({ key, cert }: TlsPair, names: readonly string[], until: number): boolean {
  try {
    const certificate = new X509Certificate(cert)
    const isFor = (name: string) => (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined
    return (
      certificate.checkPrivateKey(createPrivateKey(key)) &&
      Date.parse(certificate.validTo) >= until &&
      names.every(isFor)
    )
  } catch {
    return false
  }
}

function extensions(names: readonly string[]): Buffer[] {
  const alternatives = names.map((name) =>
    isIP(name) ? tlv(0x87, address(name)) : tlv(0x82, Buffer.from(name, 'latin1')),
  )
  return [
    extension('2.5.29.17', false, sequence(...alternatives)), // subjectAltName
    extension('2.5.29.19', true, sequence(tlv(BOOLEAN, TRUE))), // basicConstraints: an authority, of itself
    extension('2.5.29.37', false, sequence(oid('1.3.6.1.5.5.7.3.1'))), // extKeyUsage: serverAuth
  ]
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return sequence(oid(id), ...(critical ? [tlv(BOOLEAN, TRUE)] : []), tlv(OCTET_STRING, value))
}

function address(ip: string): Buffer {
  if (isIP(ip) === 4) return Buffer.from(ip.split('.').map(Number))
  // `a::b` leaves out as many groups of zeros as eight lack.
  const [head = '', tail] = new URL(`http://[${ip}]`).hostname.slice(1, -1).split('::')
  const groups = (text = '') => (text === '' ? [] : text.split(':'))
  const [first, last] = [groups(head), groups(tail)]
  const all = [...first, ...Array(8 - first.length - last.length).fill('0'), ...last]
  return Buffer.from(all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]))
}

/** Positive, and not zero. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0]! & 0x7f) | 0x40
  return bytes
}

const INTEGER = 0x02
const BIT_STRING = 0x03
const OCTET_STRING = 0x04
const OID = 0x06
const UTF8 = 0x0c
const BOOLEAN = 0x01
const GENERALIZED_TIME = 0x18
const UTC_TIME = 0x17
const SEQUENCE = 0x30
const SET = 0x31
const TRUE = Buffer.from([0xff])
const context = (number: number) => 0xa0 + number

/** Tag, length, value. */
function tlv(tag: number, ...values: Buffer[]): Buffer {
  const value = Buffer.concat(values)
  const { length } = value
  const bytes = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...bytes]), value])
}

function sequence(...values: Buffer[]): Buffer {
  return tlv(SEQUENCE, ...values)
}

function integer(bytes: Buffer): Buffer {
  return tlv(INTEGER, bytes)
}

function oid(dotted: string): Buffer {
  const [first, second, ...rest] = dotted.split('.').map(Number)
  return tlv(OID, Buffer.from([first! * 40 + second!, ...rest.flatMap(base128)]))
}

/** Seven bits a byte, the highest bit set on all but the last. */
function base128(number: number): number[] {
  const bytes = [number & 0x7f]
  for (let rest = number >> 7; rest > 0; rest >>= 7) bytes.unshift((rest & 0x7f) | 0x80)
  return bytes
}

/** Years before 2050 have two digits, by the standard's order. */
function time(ms: number): Buffer {
  const digits = `${new Date(ms).toISOString().replace(/[-:T]|\..*/g, '')}Z`
  return digits < '2050' ? tlv(UTC_TIME, Buffer.from(digits.slice(2))) : tlv(GENERALIZED_TIME, Buffer.from(digits))
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g)!
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'))
