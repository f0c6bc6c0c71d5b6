/** Changing files one by one: create, rename, delete, move, copy, save as, update. */
import { type CopyOp, type DriveId, type MoveOp, type Op, onConflict, type Ref } from '../../engine/index.ts'
import {
  type Answer,
  type Call,
  driveOf,
  folderParam,
  inputProblem,
  nodeParams,
  type Route,
  runAll,
  runOne,
} from './call.ts'
import { isRefusal, type Refusal, refuse } from './error.ts'
import { landing, readConflict } from './landing.ts'
import { presentFile } from './present.ts'
import { SCOPES } from './scope.ts'
import { CONFLICTS, EXT_ATTR_PREFIX, NAMING, NAMING_KEPT } from './terms.ts'
import { createEmptyFile, type Intent } from './upload.ts'

async function create(call: Call): Promise<Answer> {
  const { body, params } = call
  const type = body.word('file_type', ['file', 'folder', 'shortcut'])
  const intent: Intent = {
    parent: params.node ?? '',
    path: body.optionalTexts('parent_path') ?? [],
    name: body.text('name'),
    conflict: readConflict(body),
    target: '',
  }
  if (type === 'shortcut') body.refuse('typeUnsupported', 'there are no shortcuts here')
  const drive = inputProblem(call) ?? (await driveOf(call, params.drive ?? ''))
  if (typeof drive !== 'number') return drive
  const view = type === 'file' ? await createEmptyFile(call, drive, intent) : await createFolder(call, drive, intent)
  return isRefusal(view) ? view : { data: await presentFile(call, view) }
}

async function createFolder(call: Call, drive: DriveId, { parent, path, name, conflict }: Intent) {
  const place = await landing(call, drive, parent, path)
  if (isRefusal(place)) return place
  const result = await runAll(call, [
    ...place.make,
    { kind: 'createFolder', parent: place.parent, name, conflict: CONFLICTS[conflict], naming: NAMING },
  ])
  return isRefusal(result) ? result : result.view!
}

/** Runs the op that changes the file of the path and answers with the file as it is then. */
async function change(call: Call, op: (node: Ref, drive: DriveId) => Op | Refusal | Promise<Op | Refusal>) {
  const found = inputProblem(call) ?? (await nodeParams(call))
  if (isRefusal(found)) return found
  const intended = await op(found.node, found.drive)
  if (isRefusal(intended)) return intended
  const result = await runOne(call, intended)
  return isRefusal(result) ? result : { data: await presentFile(call, result.view!) }
}

function rename(call: Call): Promise<Answer> {
  const name = call.body.text('dst_name')
  return change(call, (node) => ({ kind: 'rename', node, name, conflict: onConflict('fail'), naming: NAMING }))
}

async function update(call: Call): Promise<Answer> {
  const attribute = (call.body.raw('ext_attr') ?? {}) as { name?: unknown; value?: unknown }
  const { name, value } = attribute
  if (!call.body.has('ext_attr')) call.body.refuse('missing', 'ext_attr is required')
  else if (typeof name !== 'string' || typeof value !== 'string')
    call.body.refuse('malformed', 'ext_attr must be {name, value}')
  else if (name === '') call.body.refuse('valueInvalid', 'the name of ext_attr is empty')
  const set = {
    extra: typeof name === 'string' && typeof value === 'string' ? { [EXT_ATTR_PREFIX + name]: value } : {},
  }
  const answer = await change(call, (node) => ({ kind: 'update', node, set }))
  return isRefusal(answer) ? answer : {}
}

async function remove(call: Call): Promise<Answer> {
  const found = await nodeParams(call)
  if (isRefusal(found)) return found
  const op = await removeOp(call, found.drive)
  if (isRefusal(op)) return op
  const result = await runOne(call, op(found.node))
  return isRefusal(result) ? result : {}
}

/** How a drive's files are deleted: into its trash, or for good where it has none. */
export async function removeOp(call: Call, id: DriveId): Promise<((node: Ref) => Op) | Refusal> {
  const [drive] = await call.engine.drives(call.actor, [id])
  if (!drive) return refuse('noDrive')
  return (node) => (drive.settings.trash ? { kind: 'trash', node } : { kind: 'purge', node, trashed: 'no' })
}

/** `dst_drive_id` and `dst_parent_id`: the folder something goes into. */
export function readDestination({ body }: Call): { drive: string; parent: string } {
  return { drive: body.text('dst_drive_id'), parent: body.text('dst_parent_id') }
}

export async function destinationRef(call: Call, to: { drive: string; parent: string }): Promise<Ref | Refusal> {
  const drive = await driveOf(call, to.drive)
  return typeof drive === 'number' ? folderParam(call, to.parent, drive) : drive
}

/** Moving as this dialect does it: whatever has the name stays, and grants go along. */
export function moveOp(node: Ref, to: Ref): MoveOp {
  return { kind: 'move', node, to, conflict: onConflict('rename'), naming: NAMING_KEPT, keepGrants: true }
}

export function copyOp(node: Ref, to: Ref): CopyOp {
  return { kind: 'copy', node, to, conflict: onConflict('rename'), naming: NAMING_KEPT }
}

function relocate(make: (node: Ref, to: Ref) => Op): (call: Call) => Promise<Answer> {
  return (call) => {
    const destination = readDestination(call)
    return change(call, async (node) => {
      const to = await destinationRef(call, destination)
      return isRefusal(to) ? to : make(node, to)
    })
  }
}

function saveAs(call: Call): Promise<Answer> {
  const destination = readDestination(call)
  const name = call.body.optionalText('name') || undefined
  const conflict = CONFLICTS[readConflict(call.body)]
  return change(call, async (node) => {
    const to = await destinationRef(call, destination)
    if (isRefusal(to)) return to
    return { ...copyOp(node, to), conflict, ...(name === undefined ? {} : { name, naming: NAMING }) }
  })
}

const ONE = '/v7/drives/:drive/files/:node'

export const fileChangeRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: `${ONE}/create`,
    operation: 'Create file',
    coverage: 'partial: no shortcuts; a file is created empty, whatever its extension',
    scopes: SCOPES.fileCreate,
    handle: create,
  },
  { method: 'POST', path: `${ONE}/rename`, operation: 'Rename file', scopes: SCOPES.fileWrite, handle: rename },
  { method: 'POST', path: `${ONE}/delete`, operation: 'Delete file', scopes: SCOPES.fileWriteByApp, handle: remove },
  {
    method: 'POST',
    path: `${ONE}/move`,
    operation: 'Move file',
    coverage: 'partial: secure_type has no effect',
    scopes: SCOPES.fileWrite,
    handle: relocate(moveOp),
  },
  {
    method: 'POST',
    path: `${ONE}/copy`,
    operation: 'Copy file',
    coverage: 'partial: secure_type has no effect',
    scopes: SCOPES.fileWrite,
    handle: relocate(copyOp),
  },
  // The page lists no scope; what writes asks for the right to write.
  { method: 'POST', path: `${ONE}/save_as`, operation: 'Save file as', scopes: SCOPES.fileWrite, handle: saveAs },
  { method: 'POST', path: `${ONE}/update`, operation: 'Update file', scopes: SCOPES.fileWrite, handle: update },
]
