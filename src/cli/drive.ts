/** `batchdrive drive`: the trees of a tenant. */
import { Command, InvalidArgumentError } from 'commander'
import { type Drive, type DriveId, PAGE_SIZE_MAX, parseDecimalId, type Subject } from '../engine/index.ts'
import { parseQuota, QUOTA_ARGUMENT } from './bytes.ts'
import { DATA_OPTION, DATABASE_OPTION, type Data, type DataOptions, demandTenant, operator, withData } from './data.ts'
import { CommandError, demandMade } from './failure.ts'
import { isoTime, printJson, printRows } from './print.ts'

interface TenantOptions extends DataOptions {
  readonly tenant: string
}

interface CreateOptions extends TenantOptions {
  readonly owner: Subject
  readonly name?: string
  readonly quota?: number | null
  readonly trash: boolean
}

export function driveCommand(): Command {
  const command = new Command('drive').description('trees of files: create, list, quota')
  command
    .command('create')
    .description('make a drive')
    .requiredOption('--tenant <id>', 'the tenant')
    .requiredOption('--owner <subject>', 'whose it is: a user’s id, or group:<id>, or app:<id>', parseSubject)
    .option('--name <name>', 'its name (the owner)')
    .option('--quota <bytes>', 'how much it may hold: bytes, or a number with K, M, G or T (none)', parseQuota)
    .option('--no-trash', 'what is deleted in it is gone at once')
    .option(...DATA_OPTION)
    .option(...DATABASE_OPTION)
    .action(create)
  command
    .command('list')
    .description('list the drives of a tenant')
    .requiredOption('--tenant <id>', 'the tenant')
    .option('--json', 'as JSON')
    .option(...DATA_OPTION)
    .option(...DATABASE_OPTION)
    .action(list)
  command
    .command('quota <id>')
    .description('how much a drive may hold')
    .argument(...QUOTA_ARGUMENT)
    .requiredOption('--tenant <id>', 'the tenant')
    .option(...DATA_OPTION)
    .option(...DATABASE_OPTION)
    .action(quota)
  return command
}

function create(options: CreateOptions): Promise<void> {
  const { owner, name = owner.slice(owner.indexOf(':') + 1), trash } = options
  return withData(options, async (data) => {
    const tenant = await demandTenant(data, options.tenant)
    await demandOwner(data, tenant, owner)
    const spec = { name, owner, quota: options.quota ?? null, settings: { trash } }
    const [drive] = await data.directory.createDrives(operator(tenant, owner), [spec])
    printJson(shown(drive!))
  })
}

/** A drive of nobody could be opened by admins only: a slip, surely. */
async function demandOwner({ directory }: Data, tenant: Drive['tenant'], owner: Subject): Promise<void> {
  const [kind, id = ''] = owner.split(/:(.*)/s)
  if (kind === 'user') demandMade((await directory.users(tenant, [id]))[0] ?? undefined, `user ${id}`)
  if (kind === 'group') demandMade((await directory.groups(tenant, [id]))[0] ?? undefined, `group ${id}`)
}

function list(options: TenantOptions & { json?: boolean }): Promise<void> {
  return withData(options, async (data) => {
    const drives = await allDrives(data, await demandTenant(data, options.tenant))
    const heads = ['id', 'name', 'owner', 'used', 'quota', 'created_at']
    const rows = drives
      .map(shown)
      .map((row) => ({ ...row, used: String(row.used), quota: String(row.quota ?? 'none') }))
    if (options.json) printJson(drives.map(shown))
    else printRows(rows, heads)
  })
}

/** All pages of the tenant's drives: each page's start is known only from the one before. */
async function allDrives(data: Data, tenant: Drive['tenant'], after: DriveId | 0 = 0): Promise<Drive[]> {
  const query = { owners: null, after, limit: PAGE_SIZE_MAX }
  const { items, next } = await data.directory.listDrives(operator(tenant, 'everyone'), query)
  return next === null ? items : [...items, ...(await allDrives(data, tenant, next))]
}

function quota(text: string, limit: number | null, options: TenantOptions): Promise<void> {
  const id = parseDecimalId<DriveId>(text)
  return withData(options, async (data) => {
    const tenant = await demandTenant(data, options.tenant)
    if (id === undefined) throw new CommandError(`a drive’s id is a number, not ${text}`)
    const patch = { id, set: { quota: limit } }
    const [drive] = await data.directory.updateDrives(operator(tenant, 'everyone'), [patch])
    printJson(shown(demandMade(drive, `drive ${text}`)))
  })
}

function parseSubject(text: string): Subject {
  if (text === 'everyone') return text
  const [, kind = 'user', id = ''] = /^(?:(user|group|app):)?([A-Za-z0-9][A-Za-z0-9._@-]*)$/.exec(text) ?? []
  if (id === '') throw new InvalidArgumentError('a user’s id, or group:<id>, or app:<id>')
  return `${kind as 'user' | 'group' | 'app'}:${id}`
}

function shown({ id, name, owner, pools, settings, createdAt }: Drive) {
  const { used = 0, quota = null } = pools.find(({ kind }) => kind === 'drive') ?? {}
  return { id: String(id), name, owner, used, quota, trash: settings.trash, created_at: isoTime(createdAt) }
}
