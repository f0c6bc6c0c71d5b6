/**
 * Items of a batch: what each asks, as ops, and what became of it, as the vendor shows it. The same words serve the
 * answer at once and the report of a task, so that both read the same.
 */
import { type Json, type Kind, nameProblem, type Op, type Result, type TaskOutcome } from '../../engine/index.ts'
import { type Fault, fault, faultOf } from './error.ts'
import { NAMING, type Strategy } from './terms.ts'

/** What an item asked, kept with each of its ops. Paths are segments, as they are echoed. */
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
  /** The kinds of entries the caller may carry; one op for each, in this order. */
  readonly kinds: readonly Kind[]
}

export interface DeleteWords {
  readonly verb: 'delete'
  readonly path: readonly string[]
}

export interface RestoreWords {
  readonly verb: 'restore'
  readonly id: number
}

/** One item, ready to run. An item that can be judged without the engine has a fault and no ops. */
export interface Item {
  readonly words: Words
  readonly ops: readonly Op[]
  readonly fault: Fault | null
}

/** What is known of one op afterwards, whether it ran at once or in a task. */
export interface Outcome {
  readonly ok: boolean
  readonly code: string
  readonly at: string
  readonly detail: string
  readonly path: readonly string[]
  readonly trash: number
  /** The task that does the rest; 0 when all is done. */
  readonly task: number
}

export function outcomeOf(result: Result): Outcome {
  if (result.status === 'failed') {
    const { code, at, detail } = result.error
    return { ok: false, code, at, detail, path: [], trash: 0, task: 0 }
  }
  const { view, trash } = result
  const task = result.status === 'later' ? result.task : 0
  return { ok: true, code: '', at: 'node', detail: '', path: view?.path ?? [], trash: trash?.id ?? 0, task }
}

/** A task's report keeps no detail; `present` finds it again from the item's words. */
export function reportedOutcome({ ok, code, at, path, trash }: TaskOutcome): Outcome {
  return { ok, code, at, detail: '', path, trash, task: 0 }
}

export type ShownItem = { readonly status: number } & { readonly [member: string]: unknown }

export function isFault(shown: ShownItem): boolean {
  return shown.status >= 400
}

/** One element of the vendor's `result`, from the outcomes of the item's ops. */
export function present({ words, fault }: Omit<Item, 'ops'>, outcomes: readonly Outcome[]): ShownItem {
  switch (words.verb) {
    case 'move':
    case 'copy':
      return { ...(fault ?? transferred(words, outcomes)), ...echo(words) }
    case 'delete':
      return { ...(fault ?? deleted(outcomes[0]!)), path: words.path }
    case 'restore':
      return { ...(fault ?? restored(outcomes[0]!)), recycledItemId: words.id }
  }
}

/** The request's own words. Only a copy's answer has places for the space and the library it came from. */
function echo({ verb, from, to, fromSpace, fromLibrary }: TransferWords): Record<string, unknown> {
  if (verb === 'move') return { from, to }
  const space = fromSpace === null ? {} : { copyFromSpaceId: fromSpace }
  return { copyFrom: from, to, ...space, ...(fromLibrary === null ? {} : { copyFromLibraryId: fromLibrary }) }
}

/**
 * A transfer is two ops, of which at most one fits: one if the source is a directory, whose missing parents are made, the
 * other if it is a file, whose parent must exist. That is also how the default strategy, which differs by kind, is known
 * without asking first. A caller with grants for one kind only gets one of the two.
 */
function transferred(words: TransferWords, outcomes: readonly Outcome[]): ShownItem {
  const fits = words.kinds.findIndex((_, at) => !isOtherKind(outcomes[at]!) && !isGone(outcomes, at))
  if (fits < 0 && outcomes.every(isOtherKind)) return { ...fault('NoPermission') }
  const at = fits < 0 ? outcomes.length - 1 : fits
  // Where nothing was found there is no kind either.
  const kind = fits < 0 ? 'any' : words.kinds[at]!
  const outcome = outcomes[at]!
  const authority = words.verb === 'move' && kind === 'folder' ? { moveAuthority: words.authority } : {}
  if (!outcome.ok) return { ...faultOf(reason(outcome, words.to), { kind, source: true }), ...authority }
  if (outcome.task > 0) return { status: 202, taskId: outcome.task, ...authority }
  const strategy = words.strategy ?? (kind === 'folder' ? 'ask' : 'rename')
  return strategy === 'rename' ? { status: 200, path: outcome.path, ...authority } : { status: 204, ...authority }
}

function isOtherKind({ ok, code, at }: Outcome): boolean {
  return !ok && code === 'wrong_kind' && at === 'node'
}

/** Whether the source was not there for this op; after a directory was moved away it is not there for the other. */
function isGone(outcomes: readonly Outcome[], at: number): boolean {
  const { ok, code, at: where } = outcomes[at]!
  return !ok && code === 'node_not_found' && where === 'node'
}

function deleted(outcome: Outcome): ShownItem {
  if (!outcome.ok) return { ...faultOf(reason(outcome, []), { kind: 'any', source: false }) }
  return outcome.trash > 0 ? { status: 200, recycledItemId: outcome.trash } : { status: 204 }
}

function restored(outcome: Outcome): ShownItem {
  if (!outcome.ok) return { ...faultOf(reason(outcome, []), { kind: 'any', source: false }) }
  return { status: 200, path: outcome.path }
}

function reason({ code, at, detail }: Outcome, to: readonly string[]): Parameters<typeof faultOf>[0] {
  return {
    code: code as Parameters<typeof faultOf>[0]['code'],
    at: at === 'target' ? 'target' : 'node',
    detail: code === 'name_invalid' && detail === '' ? nameDetail(to) : detail,
  }
}

function nameDetail(path: readonly string[]): string {
  return path.map((name) => nameProblem(name, NAMING)).find((problem) => problem !== '') ?? ''
}

/** How an item is written down with its ops: its number, and with its first op everything else. */
export function noteOf(item: Item, index: number, op: number): Json {
  return op === 0 ? ({ item: index, words: item.words, fault: item.fault } as unknown as Json) : { item: index }
}
