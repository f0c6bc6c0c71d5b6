/** What happens when the name is taken: every strategy, for files and folders, however the newcomer arrives. */
import { beforeEach, describe, expect, test } from 'vitest'
import {
  ALL_ACTIONS,
  type Conflict,
  type DriveId,
  type Kind,
  type Node,
  type OnConflict,
  type Op,
  onConflict,
  type Replace,
} from '../../src/engine/index.ts'
import {
  at,
  byId,
  commit,
  copy,
  createFolder,
  get,
  grant,
  list,
  move,
  putFile,
  putFolders,
  rename,
  restore,
  staged,
  trash,
} from './ops.ts'
import { useWorld } from './use-world.ts'
import { REPLACES } from './vocabulary.ts'
import { alice, bob, codeOf, createDrive, done, nodeOf, run, usedOf } from './world.ts'

const use = useWorld()
let drive: DriveId
/** What has the name already: a file of 3 bytes, or a folder with a file `old` in it. */
let existing: Node
/** What wants it: a file of 5 bytes, or a folder with a file `new` in it. */
let newcomer: Node

async function prepare(kind: Kind): Promise<void> {
  const { world } = use
  drive = (await createDrive(world)).id
  await putFolders(world, alice, drive, ['here', 'there'])
  if (kind === 'file') {
    existing = await putFile(world, alice, drive, 'here/x.txt', 'old')
    newcomer = await putFile(world, alice, drive, 'there/x.txt', 'fresh')
    return
  }
  ;[existing, newcomer] = (await putFolders(world, alice, drive, ['here/x.txt', 'there/x.txt'])) as [Node, Node]
  await putFile(world, alice, drive, 'here/x.txt/old', 'old')
  await putFile(world, alice, drive, 'there/x.txt/new', 'fresh')
}

async function namesIn(path: string): Promise<string[]> {
  const [result] = await done(use.world, alice, [list(at(drive, path))])
  return result!.status === 'done' ? result!.page!.items.map(({ node }) => node.name) : []
}

type Arriving = 'move' | 'copy' | 'rename' | 'restore' | 'commit'

/** The op by which the newcomer arrives at `here/x.txt`. */
async function arrival(how: Arriving, conflict: Conflict): Promise<Op> {
  const { world } = use
  switch (how) {
    case 'move':
      return move(byId(newcomer), at(drive, 'here'), { conflict })
    case 'copy':
      return copy(byId(newcomer), at(drive, 'here'), { conflict })
    case 'rename':
      await done(world, alice, [move(byId(newcomer), at(drive, 'here'), { name: 'y' })])
      return rename(byId(newcomer), 'x.txt', { conflict })
    case 'restore':
      await done(world, alice, [
        rename(byId(existing), 'z'),
        move(byId(newcomer), at(drive, 'here')),
        trash(byId(newcomer)),
        rename(byId(existing), 'x.txt'),
      ])
      return restore(byId(newcomer), { conflict })
    case 'commit':
      return commit((await staged(world, alice, drive, 'fresh')).id, at(drive, 'here'), 'x.txt', { conflict })
  }
}

const FILE_WAYS: Arriving[] = ['move', 'copy', 'rename', 'restore', 'commit']
const FOLDER_WAYS: Arriving[] = ['move', 'copy', 'rename', 'restore']

