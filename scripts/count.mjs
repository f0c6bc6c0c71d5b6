/** Counts what vitest's JSON reporter wrote; a file that could not be loaded counts as one failure. */
export function countTests(report) {
  const unloaded = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  )
  const { numPassedTests: passed, numFailedTests: failed, numPendingTests: pending, numTodoTests: todo } = report
  return { passed, failed: failed + unloaded.length, skipped: pending + todo }
}

/** The line a run ends with. */
export function summaryOf({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
