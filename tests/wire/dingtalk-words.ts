/** What DingTalk calls things: strategies, codes, ids, places and answers. */
import {
  ACTIONS,
  type Conflict,
  type DriveId,
  type Naming,
  onConflict,
  type Ref,
  type TrashId,
} from '../../src/engine/index.ts'
import type { Asking } from './request.ts'
import type { Said, Target, Wire } from './wire.ts'

export const NAMING: Naming = { pattern: 'tight', charactersMax: 255, forbidden: '[\\t*"<>|/\\\\]|\\.$', trim: true }

const GONE = ['dentryNotExist', 'recycleItemNotExist']
export const CODES: Wire['codes'] = {
  drive_not_found: ['spaceNotExist', 'recycleItemNotExist'],
  node_not_found: GONE,
  trash_not_found: ['recycleItemNotExist'],
  wrong_kind: ['paramError', 'paramError.parentId', 'paramError.targetFolderId'],
  root_refused: ['paramError.dentryId', 'operationNotSupported'],
  name_taken: ['dentryAlreadyExist'],
  cycle: ['paramError.targetFolderId'],
}

const FAMILIES = ['move', 'copy', 'remove', 'restore', 'discard', 'query']
export const CALLS = [
  ...['folders', 'uploadInfos, PUT, commit', 'commit over a dentry', 'rename', 'permissions', 'permissions/remove'],
  ...FAMILIES.flatMap((family) => [family, `batch of ${family}`]),
]

/** What the role READER gives. */
export const READER = ACTIONS.list | ACTIONS.preview
/** One of the people who are there. */
export const FRIEND = 'alice'

/** There are no twins. */
export function strategyOf({ strategy }: Asking): { word: string; conflict: Conflict } {
  switch (strategy) {
    case 'fail':
      return { word: 'RETURN_ERROR_IF_EXISTS', conflict: onConflict('fail') }
    case 'replace':
      return { word: 'OVERWRITE', conflict: onConflict('replace', 'version') }
    case 'reuse':
      return { word: 'RETURN_DENTRY_IF_EXISTS', conflict: onConflict('reuse') }
    default:
      return { word: 'AUTO_RENAME', conflict: onConflict('rename') }
  }
}

export interface Reply {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came back
  readonly body: any
}

export function isRoot({ parent, trash, drive }: Target): boolean {
  return parent === null && trash === null && drive !== 0
}

export function idOf(node: Target): string {
  return isRoot(node) ? '0' : String(node.id)
}

/** The dentry with this id in a space, wherever it is really. */
export function refIn(drive: DriveId, node: Target): Ref {
  return isRoot(node) ? { drive, path: [] } : { drive, id: node.id as never }
}

/** No item has this number. The model gives 0 to what is put away, until it learns its number. */
const NO_ITEM = 999_999 as TrashId

/** What lies in the bin of another space is not in this one. */
export function itemIn(drive: DriveId, { drive: home, trash }: Target) {
  return { drive, trash: (home === drive ? (trash?.id ?? NO_ITEM) : NO_ITEM) as TrashId }
}

export function itemId(drive: DriveId, { drive: home, trash }: Target): string {
  return `${home === 0 ? drive : home}-${trash?.id ?? NO_ITEM}`
}

export function dentries(drive: DriveId): string {
  return `spaces/${drive}/dentries`
}

export function bin(drive: DriveId): string {
  return `recycleBins/space-${drive}/recycleItems`
}

export function said({ status, body }: Reply): Said {
  return status === 200 ? { ok: true } : { ok: false, code: body.code }
}

/** The single forms show the dentry itself, or where it is now. */
export function dentry(reply: Reply): Said {
  if (reply.status !== 200) return said(reply)
  const { dentry: shown, dentryId } = reply.body
  if (shown) return { ok: true, id: Number(shown.id), name: shown.name }
  return { ok: true, ...(dentryId === undefined ? {} : { id: Number(dentryId) }) }
}

/** One answer for each thing; what refuses the call refuses each. */
export function resultItems(reply: Reply, count: number): Said[] {
  if (reply.status !== 200) return Array.from({ length: count }, () => said(reply))
  return reply.body.resultItems.map(
    ({ errorCode, targetDentryId, dentry: shown }: Record<string, never>): Said =>
      errorCode === undefined
        ? {
            ok: true,
            ...(targetDentryId === undefined ? {} : { id: Number(targetDentryId) }),
            ...(shown ? { name: (shown as { name: string }).name } : {}),
          }
        : { ok: false, code: errorCode },
  )
}
