/** Proves that everything stored hangs together, or says what does not. Reads only; a server may work meanwhile. */
import { type BlobInspection, CHECKS, type CheckName, type Fault, type Inspection } from '../engine/index.ts'
import { compareBytes, type Leftover } from './bytes.ts'

export interface FsckParts {
  /** The rows as they are at the moment of the call. */
  readonly openRows: () => Promise<Inspection>
  readonly bytes: BlobInspection
  readonly now: number
  /** Whether every blob's bytes are read and hashed anew; otherwise their sizes are compared. */
  readonly deep?: boolean
  /** The most faults of one check, and the most leftovers, that are listed. */
  readonly listedMax?: number
  readonly onProgress?: OnProgress
}

/** Told when a check begins (`done` 0) and as it goes on; `total` is null when nobody knows. */
export type OnProgress = (what: string, done: number, total: number | null) => void

export interface FsckReport {
  readonly faults: readonly Fault[]
  /** Not wrong, only in the way: bytes that belong to nobody; `gc` removes them. */
  readonly leftovers: { readonly count: number; readonly size: number; readonly first: readonly Leftover[] }
  /** Paths of files that nothing of ours is named like; nobody touches them. */
  readonly strangers: readonly string[]
  readonly rows: ReadonlyMap<string, number>
  readonly blobs: { readonly count: number; readonly size: number }
}

export const LISTED_MAX = 1_000
/** What is said while the bytes are looked at. */
export const BYTES_HOLD = 'every blob has its bytes, and all bytes have an owner'

/** Runs all checks. The rows are those of one moment; bytes are compared with them and, where they differ, looked at again. */
export async function fsck(parts: FsckParts): Promise<FsckReport> {
  const { openRows, bytes, now, deep = false, listedMax = LISTED_MAX, onProgress = () => {} } = parts
  const rows = await openRows()
  try {
    onProgress('counting rows', 0, null)
    const counts = await rows.counts()
    const faults = await brokenRows(rows, listedMax, onProgress)
    const found = new Findings(listedMax)
    const total = await rows.blobCount()
    onProgress(BYTES_HOLD, 0, total)
    const blobs = await compareBytes({
      ...{ rows, openRows, bytes, now, deep },
      onFaults: (some) => found.addFaults(some),
      onLeftovers: (some) => found.addLeftovers(some),
      onProgress: (done) => onProgress(BYTES_HOLD, done, total),
    })
    for await (const { path } of bytes.strangers()) found.addStranger(path)
    const { leftovers, strangers } = found
    return { faults: [...faults, ...found.faults], leftovers, strangers, rows: counts, blobs }
  } finally {
    await rows.close()
  }
}

async function brokenRows(rows: Inspection, listedMax: number, onProgress: OnProgress): Promise<Fault[]> {
  const faults: Fault[] = []
  // In order: an inspection is one conversation with one database.
  for (const name of Object.keys(CHECKS) as CheckName[]) {
    onProgress(CHECKS[name], 0, null)
    faults.push(...(await rows.faults(name, listedMax)))
  }
  return faults
}

/** The first of what was found, and how much it was. */
class Findings {
  readonly faults: Fault[] = []
  readonly leftovers = { count: 0, size: 0, first: [] as Leftover[] }
  readonly strangers: string[] = []
  readonly #max: number

  constructor(max: number) {
    this.#max = max
  }

  addFaults(some: readonly Fault[]): void {
    this.faults.push(...some.slice(0, this.#max - this.faults.length))
  }

  addLeftovers(some: readonly Leftover[]): void {
    const { leftovers } = this
    leftovers.count += some.length
    leftovers.size += some.reduce((sum, { size }) => sum + size, 0)
    leftovers.first.push(...some.slice(0, this.#max - leftovers.first.length))
  }

  addStranger(path: string): void {
    if (this.strangers.length < this.#max) this.strangers.push(path)
  }
}
