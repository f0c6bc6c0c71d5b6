/** Terms and probes agree: whatever meets the conditions has the terms its probe asks for. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { grams, type Probe, probeOf, termsOf } from './gram.ts'
import type { DriveId, Node, NodeId } from './model.ts'
import { type Condition, fold, matcher, type Where, whereProblem } from './where.ts'

const DRIVE = 1001 as DriveId
const NOW = Date.UTC(2026, 6, 15)
const DAY = 86_400_000

function node(more: Partial<Node> = {}): Node {
  return {
    drive: DRIVE,
    id: 5 as NodeId,
    parent: 1 as NodeId,
    name: 'name.txt',
    key: (more.name ?? 'name.txt').normalize('NFC'),
    twin: 0,
    kind: 'file',
    content: { digest: 'd'.repeat(64), size: 10, md5: '', sha1: 'a'.repeat(40), crc64: '' },
    version: 1,
    born: DRIVE,
    rev: 1,
    createdAt: NOW,
    updatedAt: NOW,
    creator: 'user:ann',
    modifier: 'user:ann',
    attributes: {},
    ...more,
  }
}

/** Whether a node with these terms is a candidate. */
function hasTerms(terms: ReadonlySet<string>, probe: Probe | null): boolean {
  if (probe === null) return true
  if (typeof probe === 'string') return terms.has(probe)
  if ('prefix' in probe) return [...terms].some((one) => one.startsWith(probe.prefix))
  if ('all' in probe) return probe.all.every((one) => hasTerms(terms, one))
  return probe.any.some((one) => hasTerms(terms, one))
}

const isCandidate = (one: Node, where: Where) => hasTerms(new Set(termsOf(one)), probeOf(where, [DRIVE]))

describe('pieces of a text', () => {
  it('are two of a kind together, and each ideograph alone', () => {
    expect(grams('abc')).toEqual(['ab', 'bc'])
    expect(grams('年度报告a1')).toEqual(['年', '度', '年度', '报', '度报', '告', '报告', 'a1'])
    expect(grams('a报b')).toEqual(['报', 'a\u0002'])
    expect(grams('aaa')).toEqual(['aa'])
    expect(grams('')).toEqual([])
    expect(grams('😀b')).toEqual(['😀b'])
  })

  it('are all in every text that contains it', () => {
    const text = fc.string({ unit: fc.constantFrom(...'ab .报告é😀'), maxLength: 8 })
    fc.assert(
      fc.property(text, text, text, (before, inner, after) => {
        const pieces = new Set(grams(before + inner + after))
        expect(grams(inner).filter((piece) => !pieces.has(piece))).toEqual([])
      }),
    )
  })
})

describe('a probe for a text', () => {
  it('asks for pairs of ideographs, and for one alone only where it has no neighbour', () => {
    const asked = (text: string) => probeOf({ field: 'name', is: 'contains', text }, [DRIVE])
    const piece = (text: string) => `${DRIVE}n${Buffer.from(text).toString('hex')}`
    expect(asked('年')).toBe(piece('年'))
    expect(asked('年度报')).toEqual({ all: [piece('年度'), piece('度报')] })
    expect(asked('a年b度报')).toEqual({ all: ['年', 'a\u0002', 'b\u0002', '度报'].map(piece) })
  })
})

