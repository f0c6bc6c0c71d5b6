/** A file's history: read, gone back to, written on, and let go. */
import { beforeEach, describe, expect, test } from 'vitest'
import {
  ACTIONS,
  ALL_ACTIONS,
  type DriveId,
  type Node,
  type Op,
  type Result,
  type TenantId,
  type Version,
} from '../../src/engine/index.ts'
import { KEPT_VERSIONS_MAX } from '../../src/engine/ops/version.ts'
import {
  at,
  byId,
  copy,
  deleteVersions,
  grant,
  MERGE,
  move,
  putFile,
  putFolders,
  revert,
  trash,
  updateVersion,
  versions,
} from './ops.ts'
import { useWorld } from './use-world.ts'
import { actorOf, alice, bob, codeOf, createDrive, done, driveNow, nodeOf, run, usedOf } from './world.ts'

const use = useWorld()
let drive: DriveId
/** Written three times: `one`, `second`, `3`. */
let file: Node

beforeEach(async () => {
  drive = (await createDrive(use.world, { settings: { versionsMax: 3 } })).id
  await write('one')
  await write('second')
  file = await write('3')
})

function write(text: string, path = 'file'): Promise<Node> {
  use.world.now += 1_000
  return putFile(use.world, alice, drive, path, text, { conflict: MERGE })
}

function versionsIn(result: Result | undefined): readonly Version[] {
  if (result?.status !== 'done' || !result.versions) throw new Error(`no versions in ${codeOf(result)}`)
  return result.versions
}

async function history(node = file): Promise<readonly Version[]> {
  return versionsIn(await run(use.world, alice, versions(byId(node))))
}

const numbers = (list: readonly Version[]) => list.map(({ version }) => version)

async function text(version: number): Promise<string> {
  const opened = await use.world.engine.openVersion({ drive, node: file.id, version })
  if ('status' in opened) throw new Error(`version ${version}: ${opened.error.code}`)
  let bytes = ''
  for await (const chunk of opened.stream({ start: 0, end: opened.content.size })) bytes += chunk
  return bytes
}

describe('the versions of a file', () => {
  test('are shown newest first, each with its content, maker and time', async () => {
    const shown = await history()
    expect(numbers(shown)).toEqual([3, 2, 1])
    expect(shown[0]!.content).toEqual(file.content)
    expect(shown.map(({ content }) => content.size)).toEqual([1, 6, 3])
    expect(shown.map(({ creator, keep, description }) => [creator, keep, description])).toEqual(
      Array(3).fill(['user:alice', false, '']),
    )
    expect(new Set(shown.map(({ createdAt }) => createdAt)).size).toBe(3)
    expect(await text(2)).toBe('second')
  })

  test('are one for a copy, and go along with a move to another drive', async () => {
    const [copied] = await done(use.world, alice, [copy(byId(file), at(drive), { name: 'copy' })])
    expect(numbers(await history(nodeOf(copied)))).toEqual([1])
    const other = await createDrive(use.world)
    const [, seen] = await done(use.world, alice, [
      move(byId(file), at(other.id)),
      versions({ drive: other.id, id: file.id }),
    ])
    expect(numbers(versionsIn(seen))).toEqual([3, 2, 1])
  })

  test('are those of a file, not of a folder, not of anything in the trash', async () => {
    await putFolders(use.world, alice, drive, ['folder'])
    expect(codeOf(await run(use.world, alice, versions(at(drive, 'folder'))))).toBe('wrong_kind')
    await done(use.world, alice, [trash(byId(file))])
    expect(codeOf(await run(use.world, alice, versions(byId(file))))).toBe('node_not_found')
  })

  test('show what the same batch wrote', async () => {
    const results = await done(use.world, alice, [
      revert(byId(file), 1),
      deleteVersions(byId(file), [2]),
      updateVersion(byId(file), 3, { description: 'old' }),
      versions(byId(file)),
    ])
    const shown = versionsIn(results[3])
    expect(numbers(shown)).toEqual([4, 3])
    expect(shown[1]).toMatchObject({ version: 3, description: 'old' })
    expect(await history()).toEqual(shown)
  })
})

