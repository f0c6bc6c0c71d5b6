/** Who is calling: apps, their secrets, tokens, and the actor a credential stands for. Implemented in `create.ts`. */
import type { ActionBits, Actor, App, DialectName, DriveId, Json, Kind, TenantId, Token } from '../engine/index.ts'

export interface TokenSpec {
  readonly dialect: DialectName
  readonly purpose: Token['purpose']
  readonly tenant: TenantId
  readonly app: string
  /** '' for the app itself. */
  readonly user: string
  readonly scopes: readonly string[]
  readonly data?: Json
  readonly ttlMs: number
  /** What its user does by that, which is written down: signs in, or stays so. */
  readonly marks?: 'signIn' | 'renewal'
}

export interface ActorSpec {
  readonly tenant: TenantId
  readonly dialect: DialectName
  readonly app: string
  /** '' = the app acts for itself. */
  readonly user: string
  /** Whether the credential itself carries every right (an app that acts for itself, a service token). */
  readonly admin?: boolean
  readonly drives?: readonly DriveId[] | null
  readonly allow?: Readonly<Record<Kind, ActionBits>>
  /** Accept a user the tenant does not know: its id is only written down (SMH). */
  readonly anyUser?: boolean
  /** What the credential was found good by; the actor is nobody once it is taken back. */
  readonly token?: Token
}

export interface Auth {
  /** The app of a dialect by its public id. */
  app(dialect: DialectName, id: string): Promise<App | undefined>
  /** Sets members of an app's `extra`; other processes see it after a moment. */
  changeApp(app: Pick<App, 'dialect' | 'id'>, extra: App['extra']): Promise<void>
  /** The app's secret in clear; for signature checks only. */
  secretOf(app: Pick<App, 'secret'>): string
  /** Hides a text that its owner may read again: encrypted under the deployment's key; '' stays ''. */
  seal(text: string): string
  /** The text behind a sealed one. */
  unseal(sealed: string): string
  /** Whether another guess at a secret is answered: after too many wrong ones none is for a while. */
  mayGuess(key: string): boolean
  guessedWrong(key: string): void
  /** Compares in constant time. */
  secretMatches(app: App, given: string): boolean
  /** Hands out a fresh token; `text` is what the client gets. */
  issue(spec: TokenSpec, prefix?: string): Promise<{ text: string; token: Token }>
  /** As `issue`, but while an earlier such token of (dialect, app, user) is valid it is handed out again and its life renewed. */
  reissue(spec: TokenSpec, prefix?: string): Promise<{ text: string; token: Token }>
  /** The token behind a text; undefined when unknown, forged, revoked, expired or of another dialect or purpose. */
  check(dialect: DialectName, purpose: Token['purpose'], text: string): Promise<Token | undefined>
  /** Lets a token live until `expiresAt`; cheap to call often (writes only when it matters). */
  extend(token: Token, expiresAt: number): Promise<void>
  revoke(ids: readonly string[]): Promise<void>
  /** Revokes tokens of an app, optionally only of one user and those for which `keep` is false; returns how many. */
  revokeOf(
    query: { tenant: TenantId; app: string; user: string | null },
    keep?: (token: Token) => boolean,
  ): Promise<number>
  /** The actor a credential stands for; undefined when the user does not exist or is disabled. */
  actor(spec: ActorSpec): Promise<Actor | undefined>
  /** An actor made of what is so now; one without any right when its token or its user is gone. */
  renew(actor: Actor): Promise<Actor>
  /** The tenant of a public tenant id, undefined when there is none. */
  tenantExists(id: string): Promise<boolean>
}
