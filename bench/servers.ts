/** The servers under load, each a process of its own: ours as built, and an empty handler of the same framework. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface Running {
  readonly url: string
  stop(): Promise<void>
}

/** Starts the built server on a data folder. */
export function startOurs(dataDir: string): Promise<Running> {
  const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
  return start([main, 'serve', '--port', '0', '--data', dataDir])
}

/** Starts a server of the same framework that answers a small JSON object and does nothing else. */
export function startEmpty(): Promise<Running> {
  const program = `
    import fastify from 'fastify'
    const app = fastify()
    app.all('/', async () => ({ ok: true }))
    console.log('at ' + (await app.listen({ port: 0, host: '127.0.0.1' })))`
  return start(['--input-type=module', '-e', program])
}

async function start(args: readonly string[]): Promise<Running> {
  const cwd = fileURLToPath(new URL('..', import.meta.url))
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
  return { url: await urlOf(child), stop: () => stopped(child) }
}

function urlOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout!.on('data', (chunk: Buffer) => {
      text += chunk
      const url = /at (http:\/\/\S+)/.exec(text)?.[1]
      if (url) resolve(url)
    })
    child.once('exit', (code) => reject(new Error(`a server ended with ${code}:\n${text}`)))
  })
}

function stopped(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.removeAllListeners('exit').once('exit', () => resolve())
    child.kill('SIGTERM')
  })
}
