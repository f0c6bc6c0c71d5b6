/** `npm run build`: installs what is missing and compiles `src` to `dist` when it changed. */
import { build, install, main } from './project.mjs'

await main(async () => {
  await install()
  await build()
})
