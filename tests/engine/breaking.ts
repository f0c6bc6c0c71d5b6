/** Stores that fail: one refuses to write certain changes, as when the disk is full; one writes no more from some moment on. */
import type { Changes, Store, WriteTx } from '../../src/engine/index.ts'

/** @param refuses asked about all that is to be written at once */
export function breaking(store: Store, refuses: (changes: Changes) => boolean): Store {
  return { ...store, write: (fn, ...more) => store.write((tx) => fn(breakingTx(tx, refuses)), ...more) }
}

export const DISK_FULL = 'the disk is full'

function breakingTx(tx: WriteTx, refuses: (changes: Changes) => boolean): WriteTx {
  return new Proxy(tx, {
    get(target, member) {
      if (member === 'apply') {
        return (changes: Changes) => (refuses(changes) ? Promise.reject(new Error(DISK_FULL)) : target.apply(changes))
      }
      const value: unknown = Reflect.get(target, member)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** @param last how many transactions it still commits */
export function dyingAfter(store: Store, last: number): Store {
  let writes = 0
  return {
    ...store,
    write: (fn, ...more) => (++writes > last ? Promise.reject(new Error('the power went')) : store.write(fn, ...more)),
  }
}
