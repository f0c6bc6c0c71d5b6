/** What every dialect is to the server. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Auth } from '../auth/auth.ts'
import type { DialectName, Engine } from '../engine/index.ts'

export interface DialectContext {
  readonly engine: Engine
  readonly auth: Auth
  /** `http://host:port` under which the client reached us (or the configured public address); transfer URLs begin with it. */
  origin(request: FastifyRequest): string
  /** Settings a dialect may have; read by config.ts, named in docs/operating. */
  readonly settings: DialectSettings
}

export interface DialectSettings {
  /** Items above which an SMH batch is answered 202 and run as a task. */
  readonly smhInlineItemsMax: number
  /** How far KSO-1 dates may be off, ms; 0 = not checked. */
  readonly wpsClockSkewMs: number
  /** How far PDS AccessKey dates may be off, ms; 0 = not checked. */
  readonly pdsClockSkewMs: number
}

export const DEFAULT_DIALECT_SETTINGS: DialectSettings = {
  smhInlineItemsMax: 100,
  wpsClockSkewMs: 15 * 60_000,
  pdsClockSkewMs: 15 * 60_000,
}

declare module 'fastify' {
  /** One line of a dialect's coverage table, kept beside the route itself. */
  interface FastifyContextConfig {
    /** The vendor's name for the call. */
    operation?: string
    /** `done`, or what is missing. */
    coverage?: string
  }
}

export interface Dialect {
  readonly name: DialectName
  readonly title: string
  /** Path prefixes, for the start-up lines and documents. */
  readonly mounts: readonly string[]
  /** Registers parsers, hooks, error handlers and routes inside its own encapsulated scope. */
  register(app: FastifyInstance, context: DialectContext): Promise<void>
}
