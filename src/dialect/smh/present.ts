/** Files and directories in the vendor's members, and what clients write on them. */
import type { Attributes, Json, Node, NodeView, PictureSize } from '../../engine/index.ts'
import { mayHaveThumbnail } from '../../http/thumbnail.ts'
import { getPath } from '../../http/transfer-url.ts'
import type { Call } from './call.ts'
import { isLink, typeOf, virtualOf } from './entry-kind.ts'
import { refuse } from './error.ts'
import { fileTypeOf } from './file-type.ts'
import { localSyncShown } from './local-sync.ts'
import { rightsShown } from './role.ts'
import { inodeOf, isoTime, userOf } from './terms.ts'
import { rateIn } from './traffic.ts'
import { type Members, member, membersOf, text, texts, time, word, yes } from './words.ts'

export const META_DATA = 'smh.metaData'
export const CATEGORY = 'smh.category'
const META_PREFIX = 'x-smh-meta-'
const CATEGORY_BYTES_MAX = 16

/** How long a download URL opens unless the client asks otherwise, ms. */
export const URL_LIFE_MS = 2 * 3600_000

export type Shown = Record<string, unknown>

/** What a listing knows of an entry beside the entry itself. */
export interface Known {
  /** Whether the library is an album, where files are images or videos. */
  readonly media: boolean
  /** The file a symbolic link leads to; null when it is gone. */
  readonly target?: NodeView | null
  readonly isFavorite?: boolean
  /** Whether authorities decided what the caller may do with it; then it is told. */
  readonly byAuthority?: boolean
  /** The nearest directory above that a client keeps in step. */
  readonly kept?: Node | null
}

/** An entry in a listing or on its own. */
export function entry(call: Call, { node, actions }: NodeView, known: Known): Shown {
  const { media, target, isFavorite = false, byAuthority = false, kept = null } = known
  const { query } = call
  return {
    name: node.name,
    type: typeOf(node, media),
    ...(yes(query, 'with_inode') ? { inode: inodeOf(call.context.engine.ids, node) } : {}),
    userId: userOf(node.creator),
    creationTime: isoTime(node.createdAt),
    modificationTime: isoTime(node.updatedAt),
    eTag: eTagOf(node),
    ...(yes(query, 'with_favorite_status') ? { isFavorite } : {}),
    ...(yes(query, 'with_content_cas') && node.kind === 'file' ? { contentCas: contentCas(node) } : {}),
    ...(byAuthority ? { authorityList: rightsShown(actions) } : {}),
    ...(isLink(node) && target ? { linkTo: target.path } : {}),
    ...localSyncShown(node, kept),
    ...written(node),
    ...(node.kind === 'file' ? content(target?.node ?? node, node.name) : {}),
  }
}

/** Stands for a file's content: it changes when the content does, and only then. */
export function contentCas({ id, version }: Node): string {
  return `${id}-${version}`
}

/** What only files have; of a symbolic link its target's, but the class of its own name. */
export function content(node: Node, name: string = node.name): Shown {
  const { fileType, contentType } = fileTypeOf(name)
  const virtual = virtualOf(node)
  const isPicture = !virtual && mayHaveThumbnail(name, node.content!.size)
  return {
    contentType: virtual?.contentType ?? node.attributes.contentType ?? contentType,
    size: virtual?.size ?? String(node.content!.size),
    crc64: node.content!.crc64,
    versionId: node.version,
    fileType,
    // Nothing here renders documents.
    previewByDoc: false,
    previewByCI: isPicture,
    previewAsIcon: isPicture,
    removedByQuota: false,
    virusAuditStatus: 0,
  }
}

/** A file's own media type, or what its name stands for. */
export function contentTypeOf(node: Node): string {
  return virtualOf(node)?.contentType ?? node.attributes.contentType ?? fileTypeOf(node.name).contentType
}

/** A file's eTag is the quoted MD5 of its bytes; a directory's changes with every change of its own. */
export function eTagOf(node: Node): string {
  return `"${node.content?.md5 ?? `${node.id}-${node.rev}`}"`
}

