/** SMH: items of one batch, named by their paths; files by start, PUT and confirm. */
import {
  ACTIONS,
  type Kind,
  type NodeId,
  type Op,
  onConflict,
  type TrashId,
  type UploadId,
} from '../../src/engine/index.ts'
import { actorOf } from '../engine/world.ts'
import type { TestServer } from '../server.ts'
import { LIBRARY, type Reply, SECRET, send } from '../smh/session.ts'
import type { Asking } from './request.ts'
import {
  CALLS,
  CODES,
  encoded,
  historyId,
  kindOf,
  NAMING,
  resultsOf,
  saidOf,
  strategyOf,
  wholeOf,
} from './smh-words.ts'
import { type Dialect, type Question, type Said, type Scene, type Target, targetPath, type Wire } from './wire.ts'

type Call = (method: string, path: string, body?: unknown) => Promise<Reply>

export const smh: Dialect = (server) => smhAs(server, 'admin')

/** The library's admin, acting as some user. */
export async function smhAs(server: TestServer, user: string): Promise<Wire> {
  const words = { library_id: LIBRARY, library_secret: SECRET, grant: 'admin', user_id: user, period: '315360000' }
  const minted = await send(server.url, 'GET', `/api/v1/token?${new URLSearchParams(words)}`)
  const token = minted.body.accessToken as string
  const call: Call = (method, path, body) => {
    const glue = path.includes('?') ? '&' : '?'
    return send(server.url, method, `/api/v1/${path}${glue}access_token=${token}`, body === undefined ? {} : { body })
  }
  return {
    actor: actorOf(`user:${user}`, { tenant: server.demo.tenant, admin: true }),
    codes: CODES,
    calls: CALLS,
    question: (asking, scene) => new Asked(call, asking, scene).question(),
  }
}

class Asked {
  private readonly call: Call
  private readonly asking: Asking
  private readonly scene: Scene
  private readonly space: Scene['drives'][number]

  constructor(call: Call, asking: Asking, scene: Scene) {
    this.call = call
    this.asking = asking
    this.scene = scene
    this.space = scene.drive(asking.to)
  }

  question(): Question | null {
    const { asking, scene, space } = this
    const { picks, to, name, named } = asking
    const nodes = () => picks.map((pick) => scene.node(pick))
    const place = { drive: space, path: targetPath(scene.folderIn(space, to)) }
    switch (asking.do) {
      case 'folder':
        return this.folder(place.path)
      case 'file':
        return this.file(place.path)
      case 'rename':
      case 'move':
      case 'copy': {
        const verb = asking.do === 'copy' ? 'copy' : 'move'
        const sources = asking.do === 'rename' ? nodes().slice(0, 1) : nodes()
        return this.batch(
          verb,
          sources.map((node) => {
            const path = targetPath(node)
            const last = asking.do === 'rename' || named ? name : (path.at(-1) ?? name)
            const into = asking.do === 'rename' ? path.slice(0, -1) : place.path
            return this.transfer(verb, node, path, [...into, last])
          }),
        )
      }
      case 'trash':
      case 'purge': {
        const permanent = asking.do === 'purge'
        return this.batch(
          'delete',
          nodes().map((node) => {
            const path = targetPath(node)
            const ref = { drive: space, path }
            const op: Op = permanent ? { kind: 'purge', node: ref, trashed: 'no' } : { kind: 'trash', node: ref }
            const single: Single = { method: 'DELETE', kind: kindOf(node), path, query: permanent ? 'permanent=1' : '' }
            return { item: { path: path.join('/'), permanent }, op, single }
          }),
        )
      }
      case 'restore':
        return this.restore(picks.map((pick) => scene.away(pick).trash?.id ?? 999_999))
      case 'discard':
        return this.discard([...new Set(picks.map((pick) => scene.away(pick).trash?.id ?? 999_999))])
      case 'revert':
        return this.revert(scene.file(to))
      case 'forget':
        return this.forget([...new Set(picks.map((pick) => scene.file(pick)))])
      case 'tag':
      case 'star':
        return this.update(nodes()[0]!)
      case 'get':
        return this.details(nodes()[0]!)
      default:
        return null
    }
  }

