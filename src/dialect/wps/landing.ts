/** Where something new goes: a folder by id, or by names below one (`parent_path`), to be made if they are missing. */
import { type CreateFolderOp, type DriveId, onConflict, type Ref } from '../../engine/index.ts'
import { type Call, folderParam, getOp, readNode } from './call.ts'
import { isRefusal, type Refusal } from './error.ts'
import type { Input } from './input.ts'
import { CONFLICT_WORDS, type ConflictWord, NAMING, ROOT_ID } from './terms.ts'

export interface Landing {
  readonly parent: Ref
  /** What has to run first, in the same batch, for the parent to be there. */
  readonly make: readonly CreateFolderOp[]
}

/** @param path names below the folder `parent`; [] means the folder itself */
export async function landing(
  call: Call,
  drive: DriveId,
  parent: string,
  path: readonly string[],
): Promise<Landing | Refusal> {
  const base = folderParam(call, parent, drive)
  if (isRefusal(base)) return base
  if (path.length === 0) return { parent: base, make: [] }
  const above = parent === ROOT_ID ? [] : await pathOf(call, base)
  if (isRefusal(above)) return above
  const names = [...above, ...path]
  const [standing] = await call.engine.batch(call.actor, [getOp({ drive, path: names })])
  const isMissing = standing!.status === 'failed' && standing!.error.code === 'node_not_found'
  return { parent: { drive, path: names }, make: isMissing ? [makeFolder(drive, names)] : [] }
}

async function pathOf(call: Call, folder: Ref): Promise<readonly string[] | Refusal> {
  const view = await readNode(call, { ...getOp(folder), expect: 'folder' })
  return isRefusal(view) ? view : view.path
}

function makeFolder(drive: DriveId, names: readonly string[]): CreateFolderOp {
  return {
    kind: 'createFolder',
    parent: { drive, path: names.slice(0, -1) },
    makeParents: true,
    name: names.at(-1)!,
    conflict: onConflict('reuse'),
    naming: NAMING,
  }
}

/** `on_name_conflict`; every call's default is to rename. */
export function readConflict(body: Input): ConflictWord {
  return body.word('on_name_conflict', CONFLICT_WORDS, 'rename')
}
