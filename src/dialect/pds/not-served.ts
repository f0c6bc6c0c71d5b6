/** Calls the vendor has and this server does not serve yet: known, and refused in so many words. */
import type { Call, SteppedEndpoint } from './call.ts'
import { sound } from './error.ts'

function notServed(url: `/${string}`, operation: string): SteppedEndpoint {
  return {
    url,
    operation,
    coverage: 'not served yet',
    scope: '',
    // biome-ignore lint/correctness/useYield: a call that needs nothing is a call all the same
    *steps(): Call {
      return sound(400, 'OperationNotSupport', `The operation ${url} is not supported.`)
    },
  }
}

export const NOT_SERVED: readonly SteppedEndpoint[] = [
  // These the vendor's page lists as children of a batch.
  notServed('/file/search', 'SearchFile'),
  // The rest of what the vendor's own clients call.
  notServed('/file/scan', 'ScanFile'),
  notServed('/file/list_by_custom_index_key', 'ListFileByCustomIndexKey'),
  notServed('/file/get_last_cursor', 'DeltaGetLastCursor'),
  notServed('/file/list_delta', 'ListDelta'),
  notServed('/file/archive_files', 'ArchiveFiles'),
  notServed('/file/add_permission', 'FileAddPermission'),
  notServed('/file/remove_permission', 'FileRemovePermission'),
  notServed('/file/list_permission', 'FileListPermission'),
  notServed('/file/list_inherit_permission', 'FileListInheritPermission'),
  notServed('/file/list_received_file', 'ListReceivedFile'),
  notServed('/file/list_sharing_file', 'ListSharingFile'),
  notServed('/file/revision/list', 'ListRevision'),
  notServed('/file/revision/get', 'GetRevision'),
  notServed('/file/revision/update', 'UpdateRevision'),
  notServed('/file/revision/restore', 'RestoreRevision'),
  notServed('/file/revision/delete', 'DeleteRevision'),
  notServed('/recyclebin/search_all', 'SearchAllRecyclebin'),
  notServed('/drive/search', 'SearchDrives'),
  notServed('/drive/list_my_group_drive', 'ListMyGroupDrive'),
]
