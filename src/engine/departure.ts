/** What users and groups leave behind when they are deleted: grants to them, and their lists. */
import { emptyChanges } from './effects.ts'
import { MARK_KINDS, type Subject, type TenantId } from './model.ts'
import type { WriteTx } from './port.ts'
import type { Swept } from './sweep.ts'

/** Grants taken away in one transaction; the sweep goes on with the rest. */
const GRANTS_AT_ONCE = 1_000
/** Subjects whose rest the sweep looks at in one slice. */
const SUBJECTS_AT_ONCE = 100

/** Takes away what was given to subjects. Of whom too much is left for now, the sweep is told; until then nobody is given the id. */
export async function depart(tx: WriteTx, tenant: TenantId, subjects: readonly Subject[]): Promise<void> {
  if (subjects.length === 0 || (await forget(tx, tenant, subjects))) return
  await tx.putDeparted(subjects.map((subject) => ({ tenant, subject })))
}

/** One slice of the sweep. */
export async function sweepDeparted(_: unknown, tx: WriteTx): Promise<Swept> {
  const rows = await tx.departed(SUBJECTS_AT_ONCE)
  const [first] = rows
  if (!first) return { removed: 0, hasMore: false }
  const together = rows.filter(({ tenant }) => tenant === first.tenant)
  const isDone = await forget(
    tx,
    first.tenant,
    together.map(({ subject }) => subject),
  )
  if (isDone) await tx.deleteDeparted(together)
  return { removed: together.length, hasMore: true }
}

/** Removes as much as fits; whether that was all. */
async function forget(tx: WriteTx, tenant: TenantId, subjects: readonly Subject[]): Promise<boolean> {
  const grants = await tx.grantPage({ tenant, side: 'to', subjects, after: null, limit: GRANTS_AT_ONCE })
  if (grants.length > 0) await tx.apply({ ...emptyChanges(), deleteGrants: grants })
  // A list is short: a thousand entries at most.
  const marks = await Promise.all(subjects.map((subject) => tx.marksOf({ tenant, subject, kinds: MARK_KINDS })))
  await tx.deleteMarks(marks.flat())
  return grants.length < GRANTS_AT_ONCE
}
