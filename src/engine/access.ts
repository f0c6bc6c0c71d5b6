/** What an actor may do: ownership first, then grants along the way up, then what the credential itself allows. */
import { ACTIONS, type ActionBits, ALL_ACTIONS, actions } from './action.ts'
import type { Actor, LentNode } from './actor.ts'
import { hasEnded } from './expiry.ts'
import type { Drive, Grant, Kind, Node, Subject } from './model.ts'

/** Whether the actor can know of the drive at all. */
export function reachesDrive(actor: Actor, drive: Drive): boolean {
  return drive.tenant === actor.tenant && drive.status === 'active' && (actor.drives?.includes(drive.id) ?? true)
}

/** Whether the actor can know of anything in the drive: by itself, or because a link opens nodes of it. */
export function seesDrive(actor: Actor, drive: Drive): boolean {
  const isOpen = drive.tenant === actor.tenant && drive.status === 'active'
  return reachesDrive(actor, drive) || (isOpen && (actor.lent?.nodes.some((lent) => lent.drive === drive.id) ?? false))
}

/** The lent nodes that a chain leads through, the nearest first; none for what does not live. */
export function lentAlong({ lent }: Actor, drive: Drive, chain: readonly Node[]): LentNode[] {
  if (!lent || chain.at(-1)!.id !== drive.root) return []
  return chain.flatMap((at) => lent.nodes.filter(({ drive: home, node }) => home === drive.id && node === at.id))
}

/** What a link gives on a node: never more than its maker could do there, and nothing once the maker may not share it. */
export function lentActions(
  actor: Actor,
  drive: Drive,
  chain: readonly Node[],
  lineage: Iterable<readonly Grant[]>,
  now: number,
): ActionBits {
  const along = lentAlong(actor, drive, chain)
  if (!actor.lent || along.length === 0) return 0
  const { admin, subjects } = actor.lent
  const owns = admin || isOwner(subjects, drive)
  const makers = owns ? ALL_ACTIONS : grantedActions(lineage, now, subjects)
  if (!(makers & ACTIONS.share)) return 0
  return makers & along.reduce((bits, { allow }) => bits | allow[chain[0]!.kind], 0)
}

/** Everyone whose grants matter for the actor. */
export function grantees({ subjects, lent }: Actor): readonly Subject[] {
  return lent ? [...new Set([...subjects, ...lent.subjects])] : subjects
}

/** Whether the actor holds every right on the drive without any grant. */
export function ownsDrive(actor: Actor, drive: Drive): boolean {
  const isReached = drive.tenant === actor.tenant && (actor.drives?.includes(drive.id) ?? true)
  return isReached && (actor.admin || isOwner(actor.subjects, drive))
}

/** Whether somebody who is all this has every right as the drive's owner, or by being in the group that owns it. */
function isOwner(subjects: readonly Subject[], { owner, settings }: Drive): boolean {
  return subjects.includes(owner) && !(settings.grantsOnly && owner.startsWith('group:'))
}

/**
 * The rights grants give: for each of the actor's subjects the grant nearest to the node counts, and what all its subjects
 * have is united. So a nearer grant can narrow what a farther one gave to the same subject, and only that.
 * @param lineage the grants on the node, on its parent, and so on up to the root
 * @param subjects whose grants count; absent = all of them
 */
export function grantedActions(
  lineage: Iterable<readonly Grant[]>,
  now: number,
  subjects?: readonly Subject[],
): ActionBits {
  const nearest = new Map<Subject, ActionBits>()
  for (const grants of lineage) {
    for (const grant of grants) {
      if (subjects && !subjects.includes(grant.subject)) continue
      if (!hasEnded(grant, now) && !nearest.has(grant.subject)) nearest.set(grant.subject, grant.actions)
    }
  }
  let bits = 0
  for (const actions of nearest.values()) bits |= actions
  return bits
}

const TAKING_AWAY = actions('download', 'copy', 'copyContent', 'print')

/** Rights with what those on one's own files give on this node. */
export function withOwn({ self }: Actor, { kind, creator }: Node, bits: ActionBits): ActionBits {
  if (kind === 'folder' || creator !== self) return bits
  const preview = bits & ACTIONS.previewOwn ? ACTIONS.preview : 0
  return bits | preview | (bits & ACTIONS.downloadOwn ? TAKING_AWAY : 0)
}

/** What remains of rights under the actor's credential. */
export function allowedActions(actor: Actor, kind: Kind, bits: ActionBits): ActionBits {
  return bits & actor.allow[kind] & ALL_ACTIONS
}
