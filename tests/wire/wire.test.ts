/** Random requests through each dialect, and the naive model's answers in that dialect's words. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { explore } from '../random/explore.ts'
import { startServer, type TestServer } from '../server.ts'
import { isPostgres } from '../store.ts'
import { converse } from './converse.ts'
import { dingtalk } from './dingtalk.ts'
import { pds } from './pds.ts'
import { conversation } from './request.ts'
import { smh } from './smh.ts'
import type { Dialect, Wire } from './wire.ts'
import { wps } from './wps.ts'

/** Conversations with each dialect. */
const CONVERSATIONS = 25

const DIALECTS: Readonly<Record<string, Dialect>> = { pds, smh, wps, dingtalk }

describe.each(Object.entries(DIALECTS))('%s and the naive model', (name, connect) => {
  const clock = { now: Date.now() }
  let server: TestServer
  let wire: Wire
  const called = new Set<string>()
  beforeAll(async () => {
    server = await startServer({ clock: () => clock.now })
    wire = await connect(server)
  })
  afterAll(() => server.stop())

  test('agree on every answer and every state', { timeout: 3_600_000 }, async () => {
    await explore({
      name: `${name} wire`,
      histories: conversation,
      runs: CONVERSATIONS,
      play: (one, closely) => converse({ server, wire, clock, called }, one, closely),
    })
    // One history that is replayed, or a few seconds of some, need not come to all of them.
    const { MODEL_PATH, MODEL_SECONDS } = process.env
    if (!MODEL_PATH && !MODEL_SECONDS && !isPostgres()) expect([...called].sort()).toEqual(wire.calls.toSorted())
  })
})
