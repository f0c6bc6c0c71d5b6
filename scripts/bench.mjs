/** `npm run bench [-- options]`: installs and builds what is missing, then runs the measurements. */
import { build, install, main, run } from './project.mjs'

await main(async () => {
  await install()
  await build()
  process.exitCode = await run(process.execPath, ['--import', 'tsx', 'bench/main.ts', ...process.argv.slice(2)])
})
