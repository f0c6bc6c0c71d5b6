/** What an actor reads across folders and drives: the change log, grants, and its own lists of nodes. */
import { beforeEach, describe, expect, test } from 'vitest'
import {
  ACTIONS,
  type Actor,
  ALL_ACTIONS,
  type ChangesPage,
  type DriveId,
  type GivenGrants,
  type GrantsQuery,
  type MarkCursor,
  type MarkPage,
  type MarksQuery,
  type Node,
  type NodeId,
  type Ref,
  type TenantId,
} from '../../src/engine/index.ts'
import { MARKS_MAX } from '../../src/engine/readings.ts'
import {
  at,
  byId,
  copy,
  createFolder,
  deleteVersions,
  get,
  grant,
  grants,
  MERGE,
  move,
  onto,
  purge,
  putFile,
  putFolders,
  rename,
  restore,
  trash,
  update,
} from './ops.ts'
import { useWorld } from './use-world.ts'
import { actorOf, admin, alice, bob, codeOf, createDrive, done, driveNow, isFailed, nodeOf, run } from './world.ts'

const use = useWorld()
let drive: DriveId

beforeEach(async () => {
  drive = (await createDrive(use.world)).id
})

const stranger = actorOf('user:alice', { tenant: 'umbra' as TenantId, admin: true })

async function changesSince(after: number, actor: Actor = alice, limit = 100): Promise<ChangesPage> {
  const page = await use.world.engine.changes(actor, { drive, after, limit })
  if (isFailed(page)) throw new Error(`no changes: ${page.error.code}`)
  return page as ChangesPage
}

