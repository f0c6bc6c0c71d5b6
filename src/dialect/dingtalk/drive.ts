/** The drive product's own calls for spaces: the only way to list them. Its error codes are of an older style. */
import type { Drive, DriveId, Subject } from '../../engine/index.ts'
import type { DialectContext } from '../../http/dialect.ts'
import { Refusal, refusal, type Wording } from './error.ts'
import { poolOf } from './present.ts'
import { demandedText, listIn, queryIntegerIn, textIn, wordIn } from './request.ts'
import type { Call, Handle, Route } from './route.ts'
import { createSpace } from './space.ts'
import { parseId, timeText } from './terms.ts'

const LIST_MAX = 50
const QUERY_MAX = 30

export function driveRoutes(route: Route): void {
  const url = '/drive/spaces' as const
  const read = { scope: 'Drive.Space.Read', requiredQuery: ['spaceType', 'maxResults'] }
  const write = { scope: 'Drive.Space.Write' }
  const manage = { scope: 'Drive.SpaceManage.Read', required: ['spaceIds'] }
  route('ListSpaces (drive)', `GET ${url}`, read, reworded(listSpaces))
  route('AddSpace (drive)', `POST ${url}`, { ...write, required: ['name'] }, reworded(addSpace))
  route('DeleteSpace (drive)', `DELETE ${url}/:spaceId`, write, reworded(deleteSpace))
  route('QuerySpaces (drive)', 'POST /drive/managements/spaces/query', manage, reworded(querySpaces))
}

const WORDING = {
  drive_not_found: [400, 'param.error', 'The space does not exist.'],
  forbidden: [403, 'no.priviledge', 'The operator lacks the permission.'],
  name_invalid: [400, 'name.invalid', 'The name is not allowed for a space.'],
} as const satisfies Wording

/** These calls know no code below `param.error`, but for the page size. */
function reworded(handle: Handle): Handle {
  return async (context, call) => {
    try {
      return await handle(context, call)
    } catch (error) {
      if (!(error instanceof Refusal) || !error.code.startsWith('paramError')) throw error
      const code = error.code === 'paramError.maxResults' ? 'param.error.maxresults' : 'param.error'
      throw new Refusal(400, code, error.message)
    }
  }
}

function spaceOf(drive: Drive) {
  const { used, quota } = poolOf(drive, 'drive')
  return {
    spaceId: String(drive.id),
    spaceName: drive.name,
    spaceType: isPersonal(drive) ? 'personal' : 'org',
    quota: quota ?? -1,
    usedQuota: used,
    permissionMode: 'acl',
    createTime: timeText(drive.createdAt),
    modifyTime: timeText(drive.updatedAt),
  }
}

/** A user's drive that no app made. */
function isPersonal(drive: Drive): boolean {
  return drive.app === '' && drive.owner.startsWith('user:')
}

/** Administrators see every space of the organization, others those they own. */
async function listSpaces(context: DialectContext, call: Call): Promise<object> {
  const { actor, query } = call
  const type = wordIn(query, 'spaceType', ['org', 'personal'])
  const limit = queryIntegerIn(query, 'maxResults', { min: 1, max: LIST_MAX }) ?? LIST_MAX
  const token = textIn(query, 'nextToken') ?? ''
  const after = token === '' ? (0 as DriveId) : parseId<DriveId>(token)
  if (after === undefined) throw new Refusal(400, 'param.error', 'nextToken is not one this call gave out.')
  const owners: readonly Subject[] | null = type === 'personal' ? [actor.self] : actor.admin ? null : actor.subjects
  const page = await context.engine.listDrives(actor, { owners, after, limit })
  return { spaces: page.items.map(spaceOf), nextToken: page.next === null ? '' : String(page.next) }
}

async function addSpace(context: DialectContext, call: Call): Promise<object> {
  const name = demandedText(call.body, 'name').trim()
  if (name === '') throw new Refusal(400, 'name.invalid', 'The name is empty.')
  const spec = { name, owner: call.actor.self, app: call.app.id }
  return spaceOf(await createSpace(context, call.actor, spec, WORDING))
}

async function deleteSpace(context: DialectContext, call: Call): Promise<object> {
  const id = parseId<DriveId>(call.params.spaceId)
  const [outcome] = id === undefined ? [] : await context.engine.deleteDrives(call.actor, [id])
  if (!outcome) throw new Refusal(...WORDING.drive_not_found)
  if (outcome.status === 'failed') throw refusal(outcome.error, WORDING)
  return {}
}

/** Only spaces that are there and that the operator may see are answered. */
async function querySpaces(context: DialectContext, call: Call): Promise<object> {
  const { actor, body } = call
  const ids = listIn(body, 'spaceIds', QUERY_MAX, (id) => parseId<DriveId>(id))
  const drives = await context.engine.drives(actor, ids)
  const seen = drives.filter((drive): drive is Drive => drive !== null)
  return { spaces: seen.filter((drive) => actor.admin || actor.subjects.includes(drive.owner)).map(spaceOf) }
}
