/** PDS: children of one `/v2/batch`; files by create, PUT and complete. */
import { ACTIONS, type DriveId, type Naming, type Op, onConflict, type UploadId } from '../../src/engine/index.ts'
import { actorOf } from '../engine/world.ts'
import { type Answer, type ChildRequest, Client, jwtToken } from '../pds/client.ts'
import type { TestServer } from '../server.ts'
import type { Asking } from './request.ts'
import type { Dialect, Question, Said, Scene, Target, Wire } from './wire.ts'

const NAMING: Naming = { pattern: 'time', charactersMax: 0, forbidden: null, trim: false }

const CODES: Wire['codes'] = {
  drive_not_found: ['NotFound.Drive'],
  node_not_found: ['NotFound.File'],
  wrong_kind: ['InvalidParameter.ParentFileId', 'InvalidResource.FileTypeFolder'],
  root_refused: ['InvalidParameter.FileId'],
  name_taken: ['AlreadyExist.File', 'exist'],
  cycle: ['InvalidParameter.ToParentFileId'],
  version_not_found: ['NotFound.Revision'],
  version_current: ['FileLatestRevisionCannotBeRestore'],
}

const CALLS = [
  ...['/file/create', '/file/update', '/file/move', '/file/copy', '/file/delete', '/file/get'],
  ...['/file/put_usertags', '/file/delete_usertags', '/file/add_permission', '/file/remove_permission'],
  ...['/file/revision/restore', '/file/revision/update', '/file/revision/delete'],
  ...['/recyclebin/trash', '/recyclebin/restore'],
]
const UPLOAD = '/file/create, PUT, /file/complete'
const REVISION = `${UPLOAD} of a new revision`
/** A role that the server knows by name, and what it gives. */
const ROLE = { id: 'SystemFileMetaViewer', actions: ACTIONS.list }
/** One of the people who are there. */
const FRIEND = 'alice'

/** `ignore`, `auto_rename` and `refuse`, as far as they can be said of what is asked. */
function modeOf({ strategy }: Asking) {
  if (strategy === 'duplicate') return { word: 'ignore', conflict: onConflict('duplicate') }
  if (strategy === 'rename') return { word: 'auto_rename', conflict: onConflict('rename') }
  return { word: 'refuse', conflict: onConflict('fail') }
}

export const pds: Dialect = async (server) => {
  const client = signedIn(server)
  return {
    actor: actorOf('user:admin', { tenant: server.demo.tenant, admin: true }),
    codes: CODES,
    calls: [...CALLS.flatMap((url) => [url, `${url} in a batch`]), UPLOAD, REVISION],
    question: (asking, scene) => new Asked(client, asking, scene).question(),
  }
}

/** Tokens live for two hours by the server's clock, which a long conversation takes. */
const TOKEN_USED_MS = 3_600_000

/** A client whose token is good. */
function signedIn({ url, demo, engine }: TestServer): () => Promise<Client> {
  let client: Client | undefined
  let since = 0
  return async () => {
    const now = engine.now()
    if (client && now - since < TOKEN_USED_MS) return client
    const claims = { privateKey: demo.pds.privateKey, sub: 'admin', now: Math.floor(now / 1000) }
    client = new Client(url, (await jwtToken(url, claims)).body.access_token, '')
    since = now
    return client
  }
}

class Asked {
  private readonly client: () => Promise<Client>
  private readonly asking: Asking
  private readonly scene: Scene

  constructor(client: () => Promise<Client>, asking: Asking, scene: Scene) {
    this.client = client
    this.asking = asking
    this.scene = scene
  }

