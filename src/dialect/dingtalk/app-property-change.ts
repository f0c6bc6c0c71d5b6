/** An app's properties on a dentry, written and removed by name. */
import type { Json, NodeView } from '../../engine/index.ts'
import type { DialectContext } from '../../http/dialect.ts'
import { appPropertiesIn, MEMBER, PROPERTIES_MAX } from './app-property.ts'
import { dentryRef, getOp, viewOf } from './dentry.ts'
import { Refusal, refusal } from './error.ts'
import { listIn } from './request.ts'
import { type Call, type Route, spaceOfPath } from './route.ts'

export function appPropertyRoutes(route: Route): void {
  const url = '/storage/spaces/:spaceId/dentries/:dentryId/appProperties' as const
  const scope = 'Storage.File.Write'
  route('UpdateDentryAppProperties', `PUT ${url}`, { scope, required: ['appProperties'] }, update)
  route('DeleteDentryAppProperties', `POST ${url}/remove`, { scope, required: ['propertyNames'] }, remove)
}

interface Property {
  readonly name: string
  readonly [member: string]: Json
}

async function update(context: DialectContext, call: Call): Promise<object> {
  const attributes = appPropertiesIn(call.body, call.app.id)
  const given = propertiesAmong(attributes?.extra, call)
  return change(context, call, (kept) => {
    const all = new Map([...kept, ...given].map((property) => [property.name, property]))
    if (all.size > PROPERTIES_MAX)
      throw new Refusal(
        400,
        'dentryAppPropertiesNumberExceedsLimit',
        `An app keeps at most ${PROPERTIES_MAX} properties on a dentry.`,
      )
    return [...all.values()]
  })
}

async function remove(context: DialectContext, call: Call): Promise<object> {
  const names = listIn(call.body, 'propertyNames', PROPERTIES_MAX, (name) =>
    typeof name === 'string' ? name : undefined,
  )
  return change(context, call, (kept) => kept.filter(({ name }) => !names.includes(name)))
}

/** Writes on the state it has read: when the dentry changed in between, the caller is told to try again. */
async function change(
  context: DialectContext,
  call: Call,
  next: (kept: readonly Property[]) => readonly Property[],
): Promise<object> {
  const drive = await spaceOfPath(context, call)
  const node = dentryRef(drive.id, call.params.dentryId, 'dentryId')
  const [found] = await context.engine.batch(call.actor, [getOp(node)])
  const { node: seen }: NodeView = viewOf(found)
  const list = next(propertiesAmong(seen.attributes.extra, call))
  const extra = { [MEMBER + call.app.id]: list.length > 0 ? [...list] : null }
  const [result] = await context.engine.batch(call.actor, [{ kind: 'update', node, set: { extra }, ifRev: seen.rev }])
  if (result?.status === 'failed') throw refusal(result.error)
  return { success: true }
}

/** The calling app's properties in a set of attributes. */
function propertiesAmong(extra: Readonly<Record<string, Json>> | undefined, call: Call): readonly Property[] {
  const list = extra?.[MEMBER + call.app.id]
  return Array.isArray(list) ? (list as unknown as Property[]) : []
}
