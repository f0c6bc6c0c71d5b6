/**
 * AccessKey signatures, as the vendor's gateway module makes them ("Calling PDS API By Using An AccessKey Pair"): v1,
 * `acs <id>:<HMAC-SHA1>`, and v4, `ACS4-HMAC-SHA256` or its SM3 twin. Not the ACS3 scheme of other Alibaba Cloud products.
 */
import { createHash, createHmac, getHashes } from 'node:crypto'

/** The parts of a request that are signed. */
export interface SignedRequest {
  readonly method: string
  /** As sent: path and query. */
  readonly target: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Uint8Array
}

/** What an `Authorization` header claims. */
export interface Claim {
  readonly accessKeyId: string
  readonly signature: string
  /** The signature the request must have under a secret; undefined when it cannot have any. */
  readonly expected: (secret: string, request: SignedRequest) => string | undefined
}

/** Reads an `Authorization` header that carries a signature; undefined when it is of another kind. */
export function parseClaim(authorization: string): Claim | undefined {
  return parseV1(authorization) ?? parseV4(authorization)
}

/** When the request was made, ms since 1970; NaN when it does not say. */
export function signedAt({ headers }: SignedRequest): number {
  return Date.parse(header(headers, 'x-acs-date') || header(headers, 'date'))
}

function parseV1(authorization: string): Claim | undefined {
  const found = /^acs ([^:\s]+):(\S+)$/i.exec(authorization)
  if (!found) return undefined
  return {
    accessKeyId: found[1]!,
    signature: found[2]!,
    expected: (secret, request) => createHmac('sha1', secret).update(textToSign(request)).digest('base64'),
  }
}

/** `METHOD`, the headers, the resource: one a line. */
function textToSign(request: SignedRequest): string {
  return `${request.method}\n${headerBlock(request)}${resource(request)}`
}

interface Algorithm {
  readonly hash: string
  readonly bodyHeader: string
}

const ALGORITHMS: Readonly<Record<string, Algorithm>> = {
  'ACS4-HMAC-SHA256': { hash: 'sha256', bodyHeader: 'x-acs-content-sha256' },
  'ACS4-HMAC-SM3': { hash: 'sm3', bodyHeader: 'x-acs-content-sm3' },
}

// AccessKey ids hold no slash; a day may hold a comma and a space: some releases of the gateway module cut it out of `Date`.
const V4 =
  /^(ACS4-HMAC-\w+) Credential=([^/]+)\/([^/]+)\/([^/]+)\/[^/]+\/aliyun_v4_request,\s*SignedHeaders=([^,\s]*),\s*Signature=([0-9a-f]+)$/

function parseV4(authorization: string): Claim | undefined {
  const [, scheme = '', accessKeyId = '', day = '', region = '', signedHeaders, signature = ''] =
    V4.exec(authorization) ?? []
  const algorithm = ALGORITHMS[scheme]
  if (!algorithm || !getHashes().includes(algorithm.hash)) return undefined
  return {
    accessKeyId,
    signature,
    expected(secret, request) {
      const names = signedNames(request)
      const bodyHash = createHash(algorithm.hash).update(request.body).digest('hex')
      if (signedHeaders !== names.join(';') || header(request.headers, algorithm.bodyHeader) !== bodyHash)
        return undefined
      const mac = (key: string | Buffer, text: string) => createHmac(algorithm.hash, key).update(text).digest()
      const key = [day, region, 'pds', 'aliyun_v4_request'].reduce<string | Buffer>(mac, `aliyun_v4${secret}`)
      const inner = [request.method, resource(request), headerBlock(request), names.join(';'), bodyHash].join('\n')
      const digest = createHash(algorithm.hash).update(inner).digest('hex')
      return mac(key, `${scheme}\n${digest}`).toString('hex')
    },
  }
}

/** Four headers by value, then the `x-acs-` ones by name and value; one a line. */
function headerBlock(request: SignedRequest): string {
  const fixed = ['accept', 'content-md5', 'content-type', 'date'].map((name) => header(request.headers, name))
  const own = signedNames(request).map((name) => `${name}:${header(request.headers, name).trim()}`)
  return [...fixed, ...own].map((line) => `${line}\n`).join('')
}

function signedNames({ headers }: SignedRequest): string[] {
  return Object.keys(headers)
    .filter((name) => name.startsWith('x-acs-'))
    .sort()
}

/** The path, and the query sorted by name, decoded; `=value` is left out when it is empty. */
function resource({ target }: SignedRequest): string {
  const [path = '', query = ''] = target.split('?', 2)
  const pairs = [...new URLSearchParams(query)].sort(([a], [b]) => (a < b ? -1 : Number(a > b)))
  const text = pairs.map(([name, value]) => (value === '' ? name : `${name}=${value}`)).join('&')
  return text === '' ? path : `${path}?${text}`
}

function header(headers: SignedRequest['headers'], name: string): string {
  const value = headers[name] ?? ''
  return Array.isArray(value) ? value.join(',') : value
}
