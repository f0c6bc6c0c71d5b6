/** More ops than one batch holds. */
import { OPS_PER_BATCH_MAX } from './engine.ts'
import type { Op, Result } from './op.ts'

/** Runs ops in order, in as many batches as they need, one after the other: what one did stays when a later one is not begun. */
export async function inBatches(
  ops: readonly Op[],
  run: (some: readonly Op[]) => Promise<Result[]>,
): Promise<Result[]> {
  const results: Result[] = []
  for (let from = 0; from < ops.length; from += OPS_PER_BATCH_MAX) {
    results.push(...(await run(ops.slice(from, from + OPS_PER_BATCH_MAX))))
  }
  return results
}
