/** The connection to the database breaks: whoever asked gets an error, the state is whole, a second try succeeds. */
import { beforeAll, expect, it } from 'vitest'
import { type Course, disconnectedAt, questionsOf, spread, tryAll, undisturbed } from '../crash/runs.ts'
import { createTestDatabase } from '../store.ts'

const QUESTIONS = 10
const QUESTIONS_AT_ONCE = 10
const TIMEOUT_MS = 240_000

const makeDatabase = () => createTestDatabase('')
let course: Course
let questions: number
beforeAll(async () => {
  course = await undisturbed()
  questions = await questionsOf(makeDatabase)
}, TIMEOUT_MS)

it.each(Array.from({ length: QUESTIONS / QUESTIONS_AT_ONCE }, (_, i) => i + 1))(
  'a connection that breaks at any of 10 moments fails one call at most and harms nothing (part %i)',
  async (part) => {
    const all = Array.from({ length: questions }, (_, i) => i + 1)
    const some = spread(all, QUESTIONS).filter((_, i) => i % (QUESTIONS / QUESTIONS_AT_ONCE) === part - 1)
    expect(some).toHaveLength(QUESTIONS_AT_ONCE)
    let failed = 0
    await tryAll(some, async (question) => {
      if (await disconnectedAt(course, question, makeDatabase)) failed++
    })
    expect(failed).toBeGreaterThanOrEqual(QUESTIONS_AT_ONCE / 2)
  },
  TIMEOUT_MS,
)
