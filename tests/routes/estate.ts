/** One server, two tenants, and in each as many alike estates as a test wants: everything a request can be about. */
import {
  ACTIONS,
  type Actor,
  ALL_ACTIONS,
  type DialectName,
  type DriveId,
  type LinkId,
  type Node,
  type NodeId,
  type PoolId,
  type TaskId,
  type TenantId,
  type TrashEntry,
} from '../../src/engine/index.ts'
import { at, grant, MERGE, putFile, putFolders, trash } from '../engine/ops.ts'
import { actorOf, done } from '../engine/world.ts'
import { quickFolder } from '../random/quick-folder.ts'
import { type StartOptions, startServer, type TestServer } from '../server.ts'
import type { Ask, Caller, Routes } from './routes.ts'
import type { Ids } from './sample.ts'

/** A tenant and the app through which each dialect speaks of it. */
export interface Party {
  readonly tenant: TenantId
  readonly apps: Readonly<Record<Exclude<DialectName, 'native'>, string>>
  readonly secret: string
}

export const DEMO: Party = {
  tenant: 'demo' as TenantId,
  apps: { pds: 'demo-pds', smh: 'smhdemo', wps: 'AKDEMO', dingtalk: 'dingdemo' },
  secret: '',
}
export const RIVAL: Party = {
  tenant: 'rival' as TenantId,
  apps: { pds: 'rival-pds', smh: 'smhrival', wps: 'AKRIVAL', dingtalk: 'dingrival' },
  secret: 'rival-secret',
}

export interface Estate {
  readonly party: Party
  readonly drive: DriveId
  readonly spare: DriveId
  /** By their names: two folders, a file with two versions, a file in the first folder, a trashed file. */
  readonly nodes: Readonly<Record<'folder' | 'target' | 'file' | 'inner' | 'binned', Pick<Node, 'id' | 'born'>>>
  readonly trash: TrashEntry['id']
  readonly task: TaskId
  readonly link: LinkId
  readonly pool: PoolId
  /** A group in which are the user and the other group. */
  readonly group: string
  readonly subgroup: string
  readonly user: string
}

export async function startParties(options: StartOptions = {}): Promise<TestServer> {
  const server = await startServer({ within: quickFolder(), ...options })
  const [jwt] = await server.store.read((tx) => tx.apps([{ dialect: 'pds', id: DEMO.apps.pds }]))
  const { apps, secret } = RIVAL
  await server.addTenant({
    id: RIVAL.tenant,
    apps: [
      { dialect: 'pds', id: apps.pds, publicKey: jwt!.publicKey, extra: { 'pds.kind': 'jwt' } },
      { dialect: 'smh', id: apps.smh, secret, extra: { 'smh.multiSpace': true } },
      { dialect: 'wps', id: apps.wps, secret, extra: { 'wps.signature': false } },
      { dialect: 'dingtalk', id: apps.dingtalk, secret },
    ],
  })
  return server
}

/** The administrator of a tenant, as a dialect's credential makes it. */
export function ownerOf({ tenant, apps }: Party, dialect: keyof Party['apps']): Actor {
  return actorOf('user:admin', { tenant, admin: true, app: apps[dialect], dialect })
}

let made = 0

