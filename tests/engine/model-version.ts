/** The naive model's earlier versions, and the reading of rights. */
import { ACTIONS } from '../../src/engine/index.ts'
import { addVersion, chargeVersion, digestOf } from './model-place.ts'
import { type ModelNode, type ModelVersion, pathOf, sizeOf, upwards } from './model-state.ts'
import type { Handlers, ModelResult, Work } from './model-work.ts'

export const VERSION_OPS: Pick<Handlers, 'versions' | 'revert' | 'updateVersion' | 'deleteVersions' | 'grants'> = {
  versions(work, op) {
    const file = work.subject(op.node, ACTIONS.list, { trashed: 'no', rootToo: true, expect: 'file' })
    work.stop()
    return shown(work, file!)
  },

  revert(work, op) {
    const file = work.subject(op.node, ACTIONS.replace, { ...op, trashed: 'no', expect: 'file' })
    work.stop()
    const { text } = earlier(work, file!, op.version)
    chargeVersion(work, file!, text)
    return shown(work, addVersion(work, file!, text))
  },

  updateVersion(work, op) {
    const file = work.subject(op.node, ACTIONS.update, { trashed: 'no', expect: 'file' })
    work.stop()
    const version = file!.versions.find(({ number }) => number === op.version)
    if (!version) return work.fail('version_not_found')
    const { keep = version.keep, description = version.description } = op
    file!.versions = file!.versions.map((one) => (one === version ? { ...one, keep, description } : one))
    work.note('history', file!)
    return shown(work, file!)
  },

  deleteVersions(work, op) {
    const file = work.subject(op.node, ACTIONS.purge, { ...op, trashed: 'no', expect: 'file' })
    work.stop()
    const doomed = op.versions.map((number) => earlier(work, file!, number))
    if (doomed.length > 0) work.note('history', file!, { replaces: true })
    file!.versions = file!.versions.filter((version) => !doomed.includes(version))
    return shown(work, file!)
  },

  grants(work, op) {
    const node = work.subject(op.node, ACTIONS.list, { trashed: 'no', rootToo: true })
    work.stop()
    const mayAll = (work.may(node!) & ACTIONS.permCtl) !== 0
    const places = op.inherited ? upwards(node!) : [node!]
    const grants = places.flatMap((place) =>
      place.grants
        .filter(({ expiresAt }) => expiresAt === 0 || expiresAt > work.now)
        .filter(({ subject }) => mayAll || work.actor.subjects.includes(subject))
        .map(({ subject, actions, expiresAt }) => `${subject} ${actions} ${expiresAt} on /${pathOf(place).join('/')}`),
    )
    return { ...work.done(node!), more: grants.sort() }
  },
}

/** A version that is not the current one. */
function earlier(work: Work, file: ModelNode, wanted: number): ModelVersion {
  const found = file.versions.find(({ number }) => number === wanted)
  if (!found) return work.fail('version_not_found')
  return found === file.versions.at(-1) ? work.fail('version_current') : found
}

function shown(work: Work, file: ModelNode): ModelResult {
  const lines = file.versions.map(
    ({ number, text, at, by, keep, description }) =>
      `${number} ${sizeOf(text)} ${digestOf(text)} ${at} ${by} ${keep} ${description}`,
  )
  return { ...work.done(file), more: lines.reverse() }
}
