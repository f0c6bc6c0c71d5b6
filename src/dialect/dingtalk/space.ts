/** Spaces: made or found by scene, and shown. */
import { RefusedError } from '../../engine/directory.ts'
import type { Actor, Drive, DriveSpec } from '../../engine/index.ts'
import type { DialectContext } from '../../http/dialect.ts'
import { appActor } from './auth.ts'
import { paramError, refusal, type Wording } from './error.ts'
import { NO_PARTITION, partitionOf, SCENE_DEFAULT, spaceOf } from './present.ts'
import { booleanIn, type Fields, fieldsIn, integerIn, textIn, wordIn } from './request.ts'
import { type Call, type Route, spaceOfPath } from './route.ts'

export function spaceRoutes(route: Route): void {
  route('AddSpace', 'POST /storage/spaces', { scope: 'Storage.Space.Write' }, addSpace)
  route('GetOrg', 'GET /storage/orgs/:corpId', { scope: 'Storage.Org.Read' }, getOrg)
  route('GetSpace', 'GET /storage/spaces/:spaceId', { scope: 'Storage.Space.Read' }, getSpace)
}

async function getSpace(context: DialectContext, call: Call): Promise<object> {
  return { space: spaceOf(await spaceOfPath(context, call)) }
}

/** What all spaces of the organization hold together, as any one of them tells. */
async function getOrg({ engine }: DialectContext, { actor, app, params }: Call): Promise<object> {
  if (params.corpId !== app.tenant) throw paramError('', 'corpId is not the organization of the app.')
  const { items } = await engine.listDrives(actor, { owners: null, after: 0 as Drive['id'], limit: 1 })
  const partition = items[0] ? partitionOf(items[0], 'tenant') : NO_PARTITION
  return { org: { corpId: app.tenant, partitions: [partition] } }
}

/** A space of the same scene and sceneId that the app already has is given instead of a new one. */
async function addSpace(context: DialectContext, call: Call): Promise<object> {
  const option = fieldsIn(call.body, 'option')
  const maker = await ownerOf(context, call, option)
  const quota = integerIn(option, 'quota', { min: -1, max: Number.MAX_SAFE_INTEGER })
  const drive = await createSpace(context, maker, {
    name: textIn(option, 'name')?.trim() ?? '',
    owner: maker.self,
    app: call.app.id,
    scene: sceneIn(option, 'scene') ?? SCENE_DEFAULT.scene,
    sceneId: sceneIn(option, 'sceneId') ?? SCENE_DEFAULT.sceneId,
    // -1 is the vendor's word for unlimited.
    quota: quota === undefined || quota === -1 ? null : quota,
    settings: { extra: { 'dingtalk.capabilities': capabilitiesIn(option) } },
  })
  return { space: spaceOf(drive) }
}

/** The operator, or for an APP space the app itself. */
async function ownerOf({ auth }: DialectContext, call: Call, option: Fields): Promise<Actor> {
  return wordIn(option, 'ownerType', ['USER', 'APP']) === 'APP' ? appActor(auth, call.app) : call.actor
}

/** Letters and digits only; undefined when absent. */
function sceneIn(option: Fields, parameter: 'scene' | 'sceneId'): string | undefined {
  const text = textIn(option, parameter)
  if (text !== undefined && !/^[0-9A-Za-z]{1,128}$/.test(text))
    throw paramError(parameter, 'must consist of 1 to 128 letters and digits.')
  return text
}

function capabilitiesIn(option: Fields) {
  const given = fieldsIn(option, 'capabilities')
  return {
    canSearch: booleanIn(given, 'canSearch'),
    canRename: booleanIn(given, 'canRename'),
    canRecordRecentFile: booleanIn(given, 'canRecordRecentFile'),
  }
}

const SPACE_WORDING: Wording = { name_invalid: [400, 'paramError.name', 'The name is not allowed for a space.'] }

/** Makes one drive for an app. */
export async function createSpace(
  { engine }: DialectContext,
  maker: Actor,
  spec: DriveSpec,
  wording: Wording = SPACE_WORDING,
): Promise<Drive> {
  try {
    const [drive] = await engine.createDrives(maker, [spec])
    if (!drive) throw new Error('a space was neither made nor found')
    return drive
  } catch (error) {
    if (error instanceof RefusedError) throw refusal(error.error, wording)
    throw error
  }
}
