/** The engine and the naive model given the same steps; the first thing in which they differ is thrown. */
import {
  ACTIONS,
  type Actor,
  ALL_ACTIONS,
  type Drive,
  type Mode,
  type Op,
  type Result,
  type TenantId,
  type Upload,
} from '../../src/engine/index.ts'
import { resultDifference } from './compare-results.ts'
import { brokenInvariants } from './invariants.ts'
import { everyNode, type ModelUpload, sizeOf } from './model-state.ts'
import { at, bytesOf, grant, upload } from './ops.ts'
import { Pair } from './pair.ts'
import type { History, Step } from './random-steps.ts'
import { type Ghost, translate } from './translate.ts'
import { actorOf, settleDown, type World } from './world.ts'

let histories = 0

/** After every how many batches everything stored is compared, when that is not done after each. */
const LOOK_EVERY = 20

export interface PlayOptions {
  /** Compare everything after every step, which says exactly where the two part. */
  readonly closely?: boolean
}

/** Plays a history in a tenant of its own and throws where the two differ. */
export async function play(
  world: World,
  { steps, versionsMax, hasTrash, isOpen }: History,
  { closely = false }: PlayOptions = {},
): Promise<void> {
  const tenant = `history${++histories}` as TenantId
  const boss = actorOf('user:admin', { tenant, admin: true })
  const drives = await world.engine.createDrives(boss, [
    { name: 'first', owner: 'user:alice', app: 'shop', scene: 'photos' },
    { name: 'second', owner: 'user:bob', app: 'shop', settings: { versionsMax, trash: hasTrash } },
  ])
  const pair = new SideBySide(world, drives, closely ? 1 : LOOK_EVERY, [
    ...[boss, boss, boss, boss, boss],
    ...[1, 2, 3].map(() => actorOf('user:alice', { tenant })),
    ...[1, 2].map(() => actorOf('user:bob', { tenant, subjects: ['user:bob', 'group:readers', 'everyone'] })),
    actorOf('user:carol', { tenant, subjects: ['user:carol', 'group:readers', 'everyone'] }),
    actorOf('app:narrow', {
      tenant,
      admin: true,
      drives: [drives[0]!.id],
      allow: { file: ALL_ACTIONS & ~ACTIONS.delete, folder: ALL_ACTIONS & ~ACTIONS.purge & ~ACTIONS.rename },
    }),
  ])
  if (isOpen) await pair.open(boss)
  for (const step of steps) await pair.take(step)
  await pair.end()
}

class SideBySide {
  private readonly world: World
  private readonly lookEvery: number
  private looked = 0
  private readonly pair: Pair
  private readonly actors: readonly Actor[]
  private readonly ghosts: Ghost[]

  constructor(world: World, drives: readonly Drive[], lookEvery: number, actors: readonly Actor[]) {
    this.world = world
    this.lookEvery = lookEvery
    this.actors = actors
    this.pair = new Pair(world.store, drives)
    this.ghosts = drives.flatMap(({ id, trash, grave }) => [
      { id: trash, born: id, drive: id },
      { id: grave, born: id, drive: id },
    ])
  }

  async take(step: Step): Promise<void> {
    this.world.now += 1_000
    switch (step.do) {
      case 'wait':
        this.world.now += step.ms
        return
      case 'sweep':
        return this.sweep()
      case 'quota':
        return this.setQuota(step.pool, step.quota)
      case 'send':
        return this.send(step.text)
      case 'batch':
        return this.batch(step)
    }
  }

  /** Lets everyone in. */
  async open(boss: Actor): Promise<void> {
    const actions = ALL_ACTIONS & ~ACTIONS.permCtl
    const ops = this.pair.drives.map(({ id }) => grant(at(id), 'everyone', actions))
    await this.run(boss, 'each', ops)
  }

  /** What must be true in the end, whatever happened. */
  async end(): Promise<void> {
    await this.sweep()
    await this.pair.compareState('at the end')
    const broken = await brokenInvariants(this.world, this.pair.ids)
    if (broken.length > 0) throw new Error(`broken invariants:\n${broken.join('\n')}`)
  }

  private async sweep(): Promise<void> {
    await settleDown(this.world)
    this.pair.swept()
    await this.pair.compareLogs('after the sweep: ')
  }

