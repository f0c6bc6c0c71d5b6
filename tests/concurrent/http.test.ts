/** As `histories.test.ts`, with clients that speak SMH to a server which sweeps meanwhile. */
import * as fc from 'fast-check'
import { afterAll, beforeAll, test } from 'vitest'
import type { Drive } from '../../src/engine/index.ts'
import { matchChildren } from '../engine/compare-nodes.ts'
import { dump } from '../engine/dump.ts'
import { everyNode } from '../engine/model-state.ts'
import { explore } from '../random/explore.ts'
import { startServer, type TestServer } from '../server.ts'
import { answersDiffer } from '../wire/converse.ts'
import { asking } from '../wire/request.ts'
import { smh, smhAs } from '../wire/smh.ts'
import { type Question, Scene, type Wire } from '../wire/wire.ts'
import { furnish } from './contest.ts'
import { logsOf, type Recorded } from './record.ts'
import { explain } from './serial-order.ts'
import { startState } from './start.ts'

const CONTESTS = 4
const ATTEMPTS = 20

/** The requests of all clients: each makes its own in order and waits for the answers. Files come in several requests. */
const contest = fc.noBias(
  fc.record({
    steps: fc.array(
      fc.record({
        ops: fc.array(
          asking.filter((one) => one.do !== 'file'),
          { minLength: 2, maxLength: 6, size: 'max' },
        ),
      }),
      { minLength: 8, maxLength: 32, size: 'max' },
    ),
  }),
)
type Answers = Awaited<ReturnType<Question['send']>>
type Contest = typeof contest extends fc.Arbitrary<infer Value> ? Value : never

let server: TestServer
const clock = { now: Date.now() }
beforeAll(async () => {
  server = await startServer({ clock: () => clock.now++ })
})
afterAll(() => server.stop())

let requests = 0

test('some serial order explains what 8 to 32 clients were told over HTTP', { timeout: 3_600_000 }, async () => {
  await explore({ name: '8 to 32 clients over HTTP', histories: contest, runs: CONTESTS, attempts: ATTEMPTS, play })
})

async function play({ steps: clients }: Contest): Promise<void> {
  const boss = (await smh(server)).actor
  const made = await server.engine.createDrives(boss, [
    { name: 'first', owner: 'user:alice' },
    { name: 'second', owner: 'user:alice' },
  ])
  const field = await furnish(server, made)
  const drives = await drivesNow(made.map(({ id }) => id))
  const start = await startState(server, drives, field)
  const nodes = everyNode(start)
  const wires = await Promise.all(clients.flatMap(({ ops }) => ops).map(() => smhAs(server, `caller${++requests}`)))
  const calls: Recorded[] = []
  let events = 0
  await Promise.all(
    clients.map(async ({ ops: askings }) => {
      for (const one of askings) {
        const wire = wires.pop()!
        const ids = drives.map(({ id }) => id)
        // A call of its own for each thing would be as many requests, with others in between.
        const together = { ...one, alone: false }
        const question = wire.question(together, new Scene(ids, server.engine.ids, nodes, one.oddity))
        if (!question) continue
        const asked = events++
        const said = await question.send()
        calls.push(recorded(wire, question, said, asked, events++))
      }
    }),
  )
  const end = explain(start, drives, { calls, logs: await logsOf(server, drives) })
  const { byId } = await dump(
    server.store,
    drives.map(({ id }) => id),
  )
  for (const [index, { root, trash }] of drives.entries()) {
    const model = end.drives[index]!
    matchChildren(model.root, byId.get(root)!.children, model.root.children, 'in the end ')
    matchChildren(null, byId.get(trash)!.children, model.trash, 'in the end ')
  }
}

function recorded(wire: Wire, question: Question, said: Answers, asked: number, answered: number): Recorded {
  const { ops, mode = 'each' } = question
  const differs: Recorded['differs'] = (expected) => answersDiffer(wire, said, expected)
  return { actor: wire.actor, mode, ops, asked, answered, results: [], differs }
}

async function drivesNow(ids: readonly Drive['id'][]): Promise<Drive[]> {
  const found = await server.store.read((tx) => tx.drives(ids))
  return ids.map((id) => found.find((drive) => drive.id === id)!)
}
