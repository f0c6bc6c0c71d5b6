/** Office documents made from templates: what they hold, and where they land. */
import { inflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { expectFault, LIBRARY, open, type Session } from './session.ts'

let smh: Session
let files: string
beforeAll(async () => {
  smh = await open()
  files = `/api/v1/file/${LIBRARY}/${smh.space}`
})
afterAll(() => smh.stop())

/** The parts of a zipped document, read along its directory. */
function partsOf(zip: Buffer): Map<string, string> {
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  const parts = new Map<string, string>()
  let at = zip.readUInt32LE(end + 16)
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    expect(zip.toString('latin1', at, at + 4)).toBe('PK\x01\x02')
    const [method, size, nameLength] = [zip.readUInt16LE(at + 10), zip.readUInt32LE(at + 20), zip.readUInt16LE(at + 28)]
    const local = zip.readUInt32LE(at + 42)
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28)
    const bytes = zip.subarray(start, start + size)
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength)
    parts.set(name, (method === 8 ? inflateRawSync(bytes) : bytes).toString())
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32)
  }
  return parts
}

/** Every element that is opened is closed, in order. */
function isWellFormed(xml: string): boolean {
  const open: string[] = []
  for (const [, close, name, own] of xml.matchAll(/<(\/?)([\w:]+)(?:\s[^<>]*?)?(\/?)>/g)) {
    if (close && open.pop() !== name) return false
    if (!close && !own) open.push(name!)
  }
  return open.length === 0
}

const put = (path: string, fromTemplate: string, query = '') =>
  smh.call('PUT', `${files}/${path}?${query}`, {
    body: { fromTemplate, labels: ['new'] },
    headers: { 'x-smh-meta-made-by': 'ann' },
  })

async function fetched(path: string): Promise<Buffer> {
  const reply = await smh.call('GET', `${files}/${path}`)
  return Buffer.from(await (await fetch(String(reply.headers.location))).arrayBuffer())
}

it.each([
  ['word.docx', 'word/document.xml', 'word'],
  ['excel.xlsx', 'xl/workbook.xml', 'excel'],
  ['powerpoint.pptx', 'ppt/presentation.xml', 'powerpoint'],
])('%s is a document in which every part is named, known and well formed', async (template, main, fileType) => {
  const reply = await put(`new-${template}`, template)
  expect(reply.status, reply.text).toBe(200)
  expect(reply.body).toMatchObject({ path: [`new-${template}`], name: `new-${template}`, type: 'file', fileType })
  expect(reply.body).toMatchObject({ labels: ['new'], metaData: { 'x-smh-meta-made-by': 'ann' } })
  const zip = await fetched(`new-${template}`)
  expect(reply.body.size).toBe(String(zip.length))
  const parts = partsOf(zip)
  const types = parts.get('[Content_Types].xml')!
  const typed = [...types.matchAll(/PartName="\/([^"]+)"/g)].map(([, name]) => name!)
  expect(typed).toContain(main)
  expect([...parts.keys()].filter((name) => !name.endsWith('.rels') && !name.startsWith('['))).toEqual(typed)
  expect(
    [...parts].filter(([, xml]) => !xml.startsWith('<?xml') || !isWellFormed(xml.slice(xml.indexOf('?>') + 2))),
  ).toEqual([])
  // Relations lead to parts that are there.
  for (const [name, xml] of parts) {
    const folder = name.endsWith('.rels') ? name.slice(0, name.lastIndexOf('_rels/')) : ''
    for (const [, target] of xml.matchAll(/Target="([^"]+)"/g)) {
      expect(parts.has(new URL(target!, `http://x/${folder}`).pathname.slice(1)), `${name} → ${target}`).toBe(true)
    }
  }
})

it('two of one template have the same bytes, and the second another name', async () => {
  await put('a.docx', 'word.docx')
  expect((await put('a.docx', 'word.docx')).body.path).toEqual(['a (1).docx'])
  expect((await fetched('a.docx')).equals(await fetched('a (1).docx'.replaceAll(' ', '%20')))).toBe(true)
  expectFault(
    await put('a.docx', 'word.docx', 'conflict_resolution_strategy=ask'),
    409,
    'SameNameDirectoryOrFileExists',
  )
})

it('what is no template, has no directory or is not permitted is refused', async () => {
  const before = await smh.tree()
  expectFault(await put('b.docx', 'notes.txt'), 400, 'ParamInvalid')
  expectFault(await put('none/b.docx', 'word.docx'), 404, 'DirectoryNotFound')
  for (const grant of ['', 'begin_upload', 'confirm_upload']) {
    const token = await smh.mint(grant)
    expectFault(await put('b.docx', 'word.docx', `access_token=${token}`), 403, 'NoPermission')
  }
  expect((await put('b.docx', 'word.docx', `access_token=${await smh.mint('upload_file')}`)).status).toBe(200)
  expect((await smh.tree()).filter((line) => !before.includes(line))).toEqual([expect.stringContaining('b.docx ')])
})
