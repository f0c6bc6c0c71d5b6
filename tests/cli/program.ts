/** The program as its users start it: a process of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { vi } from 'vitest'
import { runProgram } from '../../src/cli/program.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const TSX = import.meta.resolve('tsx')

export interface Outcome {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly env?: Record<string, string>
  readonly input?: string
}

function start(args: readonly string[], env: Record<string, string> = {}) {
  return spawn(process.execPath, ['--import', TSX, MAIN, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // What this machine has set must not reach the tests.
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
  })
}

/** Runs a command to its end, in a process of its own. */
export async function run(args: readonly string[], { env, input = '' }: RunOptions = {}): Promise<Outcome> {
  const child = start(args, env)
  const texts = collect(child)
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, out: texts.out, err: texts.err }
}

/** As `run`, in this process: starting one takes longer than most commands. One at a time. */
export async function runHere(args: readonly string[]): Promise<Outcome> {
  const texts = { out: '', err: '' }
  const capture = (stream: NodeJS.WriteStream, name: 'out' | 'err') =>
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      texts[name] += text
      return true
    })
  const spies = [capture(process.stdout, 'out'), capture(process.stderr, 'err')]
  try {
    const code = await runProgram(args)
    return { code, ...texts }
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}

/** Runs a command that must end well, and reads the JSON it prints. */
export async function json<T = Record<string, unknown>>(...args: string[]): Promise<T> {
  const { code, out, err } = await runHere(args)
  if (code !== 0) throw new Error(`batchdrive ${args.join(' ')} ended with ${code}: ${err}`)
  return JSON.parse(out) as T
}

export interface Running {
  /** All it has printed so far. */
  readonly texts: { readonly out: string; readonly err: string }
  /** Resolves to the exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
  kill(signal: NodeJS.Signals): void
}

export interface Serving extends Running {
  readonly url: string
}

/** Starts `serve` on any free port and waits until it listens; rejects with what it said when it ends before that. */
export async function serve(args: readonly string[], env: Record<string, string> = {}): Promise<Serving> {
  const { found, ...running } = await startUntil(['serve', '--port', '0', ...args], env, / at (https?:\S+?),?[\s]/)
  return { ...running, url: found }
}

/** Starts `work` and waits until it works. */
export function work(args: readonly string[], env: Record<string, string> = {}): Promise<Running> {
  return startUntil(['work', ...args], env, /^(working)$/m)
}

/** Starts a program that runs until it is told to stop, and waits for a word that it prints. */
async function startUntil(args: readonly string[], env: Record<string, string>, pattern: RegExp) {
  const child = start(args, env)
  const texts = collect(child)
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals)
  const found = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', () => {
      const found = pattern.exec(texts.out)?.[1]
      if (found) resolve(found)
    })
    void ended.then((code) => reject(new Error(`${args[0]} ended with ${code}: ${texts.err}`)))
  })
  return { found, texts, ended, kill: (signal: NodeJS.Signals) => void child.kill(signal) }
}

function collect(child: ReturnType<typeof start>): { out: string; err: string } {
  const texts = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    texts.out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    texts.err += text
  })
  return texts
}
