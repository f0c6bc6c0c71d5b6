/** DingTalk: items of one batch, or a call for each, named by their ids; files by an upload key, PUT and commit. */
import { ACTIONS, type Op, onConflict, type UploadId } from '../../src/engine/index.ts'
import { actorOf } from '../engine/world.ts'
import type { TestServer } from '../server.ts'
import {
  bin,
  CALLS,
  CODES,
  dentries,
  dentry,
  FRIEND,
  idOf,
  isRoot,
  itemId,
  itemIn,
  NAMING,
  READER,
  type Reply,
  refIn,
  resultItems,
  said,
  strategyOf,
} from './dingtalk-words.ts'
import type { Asking } from './request.ts'
import type { Dialect, Question, Said, Scene, Target, Totals } from './wire.ts'

type Call = (method: string, path: string, body?: object) => Promise<Reply>

export const dingtalk: Dialect = async (server) => ({
  actor: actorOf('user:admin', { tenant: server.demo.tenant, admin: true }),
  codes: CODES,
  calls: CALLS,
  question: (() => {
    const call = caller(server)
    return (asking, scene) => new Asked(call, asking, scene).question()
  })(),
})

/** Calls with a token, and with another once that is too old. */
function caller({ url }: TestServer): Call {
  let token = ''
  const raw = async (method: string, path: string, body?: object): Promise<Reply> => {
    const headers = { 'x-acs-dingtalk-access-token': token, 'content-type': 'application/json; charset=utf-8' }
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    const answer = await fetch(`${url}${path}`, {
      method,
      ...(body === undefined ? { headers: { ...headers, 'content-type': '' } } : { headers }),
      ...sent,
    })
    return { status: answer.status, body: await answer.json() }
  }
  return async (method, path, body) => {
    const target = `/v1.0/storage/${path}${path.includes('?') ? '&' : '?'}unionId=admin`
    const first = token === '' ? null : await raw(method, target, body)
    if (first && first.body.code !== 'InvalidAuthentication') return first
    const login = { appKey: 'dingdemo', appSecret: 'dingdemo-secret' }
    token = (await raw('POST', '/v1.0/oauth2/accessToken', login)).body.accessToken
    return raw(method, target, body)
  }
}

class Asked {
  private readonly call: Call
  private readonly asking: Asking
  private readonly scene: Scene

  constructor(call: Call, asking: Asking, scene: Scene) {
    this.call = call
    this.asking = asking
    this.scene = scene
  }

  question(): Question | null {
    const { asking, scene } = this
    const { picks, to } = asking
    const nodes = picks.map((pick) => scene.node(pick))
    // A request that names the root among others is refused as a whole.
    const below = nodes.filter((node) => !isRoot(node))
    switch (asking.do) {
      case 'folder':
        return this.folder(scene.folder(to))
      case 'file':
        return this.file(scene.folder(to), null)
      case 'revise':
        return this.file(scene.realFolder(picks[0]!), scene.file(to))
      case 'rename':
        return this.rename(nodes[0]!)
      case 'move':
      case 'copy':
        return below.length > 0 ? this.relocate(asking.do, below) : null
      case 'trash':
      case 'purge':
        return below.length > 0 ? this.remove(below) : null
      case 'restore':
        return this.restore(picks.map((pick) => scene.away(pick)))
      case 'discard':
        return this.discard(picks.map((pick) => scene.away(pick)))
      case 'get':
        return below.length > 0 ? this.query(below) : null
      case 'grant':
        return this.grant(nodes[0]!)
      default:
        return null
    }
  }

  private folder(into: Target): Question {
    const { name } = this.asking
    const { word, conflict } = strategyOf(this.asking)
    const drive = this.scene.claimed(into)
    const body = { name, option: { conflictStrategy: word } }
    return {
      calls: ['folders'],
      ops: [{ kind: 'createFolder', parent: refIn(drive, into), name, conflict, naming: NAMING }],
      send: async () => [dentry(await this.call('POST', `${dentries(drive)}/${idOf(into)}/folders`, body))],
    }
  }

  /** @param over the file whose next version it becomes, whatever its name */
  private file(into: Target, over: Target | null): Question {
    const { name, text } = this.asking
    const { word, conflict } = strategyOf(this.asking)
    const drive = this.scene.claimed(over ?? into)
    const files = `spaces/${drive}/files`
    const target = over ? { target: refIn(drive, over) } : {}
    const overwritten = over ? { overwriteDentryId: idOf(over) } : {}
    return {
      ops: [
        { kind: 'upload', drive, ttlMs: 24 * 3_600_000 },
        {
          ...{ kind: 'commit', upload: '' as UploadId, parent: refIn(drive, into), name, conflict, naming: NAMING },
          ...target,
        },
      ],
      text,
      calls: [over ? 'commit over a dentry' : 'uploadInfos, PUT, commit'],
      send: async () => {
        const opened = await this.call('POST', `${files}/uploadInfos/query`, { protocol: 'HEADER_SIGNATURE' })
        const { uploadKey, headerSignatureInfo: info } = opened.body
        await fetch(info.resourceUrls[0], { method: 'PUT', headers: info.headers, body: text })
        const place = { parentId: idOf(into), name, option: { conflictStrategy: word }, ...overwritten }
        return [dentry(await this.call('POST', `${files}/commit`, { uploadKey, ...place }))]
      },
    }
  }

  private rename(node: Target): Question {
    const { name } = this.asking
    const drive = this.scene.claimed(node)
    const target = `${dentries(drive)}/${idOf(node)}/rename`
    return {
      calls: ['rename'],
      ops: [{ kind: 'rename', node: refIn(drive, node), name, conflict: onConflict('fail'), naming: NAMING }],
      send: async () => [dentry(await this.call('POST', target, { newName: name }))],
    }
  }

