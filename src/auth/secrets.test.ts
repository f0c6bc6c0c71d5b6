import { expect, it } from 'vitest'
import { hashPassword, passwordMatches } from './password.ts'
import { createSecrets, equalTexts } from './secrets.ts'

const secrets = createSecrets(Buffer.alloc(32, 1))

it('opens what it sealed, of any length and script', () => {
  const texts = ['', 'a', '密钥', 'x'.repeat(10_000)]
  expect(texts.map((text) => secrets.open(secrets.seal(text)))).toEqual(texts)
})

it('seals the same text in another form each time', () => {
  expect(secrets.seal('same')).not.toBe(secrets.seal('same'))
})

it('refuses what was altered, cut, or sealed under another key', () => {
  const sealed = secrets.seal('secret')
  const bytes = Buffer.from(sealed, 'base64url')
  const altered = [...bytes.keys()].map((i) => {
    const copy = Buffer.from(bytes)
    copy[i]! ^= 1
    return copy.toString('base64url')
  })
  const cut = bytes.subarray(0, 20).toString('base64url')
  const foreign = createSecrets(Buffer.alloc(32, 2)).seal('secret')
  for (const text of [...altered, cut, foreign]) expect(() => secrets.open(text)).toThrow()
})

it('finds texts equal only when they are', () => {
  expect(equalTexts('abc', 'abc')).toBe(true)
  expect(equalTexts('abc', 'abd')).toBe(false)
  expect(equalTexts('abc', 'abcd')).toBe(false)
})

it('keeps a password as an argon2id string that only the password matches', async () => {
  const phc = await hashPassword('correct horse')
  expect(phc).toMatch(/^\$argon2id\$/)
  expect(await passwordMatches(phc, 'correct horse')).toBe(true)
  expect(await passwordMatches(phc, 'correct horse ')).toBe(false)
  expect(await passwordMatches('', '')).toBe(false)
})