describe('a probe', () => {
  const texts = ['a', 'B', 'ab', '报', '报告', 'Ａ', 'é', 'ﬁ', '.', ' ', 'İ', 'ß', 'txt', '']
  const words = fc.array(fc.constantFrom(...texts), { maxLength: 4 }).map((parts) => parts.join(''))
  const times = fc.constantFrom(NOW, NOW - DAY, NOW - 40 * DAY, NOW - 400 * DAY, NOW - 9_000 * DAY, 0, -5, NOW + DAY)
  const sizes = fc.constantFrom(0, 1, 2, 3, 4, 1023, 1024, 2 ** 49 - 1, 2 ** 49, Number.MAX_SAFE_INTEGER)
  const comparison = fc.constantFrom('<', '<=', '=', '>=', '>') as fc.Arbitrary<'<' | '<=' | '=' | '>=' | '>'>
  const texting = fc.constantFrom('equals', 'contains', 'prefix') as fc.Arbitrary<'equals' | 'contains' | 'prefix'>
  const list = fc.array(words, { maxLength: 2 })
  const kinds = fc.constantFrom<'file' | 'folder'>('file', 'folder')
  const types = fc.constantFrom('image/png', 'Image/', 'text/plain', 'image', '')

  const condition: fc.Arbitrary<Condition> = fc.oneof(
    fc.record({ field: fc.constantFrom('name' as const, 'description' as const), is: texting, text: words }),
    fc.record({ field: fc.constant('contentType' as const), is: fc.constantFrom('equals', 'prefix'), text: types }),
    fc.record({ field: fc.constant('kind' as const), in: fc.array(kinds, { maxLength: 2 }) }),
    fc.record({ field: fc.constantFrom('extension' as const, 'label' as const), in: list }),
    fc.record({ field: fc.constantFrom('tag' as const, 'extra' as const), key: words, in: list }),
    fc.record({ field: fc.constant('size' as const), is: comparison, value: sizes }),
    fc.record({
      field: fc.constantFrom('created' as const, 'updated' as const, 'localModified' as const),
      is: comparison,
      value: times,
    }),
    fc.record({ field: fc.constantFrom('starred' as const, 'hidden' as const), is: fc.boolean() }),
    fc.record({ field: fc.constant('creator' as const), in: fc.constant(['user:ann' as const]) }),
  ) as fc.Arbitrary<Condition>

  const { where } = fc.letrec<{ where: Where }>((tie) => ({
    where: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      condition,
      fc.record({ all: fc.array(tie('where'), { maxLength: 3 }) }),
      fc.record({ any: fc.array(tie('where'), { maxLength: 3 }) }),
      fc.record({ atLeast: fc.integer({ min: 0, max: 4 }), of: fc.array(tie('where'), { maxLength: 3 }) }),
      fc.record({ not: tie('where') }),
    ),
  }))

  const tags = fc.dictionary(words, words, { maxKeys: 2 })
  const nodes = fc
    .record({
      name: words.filter((name) => name !== ''),
      kind: kinds,
      size: sizes,
      createdAt: times,
      updatedAt: times,
      attributes: fc.record(
        {
          description: words,
          labels: list,
          tags,
          extra: tags,
          starred: fc.boolean(),
          hidden: fc.boolean(),
          contentType: types,
        },
        { requiredKeys: [] },
      ),
    })
    .map(({ size, ...more }) => {
      const content = more.kind === 'file' ? { ...node().content!, size } : null
      return node({ ...more, content } as Partial<Node>)
    })

  it('never misses a node that meets the conditions', () => {
    fc.assert(
      fc.property(nodes, where, (one, wanted) => {
        if (matcher(wanted)(one)) expect(isCandidate(one, wanted)).toBe(true)
      }),
      { numRuns: 3_000 },
    )
  })

  it.each<[string, Where, Partial<Node>]>([
    ['a part of the name', { field: 'name', is: 'contains', text: 'report' }, { name: 'resort.txt' }],
    ['an ideograph', { field: 'name', is: 'contains', text: '报' }, { name: '告.txt' }],
    ['a beginning of one character', { field: 'name', is: 'prefix', text: 'n' }, { name: 'an.txt' }],
    ['a whole name of one character', { field: 'name', is: 'equals', text: 'n' }, { name: 'nx' }],
    ['an extension', { field: 'extension', in: ['pdf'] }, { name: 'pdf.txt' }],
    ['a label', { field: 'label', in: ['x'] }, { attributes: { labels: ['xx'] } }],
    ['a tag’s value', { field: 'tag', key: 'a', in: ['b'] }, { attributes: { tags: { a: 'c' } } }],
    ['a star', { field: 'starred', is: true }, { attributes: { starred: false } }],
    ['a large size', { field: 'size', is: '>', value: 1_000_000 }, {}],
    ['a small size', { field: 'size', is: '<', value: 5 }, {}],
    ['a late creation', { field: 'created', is: '>=', value: NOW - DAY }, { createdAt: NOW - 2 * DAY }],
    ['a digest', { field: 'sha1', in: ['b'.repeat(40)] }, {}],
    [
      'a media type’s family',
      { field: 'contentType', is: 'prefix', text: 'image/' },
      { attributes: { contentType: 'text/x' } },
    ],
    [
      'one of two',
      {
        any: [
          { field: 'label', in: ['x'] },
          { field: 'starred', is: true },
        ],
      },
      {},
    ],
    [
      'a time between two',
      {
        all: [
          { field: 'created', is: '>=', value: NOW - 90 * DAY },
          { field: 'created', is: '<', value: NOW - 60 * DAY },
        ],
      },
      { createdAt: NOW - 30 * DAY },
    ],
  ])('of %s passes over what lacks it', (_, wanted, more) => {
    expect(isCandidate(node(more), wanted)).toBe(false)
  })

  it('of months and days is short', () => {
    const count = (probe: Probe | null): number => {
      if (probe === null) return 0
      if (typeof probe === 'string' || 'prefix' in probe) return 1
      return ('all' in probe ? probe.all : probe.any).reduce((sum, one) => sum + count(one), 0)
    }
    const since = (value: number): Where => ({ field: 'created', is: '>=', value })
    expect(count(probeOf(since(NOW - 5 * 365 * DAY), [DRIVE]))).toBeLessThan(150)
    expect(count(probeOf({ all: [since(5), { field: 'created', is: '<', value: 4 }] }, [DRIVE]))).toBe(1)
  })

  it('says nothing of what a move changes', () => {
    const before = node({ name: 'kept.txt', attributes: { labels: ['x'] } })
    const moved: Partial<Node> = {
      parent: 9 as NodeId,
      rev: 7,
      updatedAt: 1,
      modifier: 'user:bob',
      twin: 5,
      drive: 2 as DriveId,
    }
    expect(termsOf({ ...before, ...moved })).toEqual(termsOf(before))
  })

  it('and terms are words of digits and lower-case letters, whatever they stand for', () => {
    fc.assert(
      fc.property(nodes, (one) => {
        for (const term of termsOf(one)) expect(term).toMatch(/^[0-9a-z]+$/)
      }),
    )
  })
})

