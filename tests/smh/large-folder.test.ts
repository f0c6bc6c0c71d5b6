/** Directories with more in them than one batch may touch: they are answered 202, whatever the call. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { LIBRARY, open, type Session } from './session.ts'

let smh: Session

beforeAll(async () => {
  smh = await open({ engine: { subtreeNodesMax: 2 } })
  for (const path of ['crowded', 'crowded/1', 'crowded/2', 'crowded/3']) await smh.mkdir(path)
})
afterAll(() => smh.stop())

const finished = (taskId: number, space = smh.space) =>
  expect
    .poll(async () => (await smh.call('GET', `/api/v1/task/${LIBRARY}/${space}/${taskId}`)).body[0], {
      timeout: 20_000,
    })
    .toMatchObject({ taskId, status: 200 })

it('one directory is copied by a task', async () => {
  const target = `/api/v1/directory/${LIBRARY}/${smh.space}/copy`
  const reply = await smh.call('PUT', target, { body: { copyFrom: 'crowded' } })
  expect([reply.status, reply.body]).toEqual([202, { taskId: expect.any(Number) }])
  await finished(reply.body.taskId)
  expect(await smh.tree()).toEqual(expect.arrayContaining(['copy/', 'copy/1/', 'copy/2/', 'copy/3/']))
})

it('in a batch it alone is a task’s', async () => {
  await smh.mkdir('small')
  const items = [
    { copyFrom: 'crowded', to: 'again' },
    { copyFrom: 'small', to: 'small too' },
  ]
  const { body } = await smh.batch('copy', items)
  expect(body.result).toMatchObject([{ status: 202, taskId: expect.any(Number) }, { to: ['small too'] }])
  await finished(body.result[0].taskId)
  expect(await smh.tree()).toEqual(expect.arrayContaining(['again/3/', 'small too/']))
})
