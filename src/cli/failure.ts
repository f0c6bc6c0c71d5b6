/** How failures read on the command line. */
import { KeyError } from '../auth/key.ts'
import { ConfigError } from '../config.ts'
import { DataInUseError } from '../data-lock.ts'
import { DemoRefusedError } from '../demo.ts'
import { RefusedError } from '../engine/directory.ts'
import { type ErrorCode, type Failed, type OpError, StorageError } from '../engine/index.ts'
import { PlaceError } from '../place.ts'

/** What was asked cannot be done, for a reason the message gives. */
export class CommandError extends Error {
  override name = 'CommandError'
}

/** A command that judges something could not look at it: another end than a bad judgement. */
export class CannotRunError extends Error {
  override name = 'CannotRunError'
}

const EXPECTED = [
  CannotRunError,
  CommandError,
  ConfigError,
  DataInUseError,
  DemoRefusedError,
  KeyError,
  PlaceError,
  StorageError,
]

/** A sentence for failures one may expect; the stack for those that are mistakes of ours. */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error instanceof RefusedError) return refusalText(error.error)
  if (EXPECTED.some((kind) => error instanceof kind)) return error.message
  if ('syscall' in error) return systemText(error as NodeJS.ErrnoException)
  return error.stack ?? error.message
}

/** Throws a CommandError unless the outcome is what was asked for. */
export function demandMade<Row extends object>(outcome: Row | Failed | undefined, what: string): Row {
  if (outcome === undefined) throw new CommandError(`there is no ${what}`)
  if ('status' in outcome && outcome.status === 'failed') {
    throw new CommandError(`${what}: ${refusalText((outcome as Failed).error)}`)
  }
  return outcome as Row
}

const SENTENCES: Partial<Record<ErrorCode, string>> = {
  drive_not_found: 'there is no such drive',
  node_not_found: 'there is none of this name',
  forbidden: 'this is not allowed',
  name_invalid: 'the name is too long or has characters that are not allowed',
  name_taken: 'the name is taken',
  attribute_invalid: 'a value is out of range',
}

function refusalText({ code, detail }: OpError): string {
  return `${SENTENCES[code] ?? code}${detail === '' ? '' : ` (${detail})`}`
}

function systemText({ code, syscall, message, ...more }: NodeJS.ErrnoException): string {
  const { address = '', port = '' } = more as { address?: string; port?: number }
  if (syscall === 'listen' && code === 'EADDRINUSE') {
    return `port ${port} of ${address} is in use: stop what listens there, or choose another with --port`
  }
  if (syscall === 'listen' && (code === 'EADDRNOTAVAIL' || code === 'EACCES')) {
    return `cannot listen at ${address}:${port} (${code}): choose another --host or --port`
  }
  return message
}
