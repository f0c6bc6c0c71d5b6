/**
 * Carries the write-ahead log over into the database file on a thread of its own, so that no commit has to: at 1,000 pages
 * that is some ten milliseconds during which the server would answer nobody.
 */
import { statSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { DRIVER } from './driver.ts'

/** A log smaller than this is left alone: opening a thread for it would cost more than it saves. Bytes. */
const LOG_BYTES_MIN = 4 * 1024 * 1024
/** How long after a commit the log is carried over, ms; what is committed meanwhile goes along. */
const DELAY_MS = 100

/**
 * What the thread runs; given as text because it must run from source and from a build alike. A passive checkpoint waits
 * for nobody and keeps nobody waiting. One that fails is no harm: the log grows until the next, or until a commit carries
 * it over after all.
 */
const THREAD = `
const { parentPort, workerData } = require('node:worker_threads')
const Database = require(workerData.driver)
const db = new Database(workerData.file, { fileMustExist: true })
db.pragma('synchronous = full')
const checkpoint = db.prepare('pragma wal_checkpoint(passive)')
parentPort.on('message', (message) => {
  if (message === 'close') {
    db.close()
    parentPort.close()
    return
  }
  try {
    checkpoint.all()
  } catch {}
  parentPort.postMessage('done')
})
`

export interface Checkpointer {
  /** Told after every commit. */
  committed(): void
  /** Resolves when the thread is through with its work and gone. */
  close(): Promise<void>
}

export function createCheckpointer(file: string): Checkpointer {
  const log = `${file}-wal`
  let thread: Worker | undefined
  let timer: NodeJS.Timeout | undefined
  let isBusy = false
  let isClosed = false

  function start() {
    timer = undefined
    if (isBusy || (!thread && bytesOf(log) < LOG_BYTES_MIN)) return
    isBusy = true
    thread ??= begin()
    thread.postMessage('checkpoint')
  }

  function begin(): Worker {
    const begun = new Worker(THREAD, { eval: true, workerData: { driver: DRIVER, file } })
    // Commits carry the log over themselves when the thread does not.
    begun.on('error', () => {
      isClosed = true
    })
    begun.on('message', () => {
      isBusy = false
    })
    begun.unref()
    return begun
  }

  return {
    committed() {
      if (timer || isClosed) return
      timer = setTimeout(start, DELAY_MS)
      timer.unref()
    },

    async close() {
      clearTimeout(timer)
      isClosed = true
      if (!thread) return
      const gone = new Promise((resolve) => thread!.once('exit', resolve))
      // Whoever waits for it must not find the process ended instead.
      thread.ref()
      thread.postMessage('close')
      thread = undefined
      await gone
    },
  }
}

function bytesOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
