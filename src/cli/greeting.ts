/** What `serve` prints once it listens: where everything is, and one request for each dialect that works as printed. */
import { DIALECTS, type Server } from '../app.ts'
import { DEMO, type Demo, demoKeyFile } from '../demo.ts'
import { certificateFile } from '../tls.ts'

export async function greeting(server: Server): Promise<string> {
  const { url, config, demo } = server
  const width = Math.max(...DIALECTS.map(({ title }) => title.length))
  const mounts = DIALECTS.map(({ title, mounts: paths }) => `  ${title.padEnd(width)}  ${paths.join('  ')}`)
  const where = config.publicUrl === '' ? url : `${url}, published as ${config.publicUrl}`
  const head = [`Batchdrive serves ${config.dataDir} at ${where}`, '', ...mounts, '']
  const rest = demo === null ? WITHOUT_DEMO : await demoLines(server, demo)
  return `${[...head, ...rest].join('\n')}\n`
}

const WITHOUT_DEMO = [
  'There is no demo tenant here. Make a tenant, its people and its apps:',
  '  batchdrive tenant create --help',
  '  batchdrive user create --help',
  '  batchdrive app create --help',
]

async function demoLines(server: Server, demo: Demo): Promise<string[]> {
  const { url, config } = server
  const rootId = await rootFileId(server, demo)
  // Nobody else vouches for a certificate that signed itself.
  const trusting = `curl --cacert ${quoted(certificateFile(config.dataDir))} `
  const lines = [
    `The demo tenant "${demo.tenant}" is open to everyone who can reach this address:`,
    `  users     admin (drive ${demo.drives.admin}), alice (drive ${demo.drives.alice})`,
    `  pds       app ${DEMO.pds.jwtApp}, private key ${demoKeyFile(config.dataDir)}`,
    `            AccessKey ${DEMO.pds.accessKeyId} / ${DEMO.pds.accessKeySecret}`,
    `  smh       library ${DEMO.smh.library} / ${DEMO.smh.secret}`,
    `  wps       app ${DEMO.wps.app} / ${DEMO.wps.secret}`,
    `  dingtalk  app ${DEMO.dingtalk.app} / ${DEMO.dingtalk.secret}, union ids admin and alice`,
    '',
    config.database === ''
      ? 'Try it; each of these works as it stands:'
      : 'Try it; each of these works as it stands, where BATCHDRIVE_DATABASE_URL names the database:',
    '',
    ...pdsExample(url, config.dataDir, demo),
    '',
    ...smhExample(url, demo),
    '',
    ...wpsExample(url, rootId),
    '',
    ...dingtalkExample(url, demo),
  ]
  return config.tls === 'self-signed' ? lines.map((line) => line.replaceAll('curl ', trusting)) : lines
}

/** The public id of the demo drive's root folder. */
async function rootFileId({ engine, store }: Server, { drives }: Demo): Promise<string> {
  const [drive] = await store.read((tx) => tx.drives([drives.admin]))
  return engine.ids.fileId({ born: drives.admin, id: drive!.root })
}

/** This very program, as it was started: it is not always on the PATH, nor in the folder where the line is pasted. */
function thisCommand(): string {
  return ['node', ...process.execArgv, process.argv[1]!].map(quoted).join(' ')
}

/** A word for the shell. */
function quoted(word: string): string {
  return /^[A-Za-z0-9_./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

const JSON_HEADER = "-H 'content-type: application/json'"

/** A shell command that prints a member of the JSON which `command` prints. */
function member(command: string, name: string): string {
  return `$(${command} | sed 's/.*"${name}":"\\([^"]*\\)".*/\\1/')`
}

function pdsExample(url: string, dataDir: string, { drives }: Demo): string[] {
  const root = `{"id":"1","method":"POST","url":"/file/get","body":{"drive_id":"${drives.admin}","file_id":"root"}}`
  const drive = `{"id":"2","method":"POST","url":"/drive/get","body":{"drive_id":"${drives.admin}"}}`
  return [
    '# Alibaba Cloud PDS: two calls in one batch',
    `TOKEN=$(${thisCommand()} token --dialect pds --user admin --plain --data ${quoted(dataDir)})`,
    `curl -sw '\\n' '${url}/v2/batch' -H "authorization: Bearer $TOKEN" ${JSON_HEADER} \\`,
    `  -d '{"resource":"file","requests":[${root},${drive}]}'`,
  ]
}

function smhExample(url: string, { drives }: Demo): string[] {
  const { library, secret } = DEMO.smh
  const api = `${url}/api/v1`
  const mint = `curl -s '${api}/token?library_id=${library}&library_secret=${secret}&grant=admin&user_id=admin'`
  const space = `${library}/${drives.admin}`
  return [
    '# Tencent SMH: make a directory, then move it in a batch',
    `TOKEN=${member(mint, 'accessToken')}`,
    `curl -sw '\\n' -X PUT "${api}/directory/${space}/hello?access_token=$TOKEN"`,
    `curl -sw '\\n' "${api}/batch/${space}?move&access_token=$TOKEN" ${JSON_HEADER} \\`,
    `  -d '[{"from":"hello","to":"moved","conflictResolutionStrategy":"rename"}]'`,
  ]
}

function wpsExample(url: string, rootId: string): string[] {
  const { app, secret } = DEMO.wps
  const form = `grant_type=client_credentials&client_id=${app}&client_secret=${secret}`
  return [
    '# WPS 365: the metadata of many files, here of the root folder',
    `TOKEN=${member(`curl -s '${url}/oauth2/token' -d '${form}'`, 'access_token')}`,
    `curl -sw '\\n' '${url}/v7/files/batch_get_meta' -H "authorization: Bearer $TOKEN" ${JSON_HEADER} \\`,
    `  -d '{"file_ids":["${rootId}"]}'`,
  ]
}

function dingtalkExample(url: string, { drives }: Demo): string[] {
  const { app, secret } = DEMO.dingtalk
  const credentials = `{"appKey":"${app}","appSecret":"${secret}"}`
  const mint = `curl -s '${url}/v1.0/oauth2/accessToken' ${JSON_HEADER} -d '${credentials}'`
  const space = `${url}/v1.0/storage/spaces/${drives.admin}`
  const header = '-H "x-acs-dingtalk-access-token: $TOKEN"'
  const make = `curl -s '${space}/dentries/0/folders?unionId=admin' ${header} ${JSON_HEADER} -d '{"name":"goodbye"}'`
  return [
    '# DingTalk: make a folder, then put it into the recycle bin in a batch',
    `TOKEN=${member(mint, 'accessToken')}`,
    `ID=${member(make, 'id')}`,
    `curl -sw '\\n' '${space}/dentries/batchRemove?unionId=admin' ${header} ${JSON_HEADER} \\`,
    `  -d '{"dentryIds":["'$ID'"],"option":{"toRecycleBin":true}}'`,
  ]
}
