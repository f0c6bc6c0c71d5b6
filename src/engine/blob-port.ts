/** The port for bytes: what the engine needs of a blob store. */
import type { Content, UploadId } from './model.ts'

/** Bytes waiting to become a blob. `part` counts from 1. */
export interface StageKey {
  readonly upload: UploadId
  readonly part: number
}

/** Staged bytes sought: the attempt at the part that had this MD5, or the latest. */
export interface SealKey extends StageKey {
  readonly md5?: string
}

/** Bytes in and out. Everything it acknowledges is durable (fsync of file and folder) before the promise resolves. */
export interface BlobStore {
  /**
   * Streams bytes into the staging area as the latest attempt at the part. The one before is kept: whoever notes which
   * attempt counts does so after this, and may not come to it.
   * @param limit bytes; a longer stream is cut off, nothing is kept, and TooLongError is thrown
   */
  stage(key: StageKey, bytes: AsyncIterable<Uint8Array>, limit: number): Promise<Content>
  /** Joins the staged parts, in the order given, into one blob; idempotent, also when an equal blob exists. Stages remain. */
  seal(keys: readonly SealKey[]): Promise<Content>
  /** Throws away everything staged for the uploads; missing ones are no error. */
  discard(uploads: readonly UploadId[]): Promise<void>
  /** A range of a blob's bytes, `end` exclusive. Throws StorageError when the blob is not there. */
  read(digest: string, range: { start: number; end: number }): NodeJS.ReadableStream
  /** Which of the blobs are there. */
  has(digests: readonly string[]): Promise<string[]>
  /** Takes blobs for sealed anew, as far as `remove` is concerned; returns those that are there. */
  keep(digests: readonly string[]): Promise<string[]>
  /** Removes blobs last written, sealed or kept before `before` (ms); missing ones are no error. */
  remove(digests: readonly string[], before: number): Promise<void>
  close(): Promise<void>
}

/** The stream was longer than permitted. */
export class TooLongError extends Error {
  override name = 'TooLongError'
}
