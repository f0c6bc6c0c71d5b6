import { beforeEach, describe, expect, test } from 'vitest'
import { ACTIONS, type Actor, ALL_ACTIONS, type DriveId, type Subject, type TenantId } from '../../src/engine/index.ts'
import {
  at,
  byId,
  byPublicId,
  copy,
  createFolder,
  get,
  grant,
  list,
  MERGE,
  move,
  putFile,
  putFolders,
  trash,
  upload,
} from './ops.ts'
import { useWorld } from './use-world.ts'
import { actorOf, admin, alice, bob, codeOf, codes, createDrive, done, nodeOf, run } from './world.ts'

const use = useWorld()
let drive: DriveId
beforeEach(async () => {
  drive = (await createDrive(use.world)).id
  await putFolders(use.world, alice, drive, ['a', 'a/b', 'a/b/c'])
})

/** What an actor may do at a path; '' when it cannot even see that it is there. */
async function may(actor: Actor, path: string): Promise<number | string> {
  const result = await run(use.world, actor, get(at(drive, path), { need: 0 }))
  return result.status === 'done' ? result.view!.actions : codeOf(result)
}

describe('who may do everything', () => {
  test('the owner of a drive, an admin, and whoever is in a group that owns it', async () => {
    expect(await may(alice, 'a/b')).toBe(ALL_ACTIONS)
    expect(await may(admin, 'a/b')).toBe(ALL_ACTIONS)
    const shared = await createDrive(use.world, { owner: 'group:team' })
    const member = actorOf('user:carol', { subjects: ['user:carol', 'group:team', 'everyone'] })
    expect(codeOf(await run(use.world, member, createFolder(at(shared.id), 'x')))).toBe('done')
    expect(codeOf(await run(use.world, bob, createFolder(at(shared.id), 'x')))).toBe('forbidden')
  })

  test('nobody else, without a grant', async () => {
    expect(await may(bob, 'a/b')).toBe('forbidden')
  })
})

describe('grants', () => {
  test('reach down, not up and not sideways', async () => {
    await putFolders(use.world, alice, drive, ['side'])
    await done(use.world, alice, [grant(at(drive, 'a/b'), 'user:bob', ACTIONS.list)])
    const paths = ['', 'a', 'side', 'a/b', 'a/b/c']
    const results = await Promise.all(paths.map((path) => may(bob, path)))
    expect(results).toEqual(['forbidden', 'forbidden', 'forbidden', ACTIONS.list, ACTIONS.list])
  })

  test('the nearest of a subject counts, whether it gives more or less', async () => {
    await done(use.world, alice, [
      grant(at(drive, 'a'), 'user:bob', ACTIONS.list | ACTIONS.rename),
      grant(at(drive, 'a/b'), 'user:bob', ACTIONS.list),
      grant(at(drive, 'a/b/c'), 'user:bob', ALL_ACTIONS),
    ])
    expect(await may(bob, 'a')).toBe(ACTIONS.list | ACTIONS.rename)
    expect(await may(bob, 'a/b')).toBe(ACTIONS.list)
    expect(await may(bob, 'a/b/c')).toBe(ALL_ACTIONS)
  })

  test('what several subjects of one actor have is united', async () => {
    const member = actorOf('user:bob', { subjects: ['user:bob', 'group:team', 'group:all', 'everyone'] })
    await done(use.world, alice, [
      grant(at(drive), 'everyone', ACTIONS.list),
      grant(at(drive, 'a'), 'group:team', ACTIONS.download),
      grant(at(drive, 'a/b'), 'group:all', ACTIONS.copy),
      grant(at(drive, 'a/b'), 'user:bob', ACTIONS.move),
    ])
    expect(await may(member, 'a/b')).toBe(ACTIONS.list | ACTIONS.download | ACTIONS.copy | ACTIONS.move)
    expect(await may(bob, 'a/b')).toBe(ACTIONS.list | ACTIONS.move)
  })

  test('a grant of nothing takes away what a farther one gave, for that subject only', async () => {
    await done(use.world, alice, [
      grant(at(drive), 'everyone', ACTIONS.list),
      grant(at(drive), 'user:bob', ALL_ACTIONS),
      grant(at(drive, 'a'), 'user:bob', 0),
    ])
    expect(await may(bob, 'a')).toBe(ACTIONS.list)
  })

  test('end when they expire, and then a farther one counts again', async () => {
    await done(use.world, alice, [
      grant(at(drive), 'user:bob', ACTIONS.list),
      grant(at(drive, 'a'), 'user:bob', ALL_ACTIONS, { expiresAt: use.world.now + 10 }),
    ])
    expect(await may(bob, 'a')).toBe(ALL_ACTIONS)
    use.world.now += 10
    expect(await may(bob, 'a')).toBe(ACTIONS.list)
  })

  test('can be changed and taken back', async () => {
    await done(use.world, alice, [grant(at(drive, 'a'), 'user:bob', ACTIONS.list)])
    await done(use.world, alice, [grant(at(drive, 'a'), 'user:bob', ALL_ACTIONS)])
    expect(await may(bob, 'a')).toBe(ALL_ACTIONS)
    await done(use.world, alice, [grant(at(drive, 'a'), 'user:bob', null)])
    expect(await may(bob, 'a')).toBe('forbidden')
  })

  test('are seen by later ops of the batch that gives them', async () => {
    await done(use.world, alice, [grant(at(drive), 'user:bob', ALL_ACTIONS)])
    const results = await use.world.engine.batch(bob, [
      grant(at(drive, 'a'), 'user:bob', ACTIONS.list | ACTIONS.permCtl),
      trash(at(drive, 'a/b')),
      grant(at(drive, 'a'), 'user:bob', null),
      trash(at(drive, 'a/b')),
    ])
    expect(codes(results)).toEqual(['done', 'forbidden', 'done', 'done'])
  })

  test('follow a node that is moved, unless told otherwise', async () => {
    await putFolders(use.world, alice, drive, ['to'])
    await done(use.world, alice, [
      grant(at(drive, 'a/b'), 'user:bob', ACTIONS.list),
      move(at(drive, 'a/b'), at(drive, 'to')),
    ])
    expect(await may(bob, 'to/b/c')).toBe(ACTIONS.list)
    await done(use.world, alice, [move(at(drive, 'to/b'), at(drive, 'a'), { keepGrants: false })])
    expect(await may(bob, 'a/b')).toBe('forbidden')
  })

  test('follow a node into another drive, where its owner has no more than they give', async () => {
    const other = await createDrive(use.world, { owner: 'user:bob' })
    await done(use.world, bob, [grant(at(other.id), 'user:alice', ALL_ACTIONS)])
    await done(use.world, alice, [grant(at(drive, 'a'), 'user:alice', ACTIONS.list)])
    const results = await use.world.engine.batch(alice, [
      move(at(drive, 'a'), at(other.id)),
      get(at(other.id, 'a/b')),
      trash(at(other.id, 'a')),
    ])
    expect(codes(results)).toEqual(['done', 'done', 'forbidden'])
    expect(results[1]).toMatchObject({ view: { actions: ACTIONS.list } })
  })

  test('of a folder stay with what is trashed out of it, until that folder is destroyed', async () => {
    const [outer, inner] = (await putFolders(use.world, alice, drive, ['p', 'p/n', 'p/stays'])).slice(0, 2)
    await done(use.world, alice, [grant(byId(outer!), 'user:bob', ACTIONS.list), trash(byId(inner!))])
    const seen = () => run(use.world, bob, get(byId(inner!), { trashed: 'only' }))
    expect(codeOf(await seen())).toBe('done')
    await done(use.world, alice, [{ kind: 'purge', node: byId(outer!), trashed: 'no' }])
    expect(codeOf(await seen())).toBe('forbidden')
  })

  test('only with the right to give them', async () => {
    await done(use.world, alice, [grant(at(drive), 'user:bob', ALL_ACTIONS & ~ACTIONS.permCtl)])
    expect(codeOf(await run(use.world, bob, grant(at(drive, 'a'), 'user:carol', ACTIONS.list)))).toBe('forbidden')
  })
})

