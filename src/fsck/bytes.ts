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
/** Rows read at a time. */
const PAGE_ROWS = 5_000
/** Faults noted of one kind; beyond it they are only counted. */
const SUSPECTS_MAX = 10_000

/** Bytes that belong to nobody; `gc` removes them. */
export interface Leftover {
  readonly kind: 'blob' | 'upload' | 'file'
  /** A digest, an upload's id, or a path below the data folder. */
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
  readonly onProgress: (done: number) => void
}

export interface BytesReport {
  readonly faults: Fault[]
  readonly leftovers: Leftover[]
  readonly blobs: { readonly count: number; readonly size: number }
}

/** Compares all blobs, then all staged parts. Memory does not grow with their number, only with what is wrong. */
export async function checkBytes(parts: BytesParts): Promise<BytesReport> {
  const blobs = await compareBlobs(parts)
  const staged = await compareStaged(parts)
  const files: Leftover[] = []
  for await (const { path, size } of parts.bytes.leftovers()) files.push({ kind: 'file', name: path, size })
  return {
    faults: [...blobs.faults, ...staged.faults],
    leftovers: [...blobs.leftovers, ...staged.leftovers, ...files],
    blobs: blobs.seen,
  }
}

async function compareBlobs({ rows, openRows, bytes, now, deep, onProgress }: BytesParts) {
  const faults: Fault[] = []
  const missing: string[] = []
  const strangers: BlobFile[] = []
  const seen = { count: 0, size: 0 }
  const all = paged<BlobRow>((last) => rows.blobs(last?.digest ?? '', PAGE_ROWS))
  const sorted = merge(all, bytes.blobs(), blobKey, blobKey)
  for await (const [row, file] of sorted) {
    if (row && !file && missing.length < SUSPECTS_MAX) missing.push(row.digest)
    if (file && !row && file.writtenAt < now - FRESH_MS) strangers.push(file)
    if (!row || !file) continue
    const problem = file.size !== row.size ? `has ${file.size} bytes, not ${row.size}` : ''
    if (problem !== '') faults.push(blobFault(row.digest, problem))
    else if (deep && (await bytes.digest(row.digest)) !== row.digest)
      faults.push(blobFault(row.digest, 'has other bytes than its name says'))
    seen.count++
    seen.size += file.size
    onProgress(seen.count)
  }
  const { lost, left } = await lookAgain(openRows, bytes, missing, strangers)
  return {
    faults: [...faults, ...lost.map((digest) => blobFault(digest, 'is not there'))],
    leftovers: left.map(({ digest, size }): Leftover => ({ kind: 'blob', name: digest, size })),
    seen,
  }
}

const blobKey = ({ digest }: { readonly digest: string }) => digest

function blobFault(digest: string, says: string): Fault {
  return { check: 'bytes', drive: 0, about: `blob ${digest}`, says }
}

/** The sweep may have taken a blob, row first, and a commit may have brought a row: only what both states lack is wrong. */
async function lookAgain(
  openRows: () => Promise<Inspection>,
  bytes: BlobInspection,
  missing: readonly string[],
  strangers: readonly BlobFile[],
) {
  if (missing.length + strangers.length === 0) return { lost: [], left: [] }
  const later = await openRows()
  try {
    const known = new Set((await later.blobsOf([...missing, ...strangers.map(blobKey)])).map(blobKey))
    const there = new Set((await bytes.blobsOf(missing)).map(blobKey))
    return {
      lost: missing.filter((digest) => known.has(digest) && !there.has(digest)),
      left: strangers.filter(({ digest }) => !known.has(digest)),
    }
  } finally {
    await later.close()
  }
}

async function compareStaged({ rows, openRows, bytes, now }: BytesParts) {
  const after = (last: PartRow | undefined) => rows.parts(last ?? { upload: '', number: 0 }, PAGE_ROWS)
  const suspects: UploadId[] = []
  const strangers: StagedUpload[] = []
  const uploads = byUpload(paged(after))
  for await (const [wanted, staged] of merge(uploads, bytes.staged(), uploadKey, uploadKey)) {
    if (wanted && lacking(wanted.parts, staged).length > 0) suspects.push(wanted.upload)
    if (!wanted && staged && staged.writtenAt < now - FRESH_MS) strangers.push(staged)
  }
  if (suspects.length + strangers.length === 0) return { faults: [], leftovers: [] }
  const later = await openRows()
  try {
    const still = byUploadId(await later.partsOf(suspects))
    const staged = await bytes.stagedOf(suspects)
    const faults = suspects.flatMap((upload, i) => lacking(still.get(upload) ?? [], staged[i]).map(partFault))
    const known = new Set(await later.uploads(strangers.map(uploadKey) as UploadId[]))
    const left = strangers.filter(({ upload }) => !known.has(upload))
    return { faults, leftovers: left.map((one): Leftover => ({ kind: 'upload', name: one.upload, size: one.bytes })) }
  } finally {
    await later.close()
  }
}

const uploadKey = ({ upload }: { readonly upload: UploadId }): string => upload

/** The parts that were acknowledged and are not staged as they were. */
function lacking(parts: readonly PartRow[], staged: StagedUpload | undefined): PartRow[] {
  const there = new Map(staged?.parts.map((part) => [part.number, part]))
  return parts.filter(({ number, size, md5 }) => there.get(number)?.size !== size || there.get(number)?.md5 !== md5)
}

function partFault({ upload, number }: PartRow): Fault {
  return { check: 'bytes', drive: 0, about: `part ${number} of upload ${upload}`, says: 'is not staged as it was sent' }
}

function byUploadId(parts: readonly PartRow[]): Map<UploadId, PartRow[]> {
  const groups = new Map<UploadId, PartRow[]>()
  for (const part of parts) groups.set(part.upload, [...(groups.get(part.upload) ?? []), part])
  return groups
}

/** Parts that follow each other under one upload, together. */
async function* byUpload(parts: AsyncIterable<PartRow>): AsyncGenerator<{ upload: UploadId; parts: PartRow[] }> {
  let group: { upload: UploadId; parts: PartRow[] } | undefined
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
