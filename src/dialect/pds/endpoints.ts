/** Every call of this API by its url: one table for the single endpoints and for the children of a batch. */

import * as account from './account.ts'
import * as archive from './archive.ts'
import type { Endpoint } from './call.ts'
import * as create from './create.ts'
import * as delta from './delta.ts'
import * as domain from './domain.ts'
import * as download from './download.ts'
import * as drive from './drive.ts'
import * as file from './file.ts'
import * as fileChange from './file-change.ts'
import * as group from './group.ts'
import * as groupMembers from './group-members.ts'
import * as membership from './membership.ts'
import * as nameCheck from './name-check.ts'
import { NOT_SERVED } from './not-served.ts'
import * as permission from './permission.ts'
import * as recyclebin from './recyclebin.ts'
import * as revision from './revision.ts'
import * as search from './search.ts'
import * as shareFiles from './share-files.ts'
import * as shareLink from './share-link.ts'
import * as shareList from './share-list.ts'
import * as shareOpen from './share-open.ts'
import * as task from './task.ts'
import * as upload from './upload.ts'
import * as user from './user.ts'
import * as userGeneral from './user-general.ts'
import * as userImport from './user-import.ts'

const MODULES: readonly object[] = [
  file,
  search,
  download,
  nameCheck,
  create,
  upload,
  fileChange,
  recyclebin,
  shareFiles,
  shareLink,
  shareList,
  shareOpen,
  revision,
  delta,
  permission,
  archive,
  task,
  drive,
  user,
  userGeneral,
  userImport,
  group,
  groupMembers,
  membership,
  domain,
  account,
]

/** Whatever of a module says at which url it answers. */
function endpointsOf(module: object): Endpoint[] {
  return Object.values(module).filter((one): one is Endpoint => typeof one === 'object' && one !== null && 'url' in one)
}

export const ENDPOINTS: readonly Endpoint[] = [...MODULES.flatMap(endpointsOf), ...NOT_SERVED]
