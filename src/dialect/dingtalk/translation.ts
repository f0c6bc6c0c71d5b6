/** Ids of one file in both spellings: uuid (v2.0) and space with dentryId (v1.0). */

import type { Ref } from '../../engine/index.ts'
import type { DialectContext } from '../../http/dialect.ts'
import { getOp, viewOf } from './dentry.ts'
import { paramError, type Wording } from './error.ts'
import { demandedText } from './request.ts'
import { type Call, type Route, spaceId } from './route.ts'
import { dentryId, parseRef } from './terms.ts'

const ABSENT = [404, 'documentNotExist', 'The document does not exist.'] as const
const WORDING: Wording = { node_not_found: ABSENT, drive_not_found: ABSENT }

export function translationRoutes(route: Route): void {
  const spec = { scope: 'Document.WorkspaceDocument.Read', operator: 'operatorId' } as const
  const dentries = '/doc/dentries'
  route('QueryDentryId', `GET ${dentries}/:dentryUuid/queryDentryId`, spec, queryId)
  route(
    'QueryDentryUuid',
    `GET ${dentries}/:dentryId/queryDentryUuid`,
    { ...spec, requiredQuery: ['spaceId'] },
    queryUuid,
  )
}

async function queryId(context: DialectContext, call: Call): Promise<object> {
  const ref = context.engine.ids.parseUuid(call.params.dentryUuid ?? '')
  if (!ref) throw paramError('', 'dentryUuid is not the uuid of a file or folder.')
  return translate(context, call, ref)
}

async function queryUuid(context: DialectContext, call: Call): Promise<object> {
  const ref = parseRef(spaceId(demandedText(call.query, 'spaceId'), ''), call.params.dentryId)
  if (!ref) throw paramError('', 'dentryId is not the id of a file or folder.')
  return translate(context, call, ref)
}

async function translate({ engine }: DialectContext, call: Call, ref: Ref): Promise<object> {
  const [result] = await engine.batch(call.actor, [getOp(ref)])
  const { node, drive } = viewOf(result, WORDING)
  return { dentryUuid: engine.ids.uuid(node), dentryId: dentryId(node.id, drive), spaceId: String(drive.id) }
}