  private async setQuota(pick: number, quota: number | null): Promise<void> {
    const pools = [...new Set(this.pair.model.state.drives.flatMap(({ pools }) => pools))]
    const pool = pools[pick % pools.length]!
    pool.quota = quota
    await this.world.engine.setQuotas(this.pair.drives[0]!.tenant, [pool])
  }

  /** Sends bytes for every upload that waits for some, if need be for one opened now. */
  private async send(text: string): Promise<void> {
    const isWaiting = (one: ModelUpload) => one.text === null && one.expiresAt > this.world.now
    if (!this.pair.model.state.uploads.some(isWaiting)) {
      const ops = this.pair.drives.map(({ id }) => upload(id))
      await this.run(this.actors[0]!, 'each', ops)
    }
    const waiting = this.pair.model.state.uploads.filter(isWaiting)
    await Promise.all(
      waiting.map(async (one) => {
        const outcome = await this.world.engine.writePart(one.id as never, 1, bytesOf(text))
        const isTooLong = one.size !== null && sizeOf(text) > one.size
        const code = 'status' in outcome ? outcome.error.code : ''
        if (code !== (isTooLong ? 'upload_mismatch' : '')) throw new Error(`sending ${text} gave ${code || 'no error'}`)
        if (!isTooLong) one.text = text
      }),
    )
  }

  private async batch({ actor: pick, mode, ops: symbols }: Extract<Step, { do: 'batch' }>): Promise<void> {
    const { state } = this.pair.model
    const around = { state, nodes: everyNode(state), ghosts: this.ghosts, now: this.world.now }
    const ops = symbols.map((symbol) => translate(symbol, around))
    await this.run(this.actors[pick % this.actors.length]!, mode, ops)
  }

  private async run(actor: Actor, mode: Mode, ops: readonly Op[]): Promise<void> {
    const { engine, now } = this.world
    const nodes = everyNode(this.pair.model.state)
    const told = () => `${actor.self} ${mode} ${ops.map((op) => `\n  ${JSON.stringify(op)}`).join('')}\n`
    let results: Result[]
    try {
      results = await engine.batch(actor, ops, mode)
    } catch (cause) {
      throw new Error(`the engine threw at\n${told()}`, { cause })
    }
    const expected = this.pair.model.batch(actor, ops, mode, now)
    if (results.length !== ops.length) throw new Error(`${results.length} results of\n${told()}`)
    const left = everyNode(this.pair.model.state)
    for (const [index, result] of results.entries()) {
      if (isLoosePage(ops, index)) continue
      const difference = resultDifference(ops[index]!, result, expected[index]!)
      if (difference) throw new Error(`op ${index} of\n${told()}${difference}`)
    }
    await this.compareTasks(actor, results)
    const sessions = results.flatMap((result) => (result.status === 'done' && result.upload ? [result.upload] : []))
    for (const one of this.pair.model.state.uploads) if (one.id === '') learnSession(one, sessions.shift()!)
    // Where nothing should have been written the log is looked at later: what should not be there will be found then.
    if (this.pair.model.state.log.length > 0 || this.lookEvery === 1) await this.pair.compareLogs(`after\n${told()}`)
    const isUnclear = left.some(({ id }) => id === 0)
    if (isUnclear || ++this.looked % this.lookEvery === 0) await this.pair.compareState(`after\n${told()}`)
    const alive = new Set(left.map(({ id }) => id))
    for (const { id, born, drive } of nodes) if (!alive.has(id)) this.ghosts.push({ id, born, drive } as Ghost)
  }

  private async compareTasks(actor: Actor, results: readonly Result[]): Promise<void> {
    const ids = results.flatMap((result) => (result.status === 'later' ? [result.task] : []))
    if (ids.length === 0) return
    const tasks = await this.world.engine.tasks(actor, ids)
    for (const task of tasks)
      if (task?.state !== 'done' || task.done !== 1) throw new Error(`a task is ${JSON.stringify(task)}`)
  }
}

/** A page of a batch that also writes, going on from an offset: where it goes on is not promised. */
function isLoosePage(ops: readonly Op[], index: number): boolean {
  const op = ops[index]!
  if (op.kind !== 'list' || !op.cursor || ops.slice(0, index).every(({ kind }) => kind === 'get' || kind === 'list'))
    return false
  return 'offset' in op.cursor
}

/** The id of an upload, and the one reserved for the file that it may become. */
function learnSession(session: ModelUpload, { id, node }: Upload): void {
  session.id = id
  session.reserved = node
}
