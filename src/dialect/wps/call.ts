/** What a handler gets and gives, and how it asks the engine. */
import {
  ACTIONS,
  type Actor,
  type App,
  type Done,
  type DriveId,
  type Engine,
  fail,
  type GetOp,
  type Later,
  type Mode,
  type NodeView,
  type Op,
  PAGE_SIZE_MAX,
  type Ref,
  type Result,
  type Token,
} from '../../engine/index.ts'
import { isRefusal, type Refusal, refusalOf, refuse } from './error.ts'
import type { Input } from './input.ts'
import type { Scope } from './scope.ts'
import { DRIVE_ALIASES, fileRef, folderRef, ID_CHARACTERS_MAX, parseDriveId, sourceOf } from './terms.ts'

/** One authorised request. */
export interface Call {
  readonly engine: Engine
  readonly actor: Actor
  readonly token: Token
  readonly app: App
  /** Under which address the client reached us, without a slash at the end. */
  readonly origin: string
  readonly params: Readonly<Record<string, string>>
  readonly query: Input
  readonly body: Input
}

/** A success, with what goes into `data`, or a refusal. */
export type Answer = { readonly data?: unknown } | Refusal

export interface Route {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** The vendor's name for the call. */
  readonly operation: string
  readonly coverage?: string
  /** Any one of them opens the call. */
  readonly scopes: readonly Scope[]
  handle(call: Call): Promise<Answer>
}

/** Runs ops as the caller. What the caller may not even list is as if it did not exist. */
export async function runOps(call: Call, ops: readonly Op[], mode: Mode = 'each'): Promise<Result[]> {
  const results = await call.engine.batch(call.actor, ops, mode)
  const doubts = results.flatMap((result, index) => {
    const ref =
      result.status === 'failed' && result.error.code === 'forbidden' && forbiddenRef(ops[index]!, result.error.at)
    return ref ? [{ index, ref }] : []
  })
  if (doubts.length === 0) return results
  const seen = await call.engine.batch(
    call.actor,
    doubts.map(({ ref }) => getOp(ref, 'any')),
  )
  const hidden = new Map(doubts.map(({ index }, at) => [index, seen[at]!.status === 'failed']))
  return results.map((result, index) =>
    result.status === 'failed' && hidden.get(index) ? fail('node_not_found', { at: result.error.at }) : result,
  )
}

/** The node a `forbidden` is about; undefined for a folder that was yet to be made, below one the caller has seen. */
function forbiddenRef(op: Op, at: 'node' | 'target'): Ref | undefined {
  switch (op.kind) {
    case 'list':
      return op.folder
    case 'createFolder':
      return op.makeParents ? undefined : op.parent
    case 'upload':
    case 'commit':
      return op.target ?? op.parent
    case 'move':
    case 'copy':
      return at === 'target' ? op.to : op.node
    default:
      return op.node
  }
}

/** Runs one op. */
export async function runOne(call: Call, op: Op): Promise<Done | Later | Refusal> {
  const [result] = await runOps(call, [op])
  return result!.status === 'failed' ? refusalOf(result!.error, op.kind) : result!
}

/** Runs ops of which either all are done or none; the result is that of the last, or why nothing was done. */
export async function runAll(call: Call, ops: readonly Op[]): Promise<Done | Later | Refusal> {
  const results = await runOps(call, ops, 'all')
  for (const [index, result] of results.entries()) {
    if (result.status === 'failed' && result.error.code !== 'batch_refused')
      return refusalOf(result.error, ops[index]!.kind)
  }
  const last = results.at(-1)!
  return last.status === 'failed' ? refusalOf(last.error) : last
}

/** Reads a node that the caller may list. */
export function getOp(node: Ref, trashed: GetOp['trashed'] = 'no', need = 0): GetOp {
  return { kind: 'get', node, need: ACTIONS.list | need, trashed }
}

/** One node the caller may list. */
export async function readNode(call: Call, op: GetOp): Promise<NodeView | Refusal> {
  const result = await runOne(call, op)
  return isRefusal(result) ? result : result.view!
}

/** A drive by its id, or by one of the words that stand for a drive of the caller's own. */
export async function driveOf(call: Call, text: string): Promise<DriveId | Refusal> {
  const sources = Object.hasOwn(DRIVE_ALIASES, text) ? DRIVE_ALIASES[text]! : []
  if (sources.length === 0) return parseDriveId(text) ?? refuse('noDrive')
  const { engine, actor } = call
  const { items } = await engine.listDrives(actor, { owners: [actor.self], after: 0, limit: PAGE_SIZE_MAX })
  const found = sources.map((source) => items.find((drive) => sourceOf(drive) === source)).find((drive) => drive)
  return found?.id ?? refuse('noDrive')
}

/** A file id as the reference it stands for. */
export function fileParam(call: Call, text: string, drive?: DriveId): Ref | Refusal {
  if (text.length > ID_CHARACTERS_MAX) return refuse('tooLong', `an id is longer than ${ID_CHARACTERS_MAX} characters`)
  return fileRef(call.engine.ids, text, drive) ?? refuse('noFile')
}

/** A folder id as the reference it stands for; `0` is the drive's root. */
export function folderParam(call: Call, text: string, drive: DriveId): Ref | Refusal {
  return folderRef(call.engine.ids, text, drive) ?? fileParam(call, text, drive)
}

/** The drive and the file (or, with `root`, the folder) that a path names. */
export async function nodeParams(
  call: Call,
  root: 'may be the root' | 'never the root' = 'never the root',
): Promise<{ drive: DriveId; node: Ref } | Refusal> {
  const drive = await driveOf(call, call.params.drive ?? '')
  if (typeof drive !== 'number') return drive
  const text = call.params.node ?? ''
  const node = root === 'may be the root' ? folderParam(call, text, drive) : fileParam(call, text, drive)
  return isRefusal(node) ? node : { drive, node }
}

/** The first thing wrong with the query or the body, as far as they were read. */
export function inputProblem({ query, body }: Call): Refusal | undefined {
  return query.problem ?? body.problem
}