describe.each(FILE_WAYS)('a file that arrives by %s where a file has its name', (how) => {
  beforeEach(() => prepare('file'))
  const attempt = async (strategy: OnConflict, replace: Replace = 'version', guardHistory = false) => {
    const op = await arrival(how, { file: strategy, folder: 'fail', replace, guardHistory })
    return run(use.world, alice, op)
  }

  test('fail: nothing happens and the error names the one that is there', async () => {
    const result = await attempt('fail')
    expect(result).toMatchObject({ status: 'failed', error: { code: 'name_taken', node: existing.id } })
    const others = how === 'rename' ? ['y'] : []
    expect(await namesIn('here')).toEqual(['x.txt', ...others])
  })

  test('rename: it gets a free name', async () => {
    expect(await attempt('rename')).toMatchObject({ status: 'done', view: { node: { name: 'x (1).txt' } } })
    expect(await namesIn('here')).toEqual(['x (1).txt', 'x.txt'])
  })

  test('reuse: the one that is there is the result', async () => {
    expect(await attempt('reuse')).toMatchObject({ status: 'done', existed: true, view: { node: { id: existing.id } } })
    expect((await run(use.world, alice, get(byId(existing)))) as object).toMatchObject({
      view: { node: { version: 1 } },
    })
  })

  test('duplicate: two siblings of one name', async () => {
    const result = await attempt('duplicate')
    expect(codeOf(result)).toBe('done')
    expect(await namesIn('here')).toEqual(['x.txt', 'x.txt'])
    expect(await run(use.world, alice, get(at(drive, 'here/x.txt')))).toMatchObject({
      view: { node: { id: existing.id } },
    })
  })

  test('replace by version: a new version, and the source is no more; what is restored puts the other away instead', async () => {
    const result = await attempt('replace', 'version')
    expect(await namesIn('here')).toEqual(['x.txt'])
    if (how === 'restore') {
      expect(result).toMatchObject({ view: { node: { id: newcomer.id, version: 1 } } })
      expect(await run(use.world, alice, get(byId(existing), { trashed: 'only' }))).toMatchObject({ status: 'done' })
      return
    }
    expect(result).toMatchObject({ view: { node: { id: existing.id, version: 2, content: { size: 5 } } } })
    const isGone = how === 'move' || how === 'rename'
    expect(codeOf(await run(use.world, alice, get(byId(newcomer))))).toBe(isGone ? 'node_not_found' : 'done')
    expect((await usedOf(use.world, drive)).drive).toBe(isGone ? 8 : 13)
  })

  test.each(['trash', 'purge'] as const)('replace by %s: the newcomer has the name, the other is away', async (by) => {
    const result = await attempt('replace', by)
    expect(result).toMatchObject({
      status: 'done',
      view: { node: { name: 'x.txt', version: 1, content: { size: 5 } } },
    })
    expect(await namesIn('here')).toEqual(['x.txt'])
    const old = await run(use.world, alice, get(byId(existing), { trashed: 'any' }))
    expect(codeOf(old)).toBe(by === 'trash' ? 'done' : 'node_not_found')
    if (old.status === 'done') expect(old.view!.trash).toMatchObject({ name: 'x.txt', path: ['here', 'x.txt'] })
  })

  test.each(REPLACES)(
    'replace by %s with its history guarded: refused when the other has earlier versions',
    async (by) => {
      await done(use.world, alice, [
        commit((await staged(use.world, alice, drive, 'more')).id, null, '', { target: byId(existing) }),
      ])
      const result = await attempt('replace', by, true)
      expect(result).toMatchObject({ status: 'failed', error: { code: 'history_kept', node: existing.id } })
    },
  )
})

describe.each(FOLDER_WAYS)('a folder that arrives by %s where a folder has its name', (how) => {
  beforeEach(() => prepare('folder'))
  const attempt = async (strategy: OnConflict, replace: Replace = 'version') =>
    run(use.world, alice, await arrival(how, { file: 'fail', folder: strategy, replace }))

  test('fail, and replace by trash or purge: name_taken', async () => {
    for (const [strategy, replace] of [
      ['fail', 'version'],
      ['replace', 'trash'],
      ['replace', 'purge'],
    ] as const) {
      await prepare('folder')
      const result = await attempt(strategy, replace)
      expect(result).toMatchObject({ status: 'failed', error: { code: 'name_taken', node: existing.id } })
      expect(await namesIn('here/x.txt')).toEqual(['old'])
    }
  })

  test('rename: it gets a free name, with the counter at the end', async () => {
    expect(await attempt('rename')).toMatchObject({ view: { node: { name: 'x.txt (1)' } } })
    expect(await namesIn('here/x.txt (1)')).toEqual(['new'])
  })

  test('reuse: the one that is there is the result, untouched', async () => {
    expect(await attempt('reuse')).toMatchObject({ existed: true, view: { node: { id: existing.id } } })
    expect(await namesIn('here/x.txt')).toEqual(['old'])
  })

  test('duplicate: two siblings of one name', async () => {
    expect(codeOf(await attempt('duplicate'))).toBe('done')
    expect(await namesIn('here')).toEqual(['x.txt', 'x.txt'])
  })

  test('replace by version: their contents are merged', async () => {
    const result = await attempt('replace', 'version')
    if (how === 'restore') {
      expect(codeOf(result)).toBe('name_taken')
      return
    }
    expect(result).toMatchObject({ status: 'done', view: { node: { id: existing.id } } })
    expect(await namesIn('here/x.txt')).toEqual(['new', 'old'])
    expect(codeOf(await run(use.world, alice, get(byId(newcomer))))).toBe(how === 'copy' ? 'done' : 'node_not_found')
  })
})