  private folder(into: readonly string[]): Question {
    const { name } = this.asking
    const { word, conflict } = strategyOf(this.asking)
    const given = word === '' ? 'ask' : word
    const op: Op = {
      ...{ kind: 'createFolder', parent: { drive: this.space, path: into }, makeParents: true, name, naming: NAMING },
      conflict: word === '' ? onConflict('fail', 'purge') : conflict('purge'),
    }
    const path = `directory/${LIBRARY}/${this.space}/${encoded([...into, name])}`
    return {
      ops: [op],
      calls: ['create directory'],
      send: async () => [saidOf(await this.call('PUT', `${path}?conflict_resolution_strategy=${given}`))],
    }
  }

  private file(into: readonly string[]): Question {
    const { name, text } = this.asking
    const { word, conflict } = strategyOf(this.asking)
    const terms = { parent: { drive: this.space, path: into }, name, conflict: conflict('version'), naming: NAMING }
    const base = `file/${LIBRARY}/${this.space}`
    return {
      ops: [
        { kind: 'upload', drive: this.space, ...terms, ttlMs: 7 * 24 * 3_600_000 },
        { kind: 'commit', upload: '' as UploadId, ...terms },
      ],
      text,
      calls: ['start, PUT, confirm'],
      send: async () => {
        const chosen = word === '' ? '' : `?conflict_resolution_strategy=${word}`
        const begun = await this.call('PUT', `${base}/${encoded([...into, name])}${chosen}`)
        if (begun.status !== 201) return [saidOf(begun)]
        const { domain, path, headers, confirmKey } = begun.body
        await send(`http://${domain}`, 'PUT', path, { body: Buffer.from(text), headers })
        return [saidOf(await this.call('POST', `${base}/${confirmKey}?confirm`))]
      },
    }
  }

  private transfer(verb: 'move' | 'copy', node: Target, from: readonly string[], to: readonly string[]): Item {
    const { word, conflict } = strategyOf(this.asking)
    const source = this.scene.claimed(node)
    const [field, spaceField] = verb === 'move' ? ['from', 'fromSpaceId'] : ['copyFrom', 'copyFromSpaceId']
    const op = {
      ...{ kind: verb, node: { drive: source, path: from }, to: { drive: this.space, path: to.slice(0, -1) } },
      ...{ name: to.at(-1)!, conflict: conflict(verb === 'move' ? 'purge' : 'version'), naming: NAMING },
      ...{ keepGrants: false, makeParents: 'folder' },
    } as Op
    const strategy = word === '' ? {} : { conflictResolutionStrategy: word }
    const item = { [field!]: from.join('/'), [spaceField!]: String(source), to: to.join('/'), ...strategy }
    const body = { [field!]: from.join('/') }
    const query = word === '' ? '' : `conflict_resolution_strategy=${word}`
    const isHere = source === this.space && from.length > 0
    return { item, op, single: isHere ? { method: 'PUT', kind: kindOf(node), path: to, query, body } : null }
  }

  private batch(verb: 'move' | 'copy' | 'delete', items: readonly Item[]): Question {
    const singles = items.flatMap(({ single }) => (single && single.path.length > 0 ? [single] : []))
    if (this.asking.alone && singles.length === items.length) return this.oneByOne(verb, items, singles)
    return {
      ops: items.map(({ op }) => op),
      calls: [`batch ${verb}`],
      send: async () => {
        const path = `batch/${LIBRARY}/${this.space}?${verb}`
        const asked = items.map(({ item }) => item)
        const said = resultsOf(await this.call('POST', path, asked))
        // What was deleted is told in the words of the request, which may spell it otherwise.
        return verb === 'delete' ? said.map((one): Said => (one.ok ? { ok: true } : one)) : said
      },
    }
  }