describe('the change log', () => {
  test('says of every change what a client that keeps a copy must know', async () => {
    const { world } = use
    const [a, b] = (await putFolders(world, alice, drive, ['a', 'b'])) as [Node, Node]
    const file = await putFile(world, alice, drive, 'a/f', 'one')
    const { seq } = await driveNow(world, drive)
    await putFile(world, alice, drive, 'a/f', 'two', { conflict: MERGE })
    await done(world, alice, [
      rename(byId(file), 'g'),
      move(byId(file), byId(b)),
      move(byId(file), byId(a), { name: 'h' }),
      update(byId(file), { starred: true }),
      copy(byId(file), byId(b)),
      deleteVersions(byId(file), [1]),
      trash(byId(file)),
      restore(byId(file)),
      grant(byId(a), 'user:bob', ACTIONS.list),
      purge(byId(file)),
    ])
    const { items, next, more } = await changesSince(seq)
    const told = items.map(({ change: { kind, node, name, parent, from, replaces } }) => ({
      kind,
      own: node === file.id,
      place: `${parent === a.id ? 'a' : parent === b.id ? 'b' : ''}/${name}`,
      from: from && `${from.parent === a.id ? 'a' : 'b'}/${from.name}`,
      replaces,
    }))
    const of = (kind: string, place: string, more: object = {}) => ({
      kind,
      own: true,
      place,
      from: null,
      replaces: false,
      ...more,
    })
    expect(told).toEqual([
      of('version', 'a/f', { replaces: true }),
      of('rename', 'a/g', { from: 'a/f' }),
      of('move', 'b/g', { from: 'a/g' }),
      of('move', 'a/h', { from: 'b/g' }),
      of('update', 'a/h'),
      of('copy', 'b/h', { own: false }),
      of('history', 'a/h', { replaces: true }),
      of('trash', 'a/h'),
      of('restore', 'a/h'),
      of('grant', '/a', { own: false }),
      of('purge', 'a/h'),
    ])
    expect(items.map(({ change }) => [change.born, change.nodeKind])).toEqual(
      items.map((_, index) => [drive, index === 9 ? 'folder' : 'file']),
    )
    // What is gone has no view any more; the rest is shown as it is now.
    expect(items.map(({ view }) => view?.node.name ?? null)).toEqual(
      told.map(({ own, kind }) => (own ? null : kind === 'grant' ? 'a' : 'h')),
    )
    expect([next, more]).toEqual([(await driveNow(world, drive)).seq, false])
  })

  test('says what was copied and from where something came, to others only where they see it', async () => {
    const { world } = use
    const other = (await createDrive(world)).id
    const [, into] = (await putFolders(world, alice, drive, ['from', 'into'])) as [Node, Node]
    const [away] = (await putFolders(world, alice, other, ['away'])) as [Node]
    const file = await putFile(world, alice, drive, 'from/f', 'one')
    const there = await putFile(world, alice, other, 'away/g', 'two')
    const { seq } = await driveNow(world, drive)
    await done(world, alice, [
      grant(byId(into), 'user:bob', ACTIONS.list),
      copy(byId(file), byId(into), { name: 'one' }),
      copy(at(drive, 'into/one'), byId(into), { name: 'two' }),
      copy(byId(there), byId(into), { name: 'one', conflict: onto('version') }),
      move(byId(there), byId(into)),
    ])
    const sources = async (actor: Actor) =>
      (await changesSince(seq, actor)).items.flatMap(({ change: { kind, source } }) =>
        kind === 'grant' ? [] : [source],
      )
    const own = (node: NodeId) => ({ drive, node, born: drive })
    const abroad = (node: NodeId) => ({ drive: other, node, born: other })
    const one = nodeOf(await run(world, alice, get(at(drive, 'into/one')))).id
    expect(await sources(alice)).toEqual([own(file.id), own(one), abroad(there.id), abroad(away.id)])
    expect(await sources(bob)).toEqual([null, own(one), null, null])
  })

  test('says when a newcomer took the place of another', async () => {
    const { world } = use
    for (const path of ['x', 'y', 'z']) await putFile(world, alice, drive, path, path)
    await putFolders(world, alice, drive, ['to'])
    for (const path of ['to/x', 'to/y', 'to/z']) await putFile(world, alice, drive, path, path)
    const { seq } = await driveNow(world, drive)
    await done(world, alice, [
      move(at(drive, 'x'), at(drive, 'to'), { conflict: onto('trash') }),
      copy(at(drive, 'y'), at(drive, 'to'), { conflict: onto('purge') }),
      move(at(drive, 'z'), at(drive, 'to'), { conflict: onto('version') }),
    ])
    const { items } = await changesSince(seq)
    expect(items.map(({ change }) => [change.kind, change.replaces])).toEqual([
      ['trash', false],
      ['move', true],
      ['purge', false],
      ['copy', true],
      ['version', true],
      ['leave', false],
    ])
    const [away] = items
    expect(away!.view?.trash).not.toBeNull()
  })

  test('tells no other drive’s folders of what came from there', async () => {
    const other = await createDrive(use.world)
    const [folder] = (await putFolders(use.world, alice, other.id, ['in'])) as [Node]
    const { seq } = await driveNow(use.world, drive)
    await done(use.world, alice, [move(byId(folder), at(drive))])
    const [{ change, view }] = (await changesSince(seq)).items as [ChangesPage['items'][0]]
    expect(change).toMatchObject({ kind: 'move', node: folder.id, born: other.id, from: null })
    expect(view!.node.drive).toBe(drive)
    const left = await use.world.engine.changes(alice, { drive: other.id, after: 1, limit: 9 })
    expect(left).toMatchObject({ items: [{ change: { kind: 'leave', node: folder.id }, view: null }] })
  })

  test('is read page by page, from any point', async () => {
    await putFolders(use.world, alice, drive, ['a', 'b', 'c', 'd', 'e'])
    const whole = await changesSince(0)
    expect(whole.items.map(({ change }) => change.seq)).toEqual([1, 2, 3, 4, 5])
    for (const limit of [1, 2, 5]) {
      const paged: ChangesPage['items'][number][] = []
      for (let after = 0, more = true; more; ) {
        const page = await changesSince(after, alice, limit)
        paged.push(...page.items)
        after = page.next
        more = page.more
      }
      expect(paged).toEqual(whole.items)
    }
    expect(await changesSince(5)).toEqual({ items: [], next: 5, more: false })
  })

  test('shows a guest what happens to what it sees, into and out of it, and nothing else', async () => {
    const { world } = use
    await putFolders(world, alice, drive, ['open', 'shut', 'open/1', 'shut/2', 'open/3', 'shut/4', 'open/5'])
    await done(world, alice, [grant(at(drive, 'open'), 'user:bob', ACTIONS.list)])
    const { seq } = await driveNow(world, drive)
    await done(world, alice, [
      rename(at(drive, 'open/1'), 'one'),
      rename(at(drive, 'shut/2'), 'two'),
      move(at(drive, 'open/3'), at(drive, 'shut')),
      move(at(drive, 'shut/4'), at(drive, 'open')),
      purge(at(drive, 'open/5')),
      purge(at(drive, 'shut/two')),
    ])
    const page = await changesSince(seq, bob)
    expect(page.items.map(({ change, view }) => [change.kind, change.name, view?.node.name ?? null])).toEqual([
      ['rename', 'one', 'one'],
      ['move', '3', null],
      ['move', '4', '4'],
      ['purge', '5', null],
    ])
    expect(page.next).toBe((await driveNow(world, drive)).seq)
    expect((await changesSince(seq, admin)).items).toHaveLength(6)
  })

  test('is not there for another tenant, or for a credential of other drives', async () => {
    for (const actor of [stranger, { ...alice, drives: [] }]) {
      const page = await use.world.engine.changes(actor, { drive, after: 0, limit: 9 })
      expect(page).toMatchObject({ error: { code: 'drive_not_found' } })
    }
  })
})

