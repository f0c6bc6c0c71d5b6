/** `npm start [-- options]`: installs and builds what is missing, then serves, in this process. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, install, main, root } from './project.mjs'

await main(async () => {
  await install()
  await build()
  const program = join(root, 'dist', 'cli', 'main.js')
  process.argv.splice(1, 1, program, 'serve')
  await import(pathToFileURL(program).href)
})
