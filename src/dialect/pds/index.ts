/** Alibaba Cloud Drive and Photo Service (PDS), API v2: `/v2/…` */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Dialect, DialectContext } from '../../http/dialect.ts'
import { createPictureExtents } from '../../http/picture-extent.ts'
import { ARCHIVE_URL, sendArchive } from './archive.ts'
import { type Caller, callerOf, declaredType, namedCaller } from './auth.ts'
import { authorizePage, signIn } from './authorize.ts'
import { batch } from './batch.ts'
import { answerFor, callTo, type Endpoint, type EndpointFacts, type Env, runCalls, runSteps } from './call.ts'
import { downloadOf } from './download.ts'
import { ENDPOINTS } from './endpoints.ts'
import { type Answer, INTERNAL_ERROR, noSuchApi, outOfRange, Refusal, sound, tokenInvalid } from './error.ts'
import { type Body, parseBody } from './request.ts'
import { admitted, STRANGER, visitedShare } from './share-visit.ts'
import { accountRevoke, accountToken, oauthToken } from './token.ts'

/** Room for a hundred children, or for ten thousand parts with their hash states. */
const BODY_BYTES_MAX = 16 * 1024 * 1024

export const pdsDialect: Dialect = {
  name: 'pds',
  title: 'Alibaba Cloud PDS',
  mounts: ['/v2/'],
  async register(app, context) {
    const extents = createPictureExtents()
    await app.register(
      async (scope) => {
        frame(scope)
        authRoutes(scope, context)
        browserRoutes(scope, context)
        apiRoutes(scope, { ...context, extents })
      },
      { prefix: '/v2' },
    )
  },
}

/** Bodies as bytes, since signatures cover them; every answer with its request id, also those to what does not exist. */
function frame(scope: FastifyInstance) {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_BYTES_MAX }, (_, body, done) => done(null, body))
  scope.addHook('onRequest', async (request, reply) => {
    reply.header('x-ca-request-id', request.id)
    // Clients send any content type, also an empty one, which the framework would refuse; `declaredType` still finds it.
    delete request.headers['content-type']
    if (request.headers.origin !== undefined) allowBrowsers(reply)
  })
  scope.setNotFoundHandler((request, reply) => send(reply, noSuchApi(request.method, pathOf(request))))
  scope.setErrorHandler((error, request, reply) => send(reply, thrownAnswer(error, request)))
  scope.options('/*', (_, reply) => reply.code(204).send())
}

/** Web pages of any origin may call: what they may do depends on the token they hold, never on a cookie. */
function allowBrowsers(reply: FastifyReply) {
  reply.headers({
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET, POST, OPTIONS',
    'access-control-allow-headers': 'authorization, content-type, x-share-token',
    'access-control-expose-headers':
      'ETag, x-ca-request-id, x-ca-error-code, x-ca-error-message, x-oss-hash-crc64ecma, content-length',
    'access-control-max-age': '600',
  })
}

function thrownAnswer(error: unknown, request: FastifyRequest): Answer {
  const status = (error as { statusCode?: number }).statusCode ?? 500
  if (status === 413) return outOfRange('body')
  if (status >= 400 && status < 500) return sound(400, 'InvalidParameter', 'The request is not valid.')
  return answerFor(error, reporter(request))
}

function reporter(request: FastifyRequest) {
  return (error: unknown) => request.log.error({ err: error }, 'pds: a call failed')
}

function pathOf(request: FastifyRequest): string {
  return (request.raw.url ?? '').split('?', 1)[0]!
}

/** Failures say what they are in headers too, where the vendor's clients look when they cannot read the body. */
function send(reply: FastifyReply, { status, body }: Answer) {
  reply.code(status)
  if (status === 204) return reply.send()
  const { code, message } = (status >= 400 ? body : {}) as { code?: string; message?: string }
  if (code && message) {
    reply.headers({ 'x-ca-error-code': code, 'x-ca-error-message': message.replace(/[^\x20-\x7e]/g, '?') })
  }
  return reply
    .header('content-type', 'application/json; charset=utf-8')
    .send(JSON.stringify(body ?? INTERNAL_ERROR.body))
}

function bytesOf(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
}

/** Token calls carry no credential but what is in their body. */
function authRoutes(scope: FastifyInstance, context: DialectContext) {
  scope.post('/oauth/token', { config: { operation: 'Token', coverage: 'done' } }, (request, reply) =>
    answered(request, reply, () => oauthToken(context, formOrJson(request))),
  )
  scope.post('/account/token', { config: { operation: 'AccountToken', coverage: 'done' } }, (request, reply) =>
    answered(request, reply, () => accountToken(context, formOrJson(request))),
  )
  scope.post('/account/revoke', { config: { operation: 'AccountRevoke', coverage: 'done' } }, (request, reply) =>
    answered(request, reply, async () => accountRevoke(context, await callerOf(context, request, bytesOf(request)))),
  )
}

