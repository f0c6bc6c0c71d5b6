/** kill -9 at durable steps of a server whose rows are in PostgreSQL: what comes out is what comes out of SQLite. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { allPoints, type Course, killedAt, type Packed, packChild, spread, tryAll, undisturbed } from '../crash/runs.ts'
import { createTestDatabase } from '../store.ts'

const POINTS = 60
const POINTS_AT_ONCE = 10
const TIMEOUT_MS = 120_000

let course: Course
let child: Packed
beforeAll(async () => {
  course = await undisturbed()
  child = await packChild()
}, TIMEOUT_MS)
afterAll(() => child.remove())

it.each(Array.from({ length: POINTS / POINTS_AT_ONCE }, (_, i) => i + 1))(
  'a process killed at any of 10 moments loses nothing it answered for and leaves nothing half (part %i)',
  async (part) => {
    // The last steps may not be reached: a commit that is run again counts twice, one that is not needed here not at all.
    const points = spread(allPoints(course).slice(0, -20), POINTS).filter(
      (_, i) => i % (POINTS / POINTS_AT_ONCE) === part - 1,
    )
    expect(points).toHaveLength(POINTS_AT_ONCE)
    await tryAll(points, async (point) => {
      const database = await createTestDatabase('')
      try {
        await killedAt(course, child.path, point, database.url)
      } finally {
        await database.drop()
      }
    })
  },
  TIMEOUT_MS,
)
