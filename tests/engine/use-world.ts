/** One fresh world a test; whatever the test did, the stored rows must hang together at its end. */
import { afterEach, beforeEach, expect } from 'vitest'
import type { DriveId } from '../../src/engine/index.ts'
import { Inspector } from './dump.ts'
import { brokenInvariants } from './invariants.ts'
import { createWorld, type World, type WorldOptions } from './world.ts'

export function useWorld(options: WorldOptions = {}): { world: World } {
  const use = { world: undefined as unknown as World }
  beforeEach(async () => {
    use.world = await createWorld(options)
  })
  afterEach(async () => {
    expect(broken(use.world)).toEqual([])
    await use.world.stop()
  })
  return use
}

/** What is wrong with the stored rows of a world's active drives. */
export function broken(world: World): string[] {
  const inspector = new Inspector(world.file)
  try {
    const drives = inspector.rows<{ id: DriveId }>("select id from drive where status = 'active'")
    return brokenInvariants(
      inspector,
      drives.map(({ id }) => id),
    )
  } finally {
    inspector.close()
  }
}
