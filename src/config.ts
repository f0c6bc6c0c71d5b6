/** Configuration: defaults, over them the environment, over that the command line. The only reader of `process.env`. */
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { DEFAULT_ENGINE_OPTIONS, type EngineOptions } from './engine/index.ts'
import { DEFAULT_DIALECT_SETTINGS, type DialectSettings } from './http/dialect.ts'

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** auto: the demo tenant is made on a loopback address and left out elsewhere. on: the start is refused elsewhere. off: never made. */
export const DEMO_MODES = ['auto', 'on', 'off'] as const
export type DemoMode = (typeof DEMO_MODES)[number]

/** off: plain HTTP. self-signed: HTTPS with a pair made and kept in the data folder. Or files with a pair in PEM. */
export const TLS_MODES = ['off', 'self-signed'] as const
export type Tls = (typeof TLS_MODES)[number] | { readonly certFile: string; readonly keyFile: string }

export interface Config {
  /** The address to listen at: a host name or an IP address, without brackets. */
  readonly host: string
  /** 0 = any free port. */
  readonly port: number
  /** Absolute. */
  readonly dataDir: string
  /** The address of a PostgreSQL database; '' = SQLite in the data folder. Holds a password: never shown. */
  readonly database: string
  /** Whether this server also runs tasks and the sweep; off where `batchdrive work` does. */
  readonly work: boolean
  /** What clients reach us under, without a slash at the end; '' = whatever they say. */
  readonly publicUrl: string
  readonly tls: Tls
  readonly demo: DemoMode
  readonly logLevel: LogLevel
  readonly settings: DialectSettings
  readonly engine: EngineOptions
}

/** The configuration is wrong; the message names each bad value and what was expected. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

interface Setting<T> {
  /** The environment variable. */
  readonly env: string
  readonly fallback: T
  readonly parse: (text: string) => T | undefined
  /** Ends the sentence "must be …". */
  readonly expected: string
  /** Whether what was given must not be shown. */
  readonly isSecret?: boolean
}

/** Every setting: its variable, its default, and which texts it takes. */
export const SETTINGS = {
  host: {
    env: 'BATCHDRIVE_HOST',
    fallback: '127.0.0.1',
    parse: parseHost,
    expected: 'an IP address or a host name',
  },
  port: number('BATCHDRIVE_PORT', 8787, 0, 65_535),
  data: {
    env: 'BATCHDRIVE_DATA',
    fallback: './data',
    parse: (text) => (text.includes('\0') ? undefined : text),
    expected: 'a folder',
  },
  database: {
    env: 'BATCHDRIVE_DATABASE_URL',
    fallback: '',
    parse: parseDatabase,
    expected: 'an address such as postgres://user:password@host:5432/batchdrive',
    isSecret: true,
  },
  work: choice('BATCHDRIVE_WORK', 'on', ['on', 'off']),
  publicUrl: {
    env: 'BATCHDRIVE_PUBLIC_URL',
    fallback: '',
    parse: parseOrigin,
    expected: 'an address such as https://drive.example.com, without a path',
  },
  tls: choice('BATCHDRIVE_TLS', 'off', TLS_MODES),
  tlsCert: file('BATCHDRIVE_TLS_CERT'),
  tlsKey: file('BATCHDRIVE_TLS_KEY'),
  demo: choice('BATCHDRIVE_DEMO', 'auto', DEMO_MODES),
  logLevel: choice('BATCHDRIVE_LOG', 'warn', LOG_LEVELS),
  smhInlineItemsMax: number('BATCHDRIVE_SMH_INLINE_ITEMS_MAX', DEFAULT_DIALECT_SETTINGS.smhInlineItemsMax, 1, 1000),
  wpsClockSkewMs: number('BATCHDRIVE_WPS_CLOCK_SKEW_MS', DEFAULT_DIALECT_SETTINGS.wpsClockSkewMs, 0),
  pdsClockSkewMs: number('BATCHDRIVE_PDS_CLOCK_SKEW_MS', DEFAULT_DIALECT_SETTINGS.pdsClockSkewMs, 0),
  batchesPerDriveMax: number('BATCHDRIVE_BATCHES_PER_DRIVE_MAX', DEFAULT_ENGINE_OPTIONS.batchesPerDriveMax, 1),
  waitMsMax: number('BATCHDRIVE_WAIT_MS_MAX', DEFAULT_ENGINE_OPTIONS.waitMsMax, 1),
  inlineNodesMax: number('BATCHDRIVE_INLINE_NODES_MAX', DEFAULT_ENGINE_OPTIONS.inlineNodesMax, 1),
  subtreeNodesMax: number('BATCHDRIVE_SUBTREE_NODES_MAX', DEFAULT_ENGINE_OPTIONS.subtreeNodesMax, 1),
  sliceNodesMax: number('BATCHDRIVE_SLICE_NODES_MAX', DEFAULT_ENGINE_OPTIONS.sliceNodesMax, 1),
  tasksPerTenantMax: number('BATCHDRIVE_TASKS_PER_TENANT_MAX', DEFAULT_ENGINE_OPTIONS.tasksPerTenantMax, 1),
  taskLeaseMs: number('BATCHDRIVE_TASK_LEASE_MS', DEFAULT_ENGINE_OPTIONS.taskLeaseMs, 1),
} satisfies Record<string, Setting<string> | Setting<number>>

