/** Runs the engine's background work: tasks and the sweep, one bounded slice at a time, beside the requests. */
import type { Engine } from '../engine/index.ts'

/** How long the runner waits between slices while there is nothing to do: from the shorter, doubling up to the longer, ms. */
const IDLE_MIN_MS = 200
const IDLE_MAX_MS = 2000

export interface Runner {
  /** Has the next slice run within `ms`, also when the runner has been idle for long. */
  kick(ms?: number): void
  /** Resolves when the slice under way has ended; none is begun after that. */
  stop(): Promise<void>
}

/** @param onError told of every error; the work goes on, after the longer wait */
export function startRunner(engine: Pick<Engine, 'work'>, onError: (error: unknown) => void): Runner {
  let idleMs = IDLE_MIN_MS
  let timer: NodeJS.Timeout | undefined
  let dueAt = Number.POSITIVE_INFINITY
  let running: Promise<void> | undefined
  let stopped = false

  function schedule(ms: number) {
    const at = performance.now() + ms
    if (stopped || at >= dueAt) return
    dueAt = at
    clearTimeout(timer)
    // While a slice runs, its end sets the timer.
    timer = running ? undefined : setTimeout(start, ms)
  }

  function start() {
    dueAt = Number.POSITIVE_INFINITY
    running = slice().then((nextMs) => {
      running = undefined
      const kickedMs = dueAt - performance.now()
      dueAt = Number.POSITIVE_INFINITY
      schedule(Math.max(0, Math.min(nextMs, kickedMs)))
    })
  }

  /** How long to wait after it, ms. */
  async function slice(): Promise<number> {
    try {
      const more = await engine.work()
      idleMs = more ? IDLE_MIN_MS : Math.min(idleMs * 2, IDLE_MAX_MS)
      return more ? 0 : idleMs
    } catch (error) {
      onError(error)
      return IDLE_MAX_MS
    }
  }

  schedule(0)
  return {
    kick(ms = 0) {
      idleMs = IDLE_MIN_MS
      schedule(ms)
    },
    async stop() {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}
