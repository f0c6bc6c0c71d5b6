import { describe, expect, it } from 'vitest'
import type { Task } from '../../engine/index.ts'
import { taskOf } from './task.ts'

const queued = {
  id: 9,
  state: 'queued',
  total: 3,
  done: 0,
  failed: 0,
  error: '',
  createdAt: 1000,
  startedAt: 0,
  finishedAt: 0,
} as unknown as Task

describe('a task', () => {
  it('waits, runs and succeeds in the vendor’s words', () => {
    expect(taskOf(queued)).toEqual({
      id: '9',
      status: 'INIT',
      totalCount: 3,
      successCount: 0,
      failCount: 0,
      beginTime: '1970-01-01T00:00:01Z',
    })
    expect(taskOf({ ...queued, state: 'running', done: 1, startedAt: 2000 })).toMatchObject({
      status: 'IN_PROGRESS',
      successCount: 1,
      beginTime: '1970-01-01T00:00:02Z',
    })
    expect(taskOf({ ...queued, state: 'done', done: 3, startedAt: 2000, finishedAt: 5000 })).toMatchObject({
      status: 'SUCCESS',
      successCount: 3,
      endTime: '1970-01-01T00:00:05Z',
    })
  })

  it('fails when anything failed, and says what first', () => {
    const failed = { ...queued, state: 'done', done: 2, failed: 1, error: 'quota_drive', finishedAt: 1 } as const
    expect(taskOf(failed)).toMatchObject({
      status: 'FAIL',
      successCount: 2,
      failCount: 1,
      failMessage: 'spaceQuotaInsufficient',
    })
  })
})
