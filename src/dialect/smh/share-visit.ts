/** Visiting a share: what it is, getting in by its extraction code, and what is inside. No account is needed for any of it. */
import { equalTexts } from '../../auth/secrets.ts'
import {
  ACTIONS,
  type Actor,
  type App,
  type DriveId,
  type Link,
  type LinkCounts,
  type LinkId,
  type ListOp,
  lentBy,
  type NodeView,
  type OrderBy,
  type Subject,
} from '../../engine/index.ts'
import { bearerOf } from './auth.ts'
import type { Answer, Call, Operation } from './call.ts'
import { faultOf, Refusal, refuse } from './error.ts'
import { isDescending } from './listing.ts'
import { pageIn } from './page.ts'
import { pictureIn } from './picture.ts'
import { downloadUrl, URL_LIFE_MS } from './present.ts'
import { libraryActor } from './space-index.ts'
import { inodeOf, isoTime, spaceIdOf, userOf } from './terms.ts'
import { members, text, word } from './words.ts'

/** How long a visitor's token lasts, ms. */
const VISIT_MS = 10 * 60_000
const TOKEN_PREFIX = 'sharetk01'
/** How deep a chain of inodes may be. */
const DEPTH_MAX = 64

export const visitOperations: readonly Operation[] = [
  {
    operation: 'Share by its link',
    coverage: 'done',
    method: 'GET',
    path: 'share/url-detail/{code}',
    handle: urlDetail,
  },
  {
    operation: 'Verify extraction code',
    coverage: 'done',
    method: 'POST',
    path: 'share/verify/{code}',
    handle: verify,
  },
  {
    operation: 'List shared files',
    coverage: 'done',
    method: 'GET',
    path: 'share/file/{code}/{path*}',
    flag: 'list',
    handle: list,
  },
  {
    operation: 'Download shared file',
    coverage: 'done',
    method: 'GET',
    path: 'share/file/{code}/{path*}',
    flag: 'download',
    handle: (call) => fetch(call, 'downloads'),
  },
  {
    operation: 'Preview shared file',
    coverage: 'done',
    method: 'GET',
    path: 'share/file/{code}/{path*}',
    flag: 'preview',
    handle: (call) => fetch(call, 'previews'),
  },
  {
    operation: 'Save shared files',
    coverage: 'not planned: the vendor does not say how the two tokens travel; FunctionNotEnabled',
    method: 'POST',
    path: 'share/file/{code}',
    flag: 'save',
    handle: async () => {
      throw refuse('FunctionNotEnabled')
    },
  },
]

/** What only this dialect keeps of a link, under `smh.share`. */
export interface ShareConfig {
  readonly library: string
  readonly forbidAnonymousUser: boolean
  readonly shareToUsers: readonly string[]
  readonly ownerEnabled: boolean
  readonly adminEnabled: boolean
  readonly deleted: boolean
  /** Whose authorities it was made with and goes by; absent = it was made with the grants of a token. */
  readonly subjects?: readonly Subject[]
}

export function sharedOf(link: Link): ShareConfig {
  return link.extra['smh.share'] as unknown as ShareConfig
}

/** Whether a link was made as a share of this library and still is one. */
export function isShareOf(link: Link, library: App): boolean {
  const config = sharedOf(link) as ShareConfig | undefined
  return config !== undefined && config.library === library.id && link.tenant === library.tenant && !config.deleted
}

/** The share of a code and its library; whether it is open is another question. */
async function shareOf(call: Call): Promise<{ link: Link; library: App }> {
  const [link] = await call.context.engine.links([call.params.code as LinkId])
  const config = link && (sharedOf(link) as ShareConfig | undefined)
  const library = config && (await call.context.auth.app('smh', config.library))
  if (!link || !library || !isShareOf(link, library)) throw refuse('ShareNotFound')
  return { link, library }
}

function demandOpen(call: Call, { state, expiresAt }: Link): void {
  if (state === 'closed') throw refuse('ShareDisabled')
  if (expiresAt !== 0 && expiresAt <= call.context.engine.now()) throw refuse('ShareExpired')
}