describe('conditions', () => {
  const meets = (where: Where, more: Partial<Node> = {}) => matcher(where)(node(more))

  it('compare texts without case, width and composition, but whole names as they are kept', () => {
    expect(fold('ＡbＣé')).toBe(fold('abcé'))
    expect(meets({ field: 'name', is: 'contains', text: 'ÄRZTE' }, { name: 'die ärzte.mp3' })).toBe(true)
    expect(meets({ field: 'name', is: 'prefix', text: 'Die' }, { name: 'die ärzte.mp3' })).toBe(true)
    expect(meets({ field: 'name', is: 'equals', text: 'Name.txt' })).toBe(false)
    expect(meets({ field: 'name', is: 'equals', text: 'é' }, { name: 'é' })).toBe(true)
  })

  it('of a list of nothing are true of all, and of any false', () => {
    expect(meets({ all: [] })).toBe(true)
    expect(meets({ any: [] })).toBe(false)
    expect(meets({ not: { any: [] } })).toBe(true)
    expect(meets({ field: 'label', in: [] })).toBe(false)
  })

  it('are not met by what a node lacks', () => {
    const folder = { kind: 'folder', content: null, name: 'a.txt' } as const
    expect(meets({ field: 'extension', in: ['txt', ''] }, folder)).toBe(false)
    expect(meets({ field: 'size', is: '<', value: 5 }, folder)).toBe(false)
    expect(meets({ field: 'localModified', is: '<', value: 5 })).toBe(false)
    expect(meets({ field: 'description', is: 'contains', text: '' })).toBe(false)
    expect(meets({ field: 'hidden', is: false })).toBe(true)
    expect(meets({ field: 'tag', key: 'toString', in: ['x'] })).toBe(false)
  })

  it('find extensions without case, of files that have one', () => {
    expect(meets({ field: 'extension', in: ['txt'] }, { name: 'A.TXT' })).toBe(true)
    expect(meets({ field: 'extension', in: [''] }, { name: 'Makefile' })).toBe(true)
  })

  it('are bounded in number, depth and length', () => {
    const leaf: Where = { field: 'starred', is: true }
    const nested = (depth: number): Where => (depth === 0 ? leaf : { not: nested(depth - 1) })
    expect(whereProblem(leaf)).toBe('')
    expect(whereProblem({ all: Array(499).fill(leaf) })).toBe('')
    expect(whereProblem({ all: Array(500).fill(leaf) })).toBe('too_many')
    expect(whereProblem({ field: 'label', in: Array(501).fill('x') })).toBe('too_many')
    expect(whereProblem(nested(20))).toBe('')
    expect(whereProblem(nested(21))).toBe('too_deep')
    expect(whereProblem({ field: 'name', is: 'contains', text: 'x'.repeat(1025) })).toBe('too_long')
  })
})
