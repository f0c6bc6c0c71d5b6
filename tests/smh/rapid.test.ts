import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { STRIDE_BYTES } from '../../src/engine/hash-chain.ts'
import { expectFault, LIBRARY, open, type Reply, type Session, send } from './session.ts'

let smh: Session
let base: string

beforeAll(async () => {
  smh = await open()
  base = `/api/v1/file/${LIBRARY}/${smh.space}`
})
afterAll(() => smh.stop())

const sha256 = (...parts: Buffer[]) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** As the vendor's clients compute it, written the other way round than the server does. */
function fullHash(content: Buffer): string {
  let hash = sha256(content.subarray(0, STRIDE_BYTES))
  for (let at = STRIDE_BYTES; at < content.length; at += STRIDE_BYTES) {
    hash = sha256(hash, content.subarray(at, at + STRIDE_BYTES))
  }
  return hash.toString('hex')
}

const claim = (content: Buffer) => ({
  beginningHash: sha256(content.subarray(0, STRIDE_BYTES)).toString('hex'),
  size: String(content.length),
})

const start = (path: string, body: object, token = smh.token, into = base) =>
  smh.call('PUT', `${into}/${path}?access_token=${token}&with_inode=1`, { body })

async function finish({ body }: Reply, content: Buffer, into = base): Promise<void> {
  await send(`http://${body.domain}`, 'PUT', body.path, { body: content, headers: body.headers })
  const done = await smh.call('POST', `${into}/${body.confirmKey}?confirm`)
  expect(done.status, done.text).toBe(200)
}

describe('a rapid upload', () => {
  it.each([STRIDE_BYTES, STRIDE_BYTES + 1, 3 * STRIDE_BYTES, 2 * STRIDE_BYTES + 12_345])(
    'sends %d bytes once: asked for the whole hash, then done',
    async (size) => {
      const content = randomBytes(size)
      const [first, full] = [claim(content), { ...claim(content), fullHash: fullHash(content) }]
      const begun = await start(`first-${size}`, first)
      expect(begun.status).toBe(201)
      await finish(begun, content)

      const known = await start(`second-${size}`, first)
      expect([known.status, known.text]).toEqual([202, ''])
      expect((await start(`second-${size}`, { ...full, fullHash: 'a'.repeat(64) })).status).toBe(201)
      const done = await start(`second-${size}`, { ...full, labels: ['twice'] })
      expect(done.status, done.text).toBe(200)
      expect(done.body).toMatchObject({
        path: [`second-${size}`],
        size: String(size),
        labels: ['twice'],
        inode: expect.any(String),
        isOverwritten: false,
      })
      const reply = await smh.call('GET', `${base}/second-${size}`)
      const fetched = Buffer.from(await (await fetch(String(reply.headers.location))).arrayBuffer())
      expect(fetched.equals(content)).toBe(true)
      const delta = `/api/v1/fs-delta/${LIBRARY}/${smh.space}/delta?cursor=0&limit=1000`
      const { contents } = (await smh.call('GET', delta)).body as { contents: { name: string; extraInfo: object }[] }
      const told = contents.filter(({ name }) => name.endsWith(`-${size}`)).map(({ extraInfo }) => extraInfo)
      expect(told).toEqual([{ isRapidUpload: false }, { isRapidUpload: true }])
    },
  )

  it('works for all three ways to upload, and in capitals', async () => {
    const content = randomBytes(STRIDE_BYTES + 7)
    await finish(await start('ways', claim(content)), content)
    const body = { ...claim(content), fullHash: fullHash(content).toUpperCase() }
    expect((await smh.call('POST', `${base}/multi?multipart`, { body })).body).toMatchObject({ path: ['multi'] })
    expect((await smh.call('POST', `${base}/form`, { body })).body).toMatchObject({ path: ['form'] })
    const again = await smh.call('PUT', `${base}/form?conflict_resolution_strategy=overwrite`, { body })
    expect(again.body).toMatchObject({ path: ['form'], isOverwritten: true })
  })

  it('is an ordinary one for what is short, unknown, destroyed, or somebody else’s', async () => {
    const short = Buffer.from('short')
    await smh.put('short', 'short')
    expect((await start('s', { ...claim(short), fullHash: fullHash(short) })).status).toBe(201)
    const unknown = randomBytes(STRIDE_BYTES)
    expect((await start('u', { ...claim(unknown), fullHash: fullHash(unknown) })).status).toBe(201)

    const theirs = randomBytes(STRIDE_BYTES)
    const elsewhere = `/api/v1/file/${LIBRARY}/${smh.other}`
    await finish(await start('theirs', claim(theirs), smh.token, elsewhere), theirs, elsewhere)
    const narrow = await smh.mint('upload_file', { space_id: smh.space })
    expect((await start('t', claim(theirs), narrow)).status).toBe(201)
    expect((await start('t', { ...claim(theirs), fullHash: fullHash(theirs) }, narrow)).status).toBe(201)
    expect((await start('t', claim(theirs))).status).toBe(202)

    await smh.call('DELETE', `${elsewhere}/theirs?permanent=1`)
    expect((await start('t', claim(theirs))).status).toBe(201)
    expect((await start('t', { ...claim(theirs), fullHash: fullHash(theirs) })).status).toBe(201)
  })

  it('keeps to names, quotas and hashes like any other', async () => {
    const content = randomBytes(STRIDE_BYTES)
    await finish(await start('q', claim(content)), content)
    const body = { ...claim(content), fullHash: fullHash(content) }
    expectFault(await start('no/such', body), 404, 'DirectoryNotFound')
    const ask = `${base}/q?conflict_resolution_strategy=ask`
    expectFault(await smh.call('PUT', ask, { body }), 409, 'SameNameDirectoryOrFileExists')
    expectFault(await start('x', { ...body, fullHash: 'x' }), 400, 'ParamInvalid')
    expectFault(await start('x', { ...body, beginningHash: 7 }), 400, 'ParamInvalid')
    const { size } = (await smh.call('GET', `/api/v1/space/${LIBRARY}/${smh.space}/size`)).body
    const quota = { spaces: [smh.space], capacity: size, removeWhenExceed: false, removeAfterDays: 0 }
    expect((await smh.call('POST', `/api/v1/quota/${LIBRARY}`, { body: quota })).status).toBe(201)
    expectFault(await start('x', body), 400, 'QuotaLimitReached')
  })
})