describe('a file and a folder of one name', () => {
  test.each(['fail', 'replace', 'reuse'] as const)('%s: neither takes the place of the other', async (strategy) => {
    await prepare('file')
    const conflict: Conflict = { file: strategy, folder: strategy, replace: 'version' }
    await putFolders(use.world, alice, drive, ['there/y'])
    const file = await putFile(use.world, alice, drive, 'here/y', 'bytes')
    const results = await use.world.engine.batch(alice, [
      createFolder(at(drive, 'here'), 'y', { conflict }),
      move(at(drive, 'there/y'), at(drive, 'here'), { conflict }),
      copy(at(drive, 'there/y'), at(drive, 'here'), { conflict }),
      move(byId(file), at(drive, 'there'), { conflict }),
    ])
    for (const result of results) expect(codeOf(result)).toBe('name_taken')
  })
})

describe('twins', () => {
  const duplicate = onConflict('duplicate')
  beforeEach(async () => {
    drive = (await createDrive(use.world)).id
    await putFolders(use.world, alice, drive, ['a'])
  })

  test('a path means the first of them, also within the batch that makes the second', async () => {
    const [made, same] = await done(use.world, alice, [
      createFolder(at(drive), 'a', { conflict: duplicate }),
      get(at(drive, 'a')),
    ])
    const later = await run(use.world, alice, get(at(drive, 'a')))
    expect(nodeOf(same).id).toBe(nodeOf(later).id)
    expect(nodeOf(same).id).not.toBe(nodeOf(made).id)
  })

  test('when the first leaves, the name is still taken by the second, also within the batch', async () => {
    const [made] = await done(use.world, alice, [createFolder(at(drive), 'a', { conflict: duplicate })])
    const results = await use.world.engine.batch(alice, [
      rename(at(drive, 'a'), 'b'),
      get(at(drive, 'a')),
      createFolder(at(drive), 'a'),
    ])
    expect(results.map(codeOf)).toEqual(['done', 'done', 'name_taken'])
    expect(nodeOf(results[1]).id).toBe(nodeOf(made).id)
  })
})

describe('merging folders', () => {
  const merge: Conflict = { file: 'rename', folder: 'replace', replace: 'version' }

  test('goes down level by level, and files inside follow the strategy for files', async () => {
    await prepare('folder')
    await putFolders(use.world, alice, drive, ['here/x.txt/deep', 'there/x.txt/deep'])
    await putFile(use.world, alice, drive, 'here/x.txt/deep/f', '1')
    const moved = await putFile(use.world, alice, drive, 'there/x.txt/deep/f', '2')
    await done(use.world, alice, [move(byId(newcomer), at(drive, 'here'), { conflict: merge })])
    expect(await namesIn('here/x.txt/deep')).toEqual(['f', 'f (1)'])
    expect(await run(use.world, alice, get(at(drive, 'here/x.txt/deep/f (1)')))).toMatchObject({
      view: { node: { id: moved.id } },
    })
    expect(await namesIn('there')).toEqual([])
  })

  test('is refused as a whole when one thing inside cannot enter', async () => {
    await prepare('folder')
    await putFile(use.world, alice, drive, 'here/x.txt/new', 'in the way')
    await putFile(use.world, alice, drive, 'there/x.txt/a', 'goes first')
    const result = await run(
      use.world,
      alice,
      move(byId(newcomer), at(drive, 'here'), { conflict: { ...merge, file: 'fail' } }),
    )
    expect(codeOf(result)).toBe('name_taken')
    expect(await namesIn('there/x.txt')).toEqual(['a', 'new'])
    expect(await namesIn('here/x.txt')).toEqual(['new', 'old'])
  })

  test('who merged is written down, even in the very moment in which the folder was made', async () => {
    await prepare('folder')
    await done(use.world, alice, [grant(at(drive), 'user:bob', ALL_ACTIONS)])
    await done(use.world, bob, [move(byId(newcomer), at(drive, 'here'), { conflict: merge })])
    const [result] = await done(use.world, alice, [get(byId(existing))])
    expect(result!.view!.node.modifier).toBe('user:bob')
  })

  test('a folder cannot be merged into one that contains it', async () => {
    drive = (await createDrive(use.world)).id
    await putFolders(use.world, alice, drive, ['a', 'a/a', 'a/a/a', 'a/a/a/kept'])
    expect(codeOf(await run(use.world, alice, move(at(drive, 'a/a'), at(drive), { conflict: merge })))).toBe('cycle')
    expect(await namesIn('a/a/a')).toEqual(['kept'])
  })
})

describe('a file and its own copy', () => {
  test.each(REPLACES)('replacing a file (%s) by its copy changes nothing', async (by) => {
    await prepare('file')
    const op = copy(byId(existing), at(drive, 'here'), { conflict: { file: 'replace', folder: 'fail', replace: by } })
    expect(await run(use.world, alice, op)).toMatchObject({
      existed: true,
      view: { node: { id: existing.id, version: 1 } },
    })
  })
})
