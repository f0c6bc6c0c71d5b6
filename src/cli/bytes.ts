/** Amounts of bytes as people write them. */
import { InvalidArgumentError } from 'commander'

const UNITS = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 } as const

/** Bytes behind `none` (null, unlimited), `1048576`, `512M`, `10G` …; units are powers of 1024. */
export function parseQuota(text: string): number | null {
  if (text === 'none') return null
  const [, digits = '', unit = ''] = /^([0-9]{1,16})([KMGT]?)$/i.exec(text) ?? []
  const bytes = Number(digits) * UNITS[unit.toUpperCase() as keyof typeof UNITS]
  if (digits === '' || !Number.isSafeInteger(bytes)) {
    throw new InvalidArgumentError(`a quota is a number of bytes, such as 1048576, 512M or 10G, or none; not "${text}"`)
  }
  return bytes
}

/** The argument of every command that sets a quota. */
export const QUOTA_ARGUMENT = ['<bytes>', 'bytes, or a number with K, M, G or T, or none', parseQuota] as const
