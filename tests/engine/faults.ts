/** What fsck finds wrong in a world. */
import { CHECKS, type CheckName } from '../../src/engine/index.ts'
import type { World } from './world.ts'

/** One line each; a world has drives without a tenant's row, so people are not looked at. */
export async function faultsIn({ database }: Pick<World, 'database'>): Promise<string[]> {
  const inspection = await database.inspect()
  const checks = (Object.keys(CHECKS) as CheckName[]).filter((check) => check !== 'people')
  const found = await Promise.all(checks.map((check) => inspection.faults(check, 3)))
  await inspection.close()
  return found.flat().map(({ about, says }) => `${about} ${says}`)
}
