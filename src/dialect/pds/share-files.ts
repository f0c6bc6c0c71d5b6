/** Files seen and taken through a share: its top, previews, downloads and saves, each counted. */
import {
  ACTIONS,
  type CopyOp,
  type Kind,
  type LinkCounts,
  type NodeView,
  type Op,
  type OrderBy,
  type Position,
  positionOf,
  type Result,
} from '../../engine/index.ts'
import type { Call, Env, Share, SteppedEndpoint, Steps } from './call.ts'
import { failedAnswer, noPermission, Refusal, shareTokenInvalid } from './error.ts'
import { picturesOf } from './image-process.ts'
import { one, viewOf } from './outcome.ts'
import { downloadUrl, picturesFor } from './present.ts'
import { integer } from './request.ts'
import { LIMIT_REACHED, SHARE_ALL } from './share-visit.ts'
import { fileIdOf, fileRef } from './terms.ts'

const SHARE_URL_LIFE_S = 300
const SHARE_URL_LIFE_S_MAX = 600

/** The shared items themselves, in an order, after a position: what a share shows in place of a root. */
export function* sharedTop(
  share: Share,
  { by, descending }: { by: OrderBy; descending: boolean },
  after: Position | undefined,
  only: Kind | undefined,
): Steps<NodeView[]> {
  const { drive, nodes } = share.link
  const ops = nodes.map((id): Op => ({ kind: 'get', node: { drive, id }, need: ACTIONS.list, trashed: 'no' }))
  const { results } = yield { ops }
  const sign = descending ? -1 : 1
  const order = (a: Position, b: Position) => sign * (compare(a.value, b.value) || a.id - b.id)
  return results
    .flatMap((result) => (result.status === 'done' && result.view ? [result.view] : []))
    .filter(({ node }) => !only || node.kind === only)
    .map((view) => ({ view, at: positionOf(view.node, by) }))
    .filter(({ at }) => after === undefined || order(at, after) > 0)
    .sort((a, b) => order(a.at, b.at))
    .map(({ view }) => view)
}

function compare(a: string | number, b: string | number): number {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b))
  return Number(a) - Number(b)
}

/** Whether the share opens single items, so that no folder of ours stands for its root. */
export function hasOwnTop({ link }: Share): boolean {
  return link.extra[SHARE_ALL] !== true
}

/** Counts one use of the share the call goes through; refused when its limits leave no room. */
export function* count({ share }: Env, what: keyof LinkCounts): Steps<void> {
  if (!share) return
  const { uses } = yield { uses: [{ link: share.link.id, what }] }
  if (!uses[0]) throw new Refusal(LIMIT_REACHED)
}

/**
 * Whether a file may be previewed through a share, counted. A preview is the file itself, as this server renders nothing:
 * where a share gives no downloads it gives no previews either.
 */
export function* mayPreview({ share }: Env, { node, actions }: NodeView): Steps<boolean> {
  const needs = ACTIONS.preview | ACTIONS.download
  if (!share || node.kind !== 'file' || (actions & needs) !== needs) return false
  const { uses } = yield { uses: [{ link: share.link.id, what: 'previews' }] }
  return uses[0]!
}

/** Copies from a share into a drive of the caller's own: what the vendor calls saving. Only copies that were made are counted. */
export function* save({ share }: Env, op: CopyOp): Steps<Result> {
  if (!share?.member) throw new Refusal(noPermission('share_link'))
  const look: Op = { kind: 'get', node: op.node, need: ACTIONS.copy, trashed: 'no' }
  const { results: seen } = yield { ops: [look], actor: share.holder }
  if (seen[0]!.status === 'failed') return seen[0]!
  const use = { link: share.link.id, what: 'saves' } as const
  const { uses } = yield { uses: [use] }
  if (!uses[0]) throw new Refusal(LIMIT_REACHED)
  const { results } = yield { ops: [op], actor: share.member }
  if (results[0]!.status === 'failed') yield { returns: [use] }
  return results[0]!
}

export const fileGetShareDownloadUrl: SteppedEndpoint = {
  url: '/file/get_share_link_download_url',
  operation: 'GetShareLinkDownloadUrl',
  coverage: 'partial: no streams_url',
  scope: 'FILE.GET',
  guests: 'share',
  *steps(body, env): Call {
    if (!env.share) throw new Refusal(shareTokenInvalid('The request carries none.'))
    const node = fileRef(env, body)
    const lifeS = integer(body, 'expire_sec', 1, SHARE_URL_LIFE_S_MAX) ?? SHARE_URL_LIFE_S
    const need = ACTIONS.list | ACTIONS.download
    const result = yield* one({ kind: 'get', node, need, trashed: 'no', expect: 'file' })
    if (result.status === 'failed') return failedAnswer(result.error)
    const view = viewOf(result)
    const { node: file, drive, actions } = view
    yield* count(env, 'downloads')
    const ticket = { drive: drive.id, node: file.id, version: file.version, name: file.name, type: '' }
    const mayShow = (actions & ACTIONS.preview) !== 0
    return {
      status: 200,
      body: {
        domain_id: drive.tenant,
        drive_id: String(drive.id),
        share_id: env.share.link.id,
        file_id: fileIdOf(env.engine, file),
        download_url: downloadUrl(env, { ...ticket, attachment: true }, lifeS),
        url: mayShow ? downloadUrl(env, { ...ticket, attachment: false }, lifeS) : '',
        thumbnail: '',
        ...picturesFor(env, view, lifeS, picturesOf(body, true)!),
      },
    }
  },
}
