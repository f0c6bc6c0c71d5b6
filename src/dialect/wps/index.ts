/** The Kingsoft WPS 365 v7 drive API: its mounts, its envelope, its table of calls. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { StorageError } from '../../engine/index.ts'
import type { Dialect, DialectContext } from '../../http/dialect.ts'
import { DEPLOYMENT_PREFIX, headerText, identify, idTypeProblem } from './auth.ts'
import { batchChangeRoutes } from './batch-change.ts'
import { batchGetRoutes } from './batch-get.ts'
import type { Answer, Route } from './call.ts'
import { deletedRoutes } from './deleted.ts'
import { downloadRoutes } from './download.ts'
import { driveRoutes } from './drive.ts'
import { isRefusal, type Refusal, refuse, statusOf } from './error.ts'
import { fileChangeRoutes } from './file-change.ts'
import { fileReadRoutes } from './file-read.ts'
import { bodyInput, queryInput } from './input.ts'
import { multipartRoutes } from './multipart.ts'
import { permissionRoutes } from './permission.ts'
import { isOpenTo } from './scope.ts'
import { grantToken } from './token.ts'
import { uploadRoutes } from './upload.ts'
import { userRoutes } from './user.ts'

/** Holds 1024 ids of 1024 characters each, however they are escaped. */
const BODY_BYTES_MAX = 8 * 2 ** 20

const ROUTES: readonly Route[] = [
  ...batchGetRoutes,
  ...batchChangeRoutes,
  ...driveRoutes,
  ...fileReadRoutes,
  ...fileChangeRoutes,
  ...uploadRoutes,
  ...multipartRoutes,
  ...downloadRoutes,
  ...deletedRoutes,
  ...permissionRoutes,
  ...userRoutes,
]

export const wpsDialect: Dialect = {
  name: 'wps',
  title: 'Kingsoft WPS 365 v7',
  mounts: ['', DEPLOYMENT_PREFIX].flatMap((prefix) => [`${prefix}/v7`, `${prefix}/oauth2`]),

  async register(app, context) {
    // Each prefix is a scope of its own, so that each has its own answer to unknown paths.
    for (const prefix of ['', DEPLOYMENT_PREFIX]) {
      await app.register(async (scope) => mountFiles(scope, context), { prefix: `${prefix}/v7` })
      await app.register(async (scope) => mountTokens(scope, context), { prefix: `${prefix}/oauth2` })
    }
  },
}

function mountFiles(app: FastifyInstance, context: DialectContext): void {
  prepare(app)
  for (const route of ROUTES) {
    const { method, path, operation, coverage = 'done' } = route
    app.route({
      method,
      url: path.slice('/v7'.length),
      bodyLimit: BODY_BYTES_MAX,
      config: { operation, coverage },
      handler: async (request, reply) => send(reply, await answer(context, route, request)),
    })
  }
}

function mountTokens(app: FastifyInstance, context: DialectContext): void {
  prepare(app)
  app.route({
    method: 'POST',
    url: '/token',
    config: {
      operation: 'Get access token',
      coverage: 'partial: authorization_code is refused: there is no login page yet',
    },
    async handler(request, reply) {
      reply.header('cache-control', 'no-store')
      const granted = await grantToken(context, request.raw.url ?? '', bodyOf(request))
      // A success is not enveloped here, a failure is.
      return isRefusal(granted) ? send(reply, granted) : reply.send(granted)
    },
  })
}

/** What both mounts share: raw bodies, the request id on every answer, and this vendor's failures. */
function prepare(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.addHook('onRequest', async (request, reply) => {
    reply.header('X-Request-Id', request.id)
  })
  app.setNotFoundHandler((_request, reply) => send(reply, refuse('noRoute')))
  app.setErrorHandler((error, request, reply) => send(reply, failure(error, request)))
}

function failure(error: unknown, request: FastifyRequest): Refusal {
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500
  if (status === 413) return refuse('tooLong', 'the body is too large')
  if (status < 500) return refuse('malformed', 'the request could not be read')
  request.log.error(error)
  return refuse(error instanceof StorageError ? 'storage' : 'unknown')
}

async function answer(context: DialectContext, route: Route, request: FastifyRequest): Promise<Answer> {
  const bytes = bodyOf(request)
  const caller = await identify(context, request, bytes)
  if (isRefusal(caller)) return caller
  if (!isOpenTo(route.scopes, caller.token)) {
    return refuse('scope', `one of these scopes is required: ${route.scopes.map(({ name }) => name).join(', ')}`)
  }
  const body = idTypeProblem(request) ?? bodyInput(bytes, headerText(request, 'content-type'))
  if (isRefusal(body)) return body
  return route.handle({
    ...caller,
    engine: context.engine,
    origin: context.origin(request),
    params: request.params as Record<string, string>,
    query: queryInput(request.raw.url ?? ''),
    body,
  })
}

function bodyOf({ body }: FastifyRequest): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0)
}

function send(reply: FastifyReply, outcome: Answer): FastifyReply {
  if (isRefusal(outcome)) return reply.code(statusOf(outcome.code)).send(outcome)
  return reply.code(200).send({ code: 0, msg: 'success', ...outcome })
}
