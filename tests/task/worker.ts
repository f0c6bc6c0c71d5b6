/** A process that works on whatever tasks wait in a data folder, and says so after every turn, until nothing is left. */
import { writeSync } from 'node:fs'
import { openEngine } from './open.ts'

const [folder, ahead] = process.argv.slice(2) as [string, string]
const { engine } = await openEngine(folder, { clock: () => Date.now() + Number(ahead) })
while (await engine.work()) writeSync(1, '.')
await engine.close()
