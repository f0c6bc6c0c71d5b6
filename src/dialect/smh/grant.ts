/**
 * What the words in a token's `grant` list let it do. A call is made with an actor that has only the rights its own
 * grants give for this very call, so that `upload_file` never helps to copy, nor `move_file_force` to overwrite by upload.
 */
import { type ActionBits, ALL_ACTIONS, actions, type Kind } from '../../engine/index.ts'

/** The permissions of the vendor's token page; the last five are named elsewhere in its documents. */
export const GRANTS = [
  'admin',
  'create_space',
  'delete_space',
  'space_admin',
  'create_directory',
  'delete_directory',
  'delete_directory_permanent',
  'move_directory',
  'copy_directory',
  'upload_file',
  'upload_file_force',
  'begin_upload',
  'begin_upload_force',
  'confirm_upload',
  'create_symlink',
  'create_symlink_force',
  'delete_file',
  'delete_file_permanent',
  'move_file',
  'move_file_force',
  'copy_file',
  'copy_file_force',
  'delete_recycled',
  'restore_recycled',
  'acl',
  'create_virtual',
  'delete_history',
  'set_history_latest',
  'read_only',
] as const

export type Grant = (typeof GRANTS)[number]

/**
 * What a call is for. `inspect` is reading what is told of a space as a whole; `mark` is reading and writing a user's own lists,
 * which is what those may do who may read, but for guests; `manage` is what only `admin` and
 * `space_admin` may do within a space; `authorize` and `sync` are too, unless an authority permits them.
 */
export type Verb =
  | 'read'
  | 'inspect'
  | 'mark'
  | 'createDirectory'
  | 'beginUpload'
  | 'confirmUpload'
  | 'createSymlink'
  | 'createVirtual'
  | 'move'
  | 'copy'
  | 'delete'
  | 'restore'
  | 'purgeRecycled'
  | 'deleteHistory'
  | 'setLatest'
  | 'share'
  | 'manage'
  | 'authorize'
  | 'sync'

type Allow = Record<Kind, ActionBits>
type Row = readonly [grant: Grant, rights: Partial<Allow>]

const READ = actions('list', 'preview', 'download')

// The folder rights of file grants are what a file needs where it goes: moving a file puts it into a folder.
const into = actions('upload')
const replace = actions('replace')
const moving = actions('move', 'rename')
const copying = actions('copy')

const ROWS: Record<
  Exclude<Verb, 'read' | 'inspect' | 'mark' | 'share' | 'manage' | 'authorize' | 'sync'>,
  readonly Row[]
> = {
  createDirectory: [['create_directory', { folder: actions('newEmpty') }]],
  beginUpload: [
    ['upload_file', { folder: into }],
    ['begin_upload', { folder: into }],
    ['upload_file_force', { folder: into, file: replace }],
    ['begin_upload_force', { folder: into, file: replace }],
  ],
  confirmUpload: [
    ['upload_file', { folder: into }],
    ['confirm_upload', { folder: into }],
    ['upload_file_force', { folder: into, file: replace }],
  ],
  createSymlink: [
    ['create_symlink', { folder: into }],
    ['create_symlink_force', { folder: into, file: replace }],
  ],
  createVirtual: [['create_virtual', { folder: into }]],
  move: [
    ['move_directory', { folder: moving | actions('newEmpty') }],
    ['move_file', { file: moving, folder: into }],
    ['move_file_force', { file: moving | replace, folder: into }],
  ],
  copy: [
    // Whoever may copy directories may copy the files in them; files by themselves `kindsOf` keeps out.
    ['copy_directory', { folder: copying | actions('newEmpty'), file: copying }],
    ['copy_file', { file: copying, folder: into }],
    ['copy_file_force', { file: copying | replace, folder: into }],
  ],
  delete: [
    ['delete_directory', { folder: actions('delete') }],
    ['delete_directory_permanent', { folder: actions('delete', 'purge') }],
    ['delete_file', { file: actions('delete') }],
    ['delete_file_permanent', { file: actions('delete', 'purge') }],
  ],
  restore: [['restore_recycled', { file: actions('restore'), folder: actions('restore', 'upload', 'newEmpty') }]],
  deleteHistory: [['delete_history', { file: actions('purge') }]],
  setLatest: [['set_history_latest', { file: actions('replace') }]],
  purgeRecycled: [['delete_recycled', { file: actions('purge'), folder: actions('purge') }]],
}

/** Whether the grants hold everything inside the spaces of their token. */
export function rules(grants: ReadonlySet<string>): boolean {
  return grants.has('admin') || grants.has('space_admin')
}

/**
 * Whether calls of this kind may be made with what authorities give. A token with `acl` has that where its other grants do
 * not suffice; by itself `acl` opens nothing, not even for reading.
 */
export function isByAuthority(grants: ReadonlySet<string>, verb: Verb): boolean {
  return grants.has('acl') && verb !== 'inspect' && verb !== 'manage'
}

/** Whether the grants open whole spaces for reading: any does that is not for authorities alone, and so does none at all. */
function readsAll(grants: ReadonlySet<string>): boolean {
  return !grants.has('acl') || grants.size > 1
}

/** The kinds of entries the grants are for when things are carried; directories first. */
export function kindsOf(grants: ReadonlySet<string>, verb: 'move' | 'copy'): Kind[] {
  if (rules(grants)) return ['folder', 'file']
  const folder = grants.has(`${verb}_directory`)
  const file = grants.has(`${verb}_file`) || grants.has(`${verb}_file_force`)
  return [...(folder ? (['folder'] as const) : []), ...(file ? (['file'] as const) : [])]
}

/**
 * The rights for a call; undefined when no grant is for such a call at all. Reading needs no grant.
 * @param plainPurge where there is no bin, deleting is destroying and the plain permission suffices
 */
export function allowedBy(grants: ReadonlySet<string>, verb: Verb, plainPurge = false): Allow | undefined {
  if (rules(grants)) return { file: ALL_ACTIONS, folder: ALL_ACTIONS }
  if (verb === 'manage' || verb === 'authorize' || verb === 'sync') return undefined
  if (verb === 'read' || verb === 'inspect' || verb === 'mark') {
    return readsAll(grants) ? { file: READ, folder: READ } : undefined
  }
  // What one may read one may share; what a share opens is bounded by the share itself.
  const sharing = READ | actions('share', 'copy')
  if (verb === 'share') return readsAll(grants) ? { file: sharing, folder: sharing } : undefined
  const rows = ROWS[verb].filter(([grant]) => grants.has(grant))
  if (rows.length === 0) return undefined
  const allow: Allow = { file: READ, folder: READ }
  for (const [, rights] of rows) {
    allow.file |= rights.file ?? 0
    allow.folder |= rights.folder ?? 0
  }
  if (!plainPurge) return allow
  const [deletion, purge] = [actions('delete'), actions('purge')]
  return {
    file: allow.file & deletion ? allow.file | purge : allow.file,
    folder: allow.folder & deletion ? allow.folder | purge : allow.folder,
  }
}
