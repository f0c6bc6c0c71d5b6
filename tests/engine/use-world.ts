/** One fresh world a test; whatever the test did, the stored rows must hang together at its end. */
import { afterEach, beforeEach, expect } from 'vitest'
import { brokenInvariants } from './invariants.ts'
import { createWorld, type World, type WorldOptions } from './world.ts'

export function useWorld(options: WorldOptions = {}): { world: World } {
  const use = { world: undefined as unknown as World }
  beforeEach(async () => {
    use.world = await createWorld(options)
  })
  afterEach(async () => {
    expect(await brokenInvariants(use.world)).toEqual([])
    await use.world.stop()
  })
  return use
}
