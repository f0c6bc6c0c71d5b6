import { expect, it } from 'vitest'
import { Memo } from './memo.ts'

let now = 0
const clock = () => now
const memoOf = (sizeMax = 10) => new Memo<string>({ clock, lifeMs: 100, sizeMax })

/** A loader that knows the given keys and notes what it is asked. */
function loader(known: Record<string, string>) {
  const asked: string[][] = []
  const load = async (missing: readonly string[]) => {
    asked.push([...missing])
    return new Map(missing.flatMap((key) => (key in known ? [[key, known[key]!] as const] : [])))
  }
  return { asked, load }
}

it('asks once for all keys it does not know, and answers in the order asked', async () => {
  const memo = memoOf()
  const { asked, load } = loader({ a: 'A', b: 'B', c: 'C' })
  expect(await memo.get(['b', 'a', 'b'], load)).toEqual(['B', 'A', 'B'])
  expect(await memo.get(['a', 'c', 'x'], load)).toEqual(['A', 'C', undefined])
  expect(asked).toEqual([
    ['b', 'a'],
    ['c', 'x'],
  ])
})

it('does not remember what is missing', async () => {
  const memo = memoOf()
  const known: Record<string, string> = {}
  await memo.get(['a'], loader(known).load)
  known.a = 'A'
  expect(await memo.get(['a'], loader(known).load)).toEqual(['A'])
})

it('forgets with time, and when the clock was set back', async () => {
  const memo = memoOf()
  const { asked, load } = loader({ a: 'A' })
  now = 1000
  await memo.get(['a'], load)
  now = 1099
  await memo.get(['a'], load)
  expect(asked).toHaveLength(1)
  now = 1100
  await memo.get(['a'], load)
  expect(asked).toHaveLength(2)
  now = 500
  await memo.get(['a'], load)
  expect(asked).toHaveLength(3)
})

it('does not keep a row that was forgotten or written while it was loaded', async () => {
  const memo = memoOf()
  const slow = async (keys: readonly string[]) => {
    await new Promise((resolve) => setImmediate(resolve))
    return new Map(keys.map((key) => [key, 'old']))
  }
  const loading = memo.get(['a', 'b', 'c'], slow)
  memo.forget(['a'])
  memo.keep([['b', 'new']])
  expect(await loading).toEqual(['old', 'old', 'old'])
  const { asked, load } = loader({ a: 'new' })
  expect(await memo.get(['a', 'b', 'c'], load)).toEqual(['new', 'new', 'old'])
  expect(asked).toEqual([['a']])
})

it('remembers a bounded number, the latest', async () => {
  const memo = memoOf(2)
  const { asked, load } = loader({ a: 'A', b: 'B', c: 'C' })
  await memo.get(['a', 'b', 'c'], load)
  await memo.get(['b', 'c'], load)
  expect(asked).toHaveLength(1)
  await memo.get(['a'], load)
  expect(asked).toEqual([['a', 'b', 'c'], ['a']])
})
