/** `batchdrive tenant`: the organizations a deployment keeps apart. */
import { Command } from 'commander'
import { addTenants } from '../engine/people.ts'
import { QUOTA_ARGUMENT } from './bytes.ts'
import { DATA_OPTION, DATABASE_OPTION, type DataOptions, demandTenant, withData, withNewData } from './data.ts'
import { demandMade } from './failure.ts'
import { isoTime, printJson } from './print.ts'

export function tenantCommand(): Command {
  const command = new Command('tenant').description('organizations: create, quota')
  command
    .command('create <id>')
    .description('make a tenant; its id (1 to 32 of a-z and 0-9) is also PDS domain, WPS company and DingTalk corp id')
    .option('--name <name>', 'its name (the id)')
    .option(...DATA_OPTION)
    .option(...DATABASE_OPTION)
    .action(create)
  command
    .command('quota <id>')
    .description('how much all drives of a tenant may hold together')
    .argument(...QUOTA_ARGUMENT)
    .option(...DATA_OPTION)
    .option(...DATABASE_OPTION)
    .action(quota)
  return command
}

function create(id: string, options: DataOptions & { name?: string }): Promise<void> {
  return withNewData(options, async ({ store }) => {
    const { name = id } = options
    const [outcome] = await store.write((tx) => addTenants(tx, Date.now(), [{ id, name }]))
    const tenant = demandMade(outcome, `tenant ${id}`)
    printJson({ id: tenant.id, name: tenant.name, created_at: isoTime(tenant.createdAt) })
  })
}

function quota(id: string, limit: number | null, options: DataOptions): Promise<void> {
  return withData(options, async (data) => {
    const tenant = await demandTenant(data, id)
    await data.directory.setQuotas(tenant, [{ kind: 'tenant', key: '', quota: limit }])
    printJson({ id, quota: limit })
  })
}
