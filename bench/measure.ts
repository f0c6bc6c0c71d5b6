/**
 * Timing: candidates take turns, so that what disturbs the machine disturbs all of them. What counts is the time of all
 * runs together: what comes once in ten runs, as a checkpoint or a collection of garbage, is a tenth of every run.
 */

export interface Candidate {
  readonly name: string
  /** Items one run handles. */
  readonly items: number
  run(): unknown
}

export interface Figure {
  readonly name: string
  /** The mean run, ms. */
  readonly ms: number
  readonly itemsPerSecond: number
}

/** Runs of each candidate before any is timed: servers run for days, and their code is compiled for speed within seconds. */
const WARM_UP_RUNS = 100

/** Warms every candidate up, then runs all of them in turns. */
export async function takeTurns(candidates: readonly Candidate[], rounds: number): Promise<Figure[]> {
  const times = candidates.map((): number[] => [])
  for (let round = -WARM_UP_RUNS; round < rounds; round++) {
    for (const [at, candidate] of candidates.entries()) {
      const start = performance.now()
      await candidate.run()
      if (round >= 0) times[at]!.push(performance.now() - start)
    }
  }
  return candidates.map(({ name, items }, at) => {
    const ms = mean(times[at]!)
    return { name, ms, itemsPerSecond: (items * 1000) / ms }
  })
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** For what is asked once at a time and should be fast every time. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}
