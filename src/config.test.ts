import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ConfigError, isExposed, isLoopback, readConfig, SETTINGS } from './config.ts'

describe('the configuration', () => {
  it('listens on this machine only, in ./data, unless told otherwise', () => {
    const config = readConfig({}, {})
    expect(config).toMatchObject({ host: '127.0.0.1', port: 8787, publicUrl: '', demo: 'auto', logLevel: 'warn' })
    expect(config.dataDir).toBe(resolve('data'))
    expect(config.settings).toMatchObject({ smhInlineItemsMax: 100 })
    expect(config.engine).toMatchObject({ batchesPerDriveMax: 256 })
  })

  it('lets the environment win over the defaults and options over the environment', () => {
    const env = { BATCHDRIVE_PORT: '1', BATCHDRIVE_DATA: '/e', BATCHDRIVE_WAIT_MS_MAX: '5' }
    const config = readConfig({ port: '2' }, env)
    expect(config).toMatchObject({ port: 2, dataDir: '/e', engine: { waitMsMax: 5 } })
  })

  it('takes an empty variable for none and an option that is undefined for not given', () => {
    expect(readConfig({ port: undefined }, { BATCHDRIVE_PORT: '' }).port).toBe(8787)
  })

  it('cannot be changed', () => {
    const config = readConfig({}, {})
    expect([config, config.settings, config.engine].every(Object.isFrozen)).toBe(true)
  })

  it('reads addresses in all their spellings', () => {
    const hosts = ['0.0.0.0', '::', '[::1]', 'drive.example.com', 'localhost']
    const read = hosts.map((host) => readConfig({ host }, {}).host)
    expect(read).toEqual(['0.0.0.0', '::', '::1', 'drive.example.com', 'localhost'])
    expect(readConfig({ publicUrl: 'https://Drive.Example.com:443/' }, {}).publicUrl).toBe('https://drive.example.com')
  })

  const bad: [setting: keyof typeof SETTINGS, texts: string[]][] = [
    ['port', ['', 'abc', '-1', '65536', '80.5', '1e3', '0x50', ' 80', 'tcp://10.0.0.1:80']],
    ['host', ['', 'http://x', 'a b', '-x', '1.2.3.4:80', 'ho_st/']],
    ['data', ['', 'a\0b']],
    ['publicUrl', ['', 'drive.example.com', 'ftp://x', 'http://x/path', 'http://u:p@x', 'http://x/?a', 'http://']],
    ['demo', ['', 'yes', 'ON']],
    ['logLevel', ['', 'verbose']],
    ['smhInlineItemsMax', ['0', '1001', 'x']],
    ['wpsClockSkewMs', ['-1', '9007199254740993']],
  ]
  it.each(bad)('refuses bad values of %s by name', (setting, texts) => {
    for (const text of texts) expect(() => readConfig({ [setting]: text }, {})).toThrow(ConfigError)
    const { env } = SETTINGS[setting]
    for (const text of texts.filter(Boolean)) expect(() => readConfig({}, { [env]: text })).toThrow(env)
  })

  it('names every bad value at once, with the option or the variable it came from', () => {
    const read = () => readConfig({ publicUrl: 'x' }, { BATCHDRIVE_PORT: 'x' })
    expect(read).toThrow(/BATCHDRIVE_PORT must be a whole number from 0 to 65535, not "x"/)
    expect(read).toThrow(/--public-url must be an address/)
  })
})

describe('reach', () => {
  it('is this machine only for 127.0.0.0/8, ::1 and localhost', () => {
    expect(['127.0.0.1', '127.255.0.9', '::1', 'localhost'].map(isLoopback)).toEqual([true, true, true, true])
    const others = ['0.0.0.0', '::', '10.0.0.1', '127.evil.com', '127.0.0.1.evil.com', 'localhost.evil.com', '']
    expect(others.filter(isLoopback)).toEqual([])
  })

  it('is everyone’s when the server is published under another address', () => {
    const host = '127.0.0.1'
    expect(isExposed({ host, publicUrl: '' })).toBe(false)
    expect(isExposed({ host, publicUrl: 'http://[::1]:80' })).toBe(false)
    expect(isExposed({ host, publicUrl: 'https://drive.example.com' })).toBe(true)
    expect(isExposed({ host: '0.0.0.0', publicUrl: '' })).toBe(true)
  })
})
