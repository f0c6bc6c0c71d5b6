/**
 * `/file/archive_files`: many files and folders as one ZIP. The task it answers with is done at once; the archive is made
 * while it is fetched, of what is there then and the caller may still download.
 */
import type { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import {
  ACTIONS,
  type Actor,
  type Engine,
  type Json,
  type NodeView,
  type Op,
  PAGE_SIZE_MAX,
  type Position,
  type Task,
} from '../../engine/index.ts'
import { contentHeaders } from '../../http/content-headers.ts'
import { type ZipEntry, zipOf } from '../../http/zip.ts'
import type { Call, Env, SteppedEndpoint } from './call.ts'
import { empty, missing, noPermission, notFound, outOfRange, Refusal, tokenInvalid } from './error.ts'
import { viewOf } from './outcome.ts'
import { type Body, objects, requiredText, text, texts } from './request.ts'
import { count } from './share-files.ts'
import { driveOf, refOf, URL_LIFE_S } from './terms.ts'

const TOPS_MAX = 500
const FILES_MAX = 10_000
/** 10 GB. */
const BYTES_MAX = 10 * 1000 ** 3
const NAME_CHARACTERS_MAX = 255
const ARCHIVE = 'archive'
export const ARCHIVE_URL = '/file/archive/:ticket/:name'

/** What the task's report keeps for making the archive. */
interface Plan {
  readonly name: string
  /** Whose rights count when it is fetched. */
  readonly actor: Actor
}

export const fileArchive: SteppedEndpoint = {
  url: '/file/archive_files',
  operation: 'ArchiveFiles',
  coverage:
    'partial: made while it is fetched, of what is there then: archive_file_result has its url, no size, no crc64_hash',
  scope: 'FILE.GET',
  guests: 'share',
  *steps(body, env): Call {
    const drive = driveOf(env, body)
    const ids = idsOf(body)
    const name = archiveName(body)
    const ops = ids.map((id): Op => {
      const node = refOf(env, { file_ids: id }, 'file_ids', drive)
      return { kind: 'get', node, need: ACTIONS.list | ACTIONS.download, trashed: 'no' }
    })
    const { results } = yield { ops }
    const views = results.map(viewOf)
    yield* count(env, 'downloads')
    const { waits } = yield { waits: [() => begin(env, name, views)] }
    return waits[0]!
  },
}

function idsOf(body: Body): string[] {
  const listed = texts(body, 'file_ids', TOPS_MAX, 64)
  const ids = listed ?? objects(body, 'files', TOPS_MAX)?.map((file) => requiredText(file, 'file_id'))
  if (ids === undefined) throw new Refusal(missing('file_ids'))
  if (ids.length === 0) throw new Refusal(empty('file_ids'))
  return [...new Set(ids)]
}

function archiveName(body: Body): string {
  const name = text(body, 'name', NAME_CHARACTERS_MAX) || 'archive'
  return /\.zip$/i.test(name) ? name : `${name}.zip`
}

/** Checks how much it is, and leaves a task that knows what to pack. */
async function begin({ engine, actor }: Env, name: string, views: readonly NodeView[]) {
  const nodes = views.map(({ node, drive }) => ({ drive: drive.id, id: node.id }))
  const folders = views.flatMap(({ node }, i) => (node.kind === 'folder' ? [nodes[i]!] : []))
  const totals = (await engine.totals(actor, folders)).flatMap((one) => ('status' in one ? [] : [one]))
  const single = views.flatMap(({ node }) => node.content ?? [])
  const files = totals.reduce((sum, one) => sum + one.files, single.length)
  const bytes = totals.reduce(
    (sum, one) => sum + one.size,
    single.reduce((sum, { size }) => sum + size, 0),
  )
  if (files > FILES_MAX || bytes > BYTES_MAX) return outOfRange('file_ids')
  const ops = nodes.map((node): Op => ({ kind: 'get', node, need: ACTIONS.download, trashed: 'no' }))
  const plan: Plan = { name, actor }
  const notes: Json[] = ops.map((_, i) => (i === 0 ? (plan as unknown as Json) : null))
  const task = await engine.submit(actor, views[0]!.drive.id, ARCHIVE, ops, notes)
  return { status: 202, body: { async_task_id: String(task) } }
}

/** What a finished archive task shows besides its state; nothing for other tasks. */
export function archiveResult(env: Env, task: Task): object {
  if (task.kind !== ARCHIVE || task.state !== 'done' || task.failed > 0) return {}
  const plan = planOf(task)
  const ticket = { kind: 'archive', task: task.id, tenant: task.tenant, by: task.creator } as const
  const signed = env.engine.tickets.sign(ticket, env.now + URL_LIFE_S * 1000)
  const url = `${env.origin}/v2/file/archive/${signed}/${encodeURIComponent(plan.name)}`
  return { url, archive_file_result: { url } }
}

function planOf({ report }: Task): Plan {
  return report[0]!.note as unknown as Plan
}

/** Sends the archive that a signed URL stands for. */
export async function sendArchive(engine: Engine, signed: string, reply: FastifyReply): Promise<void> {
  const opened = engine.tickets.open(signed, engine.now())
  if (opened === 'forged' || opened === 'expired') throw new Refusal(tokenInvalid(`The URL is ${opened}.`))
  const { ticket } = opened
  if (ticket.kind !== 'archive') throw new Refusal(noPermission('file'))
  const [task] = await engine.tasks(asCreator(ticket.tenant, ticket.by), [ticket.task])
  if (!task) throw new Refusal(notFound('async_task_id'))
  const { actor, name } = planOf(task)
  const entries = await entriesOf(engine, actor, task)
  const { size, stream } = await zipOf(entries)
  reply.headers({ ...contentHeaders({ name, attachment: true, type: 'application/zip' }), 'content-length': size })
  return reply.send(stream)
}

/** Enough of an actor to read its own task. */
function asCreator(tenant: Actor['tenant'], self: Actor['self']): Actor {
  const none = { file: 0, folder: 0 }
  return { tenant, self, subjects: [], admin: false, app: '', drives: [], allow: none, dialect: 'pds' }
}

/** Everything to be packed, folders before what is in them; names that meet at the top are told apart by a number. */
async function entriesOf(engine: Engine, actor: Actor, { report }: Task): Promise<ZipEntry[]> {
  const need = ACTIONS.list | ACTIONS.download
  const ops = report.map(({ drive, node }): Op => ({ kind: 'get', node: { drive, id: node }, need, trashed: 'no' }))
  const results = await engine.batch(actor, ops)
  const tops = results.flatMap((result) => (result.status === 'done' && result.view ? [result.view] : []))
  const taken = new Map<string, number>()
  const named = tops.map((view): Placed => ({ view, path: [freeName(taken, view.node.name || view.drive.name)] }))
  const entries: ZipEntry[] = []
  for (let level = named; level.length > 0; level = await below(engine, actor, level)) {
    for (const { view, path } of level) entries.push(entryOf(engine, view, path))
    if (entries.length > 2 * FILES_MAX) throw new Refusal(outOfRange('file_ids'))
  }
  return entries
}

interface Placed {
  readonly view: NodeView
  readonly path: readonly string[]
}

/** The children of all folders of one level, page after page. */
async function below(engine: Engine, actor: Actor, level: readonly Placed[]): Promise<Placed[]> {
  const found: Placed[] = []
  let open = level.flatMap(({ view, path }) =>
    view.node.kind === 'folder' ? [{ view, path, after: undefined as Position | undefined }] : [],
  )
  while (open.length > 0) {
    const now = open.splice(0, FOLDERS_AT_ONCE)
    const results = await engine.batch(
      actor,
      now.map(({ view, after }) => listOp(view, after)),
    )
    const more = results.flatMap((result, i) => {
      const page = result.status === 'done' ? result.page : undefined
      const { view, path } = now[i]!
      for (const item of page?.items ?? []) {
        if (item.actions & ACTIONS.download) found.push({ view: item, path: [...path, item.node.name] })
      }
      return page?.next ? [{ view, path, after: page.next }] : []
    })
    open = [...more, ...open]
  }
  return found
}

const FOLDERS_AT_ONCE = 100

function listOp({ node, drive }: NodeView, after: Position | undefined): Op {
  return {
    kind: 'list',
    folder: { drive: drive.id, id: node.id },
    by: 'name',
    descending: false,
    foldersFirst: false,
    limit: PAGE_SIZE_MAX,
    ...(after && { cursor: { after } }),
  }
}

function entryOf(engine: Engine, { node, drive }: NodeView, path: readonly string[]): ZipEntry {
  const { content, updatedAt: modifiedAt, version } = node
  if (!content) return { path, size: 0, modifiedAt, open: null }
  const open = async (): Promise<Readable> => {
    const found = await engine.openVersion({ drive: drive.id, node: node.id, version })
    if ('status' in found) throw new Error(`version ${version} of node ${node.id} is gone`)
    return found.stream({ start: 0, end: content.size }) as Readable
  }
  return { path, size: content.size, modifiedAt, open }
}

function freeName(taken: Map<string, number>, name: string): string {
  const before = taken.get(name) ?? 0
  taken.set(name, before + 1)
  return before === 0 ? name : freeName(taken, `${name} (${before})`)
}
