/** Addresses from which a file's bytes are fetched: self-contained, signed, for a while. */
import { ACTIONS, type Content, type NodeView } from '../../engine/index.ts'
import { getPath } from '../../http/transfer-url.ts'
import { type Answer, type Call, getOp, inputProblem, nodeParams, type Route, runOne } from './call.ts'
import { isRefusal, type Refusal, refusalOf, refuse } from './error.ts'
import { SCOPES } from './scope.ts'

/** How long an address gives bytes, ms. */
const DOWNLOAD_LIFE_MS = 3600_000

async function downloadable(call: Call): Promise<NodeView | Refusal> {
  const found = inputProblem(call) ?? (await nodeParams(call))
  if (isRefusal(found)) return found
  const result = await runOne(call, { ...getOp(found.node, 'no', ACTIONS.download), expect: 'file' })
  return isRefusal(result) ? result : result.view!
}

async function download(call: Call): Promise<Answer> {
  const withHash = call.query.flag('with_hash', false)
  const view = await downloadable(call)
  if (isRefusal(view)) return view
  const { node } = view
  return { data: address(call, view, node.version, withHash ? node.content : null) }
}

async function downloadVersion(call: Call): Promise<Answer> {
  const withHash = call.query.flag('with_hash', false)
  const view = await downloadable(call)
  if (isRefusal(view)) return view
  const text = call.params.version ?? ''
  const version = /^[1-9]\d{0,9}$/.test(text) ? Number(text) : 0
  const { drive, id: node } = view.node
  const opened = version === 0 ? undefined : await call.engine.openVersion({ drive, node, version })
  if (!opened) return refuse('valueInvalid', 'the version is a number from 1 up')
  if ('error' in opened) return refusalOf(opened.error)
  return { data: address(call, view, version, withHash ? opened.content : null) }
}

function address({ engine, origin }: Call, { node }: NodeView, version: number, hashed: Content | null) {
  const ticket = { drive: node.drive, node: node.id, version, name: node.name, attachment: true, type: '' }
  const url = origin + getPath(engine, ticket, engine.now() + DOWNLOAD_LIFE_MS)
  return hashed ? { url, hashes: hashesOf(hashed) } : { url }
}

function hashesOf({ digest, md5, sha1 }: Content) {
  return [
    { type: 'sha256', sum: digest },
    { type: 'md5', sum: md5 },
    { type: 'sha1', sum: sha1 },
  ]
}

const COVERAGE = 'partial: internal, storage_base_domain: one address serves all'

export const downloadRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v7/drives/:drive/files/:node/download',
    operation: 'Get file download',
    coverage: COVERAGE,
    scopes: SCOPES.fileReadInDrive,
    handle: download,
  },
  {
    method: 'GET',
    path: '/v7/drives/:drive/files/:node/versions/:version/download',
    operation: 'Get version download url',
    coverage: COVERAGE,
    scopes: SCOPES.versionRead,
    handle: downloadVersion,
  },
]
