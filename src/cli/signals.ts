/** How a program that runs until it is told to stop is told. */

/** A signal that comes this soon after the first is the same wish: npm passes on what the terminal has sent already, ms. */
const SAME_SIGNAL_MS = 500
const SIGNAL_CODES = { SIGINT: 130, SIGTERM: 143 } as const

/** The first signal ends the service gracefully, a later one at once. */
export function stopOnSignals(close: () => Promise<void>): void {
  let firstAt: number | undefined
  const onSignal = (signal: keyof typeof SIGNAL_CODES) => {
    if (firstAt !== undefined) {
      if (performance.now() - firstAt > SAME_SIGNAL_MS) process.exit(SIGNAL_CODES[signal])
      return
    }
    firstAt = performance.now()
    process.stderr.write('batchdrive: finishing what is in flight; once more to stop at once\n')
    close().then(
      () => process.exit(0),
      (error) => {
        console.error(error)
        process.exit(1)
      },
    )
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
}
