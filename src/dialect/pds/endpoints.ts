/** Every call of this API by its url: one table for the single endpoints and for the children of a batch. */
import type { Endpoint } from './call.ts'
import { fileGetDownloadUrl } from './download.ts'
import { driveCreate, driveDelete, driveGet, driveGetDefault, driveList, driveListMine, driveUpdate } from './drive.ts'
import { fileGet, fileGetByPath, fileList } from './file.ts'
import { fileCopy, fileDelete, fileDeleteUsertags, fileMove, filePutUsertags, fileUpdate } from './file-change.ts'
import { filePreCreateCheck } from './name-check.ts'
import { NOT_SERVED } from './not-served.ts'
import { domainGet, domainGetQuota, groupGet, userGet } from './people.ts'
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
  groupGet,
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
