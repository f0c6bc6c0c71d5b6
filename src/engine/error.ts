/**
 * What a caller may expect to go wrong, from the general to the particular. When several are true of one op, one of them is
 * reported: rights before anything else that is said of a node, the op's subject before its target. No HTTP status and no vendor word: each dialect owns one total table from here to its own.
 */
export const ERROR_CODES = [
  'timeout', // the batch waited longer than the engine's limit and was not begun
  'busy', // too many batches on this drive at once, or another piece of work holds the node
  'drive_not_found',
  'drive_disabled', // an admin has closed it: what is in it can be neither seen nor changed
  'node_not_found', // at: 'node' the op's subject, 'target' the folder it should go into
  'trash_not_found',
  'upload_not_found',
  'version_not_found',
  'task_not_found',
  'link_not_found',
  'forbidden', // the actor is known, the node exists in the actor's tenant, the action is not granted
  'wrong_kind', // a folder where a file was expected, or the reverse; at: 'target' for a parent that is a file
  'root_refused', // the op makes no sense on a drive's root
  'mark_exists', // the node is on the list already
  'mark_not_found',
  'precondition_failed', // the node's rev is not the one the caller named
  'name_invalid', // detail: 'empty' | 'too_long' | 'forbidden' | 'reserved' | 'extension'
  'cycle', // a folder into itself or into its own descendant
  'too_deep',
  'name_taken', // node: the one that has the name
  'rename_exhausted', // no free automatic name within the limit
  'history_kept', // replacing was refused because the other file has earlier versions
  'trash_off',
  'parent_gone', // restore: the original parent is no longer there
  'version_current', // the op makes no sense on the version that is current
  'quota_drive',
  'quota_shared',
  'quota_scene',
  'quota_app',
  'quota_tenant',
  'upload_incomplete', // bytes are missing
  'upload_mismatch', // bytes differ from what was declared; detail: 'size' or the digest's name
  'upload_used', // the upload already became a version; node: which
  'too_large', // the subtree has more nodes than one batch may touch
  'attribute_invalid', // detail: the attribute's name
  'chain_broken', // an earlier op of the chain failed, or the task could not go on
  'cancelled', // somebody stopped the task before its turn came
  'batch_refused', // mode `all`: some other op failed, so nothing was done
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

/** Why an op failed. */
export interface OpError {
  readonly code: ErrorCode
  /** What the code is about: the op's subject or the folder it should go into. */
  readonly at: 'node' | 'target'
  /** A machine word that narrows the code; '' when there is none. */
  readonly detail: string
  /** The node that stands in the way, 0 when there is none. */
  readonly node: number
  /** What the op's subject is, when it was found; null otherwise. */
  readonly kind: 'file' | 'folder' | null
}

/** A failed result. */
export function fail(
  code: ErrorCode,
  more: { at?: 'node' | 'target'; detail?: string; node?: number } = {},
): { status: 'failed'; error: OpError } {
  const { at = 'node', detail = '', node = 0 } = more
  return { status: 'failed', error: { code, at, detail, node, kind: null } }
}

/**
 * Thrown when the deployment itself fails (a disk, a database): nobody's mistake in the request. Dialects answer their
 * system error; anything else that is thrown is an unknown error.
 */
export class StorageError extends Error {
  override name = 'StorageError'
}
