/** `npm start [-- options]`: installs and builds what is missing, then serves, in this process. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, install, main, root } from './project.mjs'

/** How often a server started by npm looks whether npm is still there, ms. */
const PARENT_CHECK_MS = 250

await main(async () => {
  await install()
  await build()
  const program = join(root, 'dist', 'cli', 'main.js')
  process.argv.splice(1, 1, program, 'serve')
  if (process.env.npm_lifecycle_event !== undefined) endWithParent()
  await import(pathToFileURL(program).href)
})

/** npm hands its signals to a shell that may die of them without passing them on: whoever stops npm means the server. */
function endWithParent() {
  const parent = process.ppid
  setInterval(() => process.ppid !== parent && process.kill(process.pid, 'SIGTERM'), PARENT_CHECK_MS).unref()
}
