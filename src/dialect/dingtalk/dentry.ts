/** Folders made, files and folders looked up, listed and renamed. */
import {
  ACTIONS,
  type DriveId,
  type GetOp,
  type OrderBy,
  onConflict,
  type Position,
  positionText,
  type Ref,
  type Result,
  readPosition,
} from '../../engine/index.ts'
import type { DialectContext } from '../../http/dialect.ts'
import { appPropertiesIn } from './app-property.ts'
import { answerTo, paramError, refusal, type Wording } from './error.ts'
import { categorizedDentryOf, dentryOf } from './present.ts'
import { booleanIn, demandedText, fieldsIn, listIn, queryBooleanIn, queryIntegerIn, textIn, wordIn } from './request.ts'
import { type Call, type Route, spaceOfPath } from './route.ts'
import { conflictOf, NAMING, orderOf, parseRef } from './terms.ts'

/** How many dentries one "get in bulk" may name. */
const GET_MAX = 30
/** The largest page a listing gives, and the one it gives unasked. */
const LIST_MAX = 50
/** How many apps' properties a query may name. */
const APPS_MAX = 20

/** A parent that is no folder is the parent's fault, not the target's. */
export const PARENT_WORDING: Wording = { wrong_kind: [400, 'paramError.parentId', 'parentId is not a folder.'] }

export function dentryRoutes(route: Route): void {
  const dentries = '/storage/spaces/:spaceId/dentries'
  const write = 'Storage.File.Write'
  const read = { scope: 'Storage.File.Read', coverage: 'partial: no thumbnails' }
  route('AddFolder', `POST ${dentries}/:parentId/folders`, { scope: write, required: ['name'] }, addFolder)
  route('GetDentry', `POST ${dentries}/:dentryId/query`, read, getDentry)
  route('GetDentries', `POST ${dentries}/query`, { ...read, required: ['dentryIds'] }, getDentries)
  route('ListDentries', `GET ${dentries}`, { ...read, requiredQuery: ['parentId'] }, listDentries)
  route('RenameDentry', `POST ${dentries}/:dentryId/rename`, { scope: write, required: ['newName'] }, renameDentry)
}

/** The dentry a parameter names; refused with `paramError.<parameter>` when it is no id. */
export function dentryRef(drive: DriveId, value: unknown, parameter: string): Ref {
  const ref = parseRef(drive, value)
  if (ref === undefined) throw paramError(parameter, 'is not the id of a file or folder.')
  return ref
}

/** The node an op left behind; a failed op refuses the call. */
export function viewOf(result: Result | undefined, wording?: Wording) {
  if (result?.status === 'failed') throw refusal(result.error, wording)
  if (!result?.view) throw new Error('an op that shows a node answered without one')
  return result.view
}

async function addFolder(context: DialectContext, call: Call): Promise<object> {
  const drive = await spaceOfPath(context, call)
  const parent = dentryRef(drive.id, call.params.parentId, 'parentId')
  const name = demandedText(call.body, 'name')
  const option = fieldsIn(call.body, 'option')
  const conflict = conflictOf(option.conflictStrategy)
  if (!conflict) throw unknownStrategy()
  const attributes = appPropertiesIn(option, call.app.id)
  const [result] = await context.engine.batch(call.actor, [
    { kind: 'createFolder', parent, name, conflict, naming: NAMING, ...(attributes ? { attributes } : {}) },
  ])
  return { dentry: dentryOf(viewOf(result, PARENT_WORDING), call.viewer) }
}

export function unknownStrategy() {
  return paramError(
    'conflictStrategy',
    'must be one of AUTO_RENAME, OVERWRITE, RETURN_DENTRY_IF_EXISTS, RETURN_ERROR_IF_EXISTS.',
  )
}

/** An op that shows a node to whoever may list it. */
export function getOp(node: Ref): GetOp {
  return { kind: 'get', node, need: ACTIONS.list, trashed: 'no' }
}