describe('going back', () => {
  test('makes a new version with the old content and leaves the others as they are', async () => {
    const before = await history()
    use.world.now += 5_000
    const result = await run(use.world, bobWith(ACTIONS.list | ACTIONS.replace), revert(byId(file), 2))
    const now = nodeOf(result)
    expect(now).toMatchObject({ version: 4, rev: file.rev + 1, modifier: 'user:bob', updatedAt: use.world.now })
    expect(now.content).toEqual(before.find(({ version }) => version === 2)!.content)
    const shown = await history()
    // The drive keeps three versions.
    expect(numbers(shown)).toEqual([4, 3, 2])
    expect(shown.slice(1)).toEqual(before.slice(0, 2))
    expect([await text(4), await text(2)]).toEqual(['second', 'second'])
    expect((await usedOf(use.world, drive)).drive).toBe(6 + 1 + 6)
  })

  test('to the very version that makes room is possible', async () => {
    await done(use.world, alice, [revert(byId(file), 1)])
    expect(numbers(await history())).toEqual([4, 3, 2])
    expect(await text(4)).toBe('one')
  })

  test('to the current version, or to one there is not, is refused', async () => {
    expect(codeOf(await run(use.world, alice, revert(byId(file), 3)))).toBe('version_current')
    expect(codeOf(await run(use.world, alice, revert(byId(file), 4)))).toBe('version_not_found')
    expect(codeOf(await run(use.world, alice, revert(byId(file), 1, { ifRev: 1 })))).toBe('precondition_failed')
    expect(numbers(await history())).toEqual([3, 2, 1])
  })

  test('needs room for one more version', async () => {
    await use.world.engine.updateDrives(alice, [{ id: drive, set: { quota: 12, settings: { versionsMax: 9 } } }])
    expect(codeOf(await run(use.world, alice, revert(byId(file), 2)))).toBe('quota_drive')
    expect(codeOf(await run(use.world, alice, revert(byId(file), 1)))).toBe('quota_drive')
    await use.world.engine.updateDrives(alice, [{ id: drive, set: { quota: 13 } }])
    expect(codeOf(await run(use.world, alice, revert(byId(file), 1)))).toBe('done')
  })

  test('is written down as a version that replaces', async () => {
    const { seq } = await driveNow(use.world, drive)
    await done(use.world, alice, [revert(byId(file), 1)])
    const [change] = await use.world.store.read((tx) => tx.changes({ drive, after: seq, limit: 9 }))
    expect(change).toMatchObject({ kind: 'version', node: file.id, nodeKind: 'file', replaces: true, from: null })
  })
})

describe('a version that is kept', () => {
  test('stays whatever comes after it, and does not count among those that pass', async () => {
    await done(use.world, alice, [updateVersion(byId(file), 1, { keep: true, description: 'the first' })])
    for (const content of ['4', '5', '6']) await write(content)
    const shown = await history()
    expect(numbers(shown)).toEqual([6, 5, 4, 1])
    expect(shown.at(-1)).toMatchObject({ keep: true, description: 'the first' })
    await done(use.world, alice, [updateVersion(byId(file), 1, { keep: false })])
    expect((await history()).at(-1)).toMatchObject({ version: 1, keep: false, description: 'the first' })
    await write('7')
    expect(numbers(await history())).toEqual([7, 6, 5])
  })

  test('may also be the current one', async () => {
    await done(use.world, alice, [updateVersion(byId(file), 3, { keep: true })])
    for (const content of ['4', '5', '6', '7']) await write(content)
    expect(numbers(await history())).toEqual([7, 6, 5, 3])
  })

  test('is one of a bounded number', async () => {
    await use.world.engine.updateDrives(alice, [{ id: drive, set: { settings: { versionsMax: 100 } } }])
    const goings = Array.from({ length: KEPT_VERSIONS_MAX }, (_, index): Op => revert(byId(file), index + 1))
    await done(use.world, alice, goings)
    const wanted = (await history()).slice(0, KEPT_VERSIONS_MAX + 1).map(({ version }) => version)
    const results = await use.world.engine.batch(
      alice,
      wanted.map((version) => updateVersion(byId(file), version, { keep: true })),
    )
    expect(results.map(codeOf)).toEqual([...Array(KEPT_VERSIONS_MAX).fill('done'), 'attribute_invalid'])
    expect(results.at(-1)).toMatchObject({ error: { detail: 'keep' } })
    expect((await history()).filter(({ keep }) => keep)).toHaveLength(KEPT_VERSIONS_MAX)
  })

  test('bears a description no longer than a node’s', async () => {
    const long = await run(use.world, alice, updateVersion(byId(file), 1, { description: 'x'.repeat(1025) }))
    expect(long).toMatchObject({ error: { code: 'attribute_invalid', detail: 'description' } })
    expect(codeOf(await run(use.world, alice, updateVersion(byId(file), 9, { keep: true })))).toBe('version_not_found')
  })
})