describe('what one was given', () => {
  const codeOfLeaving = async (actor: Actor, path: string, subject: Subject = actor.self) =>
    codeOf(await run(use.world, actor, grant(at(drive, path), subject, null)))

  test('one may give up without any right, but nobody else’s, and not to have more than before', async () => {
    await done(use.world, alice, [
      grant(at(drive), 'user:bob', ALL_ACTIONS & ~ACTIONS.permCtl),
      grant(at(drive, 'a'), 'user:bob', ACTIONS.list),
      grant(at(drive, 'a/b'), 'user:bob', ACTIONS.list | ACTIONS.download),
      grant(at(drive, 'a/b'), 'group:team', ACTIONS.list),
    ])
    const member = actorOf('user:bob', { subjects: ['user:bob', 'group:team'] })
    expect(await codeOfLeaving(member, 'a/b', 'group:team')).toBe('forbidden')
    expect(await codeOfLeaving(bob, 'a/b/c')).toBe('forbidden')
    expect(await codeOfLeaving(bob, 'a')).toBe('forbidden')
    const { allow, ...rest } = bob
    const reader = { ...rest, allow: { ...allow, folder: ACTIONS.list } }
    expect(await codeOfLeaving(reader, 'a/b')).toBe('forbidden')
    expect(await codeOfLeaving(bob, 'a/b')).toBe('done')
    expect(await may(bob, 'a/b')).toBe(ACTIONS.list)
    expect(await codeOfLeaving(bob, 'a/b')).toBe('forbidden')
    expect(await codeOfLeaving(bob, '')).toBe('done')
    expect(await codeOfLeaving(bob, 'a')).toBe('done')
    expect(await may(bob, 'a')).toBe('forbidden')
  })

  test('may be for the files only that one brought in', async () => {
    const { list, upload, preview, download, previewOwn, downloadOwn } = ACTIONS
    await done(use.world, alice, [grant(at(drive, 'a'), 'user:bob', list | upload | previewOwn | downloadOwn)])
    await putFile(use.world, alice, drive, 'a/hers', 'bytes')
    await putFile(use.world, bob, drive, 'a/his', 'bytes')
    const rights = (await Promise.all(['a', 'a/hers', 'a/his'].map((path) => may(bob, path)))) as number[]
    expect(rights.map((bits) => bits & (preview | download))).toEqual([0, 0, preview | download])
  })
})

