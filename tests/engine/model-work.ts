/** One op at work on the naive model: what it can find, may do, and finds wrong. */
import {
  ACTIONS,
  type Actor,
  ALL_ACTIONS,
  type ChangeKind,
  type ErrorCode,
  type Kind,
  type Op,
  type Ref,
  type Subject,
  type Trashed,
} from '../../src/engine/index.ts'
import {
  childrenOf,
  everyNode,
  keyOf,
  type ModelChange,
  type ModelDrive,
  type ModelNode,
  type ModelState,
  type ModelVersion,
  pathOf,
  trashTop,
  upwards,
  usedOf,
} from './model-state.ts'

/** A node as a result shows it. */
export interface ModelView {
  readonly id: number
  readonly path: readonly string[]
  readonly kind: Kind
  readonly twin: boolean
  readonly rev: number
  readonly version: number
  readonly actions: number
  readonly trashed: boolean
}

export interface ModelDone {
  readonly status: 'done' | 'later'
  readonly view: ModelView | null
  readonly existed: boolean
  readonly page?: { readonly items: readonly ModelView[]; readonly more: boolean }
  /** Versions or grants, one line each. */
  readonly more?: readonly string[]
}

export type ModelResult = ModelDone | { readonly status: 'failed'; readonly codes: readonly ErrorCode[] }

/** Everything that is wrong with an op. */
export class Wrong extends Error {
  readonly codes: readonly ErrorCode[]

  constructor(codes: readonly ErrorCode[]) {
    super(codes.join(' '))
    this.codes = codes
  }
}

/** One op at work on the state. */
export class Work {
  readonly state: ModelState
  readonly actor: Actor
  readonly now: number
  private readonly wrong = new Set<ErrorCode>()

  constructor(state: ModelState, actor: Actor, now: number) {
    this.state = state
    this.actor = actor
    this.now = now
  }

  /** Notes what is wrong; `stop` then ends the op. */
  fault(code: ErrorCode, isTrue: boolean = true): void {
    if (isTrue) this.wrong.add(code)
  }

  stop(): void {
    if (this.wrong.size > 0) throw new Wrong([...this.wrong])
  }

  fail(code: ErrorCode): never {
    this.fault(code)
    throw new Wrong([...this.wrong])
  }

  driveOf(node: ModelNode): ModelDrive {
    return this.state.drives.find(({ id }) => id === node.drive)!
  }

  reach(id: number): ModelDrive | undefined {
    if (!(this.actor.drives?.includes(id as never) ?? true)) return undefined
    return this.state.drives.find((drive) => drive.id === id)
  }

  /** The node a ref means, or undefined with the reason noted. */
  find(ref: Ref, trashed: Trashed): ModelNode | undefined {
    if (ref.drive !== undefined && !this.reach(ref.drive)) {
      this.fault('drive_not_found')
      return undefined
    }
    const node = this.pointed(ref)
    if (!node && 'trash' in ref) this.fault('trash_not_found')
    const visible = node && this.reach(node.drive)
    const inTrash = node ? trashTop(node) !== null : false
    const fits = trashed === 'any' || (trashed === 'only') === inTrash
    if (node && visible && fits) return node
    this.fault('node_not_found')
    return undefined
  }

  private pointed(ref: Ref): ModelNode | undefined {
    if ('path' in ref) {
      let at: ModelNode | undefined = this.reach(ref.drive)!.root
      for (const name of ref.path) at = at && childNamed(at, name)
      return at
    }
    if ('trash' in ref) return this.reach(ref.drive)!.trash.find(({ trash }) => trash!.id === ref.trash)
    const node = everyNode(this.state).find(({ id }) => id !== 0 && id === ref.id)
    if ('born' in ref && node?.born !== ref.born) return undefined
    return ref.drive === undefined || node?.drive === ref.drive ? node : undefined
  }

  may(node: ModelNode): number {
    return this.granted(node) & this.actor.allow[node.kind]
  }

  needs(node: ModelNode, actions: number): void {
    this.fault('forbidden', (this.may(node) & actions) !== actions)
  }

  private granted(node: ModelNode): number {
    const { admin, subjects, self } = this.actor
    if (admin || subjects.includes(this.driveOf(node).owner)) return ALL_ACTIONS
    const bits = subjects.reduce((bits, subject) => bits | this.nearest(standing(node), subject), 0)
    if (node.kind === 'folder' || node.creator !== self) return bits
    const { previewOwn, downloadOwn, preview, download, copy, copyContent, print } = ACTIONS
    const taking = bits & downloadOwn ? download | copy | copyContent | print : 0
    return bits | taking | (bits & previewOwn ? preview : 0)
  }

