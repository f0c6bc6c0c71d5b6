/** The power goes, and with it whatever was written and not synced. */
import { beforeAll, expect, it } from 'vitest'
import { createTestDatabase, isPostgres } from '../store.ts'
import { allPoints, type Course, powerlessAt, spread, tryAll, undisturbed } from './runs.ts'

const POINTS = isPostgres() ? 40 : 100
const POINTS_AT_ONCE = 20
const TIMEOUT_MS = 240_000

let course: Course
beforeAll(async () => {
  course = await undisturbed()
}, TIMEOUT_MS)

it.each(Array.from({ length: POINTS / POINTS_AT_ONCE }, (_, i) => i + 1))(
  'what was answered for was synced before, at any of 20 moments (part %i)',
  async (part) => {
    const points = spread(isPostgres() ? allPoints(course).slice(0, -20) : allPoints(course), POINTS).filter(
      (_, i) => i % (POINTS / POINTS_AT_ONCE) === part - 1,
    )
    expect(points).toHaveLength(POINTS_AT_ONCE)
    await tryAll(points, (point) => powerlessAt(course, point, () => createTestDatabase('')))
  },
  TIMEOUT_MS,
)
