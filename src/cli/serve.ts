/** `batchdrive serve`: the server, until it is told to stop. */
import { Command } from 'commander'
import { createServer } from '../app.ts'
import { type GivenOptions, LOG_LEVELS, readConfig, SETTINGS } from '../config.ts'
import { DATABASE_OPTION } from './data.ts'
import { greeting } from './greeting.ts'
import { stopOnSignals } from './signals.ts'

interface ServeOptions extends Omit<GivenOptions, 'demo' | 'logLevel' | 'tls' | 'work'> {
  readonly work?: boolean
  readonly tls?: boolean
  readonly demo?: boolean
  readonly log?: string
}

export function serveCommand(): Command {
  return new Command('serve')
    .description('serve all dialects on one port')
    .option('--host <address>', `the address to listen at (${SETTINGS.host.fallback})`)
    .option('--port <number>', `the port; 0 = any free one (${SETTINGS.port.fallback})`)
    .option('--data <folder>', `the data folder (${SETTINGS.data.fallback})`)
    .option(...DATABASE_OPTION)
    .option('--no-work', 'leave tasks and the sweep to "batchdrive work"')
    .option('--public-url <url>', 'the address clients reach the server under (the one they ask for)')
    .option('--tls', 'speak HTTPS with a self-signed certificate, kept in the data folder')
    .option('--tls-cert <file>', 'speak HTTPS with this certificate (PEM, with its chain)')
    .option('--tls-key <file>', "the certificate's private key (PEM)")
    .option('--demo', 'insist on the demo tenant; it is made anyway where only this machine can reach the server')
    .option('--no-demo', 'make no demo tenant')
    .option('--log <level>', `${LOG_LEVELS.join(', ')} (${SETTINGS.logLevel.fallback})`)
    .addHelpText('after', `\nThe environment may say the same and more; options win:\n${environment()}`)
    .action(serve)
}

function environment(): string {
  const settings = Object.values(SETTINGS)
  const width = Math.max(...settings.map(({ env }) => env.length))
  return settings.map(({ env, fallback }) => `  ${env.padEnd(width)}  ${fallback}`.trimEnd()).join('\n')
}

async function serve({ demo, log, tls, work, ...options }: ServeOptions): Promise<void> {
  const config = readConfig({
    ...options,
    logLevel: log,
    work: work === false ? 'off' : undefined,
    tls: tls ? 'self-signed' : undefined,
    demo: demo === undefined ? undefined : demo ? 'on' : 'off',
  })
  const server = await createServer(config)
  stopOnSignals(() => server.close())
  try {
    await server.listen()
  } catch (error) {
    await server.close()
    throw error
  }
  process.stdout.write(await greeting(server))
}
