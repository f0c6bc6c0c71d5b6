/** Reads `multipart/form-data` (RFC 7578) as it comes, part after part, without ever holding a file. */

/** The headers of one part. */
const PART_HEADER_BYTES_MAX = 16 * 1024
const LINE_END = Buffer.from('\r\n')
const HEAD_END = Buffer.from('\r\n\r\n')

/** The body is not what its boundary says. */
export class FormError extends Error {
  override name = 'FormError'
  readonly statusCode = 400
}

export interface FormPart {
  readonly name: string
  /** Undefined for a plain field. */
  readonly filename: string | undefined
  /** The part's bytes, once; they must be read to their end before the next part is asked for. */
  readonly bytes: AsyncGenerator<Buffer>
}

/** The boundary a Content-Type names; undefined when it is none of a form. */
export function boundaryOf(contentType: string | undefined): string | undefined {
  const [, quoted, plain] =
    /^multipart\/form-data\s*;.*?\bboundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType ?? '') ?? []
  return quoted ?? plain
}

/** The parts of a body in their order. Throws FormError when it breaks off or is no form. */
export async function* formParts(body: AsyncIterable<Buffer>, boundary: string): AsyncGenerator<FormPart> {
  const reader = new Reader(body)
  // The first boundary stands at the start of a line too: with a line end before it all are alike.
  reader.prepend(LINE_END)
  const delimiter = Buffer.from(`\r\n--${boundary}`)
  await drain(reader.until(delimiter))
  while (await reader.hasMoreParts()) {
    const head = await reader.take(HEAD_END, PART_HEADER_BYTES_MAX)
    const bytes = reader.until(delimiter)
    yield { ...disposition(head), bytes }
    await drain(bytes)
  }
}

/** A field's text; FormError when it is longer than `limit` bytes. */
export async function textOf({ bytes }: FormPart, limit: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of bytes) {
    size += chunk.length
    if (size > limit) throw new FormError('A field of the form is too long.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

async function drain(bytes: AsyncGenerator<Buffer>): Promise<void> {
  for await (const _ of bytes);
}

function disposition(head: string): Pick<FormPart, 'name' | 'filename'> {
  const line = /^content-disposition:\s*form-data\s*;(.*)$/im.exec(head)?.[1] ?? ''
  const parameter = (name: string) => new RegExp(`(?:^|[;\\s])${name}="((?:[^"\\\\]|\\\\.)*)"`, 'i').exec(line)?.[1]
  const name = parameter('name')
  if (name === undefined) throw new FormError('A part of the form has no name.')
  return { name, filename: parameter('filename') }
}

/** What has arrived and not been taken yet. */
class Reader {
  private readonly source: AsyncIterator<Buffer>
  private pending = Buffer.alloc(0)

  constructor(body: AsyncIterable<Buffer>) {
    this.source = body[Symbol.asyncIterator]()
  }

  prepend(bytes: Buffer): void {
    this.pending = Buffer.concat([bytes, this.pending])
  }

  private async more(): Promise<void> {
    const { value, done } = await this.source.next()
    if (done) throw new FormError('The form breaks off.')
    this.pending = Buffer.concat([this.pending, value])
  }

  /** The bytes before the delimiter, which is taken too. What may be its beginning is held back. */
  async *until(delimiter: Buffer): AsyncGenerator<Buffer> {
    let at = this.pending.indexOf(delimiter)
    for (; at < 0; at = this.pending.indexOf(delimiter)) {
      const safe = this.pending.length - delimiter.length + 1
      if (safe > 0) {
        const bytes = this.pending.subarray(0, safe)
        this.pending = this.pending.subarray(safe)
        yield bytes
      }
      await this.more()
    }
    const bytes = this.pending.subarray(0, at)
    this.pending = this.pending.subarray(at + delimiter.length)
    if (bytes.length > 0) yield bytes
  }

  /** The text before a delimiter that comes within so many bytes. */
  async take(delimiter: Buffer, limit: number): Promise<string> {
    let at = this.pending.indexOf(delimiter)
    for (; at < 0; at = this.pending.indexOf(delimiter)) {
      if (this.pending.length > limit) throw new FormError('A part of the form has no end to its headers.')
      await this.more()
    }
    const text = this.pending.toString('utf8', 0, at)
    this.pending = this.pending.subarray(at + delimiter.length)
    return text
  }

  /** Whether what stands behind a boundary begins another part; two hyphens end the form. */
  async hasMoreParts(): Promise<boolean> {
    while (this.pending.length < 2) await this.more()
    if (this.pending.toString('latin1', 0, 2) === '--') return false
    // Spaces may stand between the boundary and the end of its line.
    const rest = await this.take(LINE_END, 1024)
    if (rest.trim() !== '') throw new FormError('A boundary of the form is no line of its own.')
    // A part without headers begins with the empty line; the end of headers is looked for from the line end on.
    this.prepend(LINE_END)
    return true
  }
}
