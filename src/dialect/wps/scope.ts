/** Which scopes open which calls. A token holds scopes in one of two kinds: granted to the app, or by a user. */
import type { Token } from '../../engine/index.ts'

export interface Scope {
  readonly name: string
  /** In which kind of grant the scope opens the call. */
  readonly grant: 'app' | 'user' | 'both'
}

const both = (name: string): Scope => ({ name, grant: 'both' })
const byUser = (name: string): Scope => ({ name, grant: 'user' })

const MCP: readonly Scope[] = [byUser('kso.mcp_yundoc.readwrite'), byUser('kso.mcp_airpage.readwrite')]
const FILE_WRITE: readonly Scope[] = [both('kso.file.readwrite')]
const FILE_READ: readonly Scope[] = [...FILE_WRITE, both('kso.file.read')]
const APP_FILE: readonly Scope[] = [{ name: 'kso.appfile.readwrite', grant: 'app' }]
const DRIVE_WRITE: readonly Scope[] = [both('kso.drive.readwrite')]

/** The scopes of each group of calls, as the vendor's pages list them; any one of a group's is enough. */
export const SCOPES = {
  fileRead: FILE_READ,
  fileReadById: [...FILE_READ, ...MCP],
  fileReadInDrive: [...FILE_READ, ...APP_FILE],
  fileWrite: FILE_WRITE,
  fileCreate: [...FILE_WRITE, ...MCP],
  /** Deleting and multipart uploads. */
  fileWriteByApp: [...FILE_WRITE, ...APP_FILE],
  /** The vendor documents no scope for reading alone; the obvious name is taken as one. */
  driveRead: [...DRIVE_WRITE, both('kso.drive.read')],
  driveList: [...DRIVE_WRITE, both('kso.drive.read'), ...MCP],
  driveWrite: DRIVE_WRITE,
  versionRead: [both('kso.file_version.read'), both('kso.file_version.readwrite')],
  trashRead: [both('kso.deleted_file.read'), both('kso.deleted_file.readwrite')],
  trashWrite: [both('kso.deleted_file.readwrite')],
  permissionRead: [both('kso.file_permission.readwrite'), byUser('kso.file_permission.read')],
  permissionWrite: [both('kso.file_permission.readwrite')],
  me: [byUser('kso.user_base.read')],
} as const satisfies Record<string, readonly Scope[]>

/** Whether a token opens a call. A token without a list of scopes has every scope its kind can have. */
export function isOpenTo(scopes: readonly Scope[], { user, scopes: held }: Pick<Token, 'user' | 'scopes'>): boolean {
  const kind = user === '' ? 'app' : 'user'
  return scopes.some(
    ({ name, grant }) => (grant === 'both' || grant === kind) && (held.length === 0 || held.includes(name)),
  )
}

/** A scope parameter taken apart: separated by commas or spaces. */
export function parseScopes(text: string): string[] {
  return [...new Set(text.split(/[\s,]+/).filter((scope) => scope !== ''))]
}