export type SettingName = keyof typeof SETTINGS
/** Texts from the command line, by setting; absent ones were not given. */
export type GivenOptions = { readonly [K in SettingName]?: string | undefined }

/** The configuration of this process. Throws ConfigError that lists every bad value. */
export function readConfig(options: GivenOptions = {}, env: NodeJS.ProcessEnv = process.env): Config {
  const problems: string[] = []
  function value<K extends SettingName>(name: K): (typeof SETTINGS)[K]['fallback'] {
    const setting: Setting<string> | Setting<number> = SETTINGS[name]
    const given = options[name]
    // An empty variable is an unset one, as in a shell.
    const text = given ?? (env[setting.env] || undefined)
    if (text === undefined) return setting.fallback
    const parsed = text === '' ? undefined : setting.parse(text)
    if (parsed !== undefined) return parsed
    const source = given === undefined ? setting.env : `--${kebab(name)}`
    const shown = setting.isSecret ? '' : `, not ${JSON.stringify(text)}`
    problems.push(`${source} must be ${setting.expected}${shown}`)
    return setting.fallback
  }
  const config: Config = {
    host: value('host'),
    port: value('port'),
    dataDir: resolve(value('data')),
    database: value('database'),
    work: value('work') === 'on',
    publicUrl: value('publicUrl'),
    tls: tlsOf(value('tls'), value('tlsCert'), value('tlsKey'), problems),
    demo: value('demo'),
    logLevel: value('logLevel'),
    settings: Object.freeze({
      smhInlineItemsMax: value('smhInlineItemsMax'),
      wpsClockSkewMs: value('wpsClockSkewMs'),
      pdsClockSkewMs: value('pdsClockSkewMs'),
    }),
    engine: Object.freeze({
      batchesPerDriveMax: value('batchesPerDriveMax'),
      waitMsMax: value('waitMsMax'),
      inlineNodesMax: value('inlineNodesMax'),
      subtreeNodesMax: value('subtreeNodesMax'),
      sliceNodesMax: value('sliceNodesMax'),
      tasksPerTenantMax: value('tasksPerTenantMax'),
      taskLeaseMs: value('taskLeaseMs'),
    }),
  }
  if (problems.length > 0) throw new ConfigError(problems.join('\n'))
  return Object.freeze(config)
}

/** Whether only this machine can reach the address: 127.0.0.0/8, ::1, localhost. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** Whether others than this machine may reach the server, by the address it listens at or the one it is published under. */
export function isExposed({ host, publicUrl }: Pick<Config, 'host' | 'publicUrl'>): boolean {
  return !isLoopback(host) || (publicUrl !== '' && !isLoopback(unbracketed(new URL(publicUrl).hostname)))
}

function number(env: string, fallback: number, min: number, max = Number.MAX_SAFE_INTEGER): Setting<number> {
  const parse = (text: string) => {
    const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN
    return value >= min && value <= max ? value : undefined
  }
  const bound = max === Number.MAX_SAFE_INTEGER ? `from ${min} on` : `from ${min} to ${max}`
  return { env, fallback, parse, expected: `a whole number ${bound}` }
}

function tlsOf(mode: (typeof TLS_MODES)[number], cert: string, key: string, problems: string[]): Tls {
  if (cert === '' && key === '') return mode
  if (cert === '' || key === '') problems.push('--tls-cert and --tls-key must be given together')
  return { certFile: resolve(cert), keyFile: resolve(key) }
}

function file(env: string): Setting<string> {
  return { env, fallback: '', parse: (text) => (text.includes('\0') ? undefined : text), expected: 'a file' }
}

function choice<T extends string>(env: string, fallback: T, words: readonly T[]): Setting<T> {
  return { env, fallback, parse: (text) => words.find((word) => word === text), expected: words.join(', ') }
}

function parseHost(text: string): string | undefined {
  const host = unbracketed(text)
  return isIP(host) !== 0 || /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(host) ? host : undefined
}

function parseDatabase(text: string): string | undefined {
  if (!/^postgres(?:ql)?:\/\//.test(text) || !URL.canParse(text)) return undefined
  return new URL(text).pathname.length > 1 ? text : undefined
}

function parseOrigin(text: string): string | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined
  const url = new URL(text)
  const plain =
    url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '' && url.password === ''
  return plain ? url.origin : undefined
}

function unbracketed(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
