import { expect, test } from 'vitest'
import { addReports, readMinutes, readTotal, totalPage } from '../../scripts/soak-total.mjs'

const report = { name: 'model', store: 'sqlite', sequences: 1_200, operations: 120_000, failed: null }

test('reports are added to what the page says already', () => {
  const first = totalPage(addReports(readTotal(''), [report]), 1.5)
  const again = addReports(readTotal(first), [report, { ...report, store: 'postgres', failed: 'MODEL_SEED=1' }])
  const second = totalPage(again, readMinutes(first) + 1_000)
  expect(second).toContain('| model | sqlite | 2,400 | 240,000 | 0 |')
  expect(second).toContain('| model | postgres | 1,200 | 120,000 | 1 |')
  expect(second).toContain('took 1,001.5 minutes')
  expect(readMinutes(second)).toBe(1_001.5)
  expect(totalPage(readTotal(second), readMinutes(second))).toBe(second)
})
