/** Shares as the vendor shows them. */
import { ACTIONS, type ActionBits, hasEnded, type Link, type LinkCounts, type LinkLimits } from '../../engine/index.ts'
import type { Env } from './call.ts'
import { REQUIRE_LOGIN, SHARE_ALL } from './share-visit.ts'
import { iso, subjectParts } from './terms.ts'

/** Members of a share's settings that only this API knows, with what they are while nobody set them. */
export const OWN_SETTINGS = {
  share_policy: 'url',
  disable_visible: false,
  office_editable: false,
  share_icon: '',
  report_count: 0,
  video_preview_count: 0,
} as const

/** What a link keeps under `pds.<member>`. */
export function ownKey(member: string): string {
  return `pds.${member}`
}

/** Of a link: the `file_id`s of its nodes, and of the folders visitors may put files into. */
export const FILE_IDS = 'pds.file_ids'
export const INBOX_IDS = 'pds.creatable_file_ids'

export function fileIdsOf(link: Link): string[] {
  return textsOf(link, FILE_IDS)
}

function textsOf({ extra }: Link, key: string): string[] {
  const texts = extra[key]
  return Array.isArray(texts) ? texts.map(String) : []
}

/** Where a share is shown to people; the page behind it is the deployment's own. */
function shareUrl(env: Env, { id }: Link): string {
  return `${env.origin}/s/${id}`
}

/** A ShareLink object, with its password: for its creator and administrators only. */
export function shareObject(env: Env, link: Link): object {
  const { auth, now } = env
  const ids = fileIdsOf(link)
  const all = link.extra[SHARE_ALL] === true
  return {
    domain_id: link.tenant,
    share_id: link.id,
    share_name: link.name,
    share_pwd: auth.unseal(link.password),
    share_url: shareUrl(env, link),
    share_msg: shareUrl(env, link),
    description: link.description,
    drive_id: String(link.drive),
    file_id: all ? 'root' : ids[0],
    file_id_list: all ? [] : ids,
    share_all_files: all,
    creator: subjectParts(link.creator).id,
    status: link.state === 'open' ? 'enabled' : 'disabled',
    created_at: iso(link.createdAt),
    updated_at: iso(link.updatedAt),
    expired: hasEnded(link, now),
    ...terms(link),
    creatable: link.inboxes.length > 0,
    creatable_file_id_list: textsOf(link, INBOX_IDS),
    is_subscribed: false,
    num_of_subscribers: 0,
  }
}

/** What a visitor may know before the password. */
export function visitorObject(link: Link, creator: { name: string; phone: string; avatar: string }): object {
  return {
    share_id: link.id,
    share_name: link.name,
    creator_id: subjectParts(link.creator).id,
    creator_name: masked(creator.name, 2),
    creator_phone: masked(creator.phone, 3),
    avatar: creator.avatar,
    updated_at: iso(link.updatedAt),
    has_pwd: link.password !== '',
    ...terms(link),
    enable_upload: link.inboxes.length > 0,
  }
}

/** What holds for every use of a share. */
function terms({ actions, limits, counts, expiresAt, extra }: Link): object {
  const own = Object.entries(OWN_SETTINGS).map(([member, usual]) => [member, extra[ownKey(member)] ?? usual])
  return {
    expiration: expiresAt === 0 ? '' : iso(expiresAt),
    disable_preview: (actions & DISABLES.disable_preview) === 0,
    disable_download: (actions & DISABLES.disable_download) === 0,
    disable_save: (actions & DISABLES.disable_save) === 0,
    require_login: extra[REQUIRE_LOGIN] === true,
    ...Object.fromEntries(Object.entries(LIMITS).map(([member, limit]) => [member, limits[limit]])),
    ...Object.fromEntries(Object.entries(COUNTS).map(([member, count]) => [member, counts[count]])),
    ...Object.fromEntries(own),
  }
}

/** Which of our actions each prohibition takes away. */
export const DISABLES: Readonly<Record<'disable_preview' | 'disable_download' | 'disable_save', ActionBits>> = {
  disable_preview: ACTIONS.preview,
  disable_download: ACTIONS.download,
  disable_save: ACTIONS.copy,
}

export const LIMITS: Readonly<Record<string, keyof LinkLimits>> = {
  preview_limit: 'previews',
  download_limit: 'downloads',
  save_limit: 'saves',
  save_download_limit: 'takings',
}

export const COUNTS: Readonly<Record<string, keyof LinkCounts>> = {
  access_count: 'accesses',
  preview_count: 'previews',
  download_count: 'downloads',
  save_count: 'saves',
}

/** `AB***CD`: the first and the last letters only. */
function masked(text: string, shown: number): string {
  const letters = [...text]
  if (letters.length === 0) return ''
  if (letters.length <= 2 * shown) return `${letters[0]}***`
  return `${letters.slice(0, shown).join('')}***${letters.slice(-2).join('')}`
}
