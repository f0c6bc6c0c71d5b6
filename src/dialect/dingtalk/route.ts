/** One way for every call: token, permission point, required fields, operator, then the call itself. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Actor, App, Drive, DriveId } from '../../engine/index.ts'
import type { DialectContext } from '../../http/dialect.ts'
import { appOfToken, demandScope, operatorOf, TOKEN_HEADER } from './auth.ts'
import { errors, missing, paramError, Refusal } from './error.ts'
import type { Viewer } from './present.ts'
import { bodyOf, demand, type Fields, textIn } from './request.ts'
import { parseId } from './terms.ts'

/** What a call asks for beside its handler. */
export interface CallSpec {
  /** The permission point the app needs. */
  readonly scope: string
  /** Body fields that must be there; when there are any, so must the body. */
  readonly required?: readonly string[]
  /** Query parameters that must be there, beside the operator. */
  readonly requiredQuery?: readonly string[]
  /** Which query parameter names the operator; absent = `unionId`, as storage v1.0 has it. */
  readonly operator?: 'operatorId'
  /** What of the vendor's call is missing; absent = nothing. */
  readonly coverage?: string
}

/** A call that has passed the gateway's checks. */
export interface Call {
  readonly request: FastifyRequest
  readonly params: Readonly<Record<string, string>>
  readonly query: Fields
  readonly body: Fields
  readonly app: App
  readonly actor: Actor
  /** For whom dentries are shown. */
  readonly viewer: Viewer
}

/** What a call does; it resolves to the JSON answer. */
export type Handle = (context: DialectContext, call: Call) => Promise<object>

/**
 * Adds one call.
 * @param operation the vendor's name for it
 * @param target method and path below the version prefix: `POST /storage/spaces`
 */
export type Route = (operation: string, target: `${Method} /${string}`, spec: CallSpec, handle: Handle) => void

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

/** @param scope the encapsulated part of the server that the calls live in */
export function router(scope: FastifyInstance, context: DialectContext): Route {
  return (operation, target, spec, handle) => {
    const [method = '', url = ''] = target.split(' ')
    scope.route({
      method,
      url,
      config: { operation, coverage: spec.coverage ?? 'done' },
      handler: async (request) => handle(context, await admit(context, spec, request)),
    })
  }
}

async function admit({ auth, engine }: DialectContext, spec: CallSpec, request: FastifyRequest): Promise<Call> {
  const app = await appOfToken(auth, request.headers[TOKEN_HEADER])
  demandScope(app, spec.scope)
  const given = bodyOf(request.body)
  const required = spec.required ?? []
  if (required.length > 0 && given === undefined) throw missing('body')
  const query = request.query as Fields
  const body = given ?? {}
  const parameter = spec.operator ?? 'unionId'
  // Some calls of the family name the operator in the body; there is no reason to refuse it where the query has none.
  const operator = textIn(query, parameter) ?? textIn(body, parameter)
  if (operator === undefined) throw missing(parameter)
  demand(query, spec.requiredQuery ?? [])
  demand(body, required)
  const actor = await operatorOf(auth, app, parameter, operator)
  return {
    request,
    params: request.params as Call['params'],
    query,
    body,
    app,
    actor,
    viewer: { ids: engine.ids, app: app.id },
  }
}

/** The space in the path; refused with `paramError.spaceId` or `spaceNotExist`. */
export async function spaceOfPath(context: DialectContext, call: Call): Promise<Drive> {
  const id = spaceId(call.params.spaceId)
  const [drive] = await context.engine.drives(call.actor, [id])
  return existing(drive)
}

export function spaceId(text: unknown, parameter = 'spaceId'): DriveId {
  const id = parseId<DriveId>(text)
  if (id === undefined) throw paramError(parameter, 'is not the id of a space.')
  return id
}

/** Refuses a space that is not there for the caller. */
export function existing(drive: Drive | null | undefined): Drive {
  if (!drive) throw new Refusal(...errors.drive_not_found)
  return drive
}