  /** What somebody was given by the nearest of these. */
  private nearest(places: readonly ModelNode[], subject: Subject): number {
    for (const { grants } of places) {
      const own = grants.find((grant) => grant.subject === subject && !this.hasEnded(grant.expiresAt))
      if (own) return own.actions
    }
    return 0
  }

  /** Whether the actor would give up what it was given on a node, and have no more than before. */
  mayLeave(ref: Ref, subject: Subject): boolean {
    const node = this.find(ref, 'no')
    if (!node || subject !== this.actor.self || !(this.actor.allow[node.kind] & ACTIONS.permCtl)) return false
    const [here, ...above] = upwards(node)
    const isHolder = here!.grants.some((grant) => grant.subject === subject)
    return isHolder && (this.nearest(above, subject) & ~this.nearest([here!, ...above], subject)) === 0
  }

  private hasEnded(expiresAt: number): boolean {
    return expiresAt !== 0 && expiresAt <= this.now
  }

  /** The checks every op makes of the node it is about. */
  subject(
    ref: Ref,
    needed: number,
    wanted: { trashed: Trashed; rootToo?: boolean; expect?: Kind | undefined; ifRev?: number | undefined },
  ): ModelNode | undefined {
    const node = this.find(ref, wanted.trashed)
    if (!node) return undefined
    this.needs(node, needed)
    this.fault('wrong_kind', wanted.expect !== undefined && node.kind !== wanted.expect)
    this.fault('root_refused', !wanted.rootToo && node.parent === null && node.trash === null)
    this.fault('precondition_failed', wanted.ifRev !== undefined && node.rev !== wanted.ifRev)
    return node
  }

  /**
   * Notes which pools have no room. Bytes that come from another drive are no news to a pool which both drives share,
   * unless it is over its quota already.
   */
  charge(drive: ModelDrive, size: number, from?: ModelDrive): void {
    if (size <= 0) return
    for (const pool of drive.pools) {
      const used = usedOf(this.state, pool)
      const after = from?.pools.includes(pool) ? used : used + size
      this.fault(`quota_${pool.kind}`, pool.quota !== null && after > pool.quota)
    }
  }

  /**
   * Writes into the change log where a node is now.
   * @param from where in this drive it was before; for what was moved or renamed
   * @param source what it was made of
   * @param replaces whether it put an end to what was there
   */
  note(
    kind: ChangeKind,
    node: ModelNode,
    { from, source, replaces = false }: Partial<Pick<ModelChange, 'from' | 'source' | 'replaces'>> = {},
  ) {
    const { drive, name } = node
    const parent = node.trash ? 'the trash' : node.parent
    const { ops: op } = this.state
    const when = { at: this.now, by: this.actor.self }
    const origin = { from: from ?? null, source: source ?? null }
    this.state.log.push({ op, kind, drive, node, parent, name, ...origin, replaces, ...when })
  }

  touch(node: ModelNode): void {
    node.rev++
    node.updatedAt = this.now
    node.modifier = this.actor.self
  }

  /** A state of a file's content as written now. */
  version(number: number, text: string): ModelVersion {
    return { number, text, at: this.now, by: this.actor.self, keep: false, description: '' }
  }

  newNode(parent: ModelNode, name: string, kind: Kind): ModelNode {
    const node: ModelNode = {
      id: 0,
      born: 0,
      serial: ++this.state.serials,
      drive: parent.drive,
      kind,
      name,
      twin: false,
      parent,
      children: [],
      versions: [],
      rev: 1,
      createdAt: this.now,
      updatedAt: this.now,
      creator: this.actor.self,
      modifier: this.actor.self,
      attributes: {},
      grants: [],
      trash: null,
      gone: false,
    }
    parent.children.push(node)
    return node
  }

  view(node: ModelNode): ModelView {
    const { id, kind, twin, rev } = node
    const version = node.versions.at(-1)?.number ?? 0
    const trashed = trashTop(node) !== null
    return { id, path: pathOf(node), kind, twin, rev, version, actions: this.may(node), trashed }
  }

  done(node: ModelNode | null, existed = false, later = false): ModelDone {
    this.stop()
    return { status: later && !existed ? 'later' : 'done', view: node && this.view(node), existed }
  }
}

export function childNamed(parent: ModelNode, name: string): ModelNode | undefined {
  return childrenOf(parent).find((child) => keyOf(child.name) === keyOf(name))
}

/** Where rights come from, nearest first: what is above a node, and above the place from which it was trashed. */
function standing(node: ModelNode): ModelNode[] {
  const own = upwards(node)
  const origin = own.at(-1)!.trash?.parent
  return origin && !origin.gone && origin.drive === node.drive ? [...own, ...standing(origin)] : own
}

export type Handlers = { readonly [Kind in Op['kind']]: (work: Work, op: Extract<Op, { kind: Kind }>) => ModelResult }
