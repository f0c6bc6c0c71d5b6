/** Roles: named sets of ten rights that authorities give on directories. Pages 1339/71112 and 77861. */
import { type ActionBits, type App, actions, type Grant, type Json } from '../../engine/index.ts'
import { refuse } from './error.ts'
import { flag, type Members, membersOf, requiredText, text } from './words.ts'

/** What each right of the vendor's permits here. */
const RIGHTS = {
  canView: actions('list'),
  canPreview: actions('preview'),
  // Who may take the bytes away may copy them elsewhere as well.
  canDownload: actions('download', 'copy', 'copyContent', 'print'),
  canUpload: actions('upload', 'newEmpty'),
  canDelete: actions('delete', 'purge', 'restore'),
  canModify: actions('update', 'rename', 'move', 'replace'),
  canAuthorize: actions('permCtl'),
  canShare: actions('share'),
  // Of the files that oneself uploaded.
  canPreviewSelf: actions('previewOwn'),
  canDownloadSelf: actions('downloadOwn'),
} as const

type Right = keyof typeof RIGHTS
const NAMES = Object.keys(RIGHTS) as Right[]

export interface Role {
  /** From 1, in the order of the list. */
  readonly id: number
  readonly name: string
  readonly description: string
  readonly rights: readonly Right[]
  readonly isDefault: boolean
  /** Of these there is one. */
  readonly isOwner: boolean
}

/** The roles the vendor proposes; a library has them until it is given others. */
const PROPOSED = [
  ['Viewer', 'see lists', ['canView']],
  ['Previewer', 'see lists, preview', ['canView', 'canPreview']],
  ['Downloader', 'see lists, preview, download, share', ['canView', 'canPreview', 'canDownload', 'canShare']],
  ['Uploader', 'see lists, upload', ['canView', 'canUpload']],
  ['Carrier', 'see lists, preview, download, upload', ['canView', 'canPreview', 'canDownload', 'canUpload']],
  ['Editor', 'everything but to authorize others', NAMES.filter((right) => right !== 'canAuthorize')],
  ['Owner', 'everything', NAMES],
] as const satisfies readonly (readonly [name: string, description: string, rights: readonly Right[]])[]

const ROLES_MAX = 100
const NAME_CHARACTERS_MAX = 255
/** Where a library keeps roles of its own. */
export const ROLES = 'smh.roles'

export function rolesOf({ extra }: App): readonly Role[] {
  const own = extra[ROLES] as unknown as readonly Role[] | undefined
  return (
    own ??
    PROPOSED.map(([name, description, rights], at) => {
      return { id: at + 1, name, description, rights, isDefault: at === 0, isOwner: name === 'Owner' }
    })
  )
}

/** The role with this number, written as a number or in digits. */
export function roleOf(library: App, id: Json | undefined): Role {
  const role = rolesOf(library).find((known) => known.id === id || String(known.id) === id)
  if (!role) throw refuse('ParamInvalid', 'roleId is unknown.')
  return role
}

export function bitsOf({ rights }: Pick<Role, 'rights'>): ActionBits {
  return rights.reduce((bits, right) => bits | RIGHTS[right], 0)
}

/** How a grant notes the role it came from. */
export function noteOf({ id }: Role): string {
  return `smh.${id}`
}

/** The role a grant is of: the one it notes, or, when another API gave it, the widest that goes no further. */
export function roleIn(library: App, { role: note, actions: given }: Grant): Role | undefined {
  const roles = rolesOf(library)
  const noted = roles.find((role) => noteOf(role) === note && bitsOf(role) === given)
  if (noted) return noted
  const within = roles.filter((role) => (bitsOf(role) & ~given) === 0)
  return within.toSorted((a, b) => b.rights.length - a.rights.length)[0]
}

/** Actions in the vendor's rights; one is there when all that it permits is. */
export function rightsShown(bits: ActionBits): Record<string, boolean> {
  const shown = NAMES.map((name): [string, boolean] => [name, (bits & RIGHTS[name]) === RIGHTS[name]])
  return Object.fromEntries(shown)
}

export function roleShown(role: Role): Record<string, Json> {
  const { id, name, description, isDefault, isOwner } = role
  // The vendor's page calls the description one thing, its clients another.
  return { id, name, ...rightsShown(bitsOf(role)), isDefault, isOwner, desc: description, roleDesc: description }
}

/** The roles a library is given, exactly one of them the owner's. */
export function rolesIn(body: unknown): Role[] {
  if (!Array.isArray(body)) throw refuse('ParamInvalid', 'The body must be an array.')
  if (body.length === 0) throw refuse('NoItemsProvided')
  if (body.length > ROLES_MAX) throw refuse('TooManyItems', `At most ${ROLES_MAX} roles are allowed.`)
  const roles = body.map((item, at) => roleFrom(membersOf(item, 'A role'), at + 1))
  if (roles.filter(({ isOwner }) => isOwner).length !== 1) throw refuse('ParamInvalid', 'One role must be the owner.')
  return roles
}

function roleFrom(from: Members, id: number): Role {
  const name = requiredText(from, 'name')
  const description = text(from, 'roleDesc') ?? text(from, 'desc') ?? ''
  if (name === '' || name.length > NAME_CHARACTERS_MAX || description.length > NAME_CHARACTERS_MAX) {
    throw refuse('ParamInvalid', `name and roleDesc have at most ${NAME_CHARACTERS_MAX} characters, name at least one.`)
  }
  const [isDefault, isOwner] = [flag(from, 'isDefault') ?? false, flag(from, 'isOwner') ?? false]
  return { id, name, description, rights: NAMES.filter((right) => flag(from, right)), isDefault, isOwner }
}
