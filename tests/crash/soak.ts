/** Every durable step there is, from both sides, in all three ways of failing. For hours nobody waits for. */
import { allPoints, killedAt, packChild, powerlessAt, refusedAt, tryAll, undisturbed } from './runs.ts'

/**
 * Runs all of it; throws with everything that failed.
 * @param report told now and then how far it has come
 */
export async function soakCrashes(report: (line: string) => void): Promise<void> {
  const course = await undisturbed()
  const points = allPoints(course)
  const child = await packChild()
  const told = (what: string, total: number) => (count: number) => {
    if (count % 50 === 0 || count === total) report(`${what}: ${count} of ${total}`)
  }
  try {
    await tryAll(points, (point) => killedAt(course, child.path, point), told('killed', points.length))
  } finally {
    child.remove()
  }
  await tryAll(points, (point) => powerlessAt(course, point), told('power lost', points.length))
  const refusals = course.steps.flatMap((_, i) => (['EIO', 'ENOSPC'] as const).map((code) => ({ step: i + 1, code })))
  await tryAll(refusals, ({ step, code }) => refusedAt(course, step, code), told('refused', refusals.length))
}
