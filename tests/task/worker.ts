/** A process that works on whatever tasks wait in a deployment, and says so after every turn, until nothing is left. */
import { writeSync } from 'node:fs'
import { openEngine } from './open.ts'

const [folder, ahead, database] = process.argv.slice(2) as [string, string, string]
const { engine } = await openEngine(folder, { database, clock: () => Date.now() + Number(ahead) })
while (await engine.work()) writeSync(1, '.')
await engine.close()
