/** WPS: batches are tasks that only tell how many things were done; files by request, PUT and commit. */
import {
  ACTIONS,
  type DriveId,
  type Naming,
  type Op,
  onConflict,
  type Ref,
  type UploadId,
} from '../../src/engine/index.ts'
import { actorOf } from '../engine/world.ts'
import type { Reply, WpsClient } from '../wps/client.ts'
import { userClient } from '../wps/people.ts'
import type { Asking } from './request.ts'
import type { Dialect, Question, Said, Scene, Target, Totals, Wire } from './wire.ts'

const NAMING: Naming = { pattern: 'tight', charactersMax: 255, forbidden: null, trim: false }

const CODES: Wire['codes'] = {
  drive_not_found: ['400008011'],
  node_not_found: ['400008009'],
  wrong_kind: ['403008042', '400000003'],
  root_refused: ['400000003'],
  name_taken: ['400008007'],
}

/** `on_name_conflict`; there are no twins and nothing is merely found. */
function conflictOf({ strategy }: Asking) {
  if (strategy === 'replace') return { word: 'overwrite', conflict: onConflict('replace', 'version') }
  if (strategy === 'duplicate') return { word: 'replace', conflict: onConflict('replace', 'trash') }
  return strategy === 'fail'
    ? { word: 'fail', conflict: onConflict('fail') }
    : { word: 'rename', conflict: onConflict('rename') }
}

const BATCHES = ['batch_move', 'batch_copy', 'batch_delete', 'batch_restore', 'batch_purge', 'batch_get_meta']
const CALLS = ['create', 'request_upload, PUT, commit_upload', 'rename', ...BATCHES]

export const wps: Dialect = async (server) => {
  const client = await userClient(server, 'admin', { ttlMs: 10 * 365 * 24 * 3_600_000 })
  return {
    actor: actorOf('user:admin', { tenant: server.demo.tenant, admin: true }),
    codes: CODES,
    calls: CALLS,
    question: (asking, scene) => new Asked(client, asking, scene).question(),
  }
}

class Asked {
  private readonly client: WpsClient
  private readonly asking: Asking
  private readonly scene: Scene

  constructor(client: WpsClient, asking: Asking, scene: Scene) {
    this.client = client
    this.asking = asking
    this.scene = scene
  }

  question(): Question | null {
    const { asking, scene } = this
    const { picks, to } = asking
    const nodes = picks.map((pick) => scene.node(pick)).filter((node) => !isRoot(node))
    if (nodes.length === 0) return null
    switch (asking.do) {
      case 'folder':
        return this.folder(scene.folder(to))
      case 'file':
        return this.file(scene.folder(to))
      case 'rename':
        return this.rename(nodes[0]!)
      case 'move':
        // What is moved together must lie in one folder.
        return this.relocate(
          'move',
          nodes.filter(({ parent }) => parent === nodes[0]!.parent),
        )
      case 'copy':
        return this.relocate('copy', nodes)
      case 'trash': {
        const drive = scene.claimed(nodes[0]!)
        const op = (ref: Ref): Op => ({ kind: 'trash', node: ref })
        return this.task(`/v7/drives/${drive}/files/batch_delete`, nodes, {}, op, drive)
      }
      case 'get':
        return this.details(nodes)
      case 'purge':
      case 'restore':
        return this.empty(picks.map((pick) => scene.away(pick)))
      default:
        return null
    }
  }

  private id(node: Target): string {
    return isRoot(node) ? '0' : this.scene.ids.fileId(node as Parameters<typeof this.scene.ids.fileId>[0])
  }

  private ref(node: Target, drive?: DriveId): Ref {
    if (isRoot(node)) return { drive: node.drive, path: [] }
    return { born: node.born as DriveId, id: node.id as never, ...(drive === undefined ? {} : { drive }) }
  }

  private folder(into: Target): Question {
    const { name } = this.asking
    const { word, conflict } = conflictOf(this.asking)
    const drive = isRoot(into) ? into.drive : this.scene.claimed(into)
    const url = `/v7/drives/${drive}/files/${this.id(into)}/create`
    const body = { file_type: 'folder', name, on_name_conflict: word }
    return {
      calls: ['create'],
      ops: [{ kind: 'createFolder', parent: this.ref(into, drive), name, conflict, naming: NAMING }],
      send: async () => [this.said(await this.client.post(url, body))],
    }
  }

