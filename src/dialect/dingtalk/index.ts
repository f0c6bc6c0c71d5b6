/** The DingTalk storage API: `/v1.0/…` and `/v2.0/…`. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { StorageError } from '../../engine/index.ts'
import type { Dialect, DialectContext } from '../../http/dialect.ts'
import { appPropertyRoutes } from './app-property-change.ts'
import { dentryRoutes } from './dentry.ts'
import { downloadRoutes } from './download.ts'
import { driveRoutes } from './drive.ts'
import { paramError, Refusal } from './error.ts'
import { permissionByUuidRoutes, permissionRoutes } from './permission.ts'
import { recycleBinRoutes } from './recycle-bin.ts'
import { relocateRoutes } from './relocate.ts'
import { removeRoutes } from './remove.ts'
import { router } from './route.ts'
import { spaceRoutes } from './space.ts'
import { taskRoutes } from './task.ts'
import { tokenRoutes } from './token.ts'
import { translationRoutes } from './translation.ts'
import { uploadByUuidRoutes, uploadRoutes } from './upload.ts'

export const dingtalkDialect: Dialect = {
  name: 'dingtalk',
  title: 'DingTalk storage',
  mounts: ['/v1.0', '/v2.0'],
  async register(app, context) {
    await app.register(async (scope) => v1(scope, context), { prefix: '/v1.0' })
    await app.register(async (scope) => v2(scope, context), { prefix: '/v2.0' })
  },
}

function v1(scope: FastifyInstance, context: DialectContext): void {
  prepare(scope)
  tokenRoutes(scope, context)
  const route = router(scope, context)
  const groups = [
    ...[spaceRoutes, dentryRoutes, relocateRoutes, removeRoutes, taskRoutes],
    ...[uploadRoutes, downloadRoutes, recycleBinRoutes, driveRoutes, permissionRoutes, appPropertyRoutes],
  ]
  for (const addRoutes of groups) addRoutes(route)
}

function v2(scope: FastifyInstance, context: DialectContext): void {
  prepare(scope)
  const route = router(scope, context)
  uploadByUuidRoutes(route)
  translationRoutes(route)
  permissionByUuidRoutes(route)
}

/**
 * Bodies stay bytes, whatever type they claim to be, so that bad JSON gets the vendor's error; every answer names its request;
 * nothing is ever not JSON.
 */
function prepare(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  scope.addHook('onRequest', async (request, reply) => {
    reply.header('x-acs-request-id', requestId(request))
    // An empty or malformed type would be refused before any parser sees the body.
    delete request.headers['content-type']
  })
  scope.setErrorHandler(answerError)
  scope.setNotFoundHandler((request) => {
    throw new Refusal(404, 'InvalidAction.NotFound', `There is no ${request.method} at this path.`)
  })
}

function requestId(request: FastifyRequest): string {
  return request.id.toUpperCase()
}

/** Keys are all lower-case in errors, unlike anywhere else in the API. */
function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const { status, code, message, detail } = refusalFor(error, request)
  return reply.status(status).send({
    code,
    requestid: requestId(request),
    message,
    ...(detail ? { accessdenieddetail: detail } : {}),
  })
}

function refusalFor(error: unknown, request: FastifyRequest): Refusal {
  if (error instanceof Refusal) return error
  if (isBadRequest(error)) return paramError('', error.message)
  request.log.error(error)
  return error instanceof StorageError
    ? new Refusal(500, 'systemError', 'The storage failed; nothing was changed.')
    : new Refusal(500, 'unknownError', 'Unknown Error')
}

/** What the listener itself refuses: a body too large, or cut off. */
function isBadRequest(error: unknown): error is Error {
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 0
  return status >= 400 && status < 500
}
