/** Recycle bins: of one space, or of the whole organization; what lies in them brought back or destroyed. */
import {
  type Actor,
  type Drive,
  type DriveId,
  type Op,
  PAGE_SIZE_MAX,
  type Result,
  type TrashCursor,
  type TrashId,
  type TrashView,
} from '../../engine/index.ts'
import type { DialectContext } from '../../http/dialect.ts'
import { unknownStrategy } from './dentry.ts'
import { errors, paramError, Refusal, refusal } from './error.ts'
import { demandedText, fieldsIn, listIn, queryIntegerIn, textIn, wordIn } from './request.ts'
import { outcomeOf } from './result-item.ts'
import type { Call, Route } from './route.ts'
import { bareId, conflictOf, dentryId, NAMING, parseId, pathText, timeText, typeText } from './terms.ts'

const RESTORE_MAX = 30
const REMOVE_MAX = 50
/** The largest page a listing gives, and the one it gives unasked. */
const LIST_MAX = 50

export function recycleBinRoutes(route: Route): void {
  const read = { scope: 'Storage.RecycleBin.Read' }
  const write = { scope: 'Storage.RecycleBin.Write' }
  const many = { ...write, required: ['recycleItemIds'] }
  const bins = '/storage/recycleBins' as const
  const bin = `${bins}/:recycleBinId` as const
  const items = `${bin}/recycleItems` as const
  const getBinSpec = {
    ...read,
    requiredQuery: ['recycleBinScope', 'scopeId'],
    coverage: 'partial: scopes ORG and SPACE, not APP',
  }
  route('GetRecycleBin', `GET ${bins}`, getBinSpec, getBin)
  route('ListRecycleItems', `GET ${items}`, read, listItems)
  route('GetRecycleItem', `GET ${items}/:recycleItemId`, read, getItem)
  route('RestoreRecycleItem', `POST ${items}/:recycleItemId/restore`, write, restoreOne)
  route('RestoreRecycleItems', `POST ${items}/batchRestore`, many, restoreMany)
  route('DeleteRecycleItem', `DELETE ${items}/:recycleItemId`, write, removeItem)
  route('DeleteRecycleItems', `POST ${items}/batchRemove`, many, removeItems)
  route('ClearRecycleBin', `POST ${bin}/clear`, write, clearBin)
}

/** A bin: the spaces whose trash it shows. Its id is `org-<corpId>` or `space-<spaceId>`. */
interface Bin {
  readonly id: string
  readonly scope: 'ORG' | 'SPACE'
  readonly scopeId: string
}

async function getBin(context: DialectContext, call: Call): Promise<object> {
  const scope = wordIn(call.query, 'recycleBinScope', ['ORG', 'SPACE'])
  const scopeId = demandedText(call.query, 'scopeId')
  const bin = { id: scope === 'ORG' ? `org-${scopeId}` : `space-${scopeId}`, scope: scope ?? 'ORG', scopeId } as const
  await demandBin(context, call, bin)
  return { recycleBin: bin }
}

/** The bin in the path, if there is such a bin for the caller. */
async function binOfPath(context: DialectContext, call: Call): Promise<Bin> {
  const id = call.params.recycleBinId ?? ''
  const [, word, scopeId = ''] = /^(org|space)-([0-9a-z]{1,32})$/.exec(id) ?? []
  if (word === undefined) throw paramError('recycleBinId', 'is not the id of a recycle bin.')
  const bin = { id, scope: word === 'org' ? 'ORG' : 'SPACE', scopeId } as const
  await demandBin(context, call, bin)
  return bin
}

async function demandBin(context: DialectContext, call: Call, bin: Bin): Promise<void> {
  const absent = () => new Refusal(404, 'recycleBinNotExist', 'The recycle bin does not exist.')
  if (bin.scope === 'ORG') {
    if (bin.scopeId !== call.app.tenant) throw absent()
    return
  }
  const id = parseId<DriveId>(bin.scopeId)
  const [drive] = id === undefined ? [] : await context.engine.drives(call.actor, [id])
  if (!drive) throw absent()
  if (!drive.settings.trash) throw new Refusal(...errors.trash_off)
}

