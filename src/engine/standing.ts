/**
 * Actors are made of what was read a moment ago, perhaps by another process than the one that takes a token back or puts a
 * user out of a group. So every tenant has a number that rises with each such change: a batch reads it beside its first facts,
 * which costs no round trip, and everything else before it begins. Whoever finds it changed has the actor made anew.
 */
import type { Actor } from './actor.ts'
import type { Engine } from './engine.ts'
import type { ReadTx, Store } from './port.ts'

/** The actor was made of what does not hold any more; nothing was done. */
export class StaleActorError extends Error {
  override name = 'StaleActorError'
}

/** Throws StaleActorError when what the actor was made of has changed. */
export async function demandCurrent(tx: ReadTx, actor: Actor): Promise<void> {
  if (!(await isCurrent(tx, actor))) throw new StaleActorError()
}

async function isCurrent(tx: ReadTx, { tenant, basis }: Actor): Promise<boolean> {
  if (!basis) return true
  const [row] = await tx.standings([tenant])
  return (row?.seq ?? 0) === basis.seq
}

/**
 * An engine whose every call rests on what its actor may do when the call begins.
 * @param renew makes an actor anew; one without any right when it is nobody any more
 */
export function keepCurrent(engine: Engine, store: Store, renew: (actor: Actor) => Promise<Actor>): Engine {
  async function current(actor: Actor): Promise<Actor> {
    return settled((await store.read((tx) => isCurrent(tx, actor))) ? actor : await renew(actor))
  }
  const members = Object.entries(engine).map(([name, member]) => {
    if (typeof member !== 'function') return [name, member]
    const call = member as (...given: unknown[]) => unknown
    return [
      name,
      (first: unknown, ...rest: unknown[]) =>
        hasBasis(first) ? current(first).then((actor) => call(actor, ...rest)) : call(first, ...rest),
    ]
  })
  return {
    ...(Object.fromEntries(members) as Engine),
    async batch(actor, ops, mode) {
      try {
        return await engine.batch(actor, ops, mode)
      } catch (error) {
        if (!(error instanceof StaleActorError)) throw error
        return engine.batch(settled(await renew(actor)), ops, mode)
      }
    },
  }
}

/** The actor as it may be kept, by a task for instance: what it rests on is not asked for again. */
export function settled({ basis: _, ...actor }: Actor): Actor {
  return actor
}

function hasBasis(given: unknown): given is Actor {
  return typeof given === 'object' && given !== null && 'basis' in given && given.basis !== undefined
}