describe('deleting versions', () => {
  test('gives their bytes back and never their numbers', async () => {
    const { digest } = (await history())[1]!.content
    const gone = versionsIn(await run(use.world, alice, deleteVersions(byId(file), [2, 1, 2])))
    expect(numbers(gone)).toEqual([3])
    expect(await usedOf(use.world, drive)).toMatchObject({ drive: 1 })
    expect(await use.world.store.read((tx) => tx.blobs([{ drive, digest }]))).toMatchObject([{ refs: 0 }])
    expect(codeOf(await run(use.world, alice, revert(byId(file), 2)))).toBe('version_not_found')
    await write('4')
    expect(numbers(await history())).toEqual([4, 3])
  })

  test('leaves all of them when one of them cannot go', async () => {
    expect(codeOf(await run(use.world, alice, deleteVersions(byId(file), [1, 3])))).toBe('version_current')
    expect(codeOf(await run(use.world, alice, deleteVersions(byId(file), [1, 7])))).toBe('version_not_found')
    expect(numbers(await history())).toEqual([3, 2, 1])
  })

  test('takes those that were to be kept too, because it is asked for by name', async () => {
    await done(use.world, alice, [updateVersion(byId(file), 1, { keep: true }), deleteVersions(byId(file), [1])])
    expect(numbers(await history())).toEqual([3, 2])
  })

  test('is written down as a change of history, and of none asked for does nothing', async () => {
    const { seq } = await driveNow(use.world, drive)
    await done(use.world, alice, [deleteVersions(byId(file), []), deleteVersions(byId(file), [1])])
    const written = await use.world.store.read((tx) => tx.changes({ drive, after: seq, limit: 9 }))
    expect(written.map(({ kind }) => kind)).toEqual(['history'])
  })
})

describe('who may', () => {
  const stranger = actorOf('user:alice', { tenant: 'umbra' as TenantId })
  const OPS: [what: string, need: number, op: () => Op][] = [
    ['read versions', ACTIONS.list, () => versions(byId(file))],
    ['go back', ACTIONS.replace, () => revert(byId(file), 1)],
    ['write on a version', ACTIONS.update, () => updateVersion(byId(file), 1, { keep: true })],
    ['delete versions', ACTIONS.purge, () => deleteVersions(byId(file), [1])],
  ]

  test.each(OPS)('%s: whoever is granted it, and nobody of another tenant', async (_, need, op) => {
    expect(codeOf(await run(use.world, bob, op()))).toBe('forbidden')
    await done(use.world, alice, [grant(byId(file), 'user:bob', ALL_ACTIONS & ~need)])
    expect(codeOf(await run(use.world, bob, op()))).toBe('forbidden')
    expect(codeOf(await run(use.world, stranger, op()))).toBe('drive_not_found')
    expect((await history()).map(({ version, keep }) => [version, keep])).toEqual([3, 2, 1].map((one) => [one, false]))
    await done(use.world, alice, [grant(byId(file), 'user:bob', ACTIONS.list | need)])
    expect(codeOf(await run(use.world, bob, op()))).toBe('done')
  })
})

/** Bob, once he has been granted these rights on the file. */
function bobWith(actions: number) {
  return { ...bob, subjects: [...bob.subjects, 'user:alice' as const], allow: { file: actions, folder: actions } }
}
