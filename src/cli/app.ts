/** `batchdrive app`: a tenant's credentials for one dialect. */
import { createPublicKey, type KeyObject, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import { createSecrets } from '../auth/secrets.ts'
import type { App, DialectName, Json } from '../engine/index.ts'
import { type AppSpec, addApps } from '../engine/people.ts'
import { DATA_OPTION, DATABASE_OPTION, type DataOptions, demandTenant, withData } from './data.ts'
import { CommandError, demandMade } from './failure.ts'
import { type LibraryOptions, switchesOf, withLibraryOptions } from './library.ts'
import { isoTime, printJson } from './print.ts'

const DIALECTS = ['pds', 'smh', 'wps', 'dingtalk'] as const satisfies DialectName[]
type Vendor = (typeof DIALECTS)[number]
/** What freshly made ids begin with, as the vendors' own do. */
const ID_PREFIXES: Record<Vendor, string> = { pds: 'pds', smh: 'smh', wps: 'AK', dingtalk: 'ding' }
const RSA_BITS_MIN = 2048

interface CreateOptions extends DataOptions, LibraryOptions {
  readonly tenant: string
  readonly dialect: Vendor
  readonly id?: string
  readonly name?: string
  readonly publicKey?: string
  readonly scope: string[]
  readonly redirectUri: string[]
  readonly singleSpace?: boolean
  readonly media?: boolean
  readonly signed?: boolean
}

interface UpdateOptions extends DataOptions, LibraryOptions {
  readonly dialect: Vendor
}

interface ShowOptions extends DataOptions {
  readonly dialect: Vendor
}

export function appCommand(): Command {
  const command = new Command('app').description('credentials of a tenant for one dialect: create, update, show')
  withLibraryOptions(command.command('create'))
    .description('make an app; its secret is shown this once')
    .requiredOption('--tenant <id>', 'the tenant')
    .addOption(new Option('--dialect <name>', 'which API it speaks').choices(DIALECTS).makeOptionMandatory())
    .option('--id <id>', 'its id: app key, access key id, library id or client id (a fresh one)')
    .option('--name <name>', 'its name (the id)')
    .option('--public-key <file>', 'pds: the RSA public key (PEM) of JWT assertions, instead of an AccessKey pair')
    .option('--scope <scopes...>', 'what it may do at most, in the dialect’s words (all)', [])
    .option('--redirect-uri <uris...>', 'pds: where people who signed in may be sent back (their own machine)', [])
    .option('--single-space', 'smh: a library with one space, addressed as "-"')
    .option('--media', 'smh: a library of photos and videos, with one level of albums at most')
    .option('--signed', 'wps: refuse requests without a KSO-1 signature')
    .option(...DATA_OPTION)
    .option(...DATABASE_OPTION)
    .action(create)
  withLibraryOptions(command.command('update <id>'))
    .description('change the switches of an app; running servers see it within seconds')
    .addOption(new Option('--dialect <name>', 'which API it speaks').choices(DIALECTS).makeOptionMandatory())
    .option(...DATA_OPTION)
    .option(...DATABASE_OPTION)
    .action(update)
  command
    .command('show <ids...>')
    .description('show apps, without their secrets')
    .addOption(new Option('--dialect <name>', 'which API they speak').choices(DIALECTS).makeOptionMandatory())
    .option(...DATA_OPTION)
    .option(...DATABASE_OPTION)
    .action(show)
  return command
}

async function create(options: CreateOptions): Promise<void> {
  const { dialect, id = freshId(dialect), name = id, scope: scopes } = options
  const publicKey = options.publicKey === undefined ? '' : await publicKeyIn(dialect, options.publicKey)
  const secret = publicKey === '' ? randomBytes(24).toString('base64url') : ''
  await withData(options, async (data) => {
    const tenant = await demandTenant(data, options.tenant)
    const { seal } = createSecrets(data.secret)
    const spec: AppSpec = { dialect, id, name, publicKey, scopes, secret: seal(secret), extra: extraOf(options) }
    const [outcome] = await data.store.write((tx) => addApps(tx, { tenant, at: Date.now() }, [spec]))
    const app = demandMade(outcome, `app ${id}`)
    printJson({ ...shown(app), ...(secret === '' ? {} : { secret }) })
  })
}

async function update(id: string, options: UpdateOptions): Promise<void> {
  const { dialect } = options
  const extra = extraIn(options)
  if (Object.keys(extra).length === 0)
    throw new CommandError('name a switch to change: see "batchdrive app update --help"')
  await withData(options, async ({ auth, store }) => {
    const found = () => store.read((tx) => tx.apps([{ dialect, id }]))
    demandMade((await found())[0], `app ${id} of ${dialect}`)
    await auth.changeApp({ dialect, id }, extra)
    printJson(shown((await found())[0]!))
  })
}

/** Switches that are given to an app of a dialect that has none are a slip. */
function extraIn(options: UpdateOptions): Record<string, Json> {
  const switches = switchesOf(options)
  const [first] = Object.keys(switches)
  if (first && options.dialect !== 'smh') throw new CommandError('only libraries of smh have these switches')
  return switches
}

function show(ids: string[], options: ShowOptions): Promise<void> {
  const { dialect } = options
  return withData(options, async ({ store }) => {
    const found = await store.read((tx) => tx.apps(ids.map((id) => ({ dialect, id }))))
    const byId = new Map(found.map((app) => [app.id, app]))
    printJson(ids.map((id) => shown(demandMade(byId.get(id), `app ${id} of ${dialect}`))))
  })
}

function freshId(dialect: Vendor): string {
  return ID_PREFIXES[dialect] + randomBytes(8).toString('hex')
}

/** What each dialect reads of its apps. */
function extraOf(options: CreateOptions): Record<string, Json> {
  const { dialect, publicKey, redirectUri, singleSpace, media, signed } = options
  const switches = extraIn(options)
  switch (dialect) {
    case 'pds':
      return {
        'pds.kind': publicKey === undefined ? 'accesskey' : 'jwt',
        ...(redirectUri.length > 0 && { 'pds.redirect_uris': redirectUri }),
      }
    case 'smh':
      return { 'smh.multiSpace': !singleSpace, ...(media && { 'smh.media': true }), ...switches }
    case 'wps':
      return { 'wps.signature': signed === true }
    case 'dingtalk':
      return {}
  }
}

/** The key as PEM; refused unless it is an RSA public key of a fair length. */
async function publicKeyIn(dialect: Vendor, file: string): Promise<string> {
  if (dialect !== 'pds') throw new CommandError('only apps of pds have a public key')
  const key = parsePublicKey(await readFile(file, 'utf8'), file)
  if (key.asymmetricKeyType !== 'rsa' || (key.asymmetricKeyDetails?.modulusLength ?? 0) < RSA_BITS_MIN) {
    throw new CommandError(`${file} is not an RSA key of at least ${RSA_BITS_MIN} bits`)
  }
  return key.export({ type: 'spki', format: 'pem' }).toString()
}

function parsePublicKey(pem: string, file: string): KeyObject {
  if (pem.includes('PRIVATE KEY')) throw new CommandError(`${file} is a private key: keep it, and give the public one`)
  try {
    return createPublicKey(pem)
  } catch {
    throw new CommandError(`${file} is not a public key in PEM`)
  }
}

function shown({ dialect, id, name, tenant, scopes, publicKey, extra, createdAt }: App) {
  const more = publicKey === '' ? {} : { public_key: publicKey }
  return { dialect, id, name, tenant, scopes, ...more, ...extra, created_at: isoTime(createdAt) }
}
