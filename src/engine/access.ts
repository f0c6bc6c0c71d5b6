/** What an actor may do: ownership first, then grants along the way up, then what the credential itself allows. */
import { type ActionBits, ALL_ACTIONS } from './action.ts'
import type { Actor } from './actor.ts'
import type { Drive, Grant, Kind, Subject } from './model.ts'

/** Whether the actor can know of the drive at all. */
export function reachesDrive(actor: Actor, drive: Drive): boolean {
  return drive.tenant === actor.tenant && drive.status === 'active' && (actor.drives?.includes(drive.id) ?? true)
}

/** Whether the actor holds every right on the drive without any grant. */
export function ownsDrive(actor: Actor, drive: Drive): boolean {
  return drive.tenant === actor.tenant && (actor.admin || actor.subjects.includes(drive.owner))
}

/**
 * The rights grants give: for each of the actor's subjects the grant nearest to the node counts, and what all its subjects
 * have is united. So a nearer grant can narrow what a farther one gave to the same subject, and only that.
 * @param lineage the actor's grants on the node, on its parent, and so on up to the root
 */
export function grantedActions(lineage: Iterable<readonly Grant[]>, now: number): ActionBits {
  const nearest = new Map<Subject, ActionBits>()
  for (const grants of lineage) {
    for (const grant of grants) {
      const alive = grant.expiresAt === 0 || grant.expiresAt > now
      if (alive && !nearest.has(grant.subject)) nearest.set(grant.subject, grant.actions)
    }
  }
  let bits = 0
  for (const actions of nearest.values()) bits |= actions
  return bits
}

/** What remains of rights under the actor's credential. */
export function allowedActions(actor: Actor, kind: Kind, bits: ActionBits): ActionBits {
  return bits & actor.allow[kind] & ALL_ACTIONS
}
