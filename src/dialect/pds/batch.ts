/**
 * `POST /batch`: up to 100 calls in one request. The envelope is judged as a whole; after that every child stands for
 * itself and the answer is 200, even when all of them failed.
 */
import { permits } from './auth.ts'
import { type Call, type Env, runCalls, type SteppedEndpoint } from './call.ts'
import { ENDPOINTS } from './endpoints.ts'
import { type Answer, badJson, noPermission, noSuchApi, Refusal, sound } from './error.ts'
import { type Body, isObject, parseObject } from './request.ts'

const CHILDREN_MAX = 100
const RESOURCES = ['file', 'drive', 'user', 'group', 'membership', 'share_link', 'async_task']
const METHODS = ['POST', 'GET', 'PUT', 'DELETE', 'HEAD']

/** The calls a child may make, by `url`. */
const BATCHABLE: ReadonlyMap<string, SteppedEndpoint> = new Map(
  ENDPOINTS.flatMap((endpoint) => ('steps' in endpoint ? [[endpoint.url, endpoint] as const] : [])),
)

interface Child {
  readonly id: string
  readonly method: string
  readonly url: string
  readonly body: unknown
}

/** Answers a batch; refused as a whole, and then nothing is done, when the envelope is not right. */
export async function batch(body: Body, env: Env): Promise<Answer> {
  if (typeof body.resource !== 'string' || !RESOURCES.includes(body.resource)) throw wrong('resource')
  const children = childrenOf(body.requests)
  const answers = await runCalls(
    env,
    children.map((child) => callOf(child, env)),
  )
  return {
    status: 200,
    body: { responses: children.map(({ id }, i) => ({ id, status: answers[i]!.status, body: answers[i]!.body })) },
  }
}

function wrong(field: string): Refusal {
  return new Refusal(sound(400, 'InvalidParameter', `The input parameter ${field} is not valid.`))
}

function childrenOf(requests: unknown): Child[] {
  if (!Array.isArray(requests) || requests.length < 1 || requests.length > CHILDREN_MAX) throw wrong('requests')
  const children = requests.map((request: unknown, i): Child => {
    if (!isObject(request)) throw wrong(`requests[${i}]`)
    const { id, method, url, headers, body } = request
    if (typeof id !== 'string' || id === '') throw wrong(`requests[${i}].id`)
    if (typeof method !== 'string' || !METHODS.includes(method.toUpperCase())) throw wrong(`requests[${i}].method`)
    if (typeof url !== 'string' || url === '') throw wrong(`requests[${i}].url`)
    if (headers !== undefined && headers !== null && !isObject(headers)) throw wrong(`requests[${i}].headers`)
    return { id, method: method.toUpperCase(), url, body }
  })
  if (new Set(children.map(({ id }) => id)).size < children.length) throw wrong('requests[].id')
  return children
}

/** A child's call. What is wrong with it is its own answer, found in its first step. */
function* callOf({ method, url, body }: Child, env: Env): Call {
  const path = url.split('?', 1)[0]!.replace(/^\/v2(?=\/)/, '')
  const endpoint = method === 'POST' ? BATCHABLE.get(path) : undefined
  if (!endpoint) return noSuchApi(method, `/v2${path}`)
  if (!permits(env.scopes, endpoint.scope)) return noPermission('api')
  return yield* endpoint.steps(childBody(body), env)
}

/** The page says "a JSON string", every client sends an object: both will do. */
function childBody(body: unknown): Body {
  if (body === undefined || body === null || body === '') return {}
  if (typeof body === 'string') return parseObject(body)
  if (!isObject(body)) throw new Refusal(badJson('body'))
  return body
}
