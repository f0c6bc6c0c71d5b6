/** The naive model's uploads. */
import { createHash } from 'node:crypto'
import { ACTIONS, type CommitOp, type UploadOp } from '../../src/engine/index.ts'
import { addVersion, arrive, chargeVersion, judgeName, target } from './model-place.ts'
import { patched } from './model-read.ts'
import { type ModelNode, type ModelUpload, sizeOf } from './model-state.ts'
import type { Handlers, ModelResult, Work } from './model-work.ts'

export const CONTENT_OPS: Pick<Handlers, 'upload' | 'commit'> = {
  upload(work, op) {
    const drive = work.reach(op.drive)
    if (!drive) return work.fail('drive_not_found')
    const file = op.target && fileToReplace(work, op.target)
    const parent = op.parent && target(work, op.parent, 'file', false)
    for (const node of [file, parent]) work.fault('node_not_found', node !== undefined && node.drive !== op.drive)
    // A name is judged as soon as it is known where and how it will be used; an empty one without a place says nothing.
    if (op.name !== undefined && (parent ? op.conflict : op.name !== '' && !op.target)) judgeName(work, op.name)
    work.stop()
    const name = parent ? foreseen(work, op, parent) : (op.name ?? '')
    work.charge(drive, op.size ?? 0)
    work.stop()
    work.state.uploads.push({
      id: '',
      reserved: 0,
      serial: ++work.state.serials,
      drive: op.drive,
      parent: parent ?? null,
      name,
      target: file ?? null,
      size: op.size ?? null,
      text: null,
      used: false,
      expiresAt: work.now + op.ttlMs,
    })
    return work.done(null)
  },

  commit(work, op) {
    const session = work.state.uploads.find(({ id }) => id === op.upload)
    if (!session) return work.fail('upload_not_found')
    work.fault('upload_used', session.used)
    if (session.expiresAt <= work.now) return work.fail('upload_not_found')
    work.fault('upload_incomplete', session.text === null)
    if (session.text !== null) work.fault('upload_mismatch', differs(session, op))
    const drive = work.reach(session.drive)
    if (!drive) return work.fail('drive_not_found')
    const result = op.target || session.target ? commitVersion(work, op, session) : commitFile(work, op, session)
    session.used = true
    return result
  },
}

/** What the name would be now; the upload itself changes nothing yet. */
function foreseen(work: Work, op: UploadOp, parent: ModelNode): string {
  if (op.name === undefined || !op.naming || !op.conflict) return op.name ?? ''
  const { conflict, naming } = op
  const dry = { ...conflict, replace: 'version' as const }
  const place = arrive(work, parent, op.name, 'file', null, { conflict: dry, naming })
  return place.how === 'free' ? place.name : place.existing.name
}

function fileToReplace(work: Work, ref: NonNullable<UploadOp['target']>, ifRev?: number): ModelNode | undefined {
  return work.subject(ref, ACTIONS.replace, { trashed: 'no', expect: 'file', ifRev })
}

function differs(session: ModelUpload, op: CommitOp): boolean {
  const text = session.text!
  const sizes = [session.size, op.size].some((size) => size !== null && size !== undefined && size !== sizeOf(text))
  const digest = op.hashes?.sha256
  return sizes || (digest !== undefined && digest !== createHash('sha256').update(text).digest('hex'))
}

function commitVersion(work: Work, op: CommitOp, session: ModelUpload): ModelResult {
  const held = session.target
  if (!op.target && (held!.gone || held!.drive !== session.drive)) work.fault('node_not_found')
  const ref = op.target ?? { drive: session.drive, id: held!.id as never }
  const file = fileToReplace(work, ref, op.ifRev)
  work.fault('node_not_found', file !== undefined && file.drive !== session.drive)
  work.stop()
  return nextVersion(work, file!, session.text!, op)
}

function nextVersion(work: Work, file: ModelNode, text: string, { attributes = {} }: CommitOp): ModelResult {
  chargeVersion(work, file, text)
  file.attributes = patched(file.attributes, attributes)
  return work.done(addVersion(work, file, text))
}

function commitFile(work: Work, op: CommitOp, session: ModelUpload): ModelResult {
  const { parent } = session
  const isThere = parent && !parent.gone && parent.drive === session.drive
  const ref = op.parent ?? { drive: session.drive, id: (isThere ? parent.id : 0) as never }
  const into = target(work, ref, 'file', false)
  work.fault('node_not_found', into !== undefined && into.drive !== session.drive)
  const name = op.name ?? session.name
  judgeName(work, name)
  work.stop()
  const text = session.text!
  const place = arrive(work, into!, name, 'file', null, op)
  if (place.how === 'reuse') return work.done(place.existing, true)
  if (place.how === 'version') return nextVersion(work, place.existing, text, op)
  if (place.how === 'merge') throw new Error('a file never merges')
  work.charge(work.driveOf(into!), sizeOf(text))
  work.stop()
  const node = work.newNode(into!, place.name, 'file')
  node.serial = session.serial
  node.id = session.reserved
  if (node.id !== 0) node.born = node.drive
  node.twin = place.twin
  node.versions = [work.version(1, text)]
  node.attributes = { ...op.attributes }
  work.note('create', node, { replaces: place.replaces ?? false })
  return work.done(node)
}
