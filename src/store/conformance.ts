/** What every store must do. A second store passes by running this suite unchanged. */
import { describe } from 'vitest'
import { changesConformance } from './conformance/changes.ts'
import { linkConformance } from './conformance/links.ts'
import { orderConformance } from './conformance/orders.ts'
import { peopleConformance } from './conformance/people.ts'
import { readingsConformance } from './conformance/readings.ts'
import type { Open } from './conformance/sample.ts'
import { standingConformance } from './conformance/standings.ts'
import { tasksConformance } from './conformance/tasks.ts'
import { transactionConformance } from './conformance/transactions.ts'
import { treeConformance } from './conformance/tree.ts'
import { uploadConformance } from './conformance/uploads.ts'

/**
 * Declares the suite for one store.
 * @param open makes a new, empty store for each test
 */
export function storeConformance(name: string, open: Open): void {
  describe(`${name}: the tree`, () => treeConformance(open))
  describe(`${name}: changes`, () => changesConformance(open))
  describe(`${name}: drives and people`, () => peopleConformance(open))
  describe(`${name}: links`, () => linkConformance(open))
  describe(`${name}: orders`, () => orderConformance(open))
  describe(`${name}: readings`, () => readingsConformance(open))
  describe(`${name}: standings`, () => standingConformance(open))
  describe(`${name}: tasks`, () => tasksConformance(open))
  describe(`${name}: transactions`, () => transactionConformance(open))
  describe(`${name}: uploads`, () => uploadConformance(open))
}
