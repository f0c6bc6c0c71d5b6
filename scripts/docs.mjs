/** `npm run docs`: writes the coverage tables of `docs/dialects/` anew from the routes. */
import { install, main, runTool } from './project.mjs'

await main(async () => {
  await install()
  const env = { ...process.env, BATCHDRIVE_WRITE_DOCS: '1' }
  process.exitCode = await runTool('vitest', ['run', 'tests/docs.test.ts'], { env })
})
