import type { ActionBits } from './action.ts'
import type { DriveId, Kind, NodeId, Subject, TenantId } from './model.ts'

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
  /** What a link lends it on top of its own rights. */
  readonly lent?: Lent
  /** What it was made of, and when; absent = nobody asks whether it is still so. */
  readonly basis?: Basis
}

/** What an actor's rights rest on, as it was read. */
export interface Basis {
  /** The number of its tenant's standing under which all of it was read. */
  readonly seq: number
  /** Whom the credential names. */
  readonly self: Subject
  /** The groups that one is in, and those of them it is in directly. */
  readonly groups: readonly string[]
  readonly direct: readonly string[]
  /** The id of the token behind it; '' = there is none. */
  readonly token: string
  /** Whether the credential itself carries every right. */
  readonly admin: boolean
  /** Whether the user need not be known. */
  readonly anyUser: boolean
}

/**
 * The rights of a link's maker, inside the linked nodes and as far as the link goes. Nothing above the nodes exists for who
 * has no rights of its own, nor what lies in the trash.
 */
export interface Lent {
  readonly nodes: readonly LentNode[]
  /** Everyone the maker is, as in Actor; its rights are judged anew with every op. */
  readonly subjects: readonly Subject[]
  readonly admin: boolean
}

export interface LentNode {
  readonly drive: DriveId
  readonly node: NodeId
  readonly allow: Readonly<Record<Kind, ActionBits>>
}
