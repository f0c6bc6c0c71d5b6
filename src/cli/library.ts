/** The switches of an SMH library, which its vendor sets in a console: options of `app create` and `app update`. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Json } from '../engine/index.ts'

/** What a space keeps in its bin at most, as the vendor bounds it. */
const RECYCLE_DAYS_MAX = 1095
const NAME_CHARACTERS_MAX = 255

export interface LibraryOptions {
  readonly recycleBin?: 'on' | 'off'
  readonly recycleDays?: number
  readonly belowUsage?: 'allow' | 'deny'
  readonly nameMax?: number
}

/** Adds the switches that may be set at any time. They are for spaces made from then on, and for names given from then on. */
export function withLibraryOptions(command: Command): Command {
  const chosen = (flags: string, about: string, choices: readonly string[]) =>
    command.addOption(new Option(flags, `smh: ${about}`).choices(choices))
  chosen('--recycle-bin <on|off>', 'whether new spaces have a bin (on)', ['on', 'off'])
  command.option(
    '--recycle-days <n>',
    'smh: for how many days the bin of a new space keeps things; 0 = for ever (0)',
    days,
  )
  chosen('--below-usage <allow|deny>', 'whether a quota may be set below what is used (allow)', ['allow', 'deny'])
  return command.option(
    '--name-max <n>',
    `smh: how long names may be, in characters (${NAME_CHARACTERS_MAX})`,
    characters,
  )
}

/** The given switches as a library keeps them. */
export function switchesOf({ recycleBin, recycleDays, belowUsage, nameMax }: LibraryOptions): Record<string, Json> {
  return {
    ...(recycleBin && { 'smh.recycleBin': recycleBin === 'on' }),
    ...(recycleDays !== undefined && { 'smh.recycleDays': recycleDays }),
    ...(belowUsage && { 'smh.denyQuotaBelowUsage': belowUsage === 'deny' }),
    ...(nameMax !== undefined && { 'smh.nameCharactersMax': nameMax }),
  }
}

const days = (text: string) => wholeNumber(text, 0, RECYCLE_DAYS_MAX)
const characters = (text: string) => wholeNumber(text, 1, NAME_CHARACTERS_MAX)

function wholeNumber(text: string, min: number, max: number): number {
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new InvalidArgumentError(`a whole number from ${min} to ${max}`)
}