/** What clients wrote on a node. `metaData` is always there: one of the vendor's clients fails without it. */
export function written({ attributes }: Pick<Node, 'attributes'>): Shown {
  const { labels = [], localCreatedAt, localModifiedAt, extra = {} } = attributes
  return {
    metaData: extra[META_DATA] ?? {},
    labels,
    category: extra[CATEGORY] ?? '',
    ...(localCreatedAt === undefined ? {} : { localCreationTime: isoTime(localCreatedAt) }),
    ...(localModifiedAt === undefined ? {} : { localModificationTime: isoTime(localModifiedAt) }),
  }
}

/** What a request body, and the `x-smh-meta-` headers, write on a node; absent members stay unset. */
export function attributesOf(call: Call, body: Members): Attributes {
  const meta = { ...metaHeaders(call), ...metaOf(body) }
  const category = text(body, 'category')
  if (Buffer.byteLength(category ?? '') > CATEGORY_BYTES_MAX) throw refuse('ParamInvalid', 'category is too long.')
  const extra = {
    ...(Object.keys(meta).length > 0 ? { [META_DATA]: meta } : {}),
    ...(category ? { [CATEGORY]: category } : {}),
  }
  const [labels, created, modified] = [
    texts(body, 'labels'),
    time(body, 'localCreationTime'),
    time(body, 'localModificationTime'),
  ]
  return {
    ...(labels ? { labels } : {}),
    ...(created === undefined ? {} : { localCreatedAt: created }),
    ...(modified === undefined ? {} : { localModifiedAt: modified }),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  }
}

function metaHeaders(call: Call): Record<string, string> {
  const found = Object.entries(call.request.headers).filter(([name]) => name.startsWith(META_PREFIX))
  return Object.fromEntries(found.map(([name, value]) => [name, String(value)]))
}

/** Custom metadata of a body. Keys carry the prefix, whether or not the client wrote it. */
export function metaOf(body: Members): Record<string, string> {
  const given = member(body, 'metaData')
  if (given === undefined) return {}
  return Object.fromEntries(
    Object.entries(membersOf(given, 'metaData')).map(([name, value]) => {
      if (typeof value !== 'string') throw refuse('ParamInvalid', 'metaData must hold strings.')
      const key = name.toLowerCase()
      return [key.startsWith(META_PREFIX) ? key : META_PREFIX + key, value]
    }),
  )
}

/** The headers by which a download and a HEAD tell of a file. */
export function entryHeaders({ node }: NodeView, media: boolean): Record<string, string> {
  const { fileType: _, ...file } = node.kind === 'file' ? content(node) : { fileType: '' }
  const meta = (node.attributes.extra?.[META_DATA] ?? {}) as Record<string, Json>
  const safeMeta = Object.entries(meta).filter(([name]) => /^[a-z0-9-]+$/.test(name))
  return {
    'x-smh-type': typeOf(node, media),
    'x-smh-creation-time': isoTime(node.createdAt),
    'x-smh-modification-time': isoTime(node.updatedAt),
    'x-smh-etag': eTagOf(node),
    ...('size' in file
      ? {
          'x-smh-content-type': String(file.contentType),
          'x-smh-size': String(file.size),
          'x-smh-crc64': String(file.crc64),
        }
      : {}),
    ...Object.fromEntries(safeMeta.map(([name, value]) => [name, headerText(String(value))])),
  }
}

/** A header's value may hold printable ASCII only; anything else goes percent-encoded. */
function headerText(value: string): string {
  return /^[\x20-\x7e]*$/.test(value) ? value : encodeURIComponent(value.toWellFormed())
}

/**
 * A URL that fetches a version of a file, the current one unless told otherwise, and carries its own authorisation; or a
 * small picture of it.
 */
export function downloadUrl(
  call: Call,
  { node }: NodeView,
  lifeMs: number = URL_LIFE_MS,
  version: number = node.version,
  picture?: PictureSize,
): string {
  const { engine, origin } = call.context
  const attachment = word(call.query, 'content_disposition') === 'attachment'
  const type = node.attributes.contentType ?? fileTypeOf(node.name).contentType
  const rate = rateIn(call.query)
  const ticket = { drive: node.drive, node: node.id, version, name: node.name, attachment, type, rate, picture }
  return origin(call.request) + getPath(engine, ticket, engine.now() + lifeMs)
}