interface ItemKey {
  readonly text: string
  readonly drive: DriveId
  readonly id: TrashId
}

/** `<spaceId>-<number>`; undefined for anything else. */
function parseItemKey(value: unknown): ItemKey | undefined {
  const [, space, number] = typeof value === 'string' ? (/^([0-9]+)-([0-9]+)$/.exec(value) ?? []) : []
  const drive = parseId<DriveId>(space)
  const id = parseId<TrashId>(number)
  return drive === undefined || id === undefined ? undefined : { text: String(value), drive, id }
}

function itemKey(value: unknown, parameter: string): ItemKey {
  const key = parseItemKey(value)
  if (!key) throw paramError(parameter, 'is not the id of a recycle item.')
  return key
}

function isIn(bin: Bin, key: ItemKey): boolean {
  return bin.scope === 'ORG' || bin.scopeId === String(key.drive)
}

function itemOf({ entry, node, drive }: TrashView) {
  return {
    id: `${entry.drive}-${entry.id}`,
    spaceId: String(entry.drive),
    dentryId: dentryId(entry.node, drive),
    ...(node.content ? { size: node.content.size } : {}),
    type: typeText(node),
    originalName: entry.name,
    originalPath: pathText(entry.path),
    operatorId: bareId(entry.trashedBy),
    operatorTime: timeText(entry.trashedAt),
  }
}

async function listItems(context: DialectContext, call: Call): Promise<object> {
  const limit = queryIntegerIn(call.query, 'maxResults', { min: 1, max: LIST_MAX }) ?? LIST_MAX
  const after = cursorOf(textIn(call.query, 'nextToken') ?? '')
  const bin = await binOfPath(context, call)
  const drives = await drivesOf(context, call.actor, bin)
  const { items, next } = await context.engine.trashPage(call.actor, { drives, after, limit })
  return { recycleItems: items.map(itemOf), ...(next ? { nextToken: `${next.trashedAt}:${next.id}` } : {}) }
}

/** `nextToken` of an earlier page: delete time and number of the last item shown. An empty one starts over. */
function cursorOf(text: string): TrashCursor | null {
  if (text === '') return null
  const [, trashedAt, number] = /^([0-9]{1,15}):([0-9]{1,15})$/.exec(text) ?? []
  if (number === undefined) throw paramError('nextToken', 'is not one this call gave out.')
  return { trashedAt: Number(trashedAt), id: Number(number) as TrashId }
}

/** The spaces of a bin. */
async function drivesOf({ engine }: DialectContext, actor: Actor, bin: Bin): Promise<readonly DriveId[]> {
  if (bin.scope === 'SPACE') return [Number(bin.scopeId) as DriveId]
  const found: Drive[] = []
  let after: DriveId | null = 0 as DriveId
  while (after !== null) {
    const page = await engine.listDrives(actor, { owners: null, after, limit: PAGE_SIZE_MAX })
    found.push(...page.items)
    after = page.next
  }
  return found.map((drive) => drive.id)
}

async function getItem(context: DialectContext, call: Call): Promise<object> {
  const key = itemKey(call.params.recycleItemId, 'recycleItemId')
  const bin = await binOfPath(context, call)
  const [item] = isIn(bin, key) ? await context.engine.trashById(call.actor, [key]) : []
  if (!item) throw new Refusal(...errors.trash_not_found)
  return { item: itemOf(item) }
}

