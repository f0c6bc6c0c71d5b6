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

export interface Config {
  /** The address to listen at: a host name or an IP address, without brackets. */
  readonly host: string
  /** 0 = any free port. */
  readonly port: number
  /** Absolute. */
  readonly dataDir: string
  /** What clients reach us under, without a slash at the end; '' = whatever they say. */
  readonly publicUrl: string
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
  publicUrl: {
    env: 'BATCHDRIVE_PUBLIC_URL',
    fallback: '',
    parse: parseOrigin,
    expected: 'an address such as https://drive.example.com, without a path',
  },
  demo: choice('BATCHDRIVE_DEMO', 'auto', DEMO_MODES),
  logLevel: choice('BATCHDRIVE_LOG', 'warn', LOG_LEVELS),
  smhInlineItemsMax: number('BATCHDRIVE_SMH_INLINE_ITEMS_MAX', DEFAULT_DIALECT_SETTINGS.smhInlineItemsMax, 1, 1000),
  wpsClockSkewMs: number('BATCHDRIVE_WPS_CLOCK_SKEW_MS', DEFAULT_DIALECT_SETTINGS.wpsClockSkewMs, 0),
  pdsClockSkewMs: number('BATCHDRIVE_PDS_CLOCK_SKEW_MS', DEFAULT_DIALECT_SETTINGS.pdsClockSkewMs, 0),
  batchesPerDriveMax: number('BATCHDRIVE_BATCHES_PER_DRIVE_MAX', DEFAULT_ENGINE_OPTIONS.batchesPerDriveMax, 1),
  waitMsMax: number('BATCHDRIVE_WAIT_MS_MAX', DEFAULT_ENGINE_OPTIONS.waitMsMax, 1),
  subtreeNodesMax: number('BATCHDRIVE_SUBTREE_NODES_MAX', DEFAULT_ENGINE_OPTIONS.subtreeNodesMax, 1),
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
    problems.push(`${source} must be ${setting.expected}, not ${JSON.stringify(text)}`)
    return setting.fallback
  }
  const config: Config = {
    host: value('host'),
    port: value('port'),
    dataDir: resolve(value('data')),
    publicUrl: value('publicUrl'),
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
      subtreeNodesMax: value('subtreeNodesMax'),
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

function choice<T extends string>(env: string, fallback: T, words: readonly T[]): Setting<T> {
  return { env, fallback, parse: (text) => words.find((word) => word === text), expected: words.join(', ') }
}

function parseHost(text: string): string | undefined {
  const host = unbracketed(text)
  return isIP(host) !== 0 || /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(host) ? host : undefined
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
