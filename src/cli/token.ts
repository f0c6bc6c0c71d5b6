/** `batchdrive token`: a token for a user, printed as the dialect's own answer. */
import { Command, Option } from 'commander'
import { DEMO } from '../demo.ts'
import type { DialectName } from '../engine/index.ts'
import { DATA_OPTION, DATABASE_OPTION, type Data, type DataOptions, demandTenant, withData } from './data.ts'
import { demandMade } from './failure.ts'
import { fetchToken } from './fetch-token.ts'
import { mintToken, type TokenApp } from './mint.ts'
import { printJson } from './print.ts'

const DIALECTS = ['pds', 'smh', 'wps', 'dingtalk', 'native'] as const satisfies DialectName[]

/** The demo tenant's app of each dialect; native tokens belong to none. */
const DEMO_APPS: Record<DialectName, string> = {
  pds: DEMO.pds.jwtApp,
  smh: DEMO.smh.library,
  wps: DEMO.wps.app,
  dingtalk: DEMO.dingtalk.app,
  native: '',
}

interface TokenOptions extends DataOptions {
  readonly dialect: DialectName
  readonly user: string
  readonly tenant: string
  readonly app?: string
  readonly url?: string
  readonly privateKey?: string
  readonly plain?: boolean
}

export function tokenCommand(): Command {
  return new Command('token')
    .description('print an access token, as the dialect itself would answer it')
    .addOption(new Option('--dialect <name>', 'for which API').choices(DIALECTS).makeOptionMandatory())
    .option('--user <id>', 'for whom; in dingtalk each call names its user itself', 'admin')
    .option('--tenant <id>', 'in which tenant', DEMO.tenant)
    .option('--app <id>', 'through which app (the demo tenant’s own)')
    .option('--url <url>', 'ask a running server, the way a client does; wps and native have no such way for users')
    .option('--private-key <file>', 'pds with --url: the PEM that signs the assertion (the demo tenant’s own)')
    .option('--plain', 'the token’s text alone')
    .option(...DATA_OPTION)
    .option(...DATABASE_OPTION)
    .addHelpText('after', EXAMPLES)
    .action(token)
}

const EXAMPLES = `
Without --url the token is made in the data folder, also while a server runs on it.

  batchdrive token --dialect pds --user admin
  TOKEN=$(batchdrive token --dialect wps --user alice --plain)`

async function token(options: TokenOptions): Promise<void> {
  const answer = await withData(options, async (data) => {
    const app = await demandApp(data, options)
    const asked = { app, user: options.user, privateKeyFile: options.privateKey }
    const fetched = options.url === undefined ? null : await fetchToken(data, options.url, asked)
    return fetched ?? mintToken(data, asked)
  })
  if (options.plain) process.stdout.write(`${answer.text}\n`)
  else printJson(answer.body)
}

/** The tenant's app of the dialect; for native, which has none, only the tenant. */
async function demandApp(data: Data, { dialect, tenant: id, app: named }: TokenOptions): Promise<TokenApp> {
  const tenant = await demandTenant(data, id)
  const appId = named ?? (tenant === DEMO.tenant ? DEMO_APPS[dialect] : '')
  if (dialect === 'native') return { tenant, dialect, id: '', secret: '', scopes: [] }
  const found = await data.auth.app(dialect, appId)
  const app = found?.tenant === tenant ? found : undefined
  return demandMade(app, `app ${appId === '' ? '(name one with --app)' : appId} of ${dialect} in ${id}`)
}