  /** Each in the call for its kind, which refuses another. */
  private oneByOne(verb: string, items: readonly Item[], singles: readonly Single[]): Question {
    const familyOf = ({ kind }: Single) => (kind === 'file' ? 'file' : 'directory')
    return {
      ops: items.map(({ op }, at) => ({ ...op, expect: singles[at]!.kind }) as Op),
      calls: singles.map((single) => `${verb} ${familyOf(single)}`),
      send: async () => {
        const said: Said[] = []
        for (const single of singles) {
          const target = `${familyOf(single)}/${LIBRARY}/${this.space}/${encoded(single.path)}?${single.query}`
          said.push(saidOf(await this.call(single.method, target, single.body)))
        }
        return said
      },
    }
  }

  private restore(ids: readonly number[]): Question {
    const conflict = { file: 'rename', folder: 'rename', replace: 'purge', guardHistory: true } as const
    const ref = (id: number) => ({ drive: this.space, trash: id as TrashId })
    const ops = ids.map((id): Op => ({ kind: 'restore', node: ref(id), conflict, naming: NAMING, parentGone: 'fail' }))
    const bin = `recycled/${LIBRARY}/${this.space}`
    if (this.asking.alone)
      return {
        ops: ops.slice(0, 1),
        calls: ['restore'],
        send: async () => [saidOf(await this.call('POST', `${bin}/${ids[0]}?restore`))],
      }
    return {
      ops,
      calls: ['batch restore'],
      send: async () => resultsOf(await this.call('POST', `${bin}?restore`, ids)),
    }
  }

  /** Many are destroyed all or none, and the answer says no more. */
  private discard(ids: readonly number[]): Question {
    const ref = (id: number) => ({ drive: this.space, trash: id as TrashId })
    const ops = ids.map((id): Op => ({ kind: 'purge', node: ref(id), trashed: 'only' }))
    const bin = `recycled/${LIBRARY}/${this.space}`
    if (this.asking.alone)
      return {
        ops: ops.slice(0, 1),
        calls: ['purge'],
        send: async () => [saidOf(await this.call('DELETE', `${bin}/${ids[0]}`))],
      }
    return {
      ops,
      mode: 'all',
      calls: ['batch purge'],
      send: async () => wholeOf(await this.call('POST', `${bin}?delete`, ids), ids.length),
    }
  }

  private revert(file: Target): Question {
    const { version } = this.asking
    const path = `directory-history/${LIBRARY}/${this.space}/latest-version/${historyId(file, version)}`
    return {
      ops: [{ kind: 'revert', node: { drive: this.space, id: file.id as NodeId }, version }],
      calls: ['set latest version'],
      send: async () => [saidOf(await this.call('POST', path))],
    }
  }

  /** All or none, and the answer says no more. */
  private forget(files: readonly Target[]): Question {
    const { version } = this.asking
    const ref = ({ id }: Target) => ({ drive: this.space, id: id as NodeId })
    const path = `directory-history/${LIBRARY}/${this.space}/delete`
    const ids = files.map((file) => historyId(file, version))
    return {
      ops: files.map((file): Op => ({ kind: 'deleteVersions', node: ref(file), versions: [version] })),
      mode: 'all',
      calls: ['delete history versions'],
      send: async () => wholeOf(await this.call('POST', path, ids), files.length),
    }
  }

  private update(node: Target): Question | null {
    const path = targetPath(node)
    if (path.length === 0) return null
    const labels = [this.asking.name]
    const target = `directory/${LIBRARY}/${this.space}/${encoded(path)}?update`
    return {
      ops: [{ kind: 'update', node: { drive: this.space, path }, set: { labels } }],
      calls: ['update'],
      send: async () => [saidOf(await this.call('POST', target, { labels }))],
    }
  }

  private details(node: Target): Question {
    const path = targetPath(node)
    const target = `directory/${LIBRARY}/${this.space}/${encoded(path)}?info`
    return {
      calls: ['details'],
      ops: [{ kind: 'get', node: { drive: this.space, path }, need: ACTIONS.list, trashed: 'no' }],
      send: async () => [saidOf(await this.call('GET', target))],
    }
  }
}

interface Item {
  readonly item: object
  readonly op: Op
  /** The call for this one alone; null when there is none. */
  readonly single: Single | null
}

interface Single {
  readonly method: 'PUT' | 'DELETE'
  readonly kind: Kind
  readonly path: readonly string[]
  readonly query: string
  readonly body?: object
}
