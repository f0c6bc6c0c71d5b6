/** Whether the rows and the bytes agree: what must be there is there, and nothing is there that nobody knows. */
import type {
  BlobFile,
  BlobInspection,
  BlobRow,
  Fault,
  Inspection,
  PartRow,
  StagedUpload,
  UploadId,
} from '../engine/index.ts'
import { merge, paged } from './merge.ts'

/**
 * How long bytes without a row are taken for work in progress, ms: a file is in its place before the transaction that
 * speaks of it, and the rows are read before the files.
 */
export const FRESH_MS = 3600_000
/** Rows read, and findings looked at again, at a time. */
const PAGE_ROWS = 5_000

/** Bytes that belong to nobody: a blob or a staged upload that no row knows, or what a process that is gone was writing. */
export interface Leftover {
  readonly kind: 'blob' | 'upload' | 'temporary'
  /** A digest, an upload's id, or a path. */
  readonly name: string
  readonly size: number
}

export interface BytesParts {
  readonly rows: Inspection
  /** A later state, to look again at what seemed wrong: it may have been on its way. */
  readonly openRows: () => Promise<Inspection>
  readonly bytes: BlobInspection
  readonly now: number
  /** Whether every blob's bytes are read and hashed anew. */
  readonly deep: boolean
  readonly onFaults: (faults: readonly Fault[]) => void
  readonly onLeftovers: (leftovers: readonly Leftover[]) => void | Promise<void>
  /** Told after each blob how many there were. */
  readonly onProgress: (done: number) => void
}

/** Compares all blobs, then all staged parts. Memory does not grow with their number. Returns what blobs were seen. */
export async function compareBytes(parts: BytesParts): Promise<{ count: number; size: number }> {
  const seen = await compareBlobs(parts)
  await compareStaged(parts)
  for await (const { path, size } of parts.bytes.abandoned())
    await parts.onLeftovers([{ kind: 'temporary', name: path, size }])
  return seen
}

async function compareBlobs(parts: BytesParts): Promise<{ count: number; size: number }> {
  const { rows, bytes, now, deep, onFaults, onProgress } = parts
  const seen = { count: 0, size: 0 }
  let missing: BlobRow[] = []
  let strangers: BlobFile[] = []
  const all = paged<BlobRow>((last) => rows.blobs(last?.digest ?? '', PAGE_ROWS))
  for await (const [row, file] of merge(all, bytes.blobs(), digestOf, digestOf)) {
    if (row && file) {
      const problem = await problemOf(bytes, row, file, deep)
      if (problem !== '') onFaults([blobFault(row, problem)])
      seen.count++
      seen.size += file.size
      onProgress(seen.count)
    } else if (row) missing.push(row)
    else if (file && file.writtenAt < now - FRESH_MS) strangers.push(file)
    if (missing.length + strangers.length < PAGE_ROWS) continue
    await lookAgain(parts, missing, strangers)
    missing = []
    strangers = []
  }
  await lookAgain(parts, missing, strangers)
  return seen
}

const digestOf = ({ digest }: { readonly digest: string }) => digest

async function problemOf(bytes: BlobInspection, row: BlobRow, file: BlobFile, deep: boolean): Promise<string> {
  if (file.size !== row.size) return `has ${file.size} bytes, not ${row.size}`
  return deep && (await bytes.digest(row.digest)) !== row.digest ? 'has other bytes than its name says' : ''
}

function blobFault({ digest }: BlobRow, says: string): Fault {
  return { check: 'bytes', drive: 0, about: `blob ${digest}`, says }
}