describe('grants on a node', () => {
  beforeEach(async () => {
    const { world } = use
    await putFolders(world, alice, drive, ['a', 'a/b'])
    await done(world, alice, [
      grant(at(drive), 'everyone', ACTIONS.list, { role: 'reader' }),
      grant(at(drive, 'a'), 'user:bob', ACTIONS.list | ACTIONS.rename),
      grant(at(drive, 'a/b'), 'user:carol', ACTIONS.list),
      grant(at(drive, 'a/b'), 'user:dave', ACTIONS.list, { expiresAt: world.now }),
    ])
  })

  async function read(actor: Actor, node: Ref, inherited: boolean) {
    const result = await run(use.world, actor, grants(node, inherited))
    if (result.status !== 'done') return codeOf(result)
    return result.grants!.map(({ grant: given, path }) => `${path.join('/')} ${given.subject}`)
  }

  test('are its own, or also those it inherits, nearest first', async () => {
    expect(await read(alice, at(drive, 'a/b'), false)).toEqual(['a/b user:carol'])
    expect(await read(alice, at(drive, 'a/b'), true)).toEqual(['a/b user:carol', 'a user:bob', ' everyone'])
    expect(await read(alice, at(drive), true)).toEqual([' everyone'])
  })

  test('of others are for those who may give some', async () => {
    expect(await read(bob, at(drive, 'a/b'), true)).toEqual(['a user:bob', ' everyone'])
    await done(use.world, alice, [grant(at(drive, 'a'), 'user:bob', ACTIONS.list | ACTIONS.permCtl)])
    expect(await read(bob, at(drive, 'a/b'), false)).toEqual(['a/b user:carol'])
    expect(await read(stranger, at(drive, 'a'), true)).toBe('drive_not_found')
    await done(use.world, alice, [grant(at(drive), 'everyone', null)])
    expect(await read(actorOf('user:eve'), at(drive, 'a'), true)).toBe('forbidden')
  })

  test('are those of the same batch', async () => {
    const results = await done(use.world, alice, [
      grant(at(drive, 'a/b'), 'user:carol', null),
      grant(at(drive, 'a/b'), 'user:erin', ACTIONS.list),
      grants(at(drive, 'a/b')),
    ])
    const [last] = results.slice(-1)
    expect(last!.status === 'done' && last!.grants!.map(({ grant: { subject } }) => subject)).toEqual(['user:erin'])
  })
})