describe('a credential', () => {
  test('narrows even what an owner may, by the kind of node', async () => {
    await putFile(use.world, alice, drive, 'a/f', 'bytes')
    const narrow = { ...alice, allow: { file: ACTIONS.list, folder: ALL_ACTIONS & ~ACTIONS.delete } }
    const results = await use.world.engine.batch(narrow, [
      trash(at(drive, 'a/f')),
      trash(at(drive, 'a/b')),
      get(at(drive, 'a/f')),
      createFolder(at(drive), 'x'),
    ])
    expect(codes(results)).toEqual(['forbidden', 'forbidden', 'done', 'done'])
  })

  test('for certain drives does not know of others', async () => {
    const other = await createDrive(use.world)
    const [folder] = await putFolders(use.world, alice, other.id, ['x'])
    const limited = { ...alice, drives: [drive] }
    const results = await use.world.engine.batch(limited, [
      get(at(other.id)),
      get(byId(folder!)),
      get(byPublicId(folder!)),
      copy(at(drive, 'a'), at(other.id)),
      upload(other.id),
      get(at(drive, 'a')),
    ])
    expect(codes(results)).toEqual([
      'drive_not_found',
      'drive_not_found',
      'node_not_found',
      'drive_not_found',
      'drive_not_found',
      'done',
    ])
  })

  test('for certain drives loses sight of what is carried out of them', async () => {
    const other = await createDrive(use.world)
    const node = nodeOf((await done(use.world, alice, [move(at(drive, 'a'), at(other.id))]))[0])
    const results = await use.world.engine.batch({ ...alice, drives: [drive] }, [get(byPublicId(node))])
    expect(codes(results)).toEqual(['node_not_found'])
  })
})

test('what belongs to another tenant is as unknown as what never was', async () => {
  const stranger = actorOf('user:alice', { tenant: 'other' as TenantId, admin: true })
  const node = nodeOf(await run(use.world, alice, get(at(drive, 'a'))))
  const nothing = { drive, id: 999_999 as typeof node.id }
  const results = await use.world.engine.batch(stranger, [
    get(byId(node)),
    get(nothing),
    get(at(drive, 'a')),
    get(byPublicId(node)),
    get({ born: drive, id: nothing.id }),
    list(at(drive)),
    upload(drive),
  ])
  expect(codes(results)).toEqual([
    'drive_not_found',
    'drive_not_found',
    'drive_not_found',
    'node_not_found',
    'node_not_found',
    'drive_not_found',
    'drive_not_found',
  ])
  expect(results[0]).toEqual(results[1])
  expect(results[3]).toEqual(results[4])
})

describe('copying a folder', () => {
  beforeEach(async () => {
    await putFile(use.world, alice, drive, 'a/secret', 'secret')
    await done(use.world, alice, [
      grant(at(drive, 'a'), 'user:bob', ACTIONS.list | ACTIONS.copy),
      grant(at(drive, 'a/secret'), 'user:bob', ACTIONS.list),
    ])
  })

  test('is refused when something inside may not be copied', async () => {
    const own = await createDrive(use.world, { owner: 'user:bob' })
    expect(codeOf(await run(use.world, bob, copy(at(drive, 'a'), at(own.id))))).toBe('forbidden')
  })

  test('also when it would be merged into another', async () => {
    const own = await createDrive(use.world, { owner: 'user:bob' })
    await putFolders(use.world, bob, own.id, ['a'])
    expect(codeOf(await run(use.world, bob, copy(at(drive, 'a'), at(own.id), { conflict: MERGE })))).toBe('forbidden')
    await putFile(use.world, bob, own.id, 'a/secret', 'mine')
    expect(codeOf(await run(use.world, bob, copy(at(drive, 'a'), at(own.id), { conflict: MERGE })))).toBe('forbidden')
  })
})

test('a listing leaves out what the actor may not list', async () => {
  await putFolders(use.world, alice, drive, ['a/hidden', 'a/shown'])
  await done(use.world, alice, [
    grant(at(drive, 'a'), 'user:bob', ACTIONS.list),
    grant(at(drive, 'a/hidden'), 'user:bob', 0),
  ])
  const result = await run(use.world, bob, list(at(drive, 'a')))
  const names = result.status === 'done' ? result.page!.items.map(({ node }) => node.name) : []
  expect(names).toEqual(['b', 'shown'])
})

test('rights come before anything else that is said of a node', async () => {
  const results = await use.world.engine.batch(bob, [
    trash(at(drive)),
    trash(at(drive, 'a'), { ifRev: 1_000, expect: 'file' }),
    createFolder(at(drive), '..'),
    createFolder(at(drive), 'a'),
    move(at(drive, 'a'), at(drive, 'a/b')),
  ])
  expect(new Set(codes(results))).toEqual(new Set(['forbidden']))
})
