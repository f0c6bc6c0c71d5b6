import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Turns } from './turns.ts'

describe('turns', () => {
  it('come one after the other under one key, in the order asked', async () => {
    const turns = new Turns()
    const log: string[] = []
    const work = (name: string, ms: number) => async () => {
      log.push(`${name} begins`)
      await sleep(ms)
      log.push(`${name} ends`)
      return name
    }
    const results = await Promise.all([turns.take('k', work('a', 20)), turns.take('k', work('b', 0))])
    expect(results).toEqual(['a', 'b'])
    expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends'])
  })

  it('do not wait for those under other keys', async () => {
    const turns = new Turns()
    let finish = () => {}
    const first = turns.take(
      'a',
      () =>
        new Promise<void>((resolve) => {
          finish = resolve
        }),
    )
    await turns.take('b', async () => {})
    finish()
    await first
  })

  it('go on after one that failed', async () => {
    const turns = new Turns()
    const failed = turns.take('k', () => Promise.reject(new Error('no')))
    const next = turns.take('k', async () => 'yes')
    await expect(failed).rejects.toThrow('no')
    expect(await next).toBe('yes')
  })

  it('under several keys never wait in a circle', async () => {
    const turns = new Turns()
    const orders = [
      ['a', 'b'],
      ['b', 'a'],
      ['b', 'c', 'a'],
      ['c', 'c', 'b'],
    ]
    let inside = 0
    const results = await Promise.all(
      orders.map((keys, i) =>
        turns.takeAll(keys, async () => {
          inside += keys.includes('b') ? 1 : 0
          expect(inside).toBe(1)
          await sleep(5)
          inside -= 1
          return i
        }),
      ),
    )
    expect(results).toEqual([0, 1, 2, 3])
    expect(await turns.takeAll([], async () => 'none')).toBe('none')
  })
})
