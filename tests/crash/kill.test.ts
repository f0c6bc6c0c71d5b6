/** kill -9 at durable steps: everything acknowledged is there, nothing is half, work goes on. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestDatabase, isPostgres } from '../store.ts'
import { allPoints, type Course, killedAt, type Packed, packChild, spread, tryAll, undisturbed } from './runs.ts'

/** How many moments are tried here; the long test tries all there are. */
const POINTS = isPostgres() ? 60 : 320
const POINTS_AT_ONCE = 20
/** Starting 20 processes takes three seconds here, and many times that on a machine that is busy. */
const TIMEOUT_MS = 240_000

let course: Course
let child: Packed
beforeAll(async () => {
  course = await undisturbed()
  child = await packChild()
}, TIMEOUT_MS)
afterAll(() => child.remove())

const makeDatabase = () => createTestDatabase('')
/** With PostgreSQL the last steps may not come: a commit that is run again counts twice, one that is not needed not at all. */
const reachable = () => (isPostgres() ? allPoints(course).slice(0, -20) : allPoints(course))

it('the workload does what it says', () => {
  const { settled } = course.milestones.at(-1)!
  expect(settled).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^one trash:\/a\/one\.txt file .* 1=\S+ 2=\S+$/),
      expect.stringMatching(/^one:\/late file/),
      expect.stringMatching(/^two:\/b folder .* user:bob=3$/),
      expect.stringMatching(/^two:\/copied\/two\.bin file/),
      expect.stringMatching(/^two:\/z\/empty file/),
      expect.stringMatching(/^one:\/big copy\/8 folder/),
      expect.stringMatching(/^two:\/big\/8 folder/),
      'task batch done 3 done, 1 failed',
      'drive three is deleted at change 1',
    ]),
  )
  expect(new Set(course.steps)).toEqual(
    new Set(['commit', 'create', 'fsync', 'link', 'mkdir', 'rename', 'rm', 'unlink', 'utimes', 'write']),
  )
  expect(allPoints(course).length).toBeGreaterThan(POINTS)
})

it.each(Array.from({ length: POINTS / POINTS_AT_ONCE }, (_, i) => i + 1))(
  'a process killed at any of 20 moments loses nothing it answered for and leaves nothing half (part %i)',
  async (part) => {
    const points = spread(reachable(), POINTS).filter((_, i) => i % (POINTS / POINTS_AT_ONCE) === part - 1)
    expect(points).toHaveLength(POINTS_AT_ONCE)
    await tryAll(points, (point) => killedAt(course, child.path, point, makeDatabase))
  },
  TIMEOUT_MS,
)
