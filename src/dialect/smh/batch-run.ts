/** Running the items of a batch: at once, or, when they are many, as a task. */
import { type Actor, type Drive, type DriveId, INLINE_NODES_MAX, type Json, type Op } from '../../engine/index.ts'
import { reaching, type Visit } from './auth.ts'
import { type Answer, type Call, splitPath } from './call.ts'
import { type Fault, Refusal, refuse } from './error.ts'
import { type Item, isFault, outcomeOf, present, type ShownItem, type Words } from './item.ts'
import { ITEMS_MAX } from './terms.ts'
import { json, type Members, membersOf } from './words.ts'

/**
 * How many entries one call copies, or carries to another space, while its caller waits. Not more than the engine does at
 * once: beyond that it makes a task of the op, for which a batch's answer has no place.
 */
export const INLINE_ENTRIES_MAX = INLINE_NODES_MAX

/** The array in the body, 1 … 1000 elements. */
export function itemList(call: Call): readonly unknown[] {
  const body = json(call) ?? []
  if (!Array.isArray(body)) throw refuse('ParamInvalid', 'The body must be an array.')
  if (body.length === 0) throw refuse('NoItemsProvided')
  if (body.length > ITEMS_MAX) throw refuse('TooManyItems')
  return body
}

/**
 * What `read` makes of one element of the body. One that cannot be read fails alone, as `unread` says it: never is a call
 * refused for a bad item.
 */
export function readItem<T>(element: unknown, read: (item: Members) => T, unread: (fault: Fault) => T): T {
  try {
    return read(membersOf(element, 'An item'))
  } catch (error) {
    if (error instanceof Refusal) return unread(error.fault)
    throw error
  }
}

/** The path that a member of an element names; the root when it names none. */
export function pathIn(element: unknown, name: string): readonly string[] {
  const text = (element as Members | null)?.[name]
  return typeof text === 'string' ? splitPath(text) : []
}

/** Runs the items at once, or, when they are many, as a task. */
export async function run(call: Call, here: Visit, kind: string, items: readonly Item[]): Promise<Answer> {
  const ops = items.flatMap(({ op }) => (op ? [op] : []))
  const { actor, drive } = reaching(here, ops.flatMap(sourceDrives))
  return runAs(call, actor, drive, kind, items)
}

/** The same for an actor that may be more, or less, than the visitor of the space. */
export async function runAs(
  call: Call,
  actor: Actor,
  drive: Drive,
  kind: string,
  items: readonly Item[],
): Promise<Answer> {
  const { engine, settings } = call.context
  const ops = items.flatMap(({ op }) => (op ? [op] : []))
  const isMuch = items.length > settings.smhInlineItemsMax || (await carriesMuch(call, actor, ops))
  if (isMuch && ops.length > 0) {
    const taskId = await engine.submit(actor, drive.id, kind, ops, notesOf(items))
    return { status: 202, body: { taskId } }
  }
  const outcomes = (await engine.batch(actor, ops)).map(outcomeOf).values()
  const result: ShownItem[] = items.map(({ words, op, fault }) => present(words, op ? outcomes.next().value! : fault))
  return { status: result.some(isFault) ? 207 : 200, body: { result } }
}

/** The drive an entry is carried from; whether the caller opens it is judged where its word is read. */
function sourceDrives(op: Op): DriveId[] {
  return (op.kind === 'move' || op.kind === 'copy') && op.node.drive !== undefined ? [op.node.drive] : []
}

/**
 * Whether what must be carried entry by entry, copies and moves between spaces, is more than a caller should wait for. A
 * move within a space touches one row however much lies below.
 */
async function carriesMuch(call: Call, actor: Actor, ops: readonly Op[]): Promise<boolean> {
  const heavy = ops.flatMap((op) => {
    const isHeavy = op.kind === 'copy' || (op.kind === 'move' && op.node.drive !== op.to.drive)
    return isHeavy && op.expect !== 'file' ? [op.node] : []
  })
  if (heavy.length === 0) return false
  const totals = await call.context.engine.totals(actor, heavy)
  const entries = totals.reduce((sum, one) => sum + ('status' in one ? 0 : 1 + one.files + one.folders), 0)
  return entries > INLINE_ENTRIES_MAX
}

/** What a task's report carries for each op: the item's number and words. */
export interface Note {
  readonly item: number
  readonly words: Words
  /** With the first op: the items that have none. */
  readonly refused?: readonly { readonly item: number; readonly words: Words; readonly fault: Fault }[]
}

function notesOf(items: readonly Item[]): Json[] {
  const refused = items.flatMap(({ words, fault }, item) => (fault ? [{ item, words, fault }] : []))
  const notes = items.flatMap(({ words, op }, item): Note[] => (op ? [{ item, words }] : []))
  return notes.map((note, at) => (at === 0 ? { ...note, refused } : note)) as unknown as Json[]
}
