/** A store that refuses to write certain changes, as one does whose disk is full. */
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
