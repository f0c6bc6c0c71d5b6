/** `batchdrive user`: the people of a tenant. */
import { text as readAll } from 'node:stream/consumers'
import { Command, Option } from 'commander'
import { hashPassword } from '../auth/password.ts'
import type { User } from '../engine/index.ts'
import { addUsers, setUserStatus, type UserSpec } from '../engine/people.ts'
import { parseQuota } from './bytes.ts'
import { DATA_OPTION, DATABASE_OPTION, type DataOptions, demandTenant, withData } from './data.ts'
import { CommandError, demandMade } from './failure.ts'
import { isoTime, printJson } from './print.ts'

interface TenantOptions extends DataOptions {
  readonly tenant: string
}

interface CreateOptions extends TenantOptions {
  readonly name?: string
  readonly email?: string
  readonly phone?: string
  readonly role: User['role']
  readonly drive: boolean
  readonly quota?: number | null
  readonly passwordStdin?: boolean
}

export function userCommand(): Command {
  const command = new Command('user').description('people of a tenant: create, show, enable, disable')
  command
    .command('create <id>')
    .description('make a user, by default with a drive of its own')
    .requiredOption('--tenant <id>', 'the tenant')
    .option('--name <name>', 'its name (the id)')
    .option('--email <address>')
    .option('--phone <number>')
    .addOption(
      new Option('--role <role>', 'admin: every right in the tenant').choices(['user', 'admin']).default('user'),
    )
    .option('--quota <bytes>', 'how much its drive may hold (none)', parseQuota)
    .option('--no-drive', 'make no drive')
    .option('--password-stdin', 'read a password from the standard input')
    .option(...DATA_OPTION)
    .option(...DATABASE_OPTION)
    .action(create)
  command
    .command('show <ids...>')
    .description('show users')
    .requiredOption('--tenant <id>', 'the tenant')
    .option(...DATA_OPTION)
    .option(...DATABASE_OPTION)
    .action(show)
  for (const status of ['enabled', 'disabled'] as const) {
    command
      .command(`${status.slice(0, -1)} <ids...>`)
      .description(status === 'enabled' ? 'let users in again' : 'let users in no longer; takes two seconds at most')
      .requiredOption('--tenant <id>', 'the tenant')
      .option(...DATA_OPTION)
      .option(...DATABASE_OPTION)
      .action((ids: string[], options: TenantOptions) => setStatus(ids, options, status))
  }
  return command
}

async function create(id: string, options: CreateOptions): Promise<void> {
  const { name = id, email = '', phone = '', role, drive, quota = null } = options
  const password = options.passwordStdin ? await hashPassword(await passwordFromInput()) : ''
  const spec: UserSpec = { id, name, email, phone, role, password, ...(drive ? { drive: { name, quota } } : {}) }
  await withData(options, async (data) => {
    const tenant = await demandTenant(data, options.tenant)
    const [outcome] = await data.store.write((tx) => addUsers(tx, { tenant, at: Date.now() }, [spec]))
    printJson(shown(demandMade(outcome, `user ${id}`)))
  })
}

async function passwordFromInput(): Promise<string> {
  const password = (await readAll(process.stdin)).replace(/\r?\n$/, '')
  if (password === '') throw new CommandError('the standard input holds no password')
  return password
}

function show(ids: string[], options: TenantOptions): Promise<void> {
  return withData(options, async (data) => {
    const tenant = await demandTenant(data, options.tenant)
    const users = await data.directory.users(tenant, ids)
    printJson(users.map((user, i) => shown(demandMade(user ?? undefined, `user ${ids[i]}`))))
  })
}

function setStatus(ids: string[], options: TenantOptions, status: User['status']): Promise<void> {
  return withData(options, async (data) => {
    const tenant = await demandTenant(data, options.tenant)
    const users = await data.directory.users(tenant, ids)
    for (const [i, user] of users.entries()) demandMade(user ?? undefined, `user ${ids[i]}`)
    const changed = await data.store.write((tx) => setUserStatus(tx, { tenant, at: Date.now() }, ids, status))
    printJson(changed.map((user, i) => shown(demandMade(user, `user ${ids[i]}`))))
  })
}

function shown(user: User) {
  const { id, name, email, phone, role, status, defaultDrive, createdAt } = user
  const drive = defaultDrive === 0 ? null : String(defaultDrive)
  return { id, name, email, phone, role, status, drive, created_at: isoTime(createdAt) }
}
