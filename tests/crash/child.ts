/** The process that dies: runs the workload in a fresh data folder and kills itself at one durable step. */
import { writeSync } from 'node:fs'
import { DISK } from '../../src/blob/disk/disk.ts'
import { countingDisk, countingStore, type Side, Steps } from './steps.ts'
import { WORKLOAD } from './workload.ts'
import { openWorld } from './world.ts'

const [folder, step, side, database = ''] = process.argv.slice(2) as [string, string, Side, string?]

const steps = new Steps({ step: Number(step), side }, () => {
  // No handler and no exit hook runs after this; nothing in this process does.
  process.kill(process.pid, 'SIGKILL')
})
const world = await openWorld(
  { folder, database },
  {
    disk: countingDisk(DISK, steps),
    wrapStore: (store) => countingStore(store, steps),
  },
)
for (const [at, call] of WORKLOAD.entries()) {
  await call.run(world)
  // Synchronously: what the parent reads was acknowledged before anything else happened.
  writeSync(1, `${at}\n`)
}
await world.engine.close()
