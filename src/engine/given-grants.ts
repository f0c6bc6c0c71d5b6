/** What is shared with somebody, and what somebody shares: grants over all drives of a tenant. */
import type { RunBatch } from './batch.ts'
import { fail } from './error.ts'
import type { Clock, Store } from './port.ts'
import type { GivenGrant, Readings } from './readings.ts'
import { look } from './sight.ts'

export function createGivenGrants(store: Store, batch: RunBatch, clock: Clock): Pick<Readings, 'grantsOf'> {
  return {
    async grantsOf(actor, { side, subjects, after, limit }) {
      const isOwn = subjects.every((subject) => actor.subjects.includes(subject))
      if (!isOwn && !actor.admin) return fail('forbidden')
      const { tenant } = actor
      // One row more than asked tells whether there is a next page.
      const rows = await store.read((tx) => tx.grantPage({ tenant, side, subjects, after, limit: limit + 1 }))
      const page = rows.slice(0, limit)
      const now = clock()
      const alive = page.filter(({ expiresAt }) => expiresAt === 0 || expiresAt > now)
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

function cursorOf({ createdAt, drive, node, subject }: GivenGrant['grant']) {
  return { createdAt, drive, node, subject }
}