/** What a browser asks for by itself: pages, and archives under signed URLs. */
function browserRoutes(scope: FastifyInstance, context: DialectContext) {
  const shown = (request: FastifyRequest, reply: FastifyReply, show: () => Promise<void>) =>
    show().then(
      () => reply,
      (error: unknown) => send(reply, answerFor(error, reporter(request))),
    )
  const url = '/oauth/authorize'
  scope.get(
    url,
    { config: { operation: 'Authorize', coverage: 'partial: login_type: by password only' } },
    (request, reply) => shown(request, reply, () => authorizePage(context, queryOf(request), reply)),
  )
  scope.get(ARCHIVE_URL, (request, reply) => {
    const { ticket } = request.params as { ticket: string }
    return shown(request, reply, () => sendArchive(context.engine, ticket, reply))
  })
  scope.post(url, (request, reply) => shown(request, reply, () => signIn(context, formOrJson(request), reply)))
}

function formOrJson(request: FastifyRequest): Body {
  const isJson = declaredType(request).includes('json')
  return isJson ? parseBody(bytesOf(request)) : Object.fromEntries(new URLSearchParams(bytesOf(request).toString()))
}

async function answered(request: FastifyRequest, reply: FastifyReply, answer: () => Promise<Answer>) {
  try {
    return await send(reply, await answer())
  } catch (error) {
    return send(reply, answerFor(error, reporter(request)))
  }
}

function apiRoutes(scope: FastifyInstance, context: Context) {
  const post = (
    { url, operation, coverage, guests }: Omit<EndpointFacts, 'scope'>,
    answer: (body: Body, env: Env) => Promise<Answer>,
  ) =>
    scope.post(url, { config: { operation, coverage } }, (request, reply) =>
      answered(request, reply, async () => {
        const env = await envOf(context, request, guests === 'anybody')
        return answer(parseBody(bytesOf(request)), env)
      }),
    )

  post(BATCH, (body, env) => batch(body, env, (token) => visitedShare(context, token, env.caller)))
  for (const endpoint of ENDPOINTS) post(endpoint, (body, env) => answerOf(endpoint, body, env))
  const { url, operation } = DOWNLOAD
  scope.get(url, { config: { operation, coverage: 'done' } }, (request, reply) =>
    answered(request, reply, async () => {
      const query = queryOf(request)
      const env = admitted(DOWNLOAD, query, await envOf(context, request, false))
      const { url } = await runSteps(env, downloadOf(query, env))
      reply.header('location', url)
      return { status: 302, body: {} }
    }),
  )
}

/** What the calls share beside what every dialect is given. */
type Context = DialectContext & Pick<Env, 'extents'>

/** `/batch` itself; guests are sent away by its children. */
const BATCH = { url: '/batch', operation: 'Batch', coverage: 'done' } as const
const DOWNLOAD = { url: '/file/download', operation: 'DownloadFile', scope: 'FILE.GET', guests: 'share' } as const

/** A batch of one. */
async function answerOf(endpoint: Endpoint, body: Body, env: Env): Promise<Answer> {
  const own = admitted(endpoint, body, env)
  const [answer] = await runCalls(env.report, [{ env: own, call: callTo(endpoint, body, own) }])
  return answer!
}

/** The caller, the share whose token came along, or both; refused when there is neither, unless anybody may call. */
async function envOf(context: Context, request: FastifyRequest, isOpen: boolean): Promise<Env> {
  const { engine, auth, extents } = context
  const named = await namedCaller(context, request, bytesOf(request)).catch((error: unknown) => {
    // What anybody may do, the holder of a spent token may do too.
    if (isOpen && error instanceof Refusal) return null
    throw error
  })
  const token = request.headers['x-share-token']
  const visit = typeof token === 'string' && token !== '' ? await visitedShare(context, token, named) : null
  if (!named && !visit && !isOpen) throw new Refusal(tokenInvalid('The request carries none.'))
  const { actor, user, scopes }: Pick<Caller, 'actor' | 'user' | 'scopes'> = named ?? {
    actor: visit?.holder ?? STRANGER,
    user: '',
    scopes: [],
  }
  return {
    ...{ engine, auth, extents, actor, user, scopes, visit },
    caller: named,
    share: null,
    origin: context.origin(request),
    now: engine.now(),
    report: reporter(request),
  }
}

/** A query's fields as a body's would be; numbers come as text there. */
function queryOf(request: FastifyRequest): Body {
  const query = new URLSearchParams((request.raw.url ?? '').split('?')[1] ?? '')
  const number = /^\d{1,15}$/
  return Object.fromEntries(
    [...query].map(([name, value]) => [name, name === 'expire_sec' && number.test(value) ? Number(value) : value]),
  )
}
