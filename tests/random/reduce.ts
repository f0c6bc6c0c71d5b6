/** Makes a failing history short: fewer steps, fewer ops in a step, as long as it still fails. */

/** A list of steps, some of which are lists of ops. */
export interface Steps {
  readonly steps: readonly { readonly do?: string; readonly ops?: readonly unknown[] }[]
}

/** What a history fails with; undefined when it does not. */
export type Attempt<History> = (history: History) => Promise<Error | undefined>

/** @param attempts how often the history may be tried */
export async function reduced<History extends Steps>(
  failing: History,
  attempt: Attempt<History>,
  attempts: number,
): Promise<History> {
  let left = attempts
  const fails = async (candidate: History) => left-- > 0 && (await attempt(candidate)) !== undefined
  const steps = await without(failing.steps, (some) => fails({ ...failing, steps: some }))
  for (const [index, step] of steps.entries()) {
    const withOps = (ops: readonly unknown[]) => steps.with(index, { ...step, ops })
    const ops = await without(step.ops ?? [], (some) => fails({ ...failing, steps: withOps(some) }))
    if (step.ops) steps[index] = { ...step, ops }
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
