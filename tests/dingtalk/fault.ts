/** A store whose batches can be held back, delayed or made to fail, to reach the errors that no request alone can cause. */
import { StorageError, type Store } from '../../src/engine/index.ts'

export interface Faults {
  /** For `startServer`: puts the faults in front of the store. */
  wrap(store: Store): Store
  /** Every batch from now on throws this; null heals. */
  fail(error: Error | null): void
  /** Every batch from now on begins this much later, ms. */
  delay(ms: number): void
  /** Every batch from now on waits until the returned function is called. */
  hold(): () => void
  /** Resolves when the first batch waits since `hold` was called. */
  held(): Promise<void>
}

export const DISK_FULL = new StorageError('the disk is full')
export const BUG = new TypeError('secret internals of a bug')

export function createFaults(): Faults {
  let error: Error | null = null
  let delayMs = 0
  let gate: Promise<void> = Promise.resolve()
  let arrive = () => {}
  let arrived: Promise<void> = Promise.resolve()
  return {
    wrap: (store) => ({
      ...store,
      async write(fn, drives) {
        // A batch names its drives; the work behind the requests, which the tests wait for, does not.
        if (drives === undefined) return store.write(fn)
        arrive()
        await gate
        if (error) throw error
        if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
        return store.write(fn, drives)
      },
    }),
    fail(next) {
      error = next
    },
    delay(ms) {
      delayMs = ms
    },
    hold() {
      let release = () => {}
      gate = new Promise((resolve) => {
        release = resolve
      })
      arrived = new Promise((resolve) => {
        arrive = resolve
      })
      return release
    },
    held: () => arrived,
  }
}
