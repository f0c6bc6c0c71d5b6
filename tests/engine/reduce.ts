/** Makes a failing history short: fewer steps, fewer ops a batch, as long as it still fails. */
import type { History, Step } from './random-steps.ts'

/** What a history fails with; undefined when it does not. */
export type Attempt = (history: History) => Promise<Error | undefined>

/** @param attempts how often the history may be tried */
export async function reduced(failing: History, attempt: Attempt, attempts: number): Promise<History> {
  let left = attempts
  const fails = async (candidate: History) => left-- > 0 && (await attempt(candidate)) !== undefined
  const steps = await without(failing.steps, (some) => fails({ ...failing, steps: some }))
  for (const [index, step] of steps.entries()) {
    if (step.do !== 'batch') continue
    const withOps = (ops: typeof step.ops): Step[] => steps.with(index, { ...step, ops })
    steps[index] = { ...step, ops: await without(step.ops, (ops) => fails({ ...failing, steps: withOps(ops) })) }
  }
  return { ...failing, steps: await without(steps, (some) => fails({ ...failing, steps: some })) }
}

/** Leaves out whatever can be left out: halves first, then ever smaller pieces. */
async function without<Item>(items: readonly Item[], stillFails: (some: Item[]) => Promise<boolean>): Promise<Item[]> {
  let kept = [...items]
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < kept.length; ) {
      const some = kept.toSpliced(from, size)
      if (some.length > 0 && (await stillFails(some))) kept = some
      else from += size
    }
  }
  return kept
}