describe('what is shared with and by somebody', () => {
  async function given(actor: Actor, query: Partial<GrantsQuery>): Promise<GivenGrants> {
    const page = await use.world.engine.grantsOf(actor, {
      side: 'to',
      subjects: actor.subjects,
      after: null,
      limit: 100,
      ...query,
    })
    if (isFailed(page)) throw new Error(`no grants: ${page.error.code}`)
    return page as GivenGrants
  }
  const shown = ({ items }: GivenGrants) => items.map(({ grant: { subject }, view }) => `${view.node.name} ${subject}`)

  beforeEach(async () => {
    const { world } = use
    const other = (await createDrive(world)).id
    await putFolders(world, alice, drive, ['a', 'b', 'c', 'd'])
    await putFolders(world, alice, other, ['far'])
    for (const [node, subject] of [
      [at(drive, 'a'), 'user:bob'],
      [at(drive, 'b'), 'everyone'],
      [at(other, 'far'), 'user:bob'],
      [at(drive, 'c'), 'user:carol'],
    ] as const) {
      world.now += 1_000
      await done(world, alice, [grant(node, subject, ACTIONS.list)])
    }
  })

  test('comes from all drives, latest first, page by page', async () => {
    expect(shown(await given(bob, {}))).toEqual(['far user:bob', 'b everyone', 'a user:bob'])
    expect(shown(await given(bob, { subjects: ['user:bob'] }))).toEqual(['far user:bob', 'a user:bob'])
    expect(shown(await given(alice, { side: 'by', subjects: ['user:alice'] }))).toEqual([
      'c user:carol',
      'far user:bob',
      'b everyone',
      'a user:bob',
    ])
    const first = await given(bob, { limit: 2 })
    expect(shown(first)).toEqual(['far user:bob', 'b everyone'])
    const second = await given(bob, { limit: 2, after: JSON.parse(JSON.stringify(first.next)) })
    expect([shown(second), second.next]).toEqual([['a user:bob'], null])
  })

  test('leaves out what has expired, is in the trash, is gone, or was taken away', async () => {
    const { world } = use
    await done(world, alice, [grant(at(drive, 'd'), 'user:bob', ACTIONS.list, { expiresAt: world.now + 5 })])
    expect(shown(await given(bob, { limit: 1 }))).toEqual(['d user:bob'])
    world.now += 5
    await done(world, alice, [trash(at(drive, 'b')), grant(at(drive, 'a'), 'user:bob', 0)])
    expect(shown(await given(bob, {}))).toEqual(['far user:bob'])
  })

  test('is for oneself, or for an admin of the tenant', async () => {
    const refused = await use.world.engine.grantsOf(bob, {
      side: 'to',
      subjects: ['user:carol'],
      after: null,
      limit: 9,
    })
    expect(refused).toMatchObject({ error: { code: 'forbidden' } })
    expect(shown(await given(admin, { subjects: ['user:carol'] }))).toEqual(['c user:carol'])
    expect(shown(await given(stranger, { subjects: ['user:bob'] }))).toEqual([])
  })
})