/** What is restored goes back to where it was; into the root when that folder is gone. */
async function restore(context: DialectContext, call: Call, bin: Bin, keys: readonly ItemKey[]) {
  const conflict = conflictOf(fieldsIn(call.body, 'option').conflictStrategy)
  if (!conflict) throw unknownStrategy()
  const ops = keys.map((key): Op => {
    // An item of another space is not in this bin: no entry has the number 0.
    const trash = isIn(bin, key) ? key.id : (0 as TrashId)
    const node = { drive: key.drive, trash }
    return { kind: 'restore', node, conflict, naming: NAMING, parentGone: 'root', taskIfChildren: true }
  })
  return context.engine.batch(call.actor, ops)
}

/** Where a restored dentry is now. */
function placeOf(result: Result) {
  if (result.status === 'failed' || !result.view) return {}
  const { node, drive } = result.view
  return { spaceId: String(drive.id), dentryId: dentryId(node.id, drive) }
}

async function restoreOne(context: DialectContext, call: Call): Promise<object> {
  const key = itemKey(call.params.recycleItemId, 'recycleItemId')
  const bin = await binOfPath(context, call)
  const [result] = await restore(context, call, bin, [key])
  if (!result) throw new Error('a restore was not answered')
  if (result.status === 'failed') throw refusal(result.error, ITEM_WORDING)
  return result.status === 'later'
    ? { async: true, taskId: String(result.task), ...placeOf(result) }
    : { async: false, ...placeOf(result) }
}

/** A space that is not there holds no items. */
const ITEM_WORDING = { drive_not_found: errors.trash_not_found, node_not_found: errors.trash_not_found }

async function restoreMany(context: DialectContext, call: Call): Promise<object> {
  const bin = await binOfPath(context, call)
  const keys = listIn(call.body, 'recycleItemIds', RESTORE_MAX, parseItemKey)
  const results = await restore(context, call, bin, keys)
  const late = results.find((result) => result.status === 'failed' && result.error.code === 'timeout')
  if (late?.status === 'failed') throw refusal(late.error)
  return {
    resultItems: results.map((result, i) => ({
      recycleBinId: bin.id,
      recycleItemId: keys[i]?.text,
      ...outcomeOf(result, ITEM_WORDING),
      ...placeOf(result),
    })),
  }
}

async function removeItem(context: DialectContext, call: Call): Promise<object> {
  return purgeItems(context, call, [itemKey(call.params.recycleItemId, 'recycleItemId')])
}

async function removeItems(context: DialectContext, call: Call): Promise<object> {
  return purgeItems(context, call, listIn(call.body, 'recycleItemIds', REMOVE_MAX, parseItemKey))
}

/** The answer has no room for one item's failure, so all of them go or none does. */
async function purgeItems(context: DialectContext, call: Call, keys: readonly ItemKey[]): Promise<object> {
  const bin = await binOfPath(context, call)
  if (!keys.every((key) => isIn(bin, key))) throw new Refusal(...errors.trash_not_found)
  // Naming an item twice is not a reason to keep it.
  const once = new Map(keys.map((key) => [key.text, key]))
  const results = await context.engine.batch(call.actor, [...once.values()].map(purgeOp), 'all')
  const reason = results.find((result) => result.status === 'failed' && result.error.code !== 'batch_refused')
  if (reason?.status === 'failed') throw refusal(reason.error, ITEM_WORDING)
  return { success: true }
}

function purgeOp({ drive, id }: Pick<ItemKey, 'drive' | 'id'>): Op {
  return { kind: 'purge', node: { drive, trash: id }, trashed: 'only' }
}

/** Destroys what the operator may destroy; `success` is false when something had to stay. */
async function clearBin(context: DialectContext, call: Call): Promise<object> {
  const bin = await binOfPath(context, call)
  const drives = await drivesOf(context, call.actor, bin)
  let after: TrashCursor | null = null
  let kept = 0
  do {
    const page = await context.engine.trashPage(call.actor, { drives, after, limit: PAGE_SIZE_MAX })
    const results = await context.engine.batch(
      call.actor,
      page.items.map(({ entry }) => purgeOp(entry)),
    )
    kept += results.filter((result) => result.status === 'failed').length
    after = page.next
  } while (after !== null)
  return { success: kept === 0 }
}
