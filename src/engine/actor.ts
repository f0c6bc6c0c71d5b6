import type { ActionBits } from './action.ts'
import type { DriveId, Kind, Subject, TenantId } from './model.ts'

/**
 * Whoever makes this call. Made by `auth` from a credential; plain JSON, so that a task can keep it.
 * An actor sees nothing outside its tenant.
 */
export interface Actor {
  readonly tenant: TenantId
  /** Written down as creator and modifier. */
  readonly self: Subject
  /** Everyone the actor is for grants: itself, its groups (nested ones too), `everyone`. */
  readonly subjects: readonly Subject[]
  /** Has every right on every drive it can reach, before `allow`. */
  readonly admin: boolean
  /** The app through which the call came; '' when none. Drives it makes fill this app's pool. */
  readonly app: string
  /** The only drives the credential opens; null = all of the tenant. Others are as if they did not exist. */
  readonly drives: readonly DriveId[] | null
  /** What the credential allows at most, by the kind of node; grants can only narrow it. */
  readonly allow: Readonly<Record<Kind, ActionBits>>
  /** Which dialect it speaks; tasks it starts are shown in that dialect. */
  readonly dialect: string
}