describe('a user’s own lists', () => {
  let nodes: Node[]
  beforeEach(async () => {
    nodes = await putFolders(use.world, alice, drive, ['a', 'b', 'c'])
    await done(use.world, alice, [grant(at(drive), 'user:bob', ALL_ACTIONS)])
  })

  const engine = () => use.world.engine
  async function mark(actor: Actor, kind: 'favourite' | 'viewed' | 'modified', ...refs: Ref[]) {
    use.world.now += 1_000
    const outcomes = await engine().mark(actor, kind, refs)
    return outcomes.map((outcome) => ('mark' in outcome ? outcome.view.node.name : outcome.error.code))
  }
  const marks = (actor: Actor, query: Partial<MarksQuery> = {}): Promise<MarkPage> =>
    engine().marks(actor, { kinds: ['favourite'], drives: null, after: null, limit: 100, ...query })
  const shown = ({ items }: MarkPage) => items.map(({ view }) => view.node.name)

  test('hold each favourite once', async () => {
    expect(await mark(bob, 'favourite', byId(nodes[0]!), byId(nodes[1]!))).toEqual(['a', 'b'])
    expect(await mark(bob, 'favourite', byId(nodes[2]!), byId(nodes[0]!), byId(nodes[2]!))).toEqual([
      'c',
      'mark_exists',
      'mark_exists',
    ])
    expect(shown(await marks(bob))).toEqual(['c', 'b', 'a'])
    expect(shown(await marks(bob, { ascending: true }))).toEqual(['a', 'b', 'c'])
    expect(shown(await marks(alice))).toEqual([])
    const ids = [...nodes.map(({ id }) => id), 999_999 as NodeId]
    expect(await engine().marked(bob, 'favourite', ids)).toEqual([true, true, true, false])
    expect(await engine().marked(bob, 'viewed', ids)).toEqual([false, false, false, false])
  })

  test('are taken from, once', async () => {
    await mark(bob, 'favourite', byId(nodes[0]!), byId(nodes[1]!))
    const outcomes = await engine().unmark(
      bob,
      'favourite',
      [0, 2, 0].map((index) => byId(nodes[index]!)),
    )
    expect(outcomes.map((outcome) => ('mark' in outcome ? 'taken' : outcome.error.code))).toEqual([
      'taken',
      'mark_not_found',
      'mark_not_found',
    ])
    expect(shown(await marks(bob))).toEqual(['b'])
  })

  test('bring what was used again to the top', async () => {
    await mark(bob, 'viewed', byId(nodes[0]!))
    await mark(bob, 'modified', byId(nodes[1]!))
    await mark(bob, 'viewed', byId(nodes[2]!))
    expect(await mark(bob, 'viewed', byId(nodes[0]!))).toEqual(['a'])
    expect(shown(await marks(bob, { kinds: ['viewed'] }))).toEqual(['a', 'c'])
    expect(shown(await marks(bob, { kinds: ['viewed', 'modified'] }))).toEqual(['a', 'c', 'b'])
  })

  test('go on page by page, though a node is taken off meanwhile', async () => {
    const more = await putFolders(use.world, alice, drive, ['d', 'e', 'f', 'g'])
    const all = [...nodes, ...more]
    await mark(bob, 'favourite', ...all.map(byId))
    const whole = shown(await marks(bob))
    const paged: string[] = []
    for (let after: MarkCursor | null = null, page = 0; page === 0 || after; page++) {
      const found: MarkPage = await marks(bob, { limit: 2, after: JSON.parse(JSON.stringify(after)) })
      paged.push(...shown(found))
      after = found.next
      if (page === 0) await engine().unmark(bob, 'favourite', [byId(found.items[1]!.view.node)])
    }
    expect(paged).toEqual(whole)
  })

  test('show only what lives and may still be seen, wherever it is by now', async () => {
    const other = (await createDrive(use.world)).id
    await mark(bob, 'favourite', ...nodes.map(byId))
    await done(use.world, alice, [grant(at(other), 'user:bob', ACTIONS.list), move(byId(nodes[0]!), at(other))])
    expect(shown(await marks(bob, { drives: [other] }))).toEqual(['a'])
    expect(shown(await marks(bob, { drives: [drive] }))).toEqual(['c', 'b'])
    await done(use.world, alice, [trash(byId(nodes[1]!)), grant(byId(nodes[2]!), 'user:bob', 0)])
    expect(shown(await marks(bob))).toEqual(['a'])
    await done(use.world, alice, [restore(byId(nodes[1]!)), grant(byId(nodes[2]!), 'user:bob', null)])
    expect(shown(await marks(bob))).toEqual(['c', 'b', 'a'])
    await done(use.world, alice, [purge(byId(nodes[1]!))])
    expect(shown(await marks(bob))).toEqual(['c', 'a'])
    expect(await use.world.store.read((tx) => tx.count('mark'))).toBe(2)
  })

  test('take only what may be listed', async () => {
    const eve = actorOf('user:eve')
    expect(await mark(eve, 'favourite', byId(nodes[0]!))).toEqual(['node_not_found'])
    expect(await mark(stranger, 'favourite', byId(nodes[0]!), at(drive, 'a'))).toEqual([
      'node_not_found',
      'node_not_found',
    ])
    expect(await mark(bob, 'favourite', at(drive, 'nothing'), at(drive, 'a'))).toEqual(['node_not_found', 'a'])
    expect(await use.world.store.read((tx) => tx.count('mark'))).toBe(1)
  })

  test('are bounded: of what was lately used the oldest makes room, a favourite does not', async () => {
    const many = await done(
      use.world,
      alice,
      Array.from({ length: MARKS_MAX }, (_, index) => createFolder(at(drive), `n${index}`)),
    )
    const refs = many.map((result) => byId(result.view!.node))
    await mark(bob, 'viewed', byId(nodes[0]!))
    await mark(bob, 'viewed', ...refs)
    const viewed = await engine().marked(bob, 'viewed', [nodes[0]!.id, many[0]!.view!.node.id])
    expect(viewed).toEqual([false, true])
    await mark(bob, 'favourite', ...refs)
    expect(await mark(bob, 'favourite', byId(nodes[0]!))).toEqual(['attribute_invalid'])
    expect(await use.world.store.read((tx) => tx.count('mark'))).toBe(2 * MARKS_MAX)
    await done(use.world, alice, [get(at(drive))])
  })
})
