/** Durable steps: every commit and every call that changes the blob folder, counted, each reachable by its number. */
import type { Disk, OpenFile } from '../../src/blob/disk/disk.ts'
import type { ReadTx, Store } from '../../src/engine/index.ts'

/** Just before a step takes effect, or just after it did. */
export type Side = 'before' | 'after'

/** One moment of a run. Steps count from 1. */
export interface Point {
  readonly step: number
  readonly side: Side
}

/** Counts the steps of one run; at one moment of it something happens. */
export class Steps {
  /** The names of the steps so far. */
  readonly names: string[] = []
  readonly #point: Point | null
  readonly #act: (name: string, side: Side) => void | Promise<void>
  /** Whether the moment has come. */
  reached = false
  /** Set when the world has ended: no later step takes effect or returns. */
  ended = false

  constructor(point: Point | null = null, act: (name: string, side: Side) => void | Promise<void> = () => {}) {
    this.#point = point
    this.#act = act
  }

  /** Counts a step and gives its number. */
  begin(name: string): number {
    return this.names.push(name)
  }

  async pass(step: number, side: Side): Promise<void> {
    if (this.#point?.step !== step || this.#point.side !== side) return
    this.reached = true
    await this.#act(this.names[step - 1]!, side)
  }

  async around<T>(name: string, work: () => Promise<T>): Promise<T> {
    const step = this.begin(name)
    if (this.ended) await never()
    await this.pass(step, 'before')
    const value = await work()
    await this.pass(step, 'after')
    return value
  }
}

/** A promise that nobody keeps. */
export function never(): Promise<never> {
  return new Promise(() => {})
}

/** A disk whose every change is a step. */
export function countingDisk(disk: Disk, steps: Steps): Disk {
  return {
    copyFile: (from, to) => steps.around('copyFile', () => disk.copyFile(from, to)),
    link: (from, to) => steps.around('link', () => disk.link(from, to)),
    mkdir: (path, options) => steps.around('mkdir', () => disk.mkdir(path, options)),
    rename: (from, to) => steps.around('rename', () => disk.rename(from, to)),
    rm: (path, options) => steps.around('rm', () => disk.rm(path, options)),
    unlink: (path) => steps.around('unlink', () => disk.unlink(path)),
    utimes: (path, accessed, modified) => steps.around('utimes', () => disk.utimes(path, accessed, modified)),
    async open(path, flags) {
      // Opening to read changes nothing.
      const file = await (flags === 'r' ? disk.open(path, flags) : steps.around('create', () => disk.open(path, flags)))
      return countingFile(file, steps)
    },
  }
}

function countingFile(file: OpenFile, steps: Steps): OpenFile {
  return {
    read: file.read.bind(file),
    write: ((...given: Parameters<OpenFile['write']>) =>
      steps.around('write', () => file.write(...given))) as OpenFile['write'],
    sync: () => steps.around('fsync', () => file.sync()),
    close: () => file.close(),
  }
}

/**
 * A store whose every commit is a step. Before: all is written and nothing committed. After: all is committed and nobody
 * was told.
 */
export function countingStore(store: Store, steps: Steps): Store {
  return {
    ...store,
    async write(fn) {
      let step = 0
      const value = await store.write(async (tx) => {
        const answer = await fn(tx)
        step = steps.begin('commit')
        await steps.pass(step, 'before')
        return answer
      })
      await steps.pass(step, 'after')
      return value
    },
  }
}

/** A store of which every question inside a transaction is a step, and what a writing one ends with. */
export function questioningStore(store: Store, steps: Steps): Store {
  const asking = <Tx extends ReadTx>(tx: Tx): Tx =>
    new Proxy(tx, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        return (...given: unknown[]) => steps.around(String(name), () => method.apply(target, given))
      },
    })
  return {
    ...store,
    read: (fn) => store.read((tx) => fn(asking(tx))),
    write: (fn, drives) =>
      store.write(async (tx) => {
        const answer = await fn(asking(tx))
        await steps.pass(steps.begin('commit'), 'before')
        return answer
      }, drives),
  }
}
