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
} from '../../src/engine/index.ts'
import { matchChildren } from './compare-nodes.ts'
import { resultDifference } from './compare-results.ts'
import type { DumpNode, Inspector } from './dump.ts'
import { brokenInvariants } from './invariants.ts'
import { Model } from './model.ts'
import { type ModelDrive, type ModelNode, type ModelUpload, sizeOf, usedBy, walkTree } from './model-state.ts'
import { at, bytesOf, grant, upload } from './ops.ts'
import type { History, Step } from './random-steps.ts'
import { type Ghost, translate } from './translate.ts'
import { actorOf, settleDown, type World } from './world.ts'

let histories = 0

/** Plays a history in a tenant of its own and throws where the two differ. */
export async function play(
  world: World,
  inspector: Inspector,
  { steps, versionsMax, hasTrash, isOpen }: History,
): Promise<void> {
  const tenant = `history${++histories}` as TenantId
  const boss = actorOf('user:admin', { tenant, admin: true })
  const drives = await world.engine.createDrives(boss, [
    { name: 'first', owner: 'user:alice' },
    { name: 'second', owner: 'user:bob', settings: { versionsMax, trash: hasTrash } },
  ])
  const pair = new SideBySide(world, inspector, drives, [
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
  private readonly inspector: Inspector
  private readonly drives: readonly Drive[]
  private readonly actors: readonly Actor[]
  private readonly model: Model
  private readonly ghosts: Ghost[]

  constructor(world: World, inspector: Inspector, drives: readonly Drive[], actors: readonly Actor[]) {
    this.world = world
    this.inspector = inspector
    this.drives = drives
    this.actors = actors
    this.model = new Model({
      drives: drives.map((drive) => modelDrive(drive)),
      uploads: [],
      tenantQuota: null,
      serials: 0,
    })
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
        await settleDown(this.world)
        for (const drive of this.model.state.drives) drive.buried = 0
        return this.compareState('after the sweep')
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
    const ops = this.drives.map(({ id }) => grant(at(id), 'everyone', actions))
    await this.run(boss, 'each', ops)
  }

  /** What must be true in the end, whatever happened. */
  async end(): Promise<void> {
    await settleDown(this.world)
    for (const drive of this.model.state.drives) drive.buried = 0
    this.compareState('at the end')
    const broken = brokenInvariants(
      this.inspector,
      this.drives.map(({ id }) => id),
    )
    if (broken.length > 0) throw new Error(`broken invariants:\n${broken.join('\n')}`)
  }

  private async setQuota(pool: number, quota: number | null): Promise<void> {
    const { state } = this.model
    const drive = state.drives[pool]
    if (drive) drive.quota = quota
    else state.tenantQuota = quota
    const key = drive ? String(drive.id) : ''
    await this.world.engine.setQuotas(this.drives[0]!.tenant, [{ kind: drive ? 'drive' : 'tenant', key, quota }])
  }

  /** Sends bytes for every upload that waits for some, if need be for one opened now. */
  private async send(text: string): Promise<void> {
    const isWaiting = (one: ModelUpload) => one.text === null && one.expiresAt > this.world.now
    if (!this.model.state.uploads.some(isWaiting)) {
      const ops = this.drives.map(({ id }) => upload(id))
      await this.run(this.actors[0]!, 'each', ops)
    }
    const waiting = this.model.state.uploads.filter(isWaiting)
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
    const around = { state: this.model.state, nodes: this.everyNode(), ghosts: this.ghosts, now: this.world.now }
    const ops = symbols.map((symbol) => translate(symbol, around))
    await this.run(this.actors[pick % this.actors.length]!, mode, ops)
  }

  private async run(actor: Actor, mode: Mode, ops: readonly Op[]): Promise<void> {
    const { engine, now } = this.world
    const nodes = this.everyNode()
    const before = new Map(nodes.map(({ id, rev }) => [id as number, rev]))
    const told = () => `${actor.self} ${mode} ${ops.map((op) => `\n  ${JSON.stringify(op)}`).join('')}\n`
    let results: Result[]
    try {
      results = await engine.batch(actor, ops, mode)
    } catch (cause) {
      throw new Error(`the engine threw at\n${told()}`, { cause })
    }
    const expected = this.model.batch(actor, ops, mode, now)
    if (results.length !== ops.length) throw new Error(`${results.length} results of\n${told()}`)
    const revs = new Map(this.everyNode().map(({ id, rev }) => [id as number, rev]))
    const changed = (id: number) => revs.get(id) !== before.get(id)
    for (const [index, result] of results.entries()) {
      if (isLoosePage(ops, index, changed)) continue
      const difference = resultDifference(ops[index]!, result, expected[index]!)
      if (difference) throw new Error(`op ${index} of\n${told()}${difference}`)
    }
    await this.compareTasks(actor, results)
    const sessions = results.flatMap((result) => (result.status === 'done' && result.upload ? [result.upload.id] : []))
    for (const one of this.model.state.uploads) if (one.id === '') one.id = sessions.shift()!
    this.compareState(`after\n${told()}`)
    const alive = new Set(this.everyNode().map(({ id }) => id))
    for (const { id, born, drive } of nodes) if (!alive.has(id)) this.ghosts.push({ id, born, drive } as Ghost)
  }

  private everyNode(): ModelNode[] {
    const tops = this.model.state.drives.flatMap(({ root, trash }) => [root, ...trash])
    return tops.flatMap(walkTree).sort((a, b) => a.id - b.id)
  }

  private async compareTasks(actor: Actor, results: readonly Result[]): Promise<void> {
    const ids = results.flatMap((result) => (result.status === 'later' ? [result.task] : []))
    if (ids.length === 0) return
    const tasks = await this.world.engine.tasks(actor, ids)
    for (const task of tasks)
      if (task?.state !== 'done' || task.done !== 1) throw new Error(`a task is ${JSON.stringify(task)}`)
  }

  /** Compares every row of the drives, and learns the ids of what is new. */
  private compareState(when: string): void {
    const dump = this.inspector.dump(this.drives.map(({ id }) => id))
    const parents: [node: ModelNode, entry: NonNullable<DumpNode['trash']>][] = []
    for (const [index, drive] of this.model.state.drives.entries()) {
      const { root, trash } = this.drives[index]!
      matchChildren(drive.root, dump.byId.get(root)!.children, drive.root.children, when, parents)
      matchChildren(null, dump.byId.get(trash)!.children, drive.trash, when, parents)
    }
    for (const [node, entry] of parents) {
      const { trash } = node
      trash!.id = entry.id
      if (!trash!.parent.gone && trash!.parent.id !== entry.parent) {
        throw new Error(`${when}node ${node.id} was trashed out of ${trash!.parent.id}, its entry says ${entry.parent}`)
      }
    }
    this.comparePools(when)
  }

  private comparePools(when: string): void {
    const { drives } = this.model.state
    const used = [...drives.map(usedBy), drives.reduce((sum, drive) => sum + usedBy(drive), 0)]
    const keys = [...drives.map(({ id }) => String(id)), '']
    const pools = this.inspector.rows<{ key: string; used: number }>(
      'select key, used from pool where tenant_id = ?',
      this.drives[0]!.tenant,
    )
    const found = keys.map((key) => pools.find((pool) => pool.key === key)?.used)
    if (String(found) !== String(used)) throw new Error(`${when}pools hold ${found}, should hold ${used}`)
  }
}

/**
 * A page of a batch that also writes, going on from an offset or after a node which the batch itself renamed or changed:
 * where it goes on is not promised.
 */
function isLoosePage(ops: readonly Op[], index: number, changed: (id: number) => boolean): boolean {
  const op = ops[index]!
  if (op.kind !== 'list' || !op.cursor || ops.slice(0, index).every(({ kind }) => kind === 'get' || kind === 'list'))
    return false
  return 'offset' in op.cursor || changed(op.cursor.after)
}

function modelDrive({ id, root, owner, settings, createdAt, creator }: Drive): ModelDrive {
  const top: ModelNode = {
    id: root,
    born: id,
    serial: 0,
    drive: id,
    kind: 'folder',
    name: '',
    twin: false,
    parent: null,
    children: [],
    versions: [],
    rev: 1,
    createdAt,
    updatedAt: createdAt,
    creator,
    modifier: creator,
    attributes: {},
    grants: [],
    trash: null,
    gone: false,
  }
  const { trash: hasTrash, versionsMax } = settings
  return { id, owner, root: top, trash: [], buried: 0, quota: null, hasTrash, versionsMax }
}
