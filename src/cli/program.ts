/** All commands, and how the program ends. */
import { Command, CommanderError } from 'commander'
import { ConfigError } from '../config.ts'
import { appCommand } from './app.ts'
import { backupCommand } from './backup.ts'
import { copyStoreCommand } from './copy-store.ts'
import { driveCommand } from './drive.ts'
import { CannotRunError, failureText } from './failure.ts'
import { fsckCommand } from './fsck.ts'
import { gcCommand } from './gc.ts'
import { migrateCommand } from './migrate.ts'
import { restoreCommand } from './restore.ts'
import { serveCommand } from './serve.ts'
import { tasksCommand } from './tasks.ts'
import { tenantCommand } from './tenant.ts'
import { tokenCommand } from './token.ts'
import { userCommand } from './user.ts'
import { programVersion } from './version.ts'
import { workCommand } from './work.ts'

const FAILED = 1
const MISUSED = 2

function program(): Command {
  const root = new Command('batchdrive')
    .description('A self-hosted cloud drive that speaks four vendors’ drive APIs over one tree of files.')
    .version(programVersion())
    .showHelpAfterError('(add --help for the options)')
  const commands = [
    serveCommand,
    workCommand,
    tasksCommand,
    migrateCommand,
    tokenCommand,
    tenantCommand,
    userCommand,
    appCommand,
    driveCommand,
    fsckCommand,
    gcCommand,
    backupCommand,
    restoreCommand,
    copyStoreCommand,
  ].map((make) => make())
  for (const command of commands) root.addCommand(command)
  for (const command of [root, ...commands, ...commands.flatMap((parent) => parent.commands)]) {
    command.exitOverride().showHelpAfterError('(add --help for the options)')
  }
  return root
}

/**
 * Runs one command with the arguments after the program's name and prints what it has to say. Resolves to the exit code: 0
 * when all went well, 1 when something was refused or failed, 2 when it was called wrongly or could not
 * even look.
 */
export async function runProgram(args: readonly string[]): Promise<number> {
  try {
    await program().parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    // Help and the version come this way too, with code 0; commander has printed whatever there is to say.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : MISUSED
    process.stderr.write(`batchdrive: ${failureText(error)}\n`)
    return error instanceof ConfigError || error instanceof CannotRunError ? MISUSED : FAILED
  }
}
