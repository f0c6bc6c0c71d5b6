/** Which program this is. */
import { readFileSync } from 'node:fs'

export function programVersion(): string {
  // The same distance from src/cli and dist/cli.
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version
}
