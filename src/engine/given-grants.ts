/** What is shared with somebody, and what somebody shares: grants over all drives of a tenant. */
import { ownsDrive } from './access.ts'
import type { Actor } from './actor.ts'
import type { RunBatch } from './batch.ts'
import { fail } from './error.ts'
import { hasEnded } from './expiry.ts'
import type { Drive, DriveId, Grant } from './model.ts'
import type { Clock, Store } from './port.ts'
import type { GivenGrant, GrantCursor, Readings } from './readings.ts'
import { look, SIGHT_NODES_MAX } from './sight.ts'

export function createGivenGrants(
  store: Store,
  batch: RunBatch,
  clock: Clock,
): Pick<Readings, 'grantsOf' | 'concernsOf'> {
  /** Those of the drives in which the actor sees something that was given to it. */
  async function drivesGiven(actor: Actor, drives: readonly Drive[]): Promise<Set<DriveId>> {
    const { tenant, subjects } = actor
    const open = new Set(drives.map(({ id }) => id))
    const given = new Set<DriveId>()
    let after: GrantCursor | null = null
    do {
      const query = { tenant, side: 'to', subjects, after, limit: SIGHT_NODES_MAX } as const
      const page: Grant[] = await store.read((tx) => tx.grantPage(query))
      const now = clock()
      const nodes = page
        .filter((grant) => open.has(grant.drive) && !hasEnded(grant, now))
        .map(({ drive, node }) => ({ drive, id: node }))
      for (const view of await look(batch, actor, nodes, 'no')) {
        if (view && open.delete(view.drive.id)) given.add(view.drive.id)
      }
      after = page.length === SIGHT_NODES_MAX ? cursorOf(page.at(-1)!) : null
    } while (after !== null && open.size > 0)
    return given
  }

  return {
    async concernsOf(actor, drives) {
      const strange = drives.filter((drive) => !ownsDrive(actor, drive))
      const given = strange.length > 0 ? await drivesGiven(actor, strange) : new Set()
      return drives.map((drive) => ownsDrive(actor, drive) || given.has(drive.id))
    },

    async grantsOf(actor, { side, subjects, after, limit }) {
      const isOwn = subjects.every((subject) => actor.subjects.includes(subject))
      if (!isOwn && !actor.admin) return fail('forbidden')
      const { tenant } = actor
      // One row more than asked tells whether there is a next page.
      const rows = await store.read((tx) => tx.grantPage({ tenant, side, subjects, after, limit: limit + 1 }))
      const page = rows.slice(0, limit)
      const now = clock()
      const alive = page.filter((grant) => !hasEnded(grant, now))
      const views = await look(
        batch,
        actor,
        alive.map(({ drive, node }) => ({ drive, id: node })),
        'no',
      )
      const items = alive.flatMap((grant, index): GivenGrant[] => {
        const view = views[index]
        return view ? [{ grant, view }] : []
      })
      return { items, next: rows.length > limit ? cursorOf(page.at(-1)!) : null }
    },
  }
}

function cursorOf({ createdAt, drive, node, subject }: Grant): GrantCursor {
  return { createdAt, drive, node, subject }
}
