import { beforeEach, describe, expect, test } from 'vitest'
import {
  ACTIONS,
  type Actor,
  ALL_ACTIONS,
  type DriveId,
  type Link,
  type LinkSpec,
  lentBy,
  type NodeId,
} from '../../src/engine/index.ts'
import { at, copy, createFolder, get, grant, list, move, putFile, putFolders, RENAME, trash } from './ops.ts'
import { useWorld } from './use-world.ts'
import { actorOf, admin, alice, bob, codeOf, codes, createDrive, done, isFailed, nodeOf, run } from './world.ts'

const use = useWorld()
let drive: DriveId
let shared: NodeId
let inner: NodeId
beforeEach(async () => {
  drive = (await createDrive(use.world)).id
  await putFolders(use.world, alice, drive, ['top', 'top/shared', 'top/shared/inner', 'top/beside'])
  await putFile(use.world, alice, drive, 'top/shared/inner/f.txt', 'content')
  shared = nodeOf(await run(use.world, alice, get(at(drive, 'top/shared')))).id
  inner = nodeOf(await run(use.world, alice, get(at(drive, 'top/shared/inner')))).id
})

const READ = ACTIONS.list | ACTIONS.preview | ACTIONS.download | ACTIONS.copy
const linked = async (more: Partial<LinkSpec> = {}, by: Actor = alice): Promise<Link> => {
  const [made] = await use.world.engine.createLinks(by, [{ drive, nodes: [shared], actions: READ, ...more }])
  if (!made || isFailed(made)) throw new Error(`no link: ${JSON.stringify(made)}`)
  return made
}
/** Whoever holds the link and is nobody otherwise. */
const visitor = (link: Link, maker: Actor = alice): Actor =>
  actorOf(`link:${link.id}`, { subjects: [], drives: [], lent: lentBy(link, maker) })
const path = (names: string) => at(drive, names)
const ref = (id: NodeId) => ({ drive, id })

