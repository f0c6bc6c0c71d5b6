import { describe, expect, it } from 'vitest'
import { boundaryOf, FormError, formParts, textOf } from './form-data.ts'

/** The body in pieces of so many bytes, so that every boundary is cut somewhere. */
async function* pieces(body: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < body.length; at += size) yield body.subarray(at, at + size)
}

async function read(body: string | Buffer, size = 7, boundary = 'XX') {
  const found: [name: string, filename: string | undefined, text: string][] = []
  for await (const part of formParts(pieces(Buffer.from(body), size), boundary)) {
    found.push([part.name, part.filename, await textOf(part, 1000)])
  }
  return found
}

const part = (head: string, text: string) => `--XX\r\ncontent-disposition: form-data; ${head}\r\n\r\n${text}\r\n`

describe('a form', () => {
  it.each([1, 2, 3, 5, 7, 64, 10_000])('comes out part by part when it arrives in pieces of %d bytes', async (size) => {
    const tricky = '\r\n--X\r\n--XY --XX not at the start of a line \r\r\n'
    const body = [
      part('name="key"', 'value'),
      part('name="empty"', ''),
      part('name="file"; filename="a \\"b\\".txt"\r\nContent-Type: text/plain', tricky),
      '--XX--\r\n',
    ].join('')
    expect(await read(body, size)).toEqual([
      ['key', undefined, 'value'],
      ['empty', undefined, ''],
      ['file', 'a \\"b\\".txt', tricky],
    ])
  })

  it('may have a preamble, an epilogue, and no parts', async () => {
    expect(await read(`hello\r\n${part('name="a"', '1')}--XX--\r\nbye`)).toEqual([['a', undefined, '1']])
    expect(await read('--XX--')).toEqual([])
  })

  it('is what browsers send', async () => {
    const form = new FormData()
    form.append('key', 'wörd')
    form.append('file', new Blob([new Uint8Array([0, 13, 10, 45, 45, 255])]), 'b.bin')
    const request = new Request('http://x/', { method: 'POST', body: form })
    const boundary = boundaryOf(request.headers.get('content-type')!)!
    const body = Buffer.from(await request.arrayBuffer())
    const found: Buffer[] = []
    for await (const one of formParts(pieces(body, 3), boundary)) {
      const chunks: Buffer[] = []
      for await (const chunk of one.bytes) chunks.push(chunk)
      found.push(Buffer.concat(chunks))
    }
    expect(found).toEqual([Buffer.from('wörd'), Buffer.from([0, 13, 10, 45, 45, 255])])
  })

  it('passes over what its reader left', async () => {
    const names: string[] = []
    const body = `${part('name="a"', 'unread')}${part('name="b"', 'unread')}--XX--`
    for await (const { name } of formParts(pieces(Buffer.from(body), 4), 'XX')) names.push(name)
    expect(names).toEqual(['a', 'b'])
  })

  it.each([
    ['nothing at all', ''],
    ['one that breaks off in a part', `${part('name="a"', '1')}--XX\r\ncontent-disp`],
    ['one that breaks off before its end', part('name="a"', '1')],
    ['a part without a name', `${part('filename="x"', '1')}--XX--`],
    ['a part without headers', '--XX\r\n\r\ntext\r\n--XX--'],
    ['headers without end', `--XX\r\n${'a: b\r\n'.repeat(5000)}`],
    ['a boundary with something behind it', '--XXY\r\n\r\n--XX--'],
  ])('is not %s', async (_, body) => {
    await expect(read(body, 1000)).rejects.toThrow(FormError)
  })

  it('has fields of bounded length', async () => {
    await expect(read(`${part('name="a"', 'x'.repeat(1001))}--XX--`)).rejects.toThrow(FormError)
  })
})

it('a boundary is read off the content type', () => {
  expect(boundaryOf('multipart/form-data; boundary=abc')).toBe('abc')
  expect(boundaryOf('Multipart/Form-Data; charset=utf-8; Boundary="a b"')).toBe('a b')
  for (const type of [undefined, '', 'multipart/form-data', 'multipart/mixed; boundary=x', 'text/plain; boundary=x']) {
    expect(boundaryOf(type)).toBeUndefined()
  }
})