async function urlDetail(call: Call): Promise<Answer> {
  const { link, library } = await shareOf(call)
  const config = sharedOf(link)
  const alone = link.nodes.length === 1 ? await topOf(call, link, library) : []
  const [only] = alone
  return {
    status: 200,
    body: {
      name: link.name,
      enabled: link.state === 'open',
      isExpired: link.expiresAt !== 0 && link.expiresAt <= call.context.engine.now(),
      needExtractionCode: link.password !== '',
      allowAnonymousUser: !config.forbidAnonymousUser,
      canSaveToNetDisc: may(link, ACTIONS.copy),
      canPreview: may(link, ACTIONS.preview),
      canDownload: may(link, ACTIONS.download),
      status: 2,
      userId: userOf(link.creator),
      enableShareWatermark: false,
      ...(only?.node.kind === 'file' ? { fileName: only.node.name } : {}),
    },
  }
}

function may({ actions }: Link, action: number): boolean {
  return (actions & action) !== 0
}

async function topOf(call: Call, link: Link, library: App): Promise<NodeView[]> {
  const ops = link.nodes.map((id) => {
    return { kind: 'get', node: { drive: link.drive, id }, need: 0, trashed: 'no' } as const
  })
  const results = await call.context.engine.batch(holderOf(link, library), ops)
  return results.flatMap((result) => (result.status === 'done' ? [result.view!] : []))
}

async function verify(call: Call): Promise<Answer> {
  const { link, library } = await shareOf(call)
  demandOpen(call, link)
  const body = members(call)
  const user = await visitorOf(call, link, text(body, 'libraryId'), text(body, 'access_token'))
  const { auth, engine } = call.context
  if (link.password !== '' && !equalTexts(auth.unseal(link.password), text(body, 'extractionCode') ?? '')) {
    throw refuse('ExtractionCodeInvalid')
  }
  const { text: accessToken, token } = await auth.issue(
    {
      ...{ dialect: 'smh', purpose: 'link', tenant: library.tenant, app: library.id, user, scopes: [] },
      // Another code makes the token worthless.
      data: { share: link.id, password: link.password },
      ttlMs: VISIT_MS,
    },
    TOKEN_PREFIX,
  )
  await engine.useLinks([{ link: link.id, what: 'accesses' }])
  return { status: 200, body: { accessToken, expireTime: isoTime(token.expiresAt) } }
}

/** Who comes, where the share wants to know: by the token of a library of the same tenant. */
async function visitorOf(
  call: Call,
  link: Link,
  library: string | undefined,
  text: string | undefined,
): Promise<string> {
  const { forbidAnonymousUser, shareToUsers } = sharedOf(link)
  if (!forbidAnonymousUser && shareToUsers.length === 0) return ''
  if (!text) throw refuse('LoginRequired')
  const token = await call.context.auth.check('smh', 'access', text)
  if (!token || token.tenant !== link.tenant || (library && token.app !== library)) throw refuse('InvalidAccessToken')
  if (token.user === '') throw refuse('AnonymousNotAllowed')
  if (shareToUsers.length > 0 && !shareToUsers.includes(token.user)) throw refuse('ShareAccessDenied')
  return token.user
}

/** Whoever comes through a share sees what is in it and nothing else. */
function holderOf(link: Link, library: App): Actor {
  const { subjects } = sharedOf(link)
  const maker = { ...libraryActor(library), ...(subjects ? { admin: false, subjects } : {}) }
  const nobody = {
    ...maker,
    self: `link:${link.id}` as const,
    subjects: [],
    admin: false,
    app: '',
    drives: [] as DriveId[],
  }
  return { ...nobody, lent: lentBy(link, maker) }
}

interface Visited {
  readonly link: Link
  readonly library: App
  readonly actor: Actor
}

/** The share a visitor's token opens, which must be the one the path names. */
async function visited(call: Call): Promise<Visited> {
  const { link, library } = await shareOf(call)
  demandOpen(call, link)
  const given = word(call.query, 'access_token') ?? bearerOf(call)
  if (given === undefined) throw refuse('EmptyAccessToken')
  const token = await call.context.auth.check('smh', 'link', given)
  const { share, password } = (token?.data ?? {}) as { share?: string; password?: string }
  if (!token || share !== link.id || password !== link.password) throw refuse('ShareTokenInvalid')
  return { link, library, actor: holderOf(link, library) }
}

