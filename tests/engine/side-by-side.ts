/** The engine and the naive model given the same steps; the first thing in which they differ is thrown. */
import {
  ACTIONS,
  type Actor,
  ALL_ACTIONS,
  type Drive,
  type Mode,
  type NodeId,
  type Op,
  type Result,
  type SearchCursor,
  type SearchQuery,
  type TenantId,
  type Upload,
} from '../../src/engine/index.ts'
import { resultDifference } from './compare-results.ts'
import { Follower } from './follower.ts'
import { brokenInvariants } from './invariants.ts'
import { found, SOUGHT, type Sought } from './model-search.ts'
import { everyNode, type ModelUpload, pathOf, sizeOf, trashTop, walkTree } from './model-state.ts'
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
  { steps, versionsMax, hasTrash, isOpen, isRead, isShared }: History,
  { closely = false }: PlayOptions = {},
): Promise<void> {
  const tenant = `history${++histories}` as TenantId
  const boss = actorOf('user:admin', { tenant, admin: true })
  const made = await world.engine.createDrives(boss, [
    { name: 'first', owner: 'user:alice', app: 'shop', scene: 'photos' },
    { name: 'second', owner: 'user:bob', app: 'shop', settings: { versionsMax, trash: hasTrash } },
  ])
  const ids = made.map(({ id }) => id)
  if (isShared) await world.engine.createPools(boss, [{ quota: 60, drives: ids }])
  const drives = (await world.engine.drives(boss, ids)).map((drive) => drive!)
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
  const followed = isRead ? Math.floor(steps.length / 2) : steps.length
  for (const step of steps.slice(0, followed)) await pair.take(step)
  if (isRead) await pair.beginToFollow(boss)
  for (const step of steps.slice(followed)) await pair.take(step)
  await pair.end()
  if (isRead) await pair.compareReadings()
}

class SideBySide {
  private readonly world: World
  private readonly lookEvery: number
  private looked = 0
  private readonly pair: Pair
  private readonly actors: readonly Actor[]
  private readonly ghosts: Ghost[]
  private followers: Follower[] = []

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

  /** From here on somebody keeps copies: of each drive from its beginning, and of each folder at the top as it is now. */
  async beginToFollow(boss: Actor): Promise<void> {
    const { engine } = this.world
    await this.pair.compareState('before it is followed')
    const whole = this.pair.drives.map(({ id, root }) => ({ drive: id, top: root, isPart: false, cursor: 0 }))
    const parts = this.pair.model.state.drives.flatMap(({ id, root }, index) =>
      root.children
        .filter(({ kind }) => kind === 'folder')
        .map((top) => ({ drive: id, top: top.id as NodeId, isPart: true, cursor: this.pair.drives[index]!.seq })),
    )
    this.followers = [...whole, ...parts].map((place) => new Follower(engine, boss, place))
    await Promise.all(this.followers.map((follower) => follower.begin()))
  }

  /** Copies kept by the change log, and searches, against the naive drives. */
  async compareReadings(): Promise<void> {
    for (const follower of this.followers) await this.compareCopy(follower)
    for (const [index, sought] of SOUGHT.entries()) await this.compareSearch(sought, index)
  }

  private async compareCopy(follower: Follower): Promise<void> {
    const top = everyNode(this.pair.model.state).find(({ id }) => id === follower.top)
    const isThere = top !== undefined && trashTop(top) === null && top.drive === follower.drive
    if ((await follower.follow()) !== isThere)
      throw new Error(`folder ${follower.top} is ${isThere ? '' : 'not '}there`)
    if (!isThere) return
    const above = pathOf(top).length
    const wanted = walkTree(top)
      .slice(1)
      .map((node) => [node.id, pathOf(node).slice(above).join('/')] as const)
    const differences = mapDifferences(new Map<number, string>(follower.paths()), new Map(wanted))
    if (differences.length > 0) throw new Error(`the copy of ${follower.top} is wrong:\n${differences.join('\n')}`)
  }

  private async compareSearch({ where, matches }: Sought, index: number): Promise<void> {
    const { engine, now } = this.world
    const by = (['name', 'created', 'updated', 'size'] as const)[index % 4]!
    const order = { by, descending: index % 3 === 0 }
    const trashed = index % 5 === 4 ? 'only' : 'no'
    for (const actor of [this.actors[0]!, this.actors.at(-2)!]) {
      const ids: number[] = []
      let cursor: SearchCursor | null = null
      do {
        const query: SearchQuery = { drives: this.pair.ids, where, trashed, order: [order], limit: 5, cursor }
        const page = await engine.search(actor, query)
        if ('status' in page) throw new Error(`a search failed: ${page.error.code}`)
        ids.push(...page.items.map(({ node }) => node.id))
        cursor = page.next
      } while (cursor !== null)
      const wanted = found(this.pair.model.state, { actor, now, matches, trashed, ...order })
      const told = `${actor.self} searching ${trashed} ${JSON.stringify(where)} by ${by}`
      if (ids.join() !== wanted.join()) throw new Error(`${told} found ${ids}, should find ${wanted}`)
    }
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

/** What one of two maps says otherwise than the other. */
function mapDifferences(has: ReadonlyMap<number, string>, wanted: ReadonlyMap<number, string>): string[] {
  return [...new Set([...has.keys(), ...wanted.keys()])]
    .filter((id) => has.get(id) !== wanted.get(id))
    .map((id) => `${id} is ${has.get(id)}, should be ${wanted.get(id)}`)
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
