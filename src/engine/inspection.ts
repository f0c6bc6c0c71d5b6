/**
 * The ports by which `fsck` looks at a store and a blob store from outside: read only, streaming, and without any rule of
 * a drive in the way. Everything one inspection answers is of one committed state.
 */
import type { DriveId, UploadId } from './model.ts'

/** What must hold of the rows, in the order in which it is checked. The sentences are what holds when nothing is wrong. */
export const CHECKS = {
  storage: 'the database itself is sound',
  parents: 'every node lies in one folder of its drive, or is one of the drive’s three tops',
  cycles: 'every node can be reached from a top',
  ids: 'a node’s id and a task’s are in use once, an upload’s says its drive, no number will be given a second time',
  names: 'names are unique in their folder and compared as they are written',
  content: 'a file shows its latest version, a folder has none',
  owners: 'nothing is kept about nodes, uploads or tasks that do not exist',
  trash: 'what lies in the trash has its entry, and what has an entry lies there',
  forwards: 'a node away from its drive of birth can be found from there',
  usage: 'what a quota counts as used is the sum of the versions it counts',
  log: 'the change log of a drive has no gap',
  refs: 'a blob is referred to as often as it says, and is what its versions say',
  search: 'every node has its words in the search index',
  sweep: 'what is buried waits for the sweep',
  people: 'drives, apps, users and groups belong to tenants that exist',
} as const

export type CheckName = keyof typeof CHECKS

/** One thing that is wrong. */
export interface Fault {
  readonly check: CheckName | 'bytes'
  /** 0 = of no drive. */
  readonly drive: DriveId | 0
  /** The row or the file: `node 17`, `blob 9f86…`. */
  readonly about: string
  /** The end of a sentence that begins with `about`. */
  readonly says: string
}

/** A blob as the rows of the drives that hold it describe it. */
export interface BlobRow {
  readonly digest: string
  readonly size: number
  readonly refs: number
}

/** A part that was acknowledged and must be staged. */
export interface PartRow {
  readonly upload: UploadId
  readonly number: number
  readonly size: number
  readonly md5: string
}

/** One committed state of a store, held until it is closed. */
export interface Inspection {
  /** How many rows each table has, by table name. */
  counts(): Promise<ReadonlyMap<string, number>>
  /** The first `limit` violations of a check. */
  faults(check: CheckName, limit: number): Promise<Fault[]>
  /** How many blobs any drive holds. */
  blobCount(): Promise<number>
  /** Blobs in the order of their digests, after one of them ('' = from the start). */
  blobs(after: string, limit: number): Promise<BlobRow[]>
  blobsOf(digests: readonly string[]): Promise<BlobRow[]>
  /** Parts of open uploads in order of (upload, number), after one of them. */
  parts(after: { upload: UploadId | ''; number: number }, limit: number): Promise<PartRow[]>
  partsOf(uploads: readonly UploadId[]): Promise<PartRow[]>
  /** What the sweep has before it: nodes below graves, uploads past their time, blobs without a reference in any drive. */
  awaitingSweep(now: number): Promise<{ nodes: number; uploads: number; blobs: number }>
  /** Which of the uploads have a row. */
  uploads(ids: readonly UploadId[]): Promise<UploadId[]>
  close(): Promise<void>
}

/** A file in a blob store. */
export interface BlobFile {
  readonly digest: string
  readonly size: number
  /** When it was last written or sealed again, ms. */
  readonly writtenAt: number
}

/** What is staged for an upload. */
export interface StagedUpload {
  readonly upload: UploadId
  /** When a name in it last changed, ms. */
  readonly writtenAt: number
  readonly bytes: number
  /** Every attempt at every part. */
  readonly parts: readonly { readonly number: number; readonly size: number; readonly md5: string }[]
}

/** A blob store seen from outside. What changes meanwhile may be seen or not. */
export interface BlobInspection {
  /** Every blob in the order of digests. */
  blobs(): AsyncIterable<BlobFile>
  blobsOf(digests: readonly string[]): Promise<BlobFile[]>
  /** The SHA-256 of a blob's bytes as they are now; undefined when it is not there. */
  digest(digest: string): Promise<string | undefined>
  /** Every upload that has something staged, in the order of ids. */
  staged(): AsyncIterable<StagedUpload>
  /** One answer an upload, in order; without parts where nothing is staged. */
  stagedOf(uploads: readonly UploadId[]): Promise<StagedUpload[]>
  /** Half-written files of processes that are gone. Paths are relative to the store's folder. */
  abandoned(): AsyncIterable<{ path: string; size: number }>
  /** Files that are not named like anything of ours. */
  strangers(): AsyncIterable<{ path: string; size: number }>
}
