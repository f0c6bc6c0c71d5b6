/** A server and the naive model asked the same questions, through the words of one dialect. */
import type { Actor, Drive } from '../../src/engine/index.ts'
import { everyNode } from '../engine/model-state.ts'
import type { ModelResult } from '../engine/model-work.ts'
import { Pair } from '../engine/pair.ts'
import type { TestServer } from '../server.ts'
import type { Asking, Conversation } from './request.ts'
import { type Question, type Said, Scene, type Totals, type Wire } from './wire.ts'

/** After every how many requests everything stored is compared. */
const LOOK_EVERY = 8

export interface Parties {
  readonly server: TestServer
  readonly wire: Wire
  /** What the server's clock shows. */
  readonly clock: { now: number }
  /** Which calls were made. */
  readonly called: Set<string>
}

/** Throws where the server's answers, or what it stores, are not the model's. */
export async function converse(parties: Parties, { steps }: Conversation, closely: boolean): Promise<void> {
  const { server, wire } = parties
  const drives = await server.engine.createDrives(wire.actor, [
    { name: 'first', owner: wire.actor.self },
    { name: 'second', owner: wire.actor.self },
  ])
  const pair = new Pair(server.store, drives)
  for (const [index, asking] of steps.entries()) {
    await ask(parties, pair, asking)
    if (closely || index % LOOK_EVERY === LOOK_EVERY - 1) await pair.compareState(`after ${JSON.stringify(asking)} `)
  }
  await pair.compareState('at the end ')
}

async function ask({ server, wire, clock, called }: Parties, pair: Pair, asking: Asking): Promise<void> {
  const { state } = pair.model
  const scene = new Scene(pair.ids, server.engine.ids, everyNode(state), asking.oddity)
  const question = wire.question(asking, scene)
  if (!question) return
  clock.now += 1_000
  const when = `${JSON.stringify(asking)}\nwhich is ${question.ops.map((op) => `\n  ${JSON.stringify(op)}`).join('')}\n`
  for (const call of question.calls) called.add(call)
  const said = await question.send()
  const expected = answer(pair, wire.actor, question, clock.now)
  if (!isTotals(said) && question.text !== '') noteKnown(pair, said)
  const difference = answersDiffer(wire, said, expected)
  if (difference) throw new Error(`${when}${difference}`)
  while (await server.engine.work());
  pair.swept()
  await pair.compareLogs(when)
}

/** The model's answers. A file is one thing asked, though it takes two ops. */
function answer({ model }: Pair, actor: Actor, { ops, mode = 'each', text }: Question, now: number): ModelResult[] {
  if (text === undefined) return model.batch(actor, ops, mode, now)
  const [opening, commit] = ops
  const opened = model.batch(actor, [opening!], mode, now)
  if (opened[0]!.status === 'failed') return opened
  const session = model.state.uploads.at(-1)!
  session.id = `upload ${session.serial}` as typeof session.id
  session.text = text
  return model.batch(actor, [{ ...commit!, upload: session.id } as typeof commit & object], mode, now)
}

/** That bytes were here already is the server's to say: to the model all bytes are sent. */
function noteKnown({ model }: Pair, said: readonly Said[]): void {
  const { log } = model.state
  if (said.some((one) => one.ok && one.known) && log.length > 0) log.at(-1)!.source = 'known'
}

function isTotals(said: readonly Said[] | Totals): said is Totals {
  return 'done' in said
}

function totalsDiffer(said: Totals, expected: readonly ModelResult[]): string {
  const failed = expected.filter(({ status }) => status === 'failed').length
  const wanted = { done: expected.length - failed, failed }
  return said.done === wanted.done && said.failed === failed
    ? ''
    : `gave ${JSON.stringify(said)}, expected ${JSON.stringify(wanted)}: ${JSON.stringify(expected)}`
}

/** How answers differ from the model's; '' when they do not. */
export function answersDiffer(wire: Wire, said: readonly Said[] | Totals, expected: readonly ModelResult[]): string {
  return isTotals(said) ? totalsDiffer(said, expected) : saidDiffers(wire, said, expected)
}

function saidDiffers({ codes }: Wire, said: readonly Said[], expected: readonly ModelResult[]): string {
  if (said.length !== expected.length) return `gave ${said.length} answers, expected ${expected.length}`
  for (const [index, one] of said.entries()) {
    const wanted = expected[index]!
    const words = wanted.status === 'failed' ? wanted.codes.flatMap((code) => codes[code] ?? []) : ['done']
    const got = one.ok ? 'done' : one.code
    if (!words.includes(got)) return `thing ${index} gave ${got}, expected ${words.join(' or ')} (${told(wanted)})`
    if (one.ok && wanted.status !== 'failed') {
      const { id, name } = one
      const seen = wanted.view
      if (id !== undefined && seen && seen.id !== 0 && seen.id !== id) return `thing ${index} is ${id}, not ${seen.id}`
      if (name !== undefined && seen && seen.path.at(-1) !== name)
        return `thing ${index} is called ${name}, should be ${seen.path.at(-1)}`
    }
  }
  return ''
}

function told(result: ModelResult): string {
  return result.status === 'failed' ? result.codes.join(' ') : result.status
}

/** Drives of a conversation, for those who look at the server from outside. */
export type Drives = readonly Drive[]
