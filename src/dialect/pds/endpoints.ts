/** Every call of this API by its url: one table for the single endpoints and for the children of a batch. */

import type { Endpoint } from './call.ts'
import { domainGet, domainGetQuota } from './domain.ts'
import { fileGetDownloadUrl } from './download.ts'
import { driveCreate, driveDelete, driveGet, driveGetDefault, driveList, driveListMine, driveUpdate } from './drive.ts'
import { fileGet, fileGetByPath, fileList } from './file.ts'
import { fileCopy, fileDelete, fileDeleteUsertags, fileMove, filePutUsertags, fileUpdate } from './file-change.ts'
import {
  groupAddMember,
  groupCreate,
  groupDelete,
  groupGet,
  groupList,
  groupListMember,
  groupRemoveMember,
  groupSearch,
  groupUpdate,
  groupUpdateName,
} from './group.ts'
import {
  membershipCreate,
  membershipDelete,
  membershipGet,
  membershipHas,
  membershipListChildren,
  membershipListParents,
  membershipUpdate,
  roleAssign,
  roleCancel,
  roleListAssignment,
  roleListIdentity,
} from './membership.ts'
import { filePreCreateCheck } from './name-check.ts'
import { NOT_SERVED } from './not-served.ts'
import {
  recyclebinClear,
  recyclebinClearAll,
  recyclebinList,
  recyclebinRestore,
  recyclebinTrash,
} from './recyclebin.ts'
import { fileGetShareDownloadUrl } from './share-files.ts'
import { shareCancel, shareCreate, shareGet, shareUpdate } from './share-link.ts'
import { shareList, shareSearch } from './share-list.ts'
import { shareGetByAnonymous, shareGetToken } from './share-open.ts'
import { asyncTaskGet } from './task.ts'
import { fileComplete, fileCreate, fileGetUploadUrl, fileListUploadedParts } from './upload.ts'
import {
  userCreate,
  userDelete,
  userGeneralGet,
  userGeneralSearch,
  userGet,
  userImport,
  userList,
  userListGroupUser,
  userSearch,
  userUpdate,
} from './user.ts'

export const ENDPOINTS: readonly Endpoint[] = [
  fileGet,
  fileGetByPath,
  fileList,
  fileGetDownloadUrl,
  filePreCreateCheck,
  fileCreate,
  fileGetUploadUrl,
  fileListUploadedParts,
  fileComplete,
  fileUpdate,
  fileMove,
  fileCopy,
  fileDelete,
  filePutUsertags,
  fileDeleteUsertags,
  recyclebinTrash,
  recyclebinRestore,
  recyclebinList,
  recyclebinClear,
  recyclebinClearAll,
  driveGet,
  driveGetDefault,
  driveList,
  driveListMine,
  driveCreate,
  driveUpdate,
  driveDelete,
  userGet,
  userCreate,
  userUpdate,
  userDelete,
  userList,
  userSearch,
  userImport,
  userListGroupUser,
  userGeneralGet,
  userGeneralSearch,
  groupGet,
  groupCreate,
  groupUpdate,
  groupUpdateName,
  groupDelete,
  groupList,
  groupSearch,
  groupListMember,
  groupAddMember,
  groupRemoveMember,
  membershipCreate,
  membershipGet,
  membershipUpdate,
  membershipDelete,
  membershipHas,
  membershipListChildren,
  membershipListParents,
  roleAssign,
  roleCancel,
  roleListAssignment,
  roleListIdentity,
  domainGet,
  domainGetQuota,
  asyncTaskGet,
  shareCreate,
  shareUpdate,
  shareCancel,
  shareGet,
  shareList,
  shareSearch,
  shareGetToken,
  shareGetByAnonymous,
  fileGetShareDownloadUrl,
  ...NOT_SERVED,
]
