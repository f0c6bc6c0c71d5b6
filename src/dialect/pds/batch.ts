/**
 * `POST /batch`: up to 100 calls in one request. The envelope is judged as a whole; after that every child stands for
 * itself and the answer is 200, even when all of them failed.
 */
import { permits } from './auth.ts'
import {
  answerFor,
  type Call,
  callTo,
  companyOf,
  type Endpoint,
  type Env,
  FILES,
  type Running,
  runCalls,
  type Share,
} from './call.ts'
import { ENDPOINTS } from './endpoints.ts'
import { type Answer, badJson, noPermission, noSuchApi, outOfRange, Refusal, sound } from './error.ts'
import { type Body, isObject, parseObject } from './request.ts'
import { admitted } from './share-visit.ts'
import { PARTS_MAX } from './upload.ts'

const CHILDREN_MAX = 100
const RESOURCES = ['file', 'drive', 'user', 'group', 'membership', 'share_link', 'async_task']
const METHODS = ['POST', 'GET', 'PUT', 'DELETE', 'HEAD']

/** The calls a child may make, by `url`: every one but this and those that hand out tokens. */
const BATCHABLE: ReadonlyMap<string, Endpoint> = new Map(ENDPOINTS.map((endpoint) => [endpoint.url, endpoint]))

interface Child {
  readonly id: string
  readonly method: string
  readonly url: string
  readonly body: unknown
  /** The share token of its own; '' when it has none. */
  readonly shareToken: string
}

/**
 * Answers a batch; refused as a whole, and then nothing is done, when the envelope is not right.
 * @param visit finds the share behind a token that a child carries in a header of its own
 */
export async function batch(body: Body, env: Env, visit: (token: string) => Promise<Share>): Promise<Answer> {
  if (!permits(env.scopes, 'BATCH')) return noPermission('api')
  if (typeof body.resource !== 'string' || !RESOURCES.includes(body.resource)) throw wrong('resource')
  const children = childrenOf(body.requests)
  const visits = await visitsOf(children, visit)
  const room: Room = { parts: PARTS_MAX }
  const running = children.map((child) => runningOf(child, env, visits.get(child.shareToken), room))
  const answers: Answer[] = []
  for (const together of neighbours(running)) answers.push(...(await runCalls(env.report, together)))
  return {
    status: 200,
    body: { responses: children.map(({ id }, i) => ({ id, status: answers[i]!.status, body: answers[i]!.body })) },
  }
}

interface Placed extends Running {
  readonly company: string
}

/** The children in runs that may go side by side; a run begins when all before it are through. */
function neighbours(children: readonly Placed[]): Placed[][] {
  const runs: Placed[][] = []
  for (const child of children) {
    const run = runs.at(-1)
    if (run?.[0]?.company === child.company) run.push(child)
    else runs.push([child])
  }
  return runs
}

/** Each share token asked about once; what is wrong with one is the answer of the children that carry it. */
async function visitsOf(children: readonly Child[], visit: (token: string) => Promise<Share>) {
  const tokens = [...new Set(children.map(({ shareToken }) => shareToken))].filter(Boolean)
  const found = await Promise.allSettled(tokens.map(visit))
  return new Map(tokens.map((token, i) => [token, found[i]!]))
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
    return { id, method: method.toUpperCase(), url, body, shareToken: shareTokenOf(headers ?? {}) }
  })
  if (new Set(children.map(({ id }) => id)).size < children.length) throw wrong('requests[].id')
  return children
}

function shareTokenOf(headers: Body): string {
  const name = Object.keys(headers).find((key) => key.toLowerCase() === 'x-share-token')
  const value = name === undefined ? undefined : headers[name]
  return typeof value === 'string' ? value : ''
}

/** How many parts' URLs the children may still be answered with: all together no more than one call alone. */
interface Room {
  parts: number
}

/** Calls that answer a signed URL for each part; of a hundred times ten thousand nobody else would get a turn. */
const PART_CALLS = ['/file/create', '/file/create_with_proof', '/file/get_upload_url']

function takeRoom(room: Room, { url }: Endpoint, { part_info_list }: Body): void {
  if (!PART_CALLS.includes(url) || !Array.isArray(part_info_list)) return
  if (part_info_list.length > room.parts) throw new Refusal(outOfRange('part_info_list'))
  room.parts -= part_info_list.length
}

/** A child's call. What is wrong with it is its own answer. */
function runningOf(child: Child, env: Env, visit: PromiseSettledResult<Share> | undefined, room: Room): Placed {
  try {
    if (visit?.status === 'rejected') throw visit.reason
    const { method, url } = child
    const path = url.split('?', 1)[0]!.replace(/^\/v2(?=\/)/, '')
    const endpoint = method === 'POST' ? BATCHABLE.get(path) : undefined
    if (!endpoint) return { env, company: FILES, call: at(noSuchApi(method, `/v2${path}`)) }
    const body = childBody(child.body)
    const own = admitted(endpoint, body, visit ? { ...env, visit: visit.value } : env)
    takeRoom(room, endpoint, body)
    return { env: own, company: companyOf(endpoint), call: callTo(endpoint, body, own) }
  } catch (error) {
    return { env, company: FILES, call: at(answerFor(error, env.report)) }
  }
}

/** A call that needs nothing more. */
// biome-ignore lint/correctness/useYield: a call that needs nothing is a call all the same
function* at(answer: Answer): Call {
  return answer
}

/** The page says "a JSON string", every client sends an object: both will do. */
function childBody(body: unknown): Body {
  if (body === undefined || body === null || body === '') return {}
  if (typeof body === 'string') return parseObject(body)
  if (!isObject(body)) throw new Refusal(badJson('body'))
  return body
}
