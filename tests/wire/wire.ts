/** What a dialect must be able to do to be compared with the model. */
import type { Actor, DriveId, ErrorCode, IdCodec, Mode, NodeId, Op } from '../../src/engine/index.ts'
import { type ModelNode, pathOf } from '../engine/model-state.ts'
import type { TestServer } from '../server.ts'
import type { Asking } from './request.ts'

/** What was answered for one thing asked. */
export type Said =
  | {
      readonly ok: true
      readonly id?: number | undefined
      readonly name?: string | undefined
      /** That bytes need not be sent, since they are known. */
      readonly known?: boolean
    }
  | { readonly ok: false; readonly code: string }

/** What a dialect answers that only tells how many things were done. */
export interface Totals {
  readonly done: number
  readonly failed: number
}

export interface Question {
  /** What it means in the model's words: one op for each thing asked, for a file one upload and one commit. */
  readonly ops: readonly Op[]
  readonly mode?: Mode
  /** A file's bytes, sent between its upload and its commit. */
  readonly text?: string
  /** What is called for it; a call about one thing among many says so. */
  readonly calls: readonly string[]
  /** Sends it. One answer for each op, or one in all for a file. */
  send(): Promise<readonly Said[] | Totals>
}

export interface Wire {
  /** Who the server takes the caller for. */
  readonly actor: Actor
  /** How the dialect says what the model may find wrong; a code that is missing must not occur. */
  readonly codes: Readonly<Partial<Record<ErrorCode, readonly string[]>>>
  /** Every call the questions are made of; the random ones must have come to each. */
  readonly calls: readonly string[]
  /** The question an asking is in this dialect; null when it cannot ask that. */
  question(asking: Asking, scene: Scene): Question | null
}

export type Dialect = (server: TestServer) => Promise<Wire>

/** What may be asked about, in the present state of the model. */
export class Scene {
  readonly drives: readonly DriveId[]
  readonly ids: IdCodec
  private readonly alive: readonly ModelNode[]
  private readonly trashed: readonly ModelNode[]
  private readonly oddity: number

  constructor(drives: readonly DriveId[], ids: IdCodec, nodes: readonly ModelNode[], oddity: number) {
    this.drives = drives
    this.ids = ids
    this.alive = nodes.filter((node) => topOf(node).trash === null)
    this.trashed = nodes.filter(({ trash }) => trash !== null)
    this.oddity = oddity
  }

  /** The drive most of a request is about. */
  drive(pick: number): DriveId {
    return this.drives[pick % this.drives.length]!
  }

  /** Something that is there, the root only now and then, or something that is not. */
  node(pick: number): Target {
    if (this.oddity === 0 && pick % 3 === 0) return NOWHERE
    const among = this.alive.filter(({ parent }) => parent !== null || pick % 9 === 0)
    return among[pick % Math.max(1, among.length)] ?? NOWHERE
  }

  /** A file mostly. */
  file(pick: number): Target {
    const files = this.alive.filter(({ kind }) => kind === 'file')
    return this.oddity === 1 ? this.node(pick) : (files[pick % Math.max(1, files.length)] ?? NOWHERE)
  }

  folder(pick: number): Target {
    return this.oddity === 1 ? this.node(pick) : this.realFolder(pick)
  }

  realFolder(pick: number): ModelNode {
    const among = this.alive.filter(({ kind }) => kind === 'folder')
    return among[pick % among.length]!
  }

  folderIn(drive: DriveId, pick: number): Target {
    if (this.oddity === 1) return this.node(pick)
    const among = this.alive.filter((node) => node.kind === 'folder' && node.drive === drive)
    return among[pick % among.length]!
  }

  /** Something in the trash, or now and then something that is not. */
  away(pick: number): Target {
    return this.oddity === 2 ? this.node(pick) : (this.trashed[pick % Math.max(1, this.trashed.length)] ?? NOWHERE)
  }

  /** The drive in which a node is said to be. */
  claimed({ drive }: Target): DriveId {
    const other = this.drives.find((id) => id !== drive)!
    return drive === 0 || this.oddity === 3 ? other : (drive as DriveId)
  }
}

export type Target = ModelNode | typeof NOWHERE

/** A node that never was. */
const NOWHERE = {
  id: 999_999_999 as NodeId,
  born: 1 as DriveId,
  drive: 0 as DriveId,
  parent: null,
  trash: null,
}

/** Where a node is, by names. */
export function targetPath(target: Target): string[] {
  return 'children' in target ? pathOf(target) : ['nowhere']
}

function topOf(node: ModelNode): ModelNode {
  return node.parent ? topOf(node.parent) : node
}