async function getDentry(context: DialectContext, call: Call): Promise<object> {
  const drive = await spaceOfPath(context, call)
  const node = dentryRef(drive.id, call.params.dentryId, 'dentryId')
  checkViewOption(call)
  const [result] = await context.engine.batch(call.actor, [getOp(node)])
  return { dentry: dentryOf(viewOf(result), call.viewer) }
}

/** What a query asks to see besides; there are no thumbnails, and public properties of all apps are shown anyway. */
function checkViewOption(call: Call): void {
  const option = fieldsIn(call.body, 'option')
  booleanIn(option, 'withThumbnail')
  if (option.appIdsForAppProperties !== undefined && option.appIdsForAppProperties !== null)
    listIn(option, 'appIdsForAppProperties', APPS_MAX, (id) => (typeof id === 'string' ? id : undefined))
}

async function getDentries(context: DialectContext, call: Call): Promise<object> {
  const drive = await spaceOfPath(context, call)
  const asked = listIn(call.body, 'dentryIds', GET_MAX, (id) => {
    const ref = parseRef(drive.id, id)
    return ref && { id: id as string, ref }
  })
  checkViewOption(call)
  const results = await context.engine.batch(
    call.actor,
    asked.map(({ ref }) => getOp(ref)),
  )
  return {
    resultItems: results.map((result, i) => {
      const about = { spaceId: String(drive.id), dentryId: asked[i]?.id ?? '' }
      return result.status === 'failed'
        ? { ...about, success: false, errorCode: answerTo(result.error)[1] }
        : { ...about, success: true, dentry: dentryOf(viewOf(result), call.viewer) }
    }),
  }
}

async function listDentries(context: DialectContext, call: Call): Promise<object> {
  const drive = await spaceOfPath(context, call)
  const { query } = call
  const folder = dentryRef(drive.id, query.parentId, 'parentId')
  const limit = queryIntegerIn(query, 'maxResults', { min: 1, max: LIST_MAX }) ?? LIST_MAX
  const by = orderOf(query.orderBy)
  if (!by) throw paramError('orderBy', 'must be one of MODIFIED_TIME, CREATE_TIME, NAME, SIZE.')
  const descending = wordIn(query, 'order', ['ASC', 'DESC']) !== 'ASC'
  queryBooleanIn(query, 'withThumbnail')
  const after = cursorIn(query, by)
  const [result] = await context.engine.batch(call.actor, [
    {
      kind: 'list',
      folder,
      by,
      descending,
      foldersFirst: false,
      limit,
      ...(after === undefined ? {} : { cursor: { after } }),
    },
  ])
  if (result?.status === 'failed') throw refusal(result.error, PARENT_WORDING)
  const page = result?.status === 'done' ? result.page : undefined
  if (!page) throw new Error('a listing answered without its page')
  return {
    dentries: page.items.map((view) => categorizedDentryOf(view, call.viewer)),
    ...(page.next === null ? {} : { nextToken: positionText(page.next) }),
  }
}

/** `nextToken` of an earlier page: where the last dentry shown stood. An empty one starts over. */
function cursorIn(query: Call['query'], by: OrderBy): Position | undefined {
  const text = textIn(query, 'nextToken') ?? ''
  if (text === '') return undefined
  const position = readPosition(text, by)
  if (position === undefined) throw paramError('nextToken', 'is not one this call gave out.')
  return position
}

/** A name already taken is an error: renaming knows no strategy. */
async function renameDentry(context: DialectContext, call: Call): Promise<object> {
  const drive = await spaceOfPath(context, call)
  const node = dentryRef(drive.id, call.params.dentryId, 'dentryId')
  const name = demandedText(call.body, 'newName')
  const [result] = await context.engine.batch(call.actor, [
    { kind: 'rename', node, name, conflict: onConflict('fail'), naming: NAMING },
  ])
  const dentry = dentryOf(
    viewOf(result, {
      name_invalid: [400, 'paramError.name', 'newName is not allowed as a name.'],
      root_refused: [400, 'paramError.dentryId', 'The root folder cannot be renamed.'],
    }),
    call.viewer,
  )
  return { dentry }
}