/** The sweep may have taken a blob, row first, and a commit may have brought a row: only what both states lack is wrong. */
async function lookAgain(
  { openRows, bytes, onFaults, onLeftovers }: BytesParts,
  missing: readonly BlobRow[],
  strangers: readonly BlobFile[],
): Promise<void> {
  if (missing.length + strangers.length === 0) return
  const later = await openRows()
  try {
    const known = new Set((await later.blobsOf([...missing, ...strangers].map(digestOf))).map(digestOf))
    const there = new Set((await bytes.blobsOf(missing.map(digestOf))).map(digestOf))
    const lost = missing.filter(({ digest }) => known.has(digest) && !there.has(digest))
    onFaults(lost.map((row) => blobFault(row, 'is not there')))
    const left = strangers.filter(({ digest }) => !known.has(digest))
    await onLeftovers(left.map(({ digest, size }): Leftover => ({ kind: 'blob', name: digest, size })))
  } finally {
    await later.close()
  }
}

async function compareStaged(parts: BytesParts): Promise<void> {
  const { rows, bytes, now } = parts
  const suspects: UploadId[] = []
  const strangers: StagedUpload[] = []
  const wanted = byUpload(paged<PartRow>((last) => rows.parts(last ?? { upload: '', number: 0 }, PAGE_ROWS)))
  for await (const [open, staged] of merge(wanted, bytes.staged(), uploadOf, uploadOf)) {
    if (open && lacking(open.parts, staged).length > 0) suspects.push(open.upload)
    if (!open && staged && staged.writtenAt < now - FRESH_MS) strangers.push(staged)
    if (suspects.length + strangers.length < PAGE_ROWS) continue
    await lookAgainAtStaged(parts, suspects.splice(0), strangers.splice(0))
  }
  await lookAgainAtStaged(parts, suspects, strangers)
}

const uploadOf = ({ upload }: { readonly upload: UploadId }) => upload

async function lookAgainAtStaged(
  { openRows, bytes, onFaults, onLeftovers }: BytesParts,
  suspects: readonly UploadId[],
  strangers: readonly StagedUpload[],
): Promise<void> {
  if (suspects.length + strangers.length === 0) return
  const later = await openRows()
  try {
    const wanted = groupByUpload(await later.partsOf(suspects))
    const staged = await bytes.stagedOf(suspects)
    onFaults(suspects.flatMap((upload, i) => lacking(wanted.get(upload) ?? [], staged[i]).map(partFault)))
    const known = new Set(await later.uploads(strangers.map(uploadOf)))
    const left = strangers.filter(({ upload }) => !known.has(upload))
    await onLeftovers(left.map(({ upload, bytes: size }): Leftover => ({ kind: 'upload', name: upload, size })))
  } finally {
    await later.close()
  }
}

/** The parts of which no attempt is staged that is the acknowledged one. */
function lacking(parts: readonly PartRow[], staged: StagedUpload | undefined): PartRow[] {
  const facts = ({ number, size, md5 }: Pick<PartRow, 'number' | 'size' | 'md5'>) => `${number} ${size} ${md5}`
  const there = new Set(staged?.parts.map(facts))
  return parts.filter((part) => !there.has(facts(part)))
}

function partFault({ upload, number }: PartRow): Fault {
  return { check: 'bytes', drive: 0, about: `part ${number} of upload ${upload}`, says: 'is not staged as it was sent' }
}

interface OpenUpload {
  readonly upload: UploadId
  readonly parts: PartRow[]
}

function groupByUpload(parts: readonly PartRow[]): Map<UploadId, PartRow[]> {
  const groups = new Map<UploadId, PartRow[]>()
  for (const part of parts) {
    const group = groups.get(part.upload)
    if (group) group.push(part)
    else groups.set(part.upload, [part])
  }
  return groups
}

/** Parts that follow each other under one upload, together. */
async function* byUpload(parts: AsyncIterable<PartRow>): AsyncGenerator<OpenUpload> {
  let group: OpenUpload | undefined
  for await (const part of parts) {
    if (group && group.upload !== part.upload) {
      yield group
      group = undefined
    }
    if (group) group.parts.push(part)
    else group = { upload: part.upload, parts: [part] }
  }
  if (group) yield group
}
