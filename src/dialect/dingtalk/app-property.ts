/** Properties that apps write on a dentry, kept among the node's attributes, one member an app. */
import type { Attributes, Json, Node } from '../../engine/index.ts'
import { paramError } from './error.ts'
import { demand, demandedText, type Fields, wordIn } from './request.ts'

/** How many properties one app may keep on a dentry. */
export const PROPERTIES_MAX = 3
/** The attribute in which an app's properties are kept. */
export const MEMBER = 'dingtalk.appProperties.'

/** `appProperties` of a request as attributes of the new node; undefined when absent. */
export function appPropertiesIn(fields: Fields, app: string): Attributes | undefined {
  const value = fields.appProperties
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value) || value.length > PROPERTIES_MAX)
    throw paramError('appProperties', `must be an array of at most ${PROPERTIES_MAX} properties.`)
  return { extra: { [MEMBER + app]: value.map(propertyIn) } }
}

function propertyIn(element: unknown): Json {
  if (typeof element !== 'object' || element === null || Array.isArray(element))
    throw paramError('appProperties', 'has an element that is not an object.')
  const fields = element as Fields
  demand(fields, ['name', 'value', 'visibility'])
  const visibility = wordIn(fields, 'visibility', ['PUBLIC', 'PRIVATE']) ?? 'PUBLIC'
  return { name: demandedText(fields, 'name'), value: demandedText(fields, 'value'), visibility }
}

/** The properties by app, as a dentry shows them to `viewer`: its own and the public ones; undefined when there are none. */
export function appPropertiesOf(node: Node, viewer: string): { [app: string]: Json } | undefined {
  const shown = Object.entries(node.attributes.extra ?? {}).flatMap(([member, list]) => {
    if (!member.startsWith(MEMBER) || !Array.isArray(list)) return []
    const app = member.slice(MEMBER.length)
    const visible = list.filter((property) => app === viewer || isPublic(property))
    return visible.length > 0 ? [[app, visible] as const] : []
  })
  return shown.length > 0 ? Object.fromEntries(shown) : undefined
}

function isPublic(property: Json): boolean {
  return (
    typeof property === 'object' && property !== null && !Array.isArray(property) && property.visibility === 'PUBLIC'
  )
}