describe('a link', () => {
  test('opens its nodes and what is below; nothing above or beside exists', async () => {
    const who = visitor(await linked())
    const paths = ['top/shared', 'top/shared/inner', 'top/shared/inner/f.txt', '', 'top', 'top/beside', 'nowhere']
    const results = await use.world.engine.batch(
      who,
      paths.map((one) => get(path(one))),
    )
    expect(codes(results)).toEqual(['done', 'done', 'done', ...Array(4).fill('node_not_found')])
    const [seen] = results
    expect(seen?.status === 'done' && [seen.view!.path, seen.view!.actions]).toEqual([['shared'], READ])
    const page = await run(use.world, who, list(ref(inner)))
    expect(page.status === 'done' && page.page!.items.map((item) => item.path)).toEqual([['shared', 'inner', 'f.txt']])
    expect(await use.world.engine.drives(who, [drive])).toEqual([null])
    expect((await use.world.engine.listDrives(who, { owners: null, after: 0, limit: 9 })).items).toEqual([])
  })

  test('lets nobody change anything but put files where it says so', async () => {
    const who = visitor(await linked({ actions: ALL_ACTIONS, inboxes: [inner] }))
    const into = (id: NodeId) => createFolder(ref(id), 'new')
    const ops = [
      trash(ref(inner)),
      move(ref(inner), ref(shared), { name: 'x' }),
      grant(ref(shared), 'everyone', ALL_ACTIONS),
      into(shared),
      into(inner),
    ]
    expect(codes(await use.world.engine.batch(who, ops))).toEqual([...Array(4).fill('forbidden'), 'done'])
  })

  test('is worth what its maker may do at the moment, and nothing once the maker may not share it', async () => {
    const all = READ | ACTIONS.share
    await done(use.world, alice, [grant(path('top/shared'), 'user:bob', all)])
    const link = await linked({}, bob)
    const look = () =>
      run(use.world, visitor(link, bob), get(path('top/shared/inner/f.txt'), { need: ACTIONS.download }))
    expect(codeOf(await look())).toBe('done')
    await done(use.world, alice, [grant(path('top/shared'), 'user:bob', all & ~ACTIONS.download)])
    expect(codeOf(await look())).toBe('forbidden')
    await done(use.world, alice, [grant(path('top/shared'), 'user:bob', READ)])
    expect(codeOf(await look())).toBe('forbidden')
    await done(use.world, alice, [
      grant(path('top/shared'), 'user:bob', all),
      grant(path('top/shared/inner'), 'user:bob', 0),
    ])
    expect(codeOf(await look())).toBe('forbidden')
  })

  test('does not open what was put away or carried to another drive', async () => {
    const who = visitor(await linked())
    const look = { ...get(ref(inner)), trashed: 'any' as const }
    await done(use.world, alice, [trash(ref(inner))])
    expect(codeOf(await run(use.world, who, look))).toBe('node_not_found')
    const other = await createDrive(use.world)
    await done(use.world, alice, [move(ref(shared), at(other.id))])
    expect(codeOf(await run(use.world, who, get(at(other.id, 'shared'))))).toBe('drive_not_found')
  })

  test('adds to the rights of somebody who has own ones, for copying into an own drive', async () => {
    const home = await createDrive(use.world, { owner: 'user:bob' })
    const lent = lentBy(await linked(), alice)
    const save = copy(ref(shared), at(home.id), { conflict: RENAME })
    expect(codes([await run(use.world, bob, save), await run(use.world, { ...bob, lent }, save)])).toEqual([
      'forbidden',
      'done',
    ])
    expect(codeOf(await run(use.world, { ...bob, lent }, copy(path('top/beside'), at(home.id))))).toBe('forbidden')
  })

  test('is made only by who may share, for nodes with one parent', async () => {
    const make = async (spec: Partial<LinkSpec>, by: Actor = alice) => {
      const [made] = await use.world.engine.createLinks(by, [{ drive, nodes: [shared], actions: READ, ...spec }])
      return made && isFailed(made) ? `${made.error.code} ${made.error.detail}`.trim() : 'made'
    }
    expect(await make({})).toBe('made')
    expect(await make({}, bob)).toBe('forbidden')
    expect(await make({ nodes: [shared, inner] })).toBe('attribute_invalid nodes')
    expect(await make({ nodes: [] })).toBe('attribute_invalid nodes')
    expect(await make({ nodes: [999_999 as NodeId] })).toBe('node_not_found')
    const beside = nodeOf(await run(use.world, alice, get(path('top/beside')))).id
    expect(await make({ inboxes: [beside] })).toBe('attribute_invalid inboxes')
    expect(await make({ nodes: [shared, beside], inboxes: [inner] })).toBe('made')
  })

  test('is changed by its maker and by admins, and shows nobody else that it is there', async () => {
    const { id } = await linked({ name: 'n', limits: { downloads: 3 } })
    const update = async (by: Actor, set: Parameters<typeof use.world.engine.updateLinks>[1][0]['set']) => {
      const [changed] = await use.world.engine.updateLinks(by, [{ id, set }])
      return changed && isFailed(changed) ? changed.error.code : changed
    }
    expect(await update(bob, { name: 'x' })).toBe('forbidden')
    expect(await update(actorOf('user:eve', { tenant: 'other' as Actor['tenant'], admin: true }), {})).toBe(
      'link_not_found',
    )
    expect(await update(admin, { limits: { saves: 1 }, counts: { downloads: 2 } })).toMatchObject({
      name: 'n',
      limits: { downloads: 3, saves: 1 },
      counts: { downloads: 2, saves: 0 },
    })
    expect((await use.world.engine.links([id]))[0]!.counts.downloads).toBe(2)
    const listed = (by: Actor, makers: readonly Link['creator'][] | null) =>
      use.world.engine.listLinks(by, makers).then((links) => links.length)
    expect([await listed(alice, null), await listed(bob, ['user:alice']), await listed(admin, null)]).toEqual([1, 0, 1])
  })

  test('is used as often as its limits say, first come first served, and no oftener by many at once', async () => {
    const { id: link } = await linked({ limits: { downloads: 3, takings: 4 } })
    const use1 = (what: 'downloads' | 'saves' | 'accesses') => ({ link, what }) as const
    const { engine } = use.world
    expect(await engine.useLinks([use1('downloads'), use1('accesses'), use1('downloads')])).toEqual([true, true, true])
    expect(await engine.useLinks([use1('downloads'), use1('downloads'), use1('saves'), use1('saves')])).toEqual([
      true,
      false,
      true,
      false,
    ])
    await engine.returnLinkUses([use1('downloads'), use1('saves')])
    const many = await Promise.all(Array.from({ length: 20 }, () => engine.useLinks([use1('saves')])))
    expect(many.flat().filter(Boolean)).toHaveLength(2)
    const [now] = await engine.links([link])
    expect(now!.counts).toEqual({ accesses: 1, previews: 0, downloads: 2, saves: 2 })
    expect(await engine.useLinks([{ link: 'nobody' as Link['id'], what: 'saves' }])).toEqual([false])
  })
})
