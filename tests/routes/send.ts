/** Sending samples as somebody, and what is compared of the answers. */
import { type Reply, send } from '../smh/session.ts'
import type { Ask } from './routes.ts'
import type { Ids } from './sample.ts'

export function asking(url: string): Ask {
  return (caller, method, target, sent = {}) => {
    const words = new URLSearchParams(caller.query).toString()
    const whole = words === '' ? target : `${target}${target.includes('?') ? '&' : '?'}${words}`
    return send(url, method, whole, { ...sent, headers: { ...sent.headers, ...caller.headers } })
  }
}

/** Of every answer its own. */
const FRESH = [
  'date',
  'x-request-id',
  'x-ca-request-id',
  'x-acs-request-id',
  'connection',
  'keep-alive',
  'content-length',
]

/** An id where it is not a part of something else; ids are letters, digits and lines. */
function alone(id: string): RegExp {
  return new RegExp(`(?<![0-9A-Za-z])${id.replaceAll(/[^\w-]/g, '.')}(?![0-9A-Za-z])`, 'g')
}

/** An answer as text, to be compared: without request ids, and with words in the place of the ids that were asked with. */
export function told({ status, headers, text }: Reply, ids: readonly Ids[]): string {
  const requestIds = FRESH.flatMap((name) => (name.endsWith('request-id') ? [String(headers[name] ?? '')] : []))
  const kept = Object.entries(headers).filter(([name]) => !FRESH.includes(name))
  const names = ids.flatMap((one) => Object.entries(one)).sort(([, a], [, b]) => b.length - a.length)
  const whole = JSON.stringify([status, kept, text])
  const withoutIds = requestIds.filter(Boolean).reduce((told, id) => told.replaceAll(id, '{request}'), whole)
  // A signed address says until when it holds.
  const timeless = withoutIds.replaceAll(/https?:[^"\\]+/g, '{address}')
  return names.reduce((told, [name, id]) => told.replaceAll(alone(id), `{${name}}`), timeless)
}
