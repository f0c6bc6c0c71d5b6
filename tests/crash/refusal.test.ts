/** A disk that refuses: whoever asked gets an error, the state is whole, a second try succeeds. */
import { beforeAll, expect, it } from 'vitest'
import { createTestDatabase, isPostgres } from '../store.ts'
import { type Course, refusedAt, spread, tryAll, undisturbed } from './runs.ts'

const STEPS = isPostgres() ? 40 : 100
const STEPS_AT_ONCE = 20
const TIMEOUT_MS = 240_000

let course: Course
beforeAll(async () => {
  course = await undisturbed()
}, TIMEOUT_MS)

it.each(Array.from({ length: STEPS / STEPS_AT_ONCE }, (_, i) => i + 1))(
  'one refused step, EIO or ENOSPC, fails one call at most and harms nothing (part %i)',
  async (part) => {
    const steps = spread([...course.steps.keys()].slice(0, isPostgres() ? -10 : undefined), STEPS).filter(
      (_, i) => i % (STEPS / STEPS_AT_ONCE) === part - 1,
    )
    expect(steps).toHaveLength(STEPS_AT_ONCE)
    await tryAll(steps, (step) =>
      refusedAt(course, step + 1, step % 2 === 0 ? 'EIO' : 'ENOSPC', () => createTestDatabase('')),
    )
  },
  TIMEOUT_MS,
)