  private relocate(verb: 'move' | 'copy', nodes: readonly Target[]): Question {
    const { named, to } = this.asking
    const { word, conflict } = strategyOf(this.asking)
    const drive = this.scene.claimed(nodes[0]!)
    const into = this.scene.folder(to)
    const home = this.scene.claimed(into)
    const target = { targetSpaceId: String(home), targetFolderId: idOf(into) }
    const op = (node: Target): Op => ({
      ...{
        kind: verb,
        node: refIn(drive, node),
        to: refIn(home, into),
        conflict,
        naming: NAMING,
        taskIfChildren: true,
      },
      ...(verb === 'move' ? { keepGrants: named } : {}),
    })
    return this.items(verb, nodes, {
      op,
      // The two forms spell it differently.
      one: (node) => {
        const option = { conflictStrategy: word, presevePermissions: named }
        return this.call('POST', `${dentries(drive)}/${idOf(node)}/${verb}`, { ...target, option })
      },
      many: () => {
        const option = { conflictStrategy: word, preservePermissions: named }
        const name = verb === 'move' ? 'batchMove' : 'batchCopy'
        return this.call('POST', `${dentries(drive)}/${name}`, { dentryIds: nodes.map(idOf), ...target, option })
      },
    })
  }

  private remove(nodes: readonly Target[]): Question {
    const drive = this.scene.claimed(nodes[0]!)
    const toRecycleBin = this.asking.do === 'trash'
    return this.items('remove', nodes, {
      op: (one) => {
        const node = refIn(drive, one)
        return toRecycleBin
          ? { kind: 'trash', node, taskIfChildren: true }
          : { kind: 'purge', node, trashed: 'no', taskIfChildren: true }
      },
      one: (node) => this.call('DELETE', `${dentries(drive)}/${idOf(node)}?toRecycleBin=${toRecycleBin}`),
      many: () => {
        const dentryIds = nodes.map(idOf)
        return this.call('POST', `${dentries(drive)}/batchRemove`, { dentryIds, option: { toRecycleBin } })
      },
    })
  }

  private restore(nodes: readonly Target[]): Question {
    const { word, conflict } = strategyOf(this.asking)
    const drive = this.scene.claimed(nodes[0]!)
    const option = { conflictStrategy: word }
    return this.items('restore', nodes, {
      op: (one) => {
        const terms = { conflict, naming: NAMING, parentGone: 'root', taskIfChildren: true } as const
        return { kind: 'restore', node: itemIn(drive, one), ...terms }
      },
      one: (node) => this.call('POST', `${bin(drive)}/${itemId(drive, node)}/restore`, { option }),
      many: () => {
        const recycleItemIds = nodes.map((node) => itemId(drive, node))
        return this.call('POST', `${bin(drive)}/batchRestore`, { recycleItemIds, option })
      },
    })
  }

  /** All are destroyed or none, and the answer says no more. */
  private discard(all: readonly Target[]): Question {
    const drive = this.scene.claimed(all[0]!)
    const nodes = [...new Map(all.map((node) => [itemId(drive, node), node])).values()]
    const op = (node: Target): Op => ({ kind: 'purge', node: itemIn(drive, node), trashed: 'only' })
    if (this.asking.alone) {
      const [node] = nodes as [Target]
      const target = `${bin(drive)}/${itemId(drive, node)}`
      return { calls: ['discard'], ops: [op(node)], send: async () => [said(await this.call('DELETE', target))] }
    }
    return {
      calls: ['batch of discard'],
      ops: nodes.map(op),
      mode: 'all',
      send: async (): Promise<Totals> => {
        const recycleItemIds = all.map((node) => itemId(drive, node))
        const { status } = await this.call('POST', `${bin(drive)}/batchRemove`, { recycleItemIds })
        return status === 200 ? { done: nodes.length, failed: 0 } : { done: 0, failed: nodes.length }
      },
    }
  }

  private query(nodes: readonly Target[]): Question {
    const drive = this.scene.claimed(nodes[0]!)
    return this.items('query', nodes, {
      op: (node) => ({ kind: 'get', node: refIn(drive, node), need: ACTIONS.list, trashed: 'no' }),
      one: (node) => this.call('POST', `${dentries(drive)}/${idOf(node)}/query`, {}),
      many: () => this.call('POST', `${dentries(drive)}/query`, { dentryIds: nodes.map(idOf) }),
    })
  }

  private grant(node: Target): Question {
    const { named } = this.asking
    const drive = this.scene.claimed(node)
    const given = named ? { actions: READER, role: 'READER' } : { actions: null, role: 'READER' }
    const target = `${dentries(drive)}/${idOf(node)}/permissions${named ? '' : '/remove'}`
    const body = { roleId: 'READER', members: [{ type: 'USER', id: FRIEND }] }
    return {
      calls: [named ? 'permissions' : 'permissions/remove'],
      ops: [{ kind: 'grant', node: refIn(drive, node), subject: `user:${FRIEND}`, ...given, expiresAt: 0 }],
      send: async () => [said(await this.call('POST', target, body))],
    }
  }

  /** Some things in a call for each, or in one call for all. */
  private items(family: string, nodes: readonly Target[], { op, one, many }: Ways): Question {
    const ops = nodes.map(op)
    if (!this.asking.alone)
      return { ops, calls: [`batch of ${family}`], send: async () => resultItems(await many(), nodes.length) }
    return {
      ops,
      calls: [family],
      send: async () => {
        const answers: Said[] = []
        // The order of the calls is the order of the ops.
        for (const node of nodes) answers.push(dentry(await one(node)))
        return answers
      },
    }
  }
}

interface Ways {
  op(node: Target): Op
  one(node: Target): Promise<Reply>
  many(): Promise<Reply>
}
