/** Downloads: a signed URL to one version of a file. */
import { ACTIONS, type Node } from '../../engine/index.ts'
import type { DialectContext } from '../../http/dialect.ts'
import { getPath } from '../../http/transfer-url.ts'
import { dentryRef, getOp, viewOf } from './dentry.ts'
import { refusal } from './error.ts'
import { booleanIn, fieldsIn, integerIn } from './request.ts'
import { type Call, type Route, spaceOfPath } from './route.ts'
import { transferInfo } from './transfer-info.ts'

export function downloadRoutes(route: Route): void {
  const dentry = '/storage/spaces/:spaceId/dentries/:dentryId'
  const scope = 'Storage.DownloadInfo.Read'
  route('GetFileDownloadInfo', `POST ${dentry}/downloadInfos/query`, { scope }, downloadInfo)
}

async function downloadInfo(context: DialectContext, call: Call): Promise<object> {
  const drive = await spaceOfPath(context, call)
  const ref = dentryRef(drive.id, call.params.dentryId, 'dentryId')
  const option = fieldsIn(call.body, 'option')
  booleanIn(option, 'preferIntranet')
  const asked = integerIn(option, 'version', { min: 1, max: Number.MAX_SAFE_INTEGER })
  const [result] = await context.engine.batch(call.actor, [
    { ...getOp(ref), need: ACTIONS.list | ACTIONS.download, expect: 'file' },
  ])
  const { node } = viewOf(result, {
    wrong_kind: [400, 'operationNotSupported', 'A folder cannot be downloaded.'],
  })
  const version = asked ?? node.version
  await demandVersion(context, node, version)
  const { id, name } = node
  return {
    protocol: 'HEADER_SIGNATURE',
    headerSignatureInfo: transferInfo(context, call, (expiresAt) =>
      getPath(context.engine, { drive: node.drive, node: id, version, name, attachment: true, type: '' }, expiresAt),
    ),
  }
}

/** Refuses a version the file does not have, here rather than at the URL. */
async function demandVersion(context: DialectContext, node: Node, version: number): Promise<void> {
  if (version === node.version) return
  const opened = await context.engine.openVersion({ drive: node.drive, node: node.id, version })
  if ('status' in opened) throw refusal(opened.error)
}
