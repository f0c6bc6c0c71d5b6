/**
 * Items of a batch: what each asks, as ops, and what became of it, as the vendor shows it. The same words serve the
 * answer at once and the report of a task, so that both read the same.
 */
import type { Kind, Op, Result } from '../../engine/index.ts'
import { type Fault, fault, faultOf, type SmhCode } from './error.ts'
import type { Strategy } from './terms.ts'

/** What an item asked, kept with its op. Paths are segments, as they are echoed. */
export type Words = TransferWords | DeleteWords | RestoreWords

export interface TransferWords {
  readonly verb: 'move' | 'copy'
  readonly from: readonly string[]
  readonly to: readonly string[]
  readonly strategy: Strategy | null
  readonly authority: boolean
  /** As sent, for echoing; null when not sent. */
  readonly fromSpace: string | null
  readonly fromLibrary: string | null
  /** The only kind of entries the caller may carry; null = both. */
  readonly only: Kind | null
  /** Why entries of another kind than `only` may not be at the target, where that is what refuses them. */
  readonly placed?: SmhCode | null
}

export interface DeleteWords {
  readonly verb: 'delete'
  readonly path: readonly string[]
}

export interface RestoreWords {
  readonly verb: 'restore'
  /** As a number, or as sent when it is no id. */
  readonly id: number | string | null
}

/** One item, ready to run: an op, or the fault by which it was judged without the engine. */
export type Item =
  | { readonly words: Words; readonly op: Op; readonly fault: null }
  | { readonly words: Words; readonly op: null; readonly fault: Fault }

/** What is known of an op afterwards, whether it ran at once or in a task. */
export interface Outcome {
  readonly ok: boolean
  readonly code: string
  readonly at: string
  readonly detail: string
  /** What the op's subject is, when it was found. */
  readonly kind: Kind | null
  readonly path: readonly string[]
  readonly trash: number
  /** The task that does the rest; 0 when all is done. */
  readonly task: number
}

const NOTHING = { code: '', at: 'node', detail: '', path: [], trash: 0, task: 0 } as const

export function outcomeOf(result: Result): Outcome {
  if (result.status === 'failed') return { ...NOTHING, ok: false, ...result.error }
  const { view, trash } = result
  return {
    ...NOTHING,
    ok: true,
    kind: view?.node.kind ?? null,
    path: view?.path ?? [],
    trash: trash?.id ?? 0,
    task: result.status === 'later' ? result.task : 0,
  }
}

export type ShownItem = { readonly status: number } & { readonly [member: string]: unknown }

export function isFault(shown: ShownItem): boolean {
  return shown.status >= 400
}

/** One element of the vendor's `result`: the outcome of the item's op, or its fault, in the item's words. */
export function present(words: Words, outcome: Outcome | Fault): ShownItem {
  const became = 'status' in outcome ? outcome : undefined
  switch (words.verb) {
    case 'move':
    case 'copy':
      return { ...(became ?? transferred(words, outcome as Outcome)), ...echo(words) }
    case 'delete':
      return { ...(became ?? deleted(outcome as Outcome)), path: words.path }
    case 'restore':
      return { ...(became ?? restored(outcome as Outcome)), recycledItemId: words.id }
  }
}

/** The request's own words. Only a copy's answer has places for the space and the library it came from. */
function echo({ verb, from, to, fromSpace, fromLibrary }: TransferWords): Record<string, unknown> {
  if (verb === 'move') return { from, to }
  const space = fromSpace === null ? {} : { copyFromSpaceId: fromSpace }
  return { copyFrom: from, to, ...space, ...(fromLibrary === null ? {} : { copyFromLibraryId: fromLibrary }) }
}

/** The default strategy, and with it the status of a success, goes by what the source is. */
function transferred(words: TransferWords, outcome: Outcome): ShownItem {
  const { ok, kind, path, task } = outcome
  const authority = words.verb === 'move' && kind === 'folder' ? { moveAuthority: words.authority } : {}
  if (!ok) return { ...transferFault(words, outcome), ...authority }
  if (task > 0) return { status: 202, taskId: task, ...authority }
  const strategy = words.strategy ?? (kind === 'folder' ? 'ask' : 'rename')
  return strategy === 'rename' ? { status: 200, path, ...authority } : { status: 204, ...authority }
}

function transferFault({ only, placed }: TransferWords, outcome: Outcome): Fault {
  // The op was told to expect the one kind that the caller may carry.
  const isOtherKind = only !== null && outcome.code === 'wrong_kind' && outcome.at === 'node'
  return isOtherKind ? fault(placed ?? 'NoPermission') : faultOf(outcome, { kind: outcome.kind ?? 'any', source: true })
}

function deleted(outcome: Outcome): ShownItem {
  if (!outcome.ok) return { ...faultOf(outcome, { kind: 'any', source: false }) }
  return outcome.trash > 0 ? { status: 200, recycledItemId: outcome.trash } : { status: 204 }
}

function restored(outcome: Outcome): ShownItem {
  if (!outcome.ok) return { ...faultOf(outcome, { kind: 'any', source: false }) }
  return { status: 200, path: outcome.path }
}
