/** Proves that everything stored hangs together, or says what does not. Reads only; a server may work meanwhile. */
import { type BlobInspection, CHECKS, type CheckName, type Fault, type Inspection } from '../engine/index.ts'
import { checkBytes, type Leftover } from './bytes.ts'

export interface FsckParts {
  /** The rows as they are at the moment of the call. */
  readonly openRows: () => Promise<Inspection>
  readonly bytes: BlobInspection
  readonly now: number
  /** Whether every blob's bytes are read and hashed anew; otherwise their sizes are compared. */
  readonly deep?: boolean
  /** The most faults noted of one check. */
  readonly faultsMax?: number
  readonly onProgress?: OnProgress
}

/** Told when a check begins (`done` 0) and as it goes on; `total` is null when nobody knows. */
export type OnProgress = (what: string, done: number, total: number | null) => void

export interface FsckReport {
  readonly faults: readonly Fault[]
  /** Not wrong, only in the way: bytes that belong to nobody. */
  readonly leftovers: readonly Leftover[]
  readonly rows: ReadonlyMap<string, number>
  readonly blobs: { readonly count: number; readonly size: number }
}

export const FAULTS_MAX = 1_000

/** Runs all checks. The rows are those of one moment; bytes are compared with them and, where they differ, looked at again. */
export async function fsck(parts: FsckParts): Promise<FsckReport> {
  const { openRows, bytes, now, deep = false, faultsMax = FAULTS_MAX, onProgress = () => {} } = parts
  const rows = await openRows()
  try {
    onProgress('counting rows', 0, null)
    const counts = await rows.counts()
    const names = Object.keys(CHECKS) as CheckName[]
    const faults: Fault[] = []
    // In order: an inspection is one conversation with one database.
    for (const name of names) {
      onProgress(CHECKS[name], 0, null)
      faults.push(...(await rows.faults(name, faultsMax)))
    }
    const total = counts.get('blob') ?? 0
    const progress = (done: number) => onProgress('every blob has its bytes, and all bytes have an owner', done, total)
    progress(0)
    const found = await checkBytes({ rows, openRows, bytes, now, deep, onProgress: progress })
    return { faults: [...faults, ...found.faults], leftovers: found.leftovers, rows: counts, blobs: found.blobs }
  } finally {
    await rows.close()
  }
}