  question(): Question | null {
    const { asking, scene } = this
    const { picks, to, name, named } = asking
    const nodes = () => picks.map((pick) => scene.node(pick))
    switch (asking.do) {
      case 'folder':
        return this.children([this.folder(scene.folder(to))])
      case 'file':
        return this.file(scene.folder(to))
      case 'rename': {
        const node = scene.node(picks[0]!)
        const mode = modeOf(asking)
        const [ids, ref] = this.named(node)
        const op: Op = { kind: 'update', node: ref, set: {}, name, conflict: mode.conflict, naming: NAMING }
        return this.children([{ url: '/file/update', body: { ...ids, name, check_name_mode: mode.word }, op }])
      }
      case 'move':
      case 'copy':
        return this.children(nodes().map((node) => this.transfer(asking.do as 'move', node, scene.folder(to))))
      case 'trash':
        return this.simple('/recyclebin/trash', nodes(), (node) => ({ kind: 'trash', node }))
      case 'purge':
        return this.simple('/file/delete', nodes(), (node) => ({ kind: 'purge', node, trashed: 'any' }))
      case 'restore':
        return this.simple(
          '/recyclebin/restore',
          picks.map((pick) => scene.away(pick)),
          (node) => ({ kind: 'restore', node, conflict: onConflict('rename'), naming: NAMING, parentGone: 'recreate' }),
        )
      case 'star':
        return this.children(
          nodes().map((node) => {
            const [ids, ref] = this.named(node)
            const set = { starred: named, description: name }
            return { url: '/file/update', body: { ...ids, ...set }, op: { kind: 'update', node: ref, set } }
          }),
        )
      case 'get':
        return this.simple('/file/get', nodes(), (node) => ({ kind: 'get', node, need: ACTIONS.list, trashed: 'any' }))
      case 'tag':
        return this.children(nodes().map((node) => this.tagging(node)))
      case 'grant': {
        const children = nodes().flatMap((node) => this.granting(node) ?? [])
        return children.length > 0 ? this.children(children) : null
      }
      case 'revise':
        return this.revision(scene.file(to))
      case 'revert':
      case 'keep':
      case 'forget':
        return this.children(picks.map((pick) => this.aboutRevision(scene.file(pick))))
      case 'discard':
        return this.simple(
          '/file/delete',
          picks.map((pick) => scene.away(pick)),
          (node) => ({ kind: 'purge', node, trashed: 'any' }),
        )
    }
  }

  /** Tags are put on one by one, and taken away by their keys. */
  private tagging(node: Target): Child {
    const { name, text, named } = this.asking
    const [ids, ref] = this.named(node)
    const verb = named ? 'put' : 'delete'
    const words = named ? { user_tags: [{ key: name, value: text }] } : { key_list: [name] }
    const op: Op = { kind: 'update', node: ref, set: { tags: { [name]: named ? text : null } } }
    return { url: `/file/${verb}_usertags`, body: { ...ids, ...words }, op }
  }

  /** Rights are given on folders below the root. */
  private granting(node: Target): Child | null {
    if ('kind' in node && (node.kind === 'file' || node.parent === null)) return null
    const { named } = this.asking
    const [ids, ref] = this.named(node)
    const identity = { identity_type: 'IT_User', identity_id: FRIEND }
    const member = named ? { identity, role_id: ROLE.id } : { identity }
    const given = named ? { actions: ROLE.actions, role: ROLE.id } : { actions: null, role: '' }
    const op: Op = { kind: 'grant', node: ref, subject: `user:${FRIEND}`, ...given, expiresAt: 0 }
    const url = `/file/${named ? 'add' : 'remove'}_permission`
    return { url, body: { ...ids, member_list: [member] }, op }
  }

  private aboutRevision(file: Target): Child {
    const { do: verb, name, named, version } = this.asking
    const [ids, node] = this.named(file)
    // A revision's id is its file's and its number.
    const revision_id = `${ids.file_id}${version.toString(16).padStart(8, '0')}`
    const body = { ...ids, revision_id }
    if (verb === 'revert') return { url: '/file/revision/restore', body, op: { kind: 'revert', node, version } }
    if (verb === 'forget')
      return { url: '/file/revision/delete', body, op: { kind: 'deleteVersions', node, versions: [version] } }
    const words = { keep_forever: named, revision_description: name }
    const op: Op = { kind: 'updateVersion', node, version, keep: named, description: name }
    return { url: '/file/revision/update', body: { ...body, ...words }, op }
  }

  private revision(file: Target): Question {
    const { text } = this.asking
    const [ids, target] = this.named(file)
    const drive = this.scene.claimed(file) as DriveId
    const terms = { conflict: onConflict('fail'), naming: NAMING }
    return {
      ops: [
        { kind: 'upload', drive, target, size: text.length, ttlMs: 10 * 24 * 3_600_000 },
        {
          ...{ kind: 'commit', upload: '' as UploadId, ...terms },
          attributes: { contentType: 'application/octet-stream' },
        },
      ],
      text,
      calls: [REVISION],
      send: async () => [await this.sent(drive, ids)],
    }
  }

  /** A node in the vendor's words and in ours; roots have a name of their own. */
  private named(node: Target, field = 'file_id') {
    const drive = this.scene.claimed(node)
    const isRoot = node.parent === null && node.trash === null && node.drive !== 0
    const ref = isRoot ? { drive, path: [] } : ({ born: node.born, id: node.id, drive } as const)
    const id = isRoot ? 'root' : this.scene.ids.fileId(node as Parameters<typeof this.scene.ids.fileId>[0])
    return [{ drive_id: String(drive), [field]: id }, ref as Extract<Op, { kind: 'get' }>['node']] as const
  }

