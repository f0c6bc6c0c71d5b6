/** A file's versions: reading them, going back to one, writing something on one, and letting earlier ones go. */
import { ACTIONS } from '../action.ts'
import { DESCRIPTION_CHARACTERS_MAX } from '../attributes.ts'
import { addVersion, growth } from '../bytes.ts'
import { fail } from '../error.ts'
import { isFailed, locate, subject, viewOf } from '../locate.ts'
import type { Node, Version } from '../model.ts'
import type { DeleteVersionsOp, Failed, Result, RevertOp, UpdateVersionOp, VersionsOp } from '../op.ts'
import type { View } from '../view.ts'

/** How many versions of one file may be kept whatever comes after them. */
export const KEPT_VERSIONS_MAX = 50

export function versions(view: View, op: VersionsOp): Result {
  const found = locate(view, op.node, 'no')
  if (isFailed(found)) return found
  const { node } = found
  if (!(view.actionsOn(node) & ACTIONS.list)) return fail('forbidden', { node: node.id })
  if (node.kind !== 'file') return fail('wrong_kind', { node: node.id })
  return shown(view, node)
}

export function revert(view: View, op: RevertOp): Result {
  const { node: ref, ifRev } = op
  const found = subject(view, ref, {
    need: ACTIONS.replace,
    trashed: 'no',
    root: 'never the root',
    expect: 'file',
    ifRev,
  })
  if (isFailed(found)) return found
  const { node, drive } = found
  const wanted = earlier(view, node, op.version)
  if (isFailed(wanted)) return wanted
  const over = view.overQuota(drive, growth(view, drive, node, wanted.content, { revertOf: op.version }))
  // What it takes the place of is kept, however young: going back must itself be possible to go back on.
  return over ? fail(over) : shown(view, addVersion(view, drive, node, wanted.content, {}, { revertOf: op.version }))
}

export function updateVersion(view: View, op: UpdateVersionOp): Result {
  const found = subject(view, op.node, { need: ACTIONS.update, trashed: 'no', root: 'never the root', expect: 'file' })
  if (isFailed(found)) return found
  const { node } = found
  const all = view.versionsOf(node)
  const before = all.find(({ version }) => version === op.version)
  if (!before) return fail('version_not_found', { node: node.id })
  const { keep = before.keep, description = before.description } = op
  if ([...description].length > DESCRIPTION_CHARACTERS_MAX) return fail('attribute_invalid', { detail: 'description' })
  const others = all.filter((version) => version !== before)
  if (keep && others.filter((version) => version.keep).length >= KEPT_VERSIONS_MAX)
    return fail('attribute_invalid', { detail: 'keep' })
  view.setVersions(node.id, [...others, { ...before, keep, description }])
  view.note('history', node)
  return shown(view, node)
}

export function deleteVersions(view: View, op: DeleteVersionsOp): Result {
  const { node: ref, ifRev, trashed = 'no' } = op
  const found = subject(view, ref, {
    need: ACTIONS.purge,
    trashed,
    root: 'never the root',
    expect: 'file',
    ifRev,
  })
  if (isFailed(found)) return found
  const { node, drive } = found
  const wanted = [...new Set(op.versions)].map((version) => earlier(view, node, version))
  const failed = wanted.find(isFailed)
  if (failed) return failed
  const doomed = wanted as Version[]
  if (doomed.length === 0) return shown(view, node)
  for (const { content } of doomed) view.addBlobRef(drive.id, content, -1)
  view.charge(drive, -doomed.reduce((sum, { content }) => sum + content.size, 0))
  view.setVersions(
    node.id,
    view.versionsOf(node).filter((version) => !doomed.includes(version)),
  )
  if (found.trash) view.touchTrash(drive.id)
  view.note('history', node, { replaces: true })
  return shown(view, node)
}

/** A version that is not the current one. */
function earlier(view: View, node: Node, number: number): Version | Failed {
  const found = view.versionsOf(node).find(({ version }) => version === number)
  if (!found) return fail('version_not_found', { node: node.id })
  return number === node.version ? fail('version_current', { node: node.id }) : found
}

function shown(view: View, node: Node): Result {
  const newestFirst = view.versionsOf(node).toSorted((a, b) => b.version - a.version)
  return { status: 'done', view: viewOf(view, node), existed: false, versions: newestFirst }
}
