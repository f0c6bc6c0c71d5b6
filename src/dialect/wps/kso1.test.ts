import { describe, expect, it } from 'vitest'
import { kso1Matches, kso1Signature, parseKsoAuthorization, parseKsoDate, type SignedRequest } from './kso1.ts'

const SECRET = 'sk098765'
const JAN_2006 = 'Mon, 02 Jan 2006 15:04:05 GMT'
const JAN_2013 = 'Wed, 23 Jan 2013 06:43:08 GMT'
const JSON_TYPE = 'application/json'
const TWO_IDS = '{"file_ids":["f1","f2"]}'

function request(method: string, uri: string, contentType: string, date: string, body = ''): SignedRequest {
  return { method, uri, contentType, date, body: Buffer.from(body) }
}

/** The vendor publishes the first two; the others were computed independently from the rule. */
const VECTORS: readonly [name: string, request: SignedRequest, signature: string][] = [
  [
    'a GET with a query (published)',
    request('GET', '/v7/test?key=value', JSON_TYPE, JAN_2006),
    'ce8df66877175e5198c8ea1362ffddf82e4941c6f25a4ca205a1ad09d0faaf03',
  ],
  [
    'a POST with a body (published)',
    request('POST', '/v7/test/body', JSON_TYPE, JAN_2006, '{"key": "value"}'),
    'c46e6c988130818ecba2484d51ac685948fbbef6814602c7874d6bfc41dc17b3',
  ],
  [
    'batch_get_meta',
    request('POST', '/v7/files/batch_get_meta', JSON_TYPE, JAN_2006, TWO_IDS),
    '7992ec3ab8f7d4bb927499331385726aa479edb3be0968d33b6d813a2ef5402b',
  ],
  [
    'a listing, its query as sent',
    request('GET', '/v7/drives/d1/files/0/children?page_size=100&order_by=mtime&order=desc', JSON_TYPE, JAN_2013),
    '206adcccbec76587bdf339abd6b61777e95a04287a961b027815aa06e447957a',
  ],
  [
    'no content type',
    request('GET', '/v7/drives/d1/meta', '', JAN_2013),
    'f3642777459b430a2d72dc7c029c8b9c347ef2fc058766eadcf3cbd3d909e104',
  ],
  [
    'the date Go writes',
    request('GET', '/v7/test?key=value', JSON_TYPE, 'Mon, 02 Jan 2006 15:04:05 UTC'),
    'd12c6a6b09daf6c4a2946b74dd528e509eb727109fd363a074b08ad2e000752f',
  ],
  [
    'a charset parameter',
    request('POST', '/v7/files/batch_get_meta', `${JSON_TYPE}; charset=utf-8`, JAN_2006, TWO_IDS),
    '8622598c296410ae07eb078aa2074094462c130657a1723256551f26bfde933a',
  ],
]

describe('KSO-1', () => {
  it.each(VECTORS)('signs %s', (_name, signed, signature) => {
    expect(kso1Signature(SECRET, signed)).toBe(signature)
    expect(kso1Matches(SECRET, signed, signature)).toBe(true)
  })

  it('does not accept a signature made over the deployment prefix', () => {
    const prefixed = '65437cea4f050975525131d959693ad24561b8bf1513295ee4a97fffa160aa92'
    const signed = request('POST', '/v7/files/batch_get_meta', JSON_TYPE, JAN_2006, TWO_IDS)
    expect(kso1Signature(SECRET, { ...signed, uri: `/openapi${signed.uri}` })).toBe(prefixed)
    expect(kso1Matches(SECRET, signed, prefixed)).toBe(false)
  })

  it('notices a change of any part', () => {
    const [, signed, signature] = VECTORS[1]!
    const changed: Partial<SignedRequest>[] = [
      { method: 'PUT' },
      { uri: '/v7/test/body?' },
      { contentType: 'application/json;' },
      { date: JAN_2013 },
      { body: Buffer.from('{"key":"value"}') },
      { body: Buffer.alloc(0) },
    ]
    for (const part of changed) expect(kso1Matches(SECRET, { ...signed, ...part }, signature)).toBe(false)
    expect(kso1Matches(`${SECRET} `, signed, signature)).toBe(false)
    expect(kso1Matches(SECRET, signed, signature.toUpperCase())).toBe(false)
    expect(kso1Matches(SECRET, signed, '')).toBe(false)
  })

  it('splits the header at the first space and the first colon', () => {
    expect(parseKsoAuthorization('KSO-1 AK123456:ab:cd')).toEqual({ accessKey: 'AK123456', signature: 'ab:cd' })
    for (const header of ['', 'KSO-1', 'KSO-1 ', 'KSO-1 AK', 'KSO-1 AK:', 'KSO-1 :ab', 'KSO-2 AK:ab', 'WPS-4 AK:ab']) {
      expect(parseKsoAuthorization(header)).toBeUndefined()
    }
  })

  it('reads the layouts of a date that the vendor reads', () => {
    const at = Date.UTC(2006, 0, 2, 15, 4, 5)
    expect(parseKsoDate(JAN_2006)).toBe(at)
    expect(parseKsoDate('Mon, 02 Jan 2006 15:04:05 UTC')).toBe(at)
    expect(parseKsoDate('Monday, 02 Jan 2006 15:04:05 GMT')).toBe(at)
    expect(parseKsoDate('Mon, 02 Jan 2006 23:04:05 +0800')).toBe(at)
    expect(parseKsoDate('Mon, 02 Jan 2006 11:34:05 -0330')).toBe(at)
  })

  it('reads no other text as a date', () => {
    const texts = [
      '',
      '2006-01-02T15:04:05Z',
      'Mon, 2 Jan 2006 15:04:05 GMT',
      'Mon, 02 Jan 2006 15:04:05',
      'Mon, 02 Jan 2006 15:04:05 CST',
      'Mon, 31 Feb 2006 15:04:05 GMT',
      'Mon, 02 Jan 2006 24:00:00 GMT',
      'Mon, 02 Jan 2006 15:60:00 GMT',
      ' Mon, 02 Jan 2006 15:04:05 GMT',
    ]
    for (const text of texts) expect(parseKsoDate(text)).toBeUndefined()
  })
})