  private folder(into: Target): Child {
    const { name } = this.asking
    const { word, conflict } = modeOf(this.asking)
    const [ids, parent] = this.named(into, 'parent_file_id')
    const op: Op = { kind: 'createFolder', parent, name, conflict, naming: NAMING }
    return { url: '/file/create', body: { ...ids, type: 'folder', name, check_name_mode: word }, op }
  }

  private transfer(verb: 'move' | 'copy', node: Target, into: Target): Child {
    const { name, named } = this.asking
    const isCopy = verb === 'copy'
    const mode = modeOf(this.asking)
    // A copy knows no twins: what is not renamed is refused.
    const conflict = isCopy && mode.word !== 'auto_rename' ? onConflict('fail') : mode.conflict
    const strategy = isCopy ? { auto_rename: mode.word === 'auto_rename' } : { check_name_mode: mode.word }
    const [ids, ref] = this.named(node)
    const [target, to] = this.named(into, 'to_parent_file_id')
    const { drive_id: to_drive_id, ...parent } = target
    const newName = named ? { new_name: name } : {}
    return {
      url: `/file/${verb}`,
      body: { ...ids, ...parent, to_drive_id, ...strategy, ...newName },
      op: {
        ...{ kind: verb, node: ref, to, conflict, naming: NAMING, keepGrants: !isCopy },
        ...(isCopy ? { taskIfFolder: true } : {}),
        ...(named ? { name } : {}),
      } as Op,
    }
  }

  private simple(
    url: string,
    nodes: readonly Target[],
    op: (node: Extract<Op, { kind: 'get' }>['node']) => Op,
  ): Question {
    return this.children(
      nodes.map((node) => {
        const [ids, ref] = this.named(node)
        return { url, body: ids, op: op(ref) }
      }),
    )
  }

  private children(children: readonly Child[]): Question {
    const ops = children.map(({ op }) => op)
    if (this.asking.alone) return { ops, calls: children.map(({ url }) => url), send: () => this.oneByOne(children) }
    return {
      ops,
      calls: children.map(({ url }) => `${url} in a batch`),
      send: async () => {
        const client = await this.client()
        const answer = await client.batch(children.map(({ url, body }): ChildRequest => ({ url, body })))
        if (answer.status !== 200) throw new Error(`the batch was answered ${answer.text}`)
        return answer.body.responses.map((one: Pick<Answer, 'status' | 'body'>) => this.said(one))
      },
    }
  }

  private async oneByOne(children: readonly Child[]): Promise<Said[]> {
    const said: Said[] = []
    const client = await this.client()
    // The order of the calls is the order of the ops.
    for (const { url, body } of children) said.push(this.said(await client.call(url, body)))
    return said
  }

  private said({ status, body }: Pick<Answer, 'status' | 'body'>): Said {
    if (status >= 400) return { ok: false, code: body.code }
    if (body?.exist) return { ok: false, code: 'exist' }
    if (!body?.file_id || body.file_id === 'root') return { ok: true }
    const id = this.scene.ids.parseFileId(body.file_id)?.id
    return { ok: true, id, name: body.file_name ?? body.name, known: body.rapid_upload === true }
  }

  private file(into: Target): Question {
    const { name, text } = this.asking
    const { word, conflict } = modeOf(this.asking)
    const [ids, parent] = this.named(into, 'parent_file_id')
    const drive = this.scene.claimed(into) as DriveId
    const terms = { parent, name, conflict, naming: NAMING }
    return {
      ops: [
        { kind: 'upload', drive, ...terms, size: text.length, ttlMs: 10 * 24 * 3_600_000 },
        { kind: 'commit', upload: '' as UploadId, ...terms, attributes: { contentType: 'application/octet-stream' } },
      ],
      text,
      calls: [UPLOAD],
      send: async () => [await this.sent(drive, { ...ids, name, check_name_mode: word })],
    }
  }

  private async sent(drive: DriveId, body: object): Promise<Said> {
    const { name, text } = this.asking
    const { url, token } = await this.client()
    const client = new Client(url, token, String(drive))
    try {
      return this.said({ status: 201, body: await client.upload(name, text, body) })
    } catch (error) {
      const code = /"code":"([^"]+)"/.exec((error as Error).message)?.[1]
      if (!code) throw error
      return { ok: false, code }
    }
  }
}

interface Child {
  readonly url: string
  readonly body: object
  readonly op: Op
}