/** Fresh drives, people and all else, of one tenant's administrator; its task was begun through the dialect. */
export async function makeEstate(server: TestServer, party: Party, dialect: keyof Party['apps']): Promise<Estate> {
  const { engine } = server
  const number = ++made
  const actor = ownerOf(party, dialect)
  const drives = await engine.createDrives(
    actor,
    ['one', 'two'].map((name) => ({ name, owner: actor.self })),
  )
  const [drive, spare] = drives.map(({ id }) => id) as [DriveId, DriveId]
  const [folder, target] = await putFolders({ engine }, actor, drive, ['folder', 'target'])
  await putFile({ engine }, actor, drive, 'file.txt', 'first')
  const file = await putFile({ engine }, actor, drive, 'file.txt', `second ${number}`, { conflict: MERGE })
  const inner = await putFile({ engine }, actor, drive, 'folder/inner.txt', 'inner')
  const binned = await putFile({ engine }, actor, drive, 'binned.txt', 'binned')
  const people = await makePeople(server, actor, number)
  const [binning] = await done({ engine }, actor, [
    trash(at(drive, 'binned.txt')),
    grant(at(drive, 'folder'), `user:${people.user}`, ACTIONS.list),
  ])
  const [link] = await engine.createLinks(actor, [{ drive, nodes: [folder!.id], actions: ALL_ACTIONS }])
  const [pool] = await engine.createPools(actor, [{ quota: 1_000_000, drives: [spare] }])
  const task = await engine.submit(actor, drive, 'trash', [trash(at(drive, 'nothing'))], [null])
  while (await engine.work());
  return {
    party,
    drive,
    spare,
    nodes: { folder: folder!, target: target!, file, inner, binned },
    trash: binning!.status === 'done' ? binning!.trash!.id : (0 as TrashEntry['id']),
    task,
    link: made1(link).id,
    pool: made1(pool).id,
    ...people,
  }
}

async function makePeople({ engine }: TestServer, actor: Actor, number: number) {
  const user = `bea${number}${actor.tenant}`
  await engine.createUsers(actor, [{ id: user }])
  const groups = await engine.createGroups(actor, [{ name: `group ${number}` }, { name: `subgroup ${number}` }])
  const [group, subgroup] = groups.map((one) => made1(one).id) as [string, string]
  await engine.putMembers(actor, [
    { group, member: `user:${user}` },
    { group, member: `group:${subgroup}` },
  ])
  return { user, group, subgroup }
}

function made1<One extends object>(outcome: One | undefined): Exclude<One, { status: 'failed' }> {
  if (!outcome || ('status' in outcome && outcome.status === 'failed')) throw new Error(JSON.stringify(outcome))
  return outcome as Exclude<One, { status: 'failed' }>
}

/** What asks, and of whom. */
export interface Asked {
  readonly server: TestServer
  readonly ask: Ask
}

/** All ids of an estate in a dialect, those among them that only its own calls make. */
export async function idsOf({ server, ask }: Asked, routes: Routes, owner: Caller, estate: Estate): Promise<Ids> {
  const ids = routes.ids(server, estate)
  return { ...ids, ...(await routes.prepare(ask, owner, ids)) }
}

/** As the ids of an estate, of things that never were. */
export function idsOfNothing({ server }: Asked, routes: Routes, estate: Estate, like: Ids): Ids {
  const made = routes.ids(server, nowhere(estate))
  return Object.fromEntries(Object.entries(like).map(([word, id]) => [word, made[word] ?? otherwise(id)]))
}

/** Ids like those of an estate, of things that never were. */
function nowhere(like: Estate): Estate {
  const node = (id: number) => ({ born: 999_983 as DriveId, id: (999_999_900 + id) as NodeId })
  return {
    party: {
      ...like.party,
      tenant: 'nobody' as TenantId,
      apps: { pds: 'no', smh: 'nolibrary', wps: 'no', dingtalk: 'no' },
    },
    drive: 999_983 as DriveId,
    spare: 999_979 as DriveId,
    nodes: { folder: node(1), target: node(2), file: node(3), inner: node(4), binned: node(5) },
    trash: 999_999 as TrashEntry['id'],
    task: 999_999_999 as TaskId,
    link: otherwise(like.link) as LinkId,
    pool: 999_961 as PoolId,
    group: otherwise(like.group),
    subgroup: otherwise(like.subgroup),
    user: otherwise(like.user),
  }
}

/** An id of the same form that was never given: its last letters and digits are others. */
function otherwise(id: string): string {
  const turn = (letter: string) => (/\d/.test(letter) ? String((Number(letter) + 1) % 10) : letter === 'a' ? 'b' : 'a')
  return id.slice(0, -6) + id.slice(-6).replace(/[0-9a-z]/gi, turn)
}