  private file(into: Target): Question {
    const { name, text } = this.asking
    const { word, conflict } = conflictOf(this.asking)
    const drive = isRoot(into) ? into.drive : this.scene.claimed(into)
    const terms = { parent: this.ref(into, drive), name, conflict, naming: NAMING }
    return {
      calls: ['request_upload, PUT, commit_upload'],
      ops: [
        { kind: 'upload', drive, ...terms, size: text.length, ttlMs: 24 * 3_600_000 },
        { kind: 'commit', upload: '' as UploadId, ...terms },
      ],
      text,
      send: async () => [
        this.said(await this.client.upload(drive, this.id(into), name, text, { on_name_conflict: word })),
      ],
    }
  }

  private rename(node: Target): Question {
    const { name } = this.asking
    const drive = this.scene.claimed(node)
    const url = `/v7/drives/${drive}/files/${this.id(node)}/rename`
    return {
      calls: ['rename'],
      ops: [{ kind: 'rename', node: this.ref(node, drive), name, conflict: onConflict('fail'), naming: NAMING }],
      send: async () => [this.said(await this.client.post(url, { dst_name: name }))],
    }
  }

  private relocate(verb: 'move' | 'copy', nodes: readonly Target[]): Question {
    const drive = this.scene.claimed(nodes[0]!)
    const into = this.scene.realFolder(this.asking.to)
    const to = this.ref(into, into.drive)
    const terms = { to, conflict: onConflict('rename'), naming: NAMING }
    const op = (node: Ref): Op =>
      verb === 'move' ? { kind: verb, node, ...terms, keepGrants: true } : { kind: verb, node, ...terms }
    const body = { dst_drive_id: String(into.drive), dst_parent_id: this.id(into) }
    return this.task(`/v7/drives/${drive}/files/batch_${verb}`, nodes, body, op, drive)
  }

  /** A batch restoring or destroying what is in the trash, of which there must be something. */
  private empty(nodes: readonly Target[]): Question | null {
    const known = nodes.filter((node) => !isRoot(node))
    if (!known.some(({ trash }) => trash !== null)) return null
    const isRestore = this.asking.do === 'restore'
    const op = (node: Ref): Op =>
      isRestore
        ? { kind: 'restore', node, conflict: onConflict('rename'), naming: NAMING, parentGone: 'root' }
        : { kind: 'purge', node, trashed: 'only' }
    return this.task(`/v7/deleted_files/batch_${isRestore ? 'restore' : 'delete'}`, known, {}, op)
  }

  private task(url: string, nodes: readonly Target[], body: object, op: (ref: Ref) => Op, drive?: DriveId): Question {
    const once = [...new Map(nodes.map((node) => [this.id(node), node])).values()]
    return {
      calls: [this.asking.do === 'trash' ? 'batch_delete' : `batch_${this.asking.do}`],
      ops: once.map((node) => op(this.ref(node, drive))),
      send: async (): Promise<Totals> => {
        const answer = await this.client.post(url, { file_ids: nodes.map((node) => this.id(node)), ...body })
        if (answer.code !== 0) throw new Error(`the batch was answered ${answer.text}`)
        return this.client.task(answer.data.task_id)
      },
    }
  }

  /** What is missing is left out of the answer. */
  private details(nodes: readonly Target[]): Question {
    const once = [...new Map(nodes.map((node) => [this.id(node), node])).values()]
    return {
      calls: ['batch_get_meta'],
      ops: once.map((node) => ({ kind: 'get', node: this.ref(node), need: ACTIONS.list, trashed: 'no' })),
      send: async () => {
        const ids = once.map((node) => this.id(node))
        const { data } = await this.client.post('/v7/files/batch_get_meta', { file_ids: ids })
        const found = new Map<string, { name: string }>(data.items.map((item: { id: string }) => [item.id, item]))
        return once.map((node): Said => {
          const item = found.get(this.id(node))
          return item ? { ok: true, id: node.id, name: item.name } : { ok: false, code: '400008009' }
        })
      },
    }
  }

  private said({ code, data }: Reply): Said {
    if (code !== 0) return { ok: false, code: String(code) }
    return { ok: true, id: this.scene.ids.parseFileId(data.id)?.id, name: data.name }
  }
}

function isRoot({ parent, trash, drive }: Target): boolean {
  return parent === null && trash === null && drive !== 0
}
