import { LIBRARY, type Reply, type Session, send } from './session.ts'

/** Makes what requests need. */
export class World {
  readonly smh: Session
  readonly space: string
  readonly other: string
  private count = 0

  constructor(smh: Session, space: string, other: string) {
    this.smh = smh
    this.space = space
    this.other = other
  }

  /** What all fresh directories are copies of. */
  async begin(): Promise<void> {
    await this.smh.mkdir('template/dir', this.space)
    for (const path of ['dir/inner.txt', 'a.txt', 'b.txt']) await this.smh.put(`template/${path}`, path, this.space)
  }

  async send(method: string, target: string, body?: unknown): Promise<Reply> {
    const reply = await this.smh.call(method, `/api/v1/${target}`, { ...(body === undefined ? {} : { body }) })
    if (reply.status >= 400) throw new Error(`${method} ${target}: ${reply.text}`)
    return reply
  }

  at(family: string, tail = '', space = this.space): string {
    return `${family}/${LIBRARY}/${space}${tail}`
  }

  /** A new directory with `dir/inner.txt`, `a.txt` and `b.txt`. */
  async folder(space = this.space): Promise<string> {
    const name = `d${++this.count}`
    const from = { copyFrom: 'template', copyFromSpaceId: this.space, to: name }
    await this.send('POST', this.at('batch', '?copy', space), [from])
    return name
  }

  async newSpace(): Promise<string> {
    return (await this.send('POST', `space/${LIBRARY}`)).body.spaceId
  }

  async recycled(kind: 'dir' | 'a.txt'): Promise<number> {
    const path = `${await this.folder()}/${kind}`
    return (await this.send('POST', this.at('batch', '?delete'), [{ path }])).body.result[0].recycledItemId
  }

  /** An upload with all its bytes; its confirm key. */
  async upload(path: string, flag = '', query = ''): Promise<string> {
    const begun = await this.send(flag ? 'POST' : 'PUT', `${this.at('file', `/${path}`)}?${flag}&${query}`)
    const { path: target, headers, confirmKey } = begun.body
    const part = flag ? '?partNumber=1' : ''
    await send(this.smh.url, 'PUT', target + part, { body: 'new', headers })
    return confirmKey
  }

  /** A file with an earlier version: its path, and that version's id. */
  async versioned(): Promise<{ path: string; id: string }> {
    const path = `${await this.folder()}/a.txt`
    const key = await this.upload(path, '', 'conflict_resolution_strategy=overwrite')
    await this.send('POST', `${this.at('file', `/${key}`)}?confirm`)
    const { body } = await this.send('GET', this.at('directory-history', `/history-list/${path}`))
    return { path, id: body.contents[1].id }
  }

  async share(): Promise<string> {
    const body = { name: 's', filePath: [await this.folder()], config: { isPermanent: true } }
    return (await this.send('POST', this.at('share'), body)).body.id
  }

  async inode(path = 'template/a.txt'): Promise<string> {
    return (await this.send('GET', this.at('directory', `/${path}?info&with_inode=1`))).body.inode
  }

  /** The inode of a file that was. */
  async goneInode(): Promise<string> {
    const path = `${await this.folder()}/a.txt`
    const inode = await this.inode(path)
    await this.send('DELETE', this.at('file', `/${path}?permanent=1`))
    return inode
  }

  async searchId(): Promise<string> {
    return (await this.send('POST', this.at('search', '/space-contents'), { keyword: 'a' })).body.searchId
  }

  async quota(): Promise<string> {
    const space = await this.newSpace()
    await this.send('POST', `quota/${LIBRARY}`, {
      spaces: [space],
      capacity: 2 ** 40,
      removeWhenExceed: false,
      removeAfterDays: 0,
    })
    return space
  }
}
