/** The Tencent SMH dialect: one Fastify scope under `/api/v1`; which operation is meant, the raw target says. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Dialect, DialectContext } from '../../http/dialect.ts'
import { albumOperations } from './album.ts'
import { authorityOperations } from './authority.ts'
import { batchOperations } from './batch.ts'
import { type Answer, type Method, match, type Operation, PREFIX, queryOf, segmentsOf } from './call.ts'
import { deltaOperations } from './delta.ts'
import { directoryOperations } from './directory.ts'
import { type Fault, fault, Refusal, refuse } from './error.ts'
import { favoriteOperations } from './favorite.ts'
import { fileOperations } from './file.ts'
import { historyOperations } from './history.ts'
import { inodeOperations } from './inode.ts'
import { localSyncOperations } from './local-sync.ts'
import { quotaOperations } from './quota.ts'
import { recycleOperations } from './recycle.ts'
import { searchOperations } from './search.ts'
import { shareOperations } from './share.ts'
import { spaceOperations } from './space.ts'
import { createSpaceIndex } from './space-index.ts'
import { taskOperations } from './task.ts'
import { tokenOperations } from './token.ts'
import { trafficOperations } from './traffic.ts'

/** In a group of one method and family the first operation that fits is taken, so flags stand before plain paths. */
export const OPERATIONS: readonly Operation[] = [
  ...tokenOperations,
  ...batchOperations,
  ...taskOperations,
  ...fileOperations,
  ...directoryOperations,
  ...recycleOperations,
  ...spaceOperations,
  ...quotaOperations,
  ...inodeOperations,
  ...historyOperations,
  ...favoriteOperations,
  ...searchOperations,
  ...shareOperations,
  ...deltaOperations,
  ...albumOperations,
  ...authorityOperations,
  ...localSyncOperations,
  ...trafficOperations,
]

/** A thousand items with two long paths each fit well. */
const BODY_BYTES_MAX = 16 * 1024 * 1024

export const smhDialect: Dialect = {
  name: 'smh',
  title: 'Tencent Cloud Smart Media Hosting',
  mounts: [PREFIX],
  async register(app, context) {
    await app.register(async (scope) => mount(scope, context), { prefix: PREFIX })
  },
}

function mount(scope: FastifyInstance, context: DialectContext): void {
  const spaces = createSpaceIndex(context.engine)
  scope.removeAllContentTypeParsers()
  // Bodies stay bytes: clients send JSON under several types and none, and bad JSON gets the vendor's error.
  scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_BYTES_MAX }, (_, body, done) => done(null, body))
  scope.addHook('onRequest', async (request, reply) => greet(request, reply))
  scope.setErrorHandler((error, request, reply) => {
    // What is refused before this scope's own hooks has not been greeted.
    greet(request, reply)
    return send(request, reply, faultAnswer(faultBehind(error, request)))
  })
  scope.setNotFoundHandler((request, reply) => send(request, reply, faultAnswer(fault('RouteNotFound'))))
  scope.options('/*', { config: { operation: 'CORS preflight', coverage: 'done' } }, preflight)

  for (const [key, operations] of grouped(({ path }) => path.split('/', 1)[0]!)) {
    const [method, family] = key.split(' ') as [Method, string]
    const handler = async (request: FastifyRequest, reply: FastifyReply) => {
      const target = request.raw.url!
      const query = queryOf(target)
      const found = match(operations, segmentsOf(target), query)
      if (!found) throw refuse('RouteNotFound')
      const { operation, params, path } = found
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      return send(request, reply, await operation.handle({ context, spaces, request, params, path, query, body }))
    }
    const route = { method, handler, bodyLimit: BODY_BYTES_MAX, exposeHeadRoute: false }
    // The raw path decides, not the router: clients double slashes, and encode those inside an entry's path.
    const urls = new Set([`/${family}`, `/${family}/*`])
    for (const [pattern, alike] of grouped(({ path }) => path, operations)) {
      const url = `/${pattern
        .split(' ')[1]!
        .replace('{path*}', '*')
        .replace(/\{(\w+)\}/g, ':$1')}`
      urls.delete(url)
      scope.route({ ...route, url, config: configOf(alike) })
    }
    for (const url of urls) scope.route({ ...route, url })
  }
}

/** Operations by method and something of their path, in their order. */
function grouped(part: (operation: Operation) => string, operations = OPERATIONS): Map<string, Operation[]> {
  const groups = new Map<string, Operation[]>()
  for (const operation of operations) {
    const key = `${operation.method} ${part(operation)}`
    groups.set(key, [...(groups.get(key) ?? []), operation])
  }
  return groups
}

/** Names and gaps of all operations of one path, for the coverage table. */
function configOf(operations: readonly Operation[]): { operation: string; coverage: string } {
  const names = operations.map(({ operation, flag }) => (flag ? `${operation} (\`?${flag}\`)` : operation))
  const gaps = operations.filter(({ coverage }) => coverage !== 'done')
  const isAlone = operations.length === 1
  return {
    operation: names.join(' · '),
    coverage:
      gaps.map(({ operation, coverage }) => (isAlone ? coverage : `${operation}: ${coverage}`)).join(' · ') || 'done',
  }
}

/** Every answer names its request, and browsers of any origin may read it. */
function greet(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-request-id', request.id)
  reply.header('access-control-allow-origin', '*')
  reply.header('access-control-expose-headers', '*')
}

async function preflight(request: FastifyRequest, reply: FastifyReply) {
  reply.header('access-control-allow-methods', 'GET, HEAD, PUT, POST, DELETE, OPTIONS')
  reply.header('access-control-allow-headers', request.headers['access-control-request-headers'] ?? '*')
  reply.header('access-control-max-age', '86400')
  return reply.code(204).send()
}

function send(request: FastifyRequest, reply: FastifyReply, answer: Answer) {
  reply.code(answer.status)
  if (answer.headers) reply.headers(answer.headers)
  if (answer.body === undefined || request.method === 'HEAD') return reply.send()
  const shown = answer.status < 400 ? answer.body : { ...(answer.body as object), requestId: request.id }
  return reply.type('application/json; charset=utf-8').send(JSON.stringify(shown))
}

function faultAnswer({ status, code, message }: Fault): Answer {
  return { status, body: { code, message } }
}

/** Refusals are answers; what Fastify finds wrong with a request is one too; anything else is our own failure. */
function faultBehind(error: unknown, request: FastifyRequest): Fault {
  if (error instanceof Refusal) return error.fault
  const status = (error as { statusCode?: number }).statusCode ?? 500
  if (status === 413) return fault('RequestEntityTooLarge')
  if (status >= 400 && status < 500) return fault('BadRequest')
  request.log.error(error)
  return fault('InternalServerError')
}
