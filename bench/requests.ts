/** How many single gets a second each dialect answers, beside an empty handler. */
import autocannon from 'autocannon'
import type { DialectCalls } from './dialects.ts'
import type { Figure } from './measure.ts'
import type { Tree } from './tree.ts'

const CONNECTIONS = 10
const SECONDS = 3

/** Loads the empty server and each dialect in turn, twice, and keeps each one's better half. */
export async function requestRates(
  ours: string,
  empty: string,
  dialects: readonly DialectCalls[],
  { playgrounds }: Tree,
): Promise<Figure[]> {
  const targets = [
    { name: 'empty handler', url: `${empty}/`, method: 'GET', headers: {}, body: '' },
    ...dialects.map(({ name, get }) => {
      const { path, ...call } = get(playgrounds[0]!)
      return { name: `${name.split(' ')[0]} get`, url: ours + path, ...call }
    }),
  ]
  const rates = new Map<string, number>()
  for (const { name, url, method, headers, body } of [...targets, ...targets]) {
    const result = await autocannon({
      url,
      method,
      headers: { ...headers },
      ...(body === '' ? {} : { body }),
      connections: CONNECTIONS,
      duration: SECONDS,
    })
    if (result.non2xx > 0) throw new Error(`${name}: ${result.non2xx} answers were not 2xx`)
    rates.set(name, Math.max(rates.get(name) ?? 0, result.requests.average))
  }
  return [...rates].map(([name, rate]) => ({ name, ms: 1000 / rate, itemsPerSecond: rate }))
}