/** The entry at the end of a chain of inodes; undefined for none, which is the share itself. */
async function entryOf(call: Call, { link, actor }: Visited): Promise<NodeView | undefined> {
  if (call.path.length === 0) return undefined
  if (call.path.length > DEPTH_MAX) throw refuse('FileNotInShare')
  const id = call.context.engine.ids.parseFileId(call.path.at(-1)!)
  if (!id) throw refuse('FileNotInShare')
  const op = { kind: 'get', node: { ...id, drive: link.drive }, need: 0, trashed: 'no' } as const
  const [result] = await call.context.engine.batch(actor, [op])
  if (result!.status === 'failed') throw refuse('FileNotInShare')
  return result!.view!
}

const ORDERS: Readonly<Record<string, OrderBy>> = { name: 'name', size: 'size', updatedAt: 'updated' }
const LIMIT = { min: 1, max: 100, otherwise: 10 }
/** As many entries of a shared directory as are shown at all. */
const LISTED_MAX = 1000

async function list(call: Call): Promise<Answer> {
  const here = await visited(call)
  const by = word(call.query, 'orderBy', 'order_by') ?? 'name'
  const order = Object.hasOwn(ORDERS, by) ? ORDERS[by] : undefined
  if (!order) throw refuse('ParamInvalid', 'orderBy must be name, size or updatedAt.')
  const descending = isDescending(call.query)
  const folder = await entryOf(call, here)
  const all = folder ? await inside(call, here, folder, order, descending) : await topOf(call, here.link, here.library)
  const { shown, more } = pageIn(call.query, all, LIMIT)
  const { link, library } = here
  const contents = shown.map(({ node, drive }) => ({
    name: node.name,
    spaceId: spaceIdOf(drive, library.id),
    type: node.kind === 'folder' ? 'dir' : 'file',
    ...(node.content ? { size: String(node.content.size) } : {}),
    updateTime: isoTime(node.updatedAt),
    canPreview: may(link, ACTIONS.preview),
    canDownload: may(link, ACTIONS.download),
    canSaveToNetdisk: may(link, ACTIONS.copy),
    inode: inodeOf(call.context.engine.ids, node),
  }))
  const { nextMarker } = more
  const marker = nextMarker === undefined ? {} : { marker: nextMarker, nextMarker }
  return { status: 200, body: { contents, hasMore: nextMarker !== undefined, ...marker } }
}

async function inside(
  call: Call,
  { actor }: Visited,
  { node }: NodeView,
  by: OrderBy,
  descending: boolean,
): Promise<readonly NodeView[]> {
  const folder = { drive: node.drive, id: node.id }
  const op: ListOp = { kind: 'list', folder, by, descending, foldersFirst: true, limit: LISTED_MAX }
  const [result] = await call.context.engine.batch(actor, [op])
  if (result!.status === 'failed') throw new Refusal(faultOf(result!.error, { kind: 'folder', source: false }))
  return result!.status === 'done' ? (result!.page?.items ?? []) : []
}

/** Each fetch counts once; what the limit leaves no room for is refused. */
async function fetch(call: Call, what: keyof LinkCounts & ('downloads' | 'previews')): Promise<Answer> {
  const here = await visited(call)
  const isDownload = what === 'downloads'
  if (!may(here.link, isDownload ? ACTIONS.download : ACTIONS.preview)) {
    throw refuse(isDownload ? 'CannotDownload' : 'CannotPreview')
  }
  const view = await entryOf(call, here)
  if (!view || view.node.kind === 'folder') throw refuse('FileNotInShare')
  const [isCounted] = await call.context.engine.useLinks([{ link: here.link.id, what }])
  if (!isCounted) throw refuse('ShareAccessDenied', 'The limit of the share is reached.')
  const picture = isDownload ? undefined : pictureIn(call.query, view)
  return { status: 302, headers: { location: downloadUrl(call, view, URL_LIFE_MS, view.node.version, picture) } }
}
