/** Every call of the API, in each of its kinds, with the permissions by which the vendor's pages let it through. */
import { GRANTS } from '../../src/dialect/smh/grant.ts'
import { LIBRARY } from './session.ts'
import type { World } from './world.ts'

/** A request that has all it needs to succeed, but for the token. */
export interface Made {
  readonly target: string
  readonly body?: unknown
  /** The only space it is about, when that is one of its own. */
  readonly space?: string
}

export interface Row {
  /** Method and path as the operation has them, with its flag. */
  readonly call: string
  readonly about: string
  readonly permitted: readonly string[]
  /** A fresh request, which succeeds once. */
  readonly make: (world: World) => Made | Promise<Made>
  /** The codes of those that are neither let through nor refused for their permissions. */
  readonly except?: Readonly<Record<string, string>>
}

/** No permission at all, and every one by itself. */
export const ALL: readonly string[] = ['', ...GRANTS]
/** Reading an entry needs no permission, but a token that goes by authorities needs one of those. */
const READ = ALL.filter((grant) => grant !== 'acl')
const RULERS = ['admin', 'space_admin']
const by = (...grants: string[]) => [...RULERS, ...grants]

const OVERWRITE = 'conflict_resolution_strategy=overwrite'
const BATCH = 'POST batch/{lib}/{space}'
const FILE = 'file/{lib}/{space}/{path*}'
const DIRECTORY = 'directory/{lib}/{space}/{path*}'
const BIN = 'recycled/{lib}/{space}'
const overwriting = { conflictResolutionStrategy: 'overwrite' }

type Making = Row['make']
const row = (
  call: string,
  about: string,
  permitted: readonly string[],
  make: Making,
  except: Row['except'] = {},
): Row => ({ call, about, permitted, make, except })

/** A batch of one item in a fresh directory. */
const item =
  (verb: string, of: (folder: string, world: World) => object): Making =>
  async (world) => ({ target: world.at('batch', `?${verb}`), body: [of(await world.folder(), world)] })
/** A call on a path in a fresh directory. */
const on =
  (family: string, path: string, query = '', body?: (folder: string) => unknown): Making =>
  async (world) => {
    const folder = await world.folder()
    return { target: `${world.at(family, `/${folder}/${path}`)}?${query}`, body: body?.(folder) }
  }
const reading =
  (family: string, tail: string): Making =>
  (world) => ({ target: world.at(family, tail) })
const inLibrary =
  (family: string, tail = '', body?: unknown): Making =>
  () => ({ target: `${family}/${LIBRARY}${tail}`, body })

const BEGIN = by('upload_file', 'upload_file_force', 'begin_upload', 'begin_upload_force')
const BEGIN_OVER = by('upload_file_force', 'begin_upload_force')
const CONFIRM = by('upload_file', 'upload_file_force', 'confirm_upload')
/** Nothing that the library began is a person's own. */
const NOT_OWN = { acl: 'UploadNotFound' }

export const ROWS: readonly Row[] = [
  row(
    `${BATCH}?move`,
    'a directory',
    by('move_directory'),
    item('move', (d) => ({ from: `${d}/dir`, to: `${d}/x` })),
  ),
  row(
    `${BATCH}?move`,
    'a file',
    by('move_file', 'move_file_force'),
    item('move', (d) => ({ from: `${d}/a.txt`, to: `${d}/x` })),
  ),
  row(
    `${BATCH}?move`,
    'over a file',
    by('move_file_force'),
    item('move', (d) => ({ from: `${d}/a.txt`, to: `${d}/b.txt`, ...overwriting })),
  ),
  row(`${BATCH}?move`, 'from another space', RULERS, async (world) => ({
    target: world.at('batch', '?move'),
    body: [
      { from: `${await world.folder(world.other)}/a.txt`, fromSpaceId: world.other, to: `${await world.folder()}/x` },
    ],
  })),
  row(
    `${BATCH}?copy`,
    'a directory',
    by('copy_directory'),
    item('copy', (d) => ({ copyFrom: `${d}/dir`, to: `${d}/x` })),
  ),
  row(
    `${BATCH}?copy`,
    'a file',
    by('copy_file', 'copy_file_force'),
    item('copy', (d) => ({ copyFrom: `${d}/a.txt`, to: `${d}/x` })),
  ),
  row(
    `${BATCH}?copy`,
    'over a file',
    by('copy_file_force'),
    item('copy', (d) => ({ copyFrom: `${d}/a.txt`, to: `${d}/b.txt`, ...overwriting })),
  ),
  row(`${BATCH}?copy`, 'from another space', RULERS, async (world) => ({
    target: world.at('batch', '?copy'),
    body: [
      {
        copyFrom: `${await world.folder(world.other)}/dir`,
        copyFromSpaceId: world.other,
        to: `${await world.folder()}/x`,
      },
    ],
  })),
  row(
    `${BATCH}?delete`,
    'a directory',
    by('delete_directory', 'delete_directory_permanent'),
    item('delete', (d) => ({ path: d })),
  ),
  row(
    `${BATCH}?delete`,
    'a directory for good',
    by('delete_directory_permanent'),
    item('delete', (d) => ({ path: d, permanent: true })),
  ),
  row(
    `${BATCH}?delete`,
    'a file',
    by('delete_file', 'delete_file_permanent'),
    item('delete', (d) => ({ path: `${d}/a.txt` })),
  ),
  row(
    `${BATCH}?delete`,
    'a file for good',
    by('delete_file_permanent'),
    item('delete', (d) => ({ path: `${d}/a.txt`, permanent: 1 })),
  ),

  row('GET task/{lib}/{space}/{ids}', 'any', ALL, reading('task', '/1')),
  row(
    'GET task-result/{lib}/{space}/{ids}',
    'one that is not',
    [],
    reading('task-result', '/999999'),
    everyone('TaskNotFound'),
  ),
  row('GET task/{lib}/{ids}', 'of the library', ['admin'], inLibrary('task', '/1')),
  row('GET task-result/{lib}/{ids}', 'of the library', [], inLibrary('task-result', '/1'), { admin: 'TaskNotFound' }),

  row(`PUT ${FILE}`, 'an upload', BEGIN, on('file', 'new.txt')),
  row(`PUT ${FILE}`, 'an upload over a file', BEGIN_OVER, on('file', 'a.txt', OVERWRITE)),
  row(
    `PUT ${FILE}`,
    'a copy',
    by('copy_file', 'copy_file_force'),
    on('file', 'x', '', (d) => ({ copyFrom: `${d}/a.txt` })),
  ),
  row(
    `PUT ${FILE}`,
    'a copy over a file',
    by('copy_file_force'),
    on('file', 'b.txt', OVERWRITE, (d) => ({ copyFrom: `${d}/a.txt` })),
  ),
  row(
    `PUT ${FILE}`,
    'a move',
    by('move_file', 'move_file_force'),
    on('file', 'x', '', (d) => ({ from: `${d}/a.txt` })),
  ),
  row(
    `PUT ${FILE}`,
    'a move over a file',
    by('move_file_force'),
    on('file', 'b.txt', OVERWRITE, (d) => ({ from: `${d}/a.txt` })),
  ),
  row(
    `PUT ${FILE}`,
    'a symbolic link',
    by('create_symlink', 'create_symlink_force'),
    on('file', 'x', '', (d) => ({ linkTo: `${d}/a.txt` })),
  ),
  row(
    `PUT ${FILE}`,
    'a symbolic link over a file',
    by('create_symlink_force'),
    on('file', 'b.txt', OVERWRITE, (d) => ({ linkTo: `${d}/a.txt` })),
  ),
  row(
    `PUT ${FILE}?virtual_file`,
    'new',
    by('create_virtual'),
    on('file', 'x', 'virtual_file', () => ({ size: '7' })),
  ),
  row(`POST ${FILE}?multipart`, 'new', BEGIN, on('file', 'new.txt', 'multipart')),
  row(`POST ${FILE}?multipart`, 'over a file', BEGIN_OVER, on('file', 'a.txt', `multipart&${OVERWRITE}`)),
  row(`POST ${FILE}`, 'a form', BEGIN, on('file', 'new.txt')),
  row(
    `POST ${FILE}?renew`,
    'begun',
    BEGIN,
    async (world) => {
      const key = await world.upload(`${await world.folder()}/new.txt`, 'multipart')
      return { target: world.at('file', `/${key}?renew`) }
    },
    NOT_OWN,
  ),
  row(
    `POST ${FILE}?confirm`,
    'a new file',
    CONFIRM,
    async (world) => {
      const key = await world.upload(`${await world.folder()}/new.txt`)
      return { target: world.at('file', `/${key}?confirm`) }
    },
    NOT_OWN,
  ),
  row(
    `GET ${FILE}?upload`,
    'begun',
    READ,
    async (world) => {
      const key = await world.upload(`${await world.folder()}/new.txt`)
      return { target: world.at('file', `/${key}?upload`) }
    },
    NOT_OWN,
  ),
  row(
    `DELETE ${FILE}?upload`,
    'begun',
    BEGIN,
    async (world) => {
      const key = await world.upload(`${await world.folder()}/new.txt`)
      return { target: world.at('file', `/${key}?upload`) }
    },
    NOT_OWN,
  ),
  row(`GET ${FILE}?info`, 'a file', READ, reading('file', '/template/a.txt?info')),
  row(`GET ${FILE}`, 'its bytes', READ, reading('file', '/template/a.txt')),
  row(`GET ${FILE}`, 'a preview', READ, reading('file', '/template/a.txt?preview&size=10')),
  row(`HEAD ${FILE}`, 'a file', READ, reading('file', '/template/a.txt')),
  row(`DELETE ${FILE}`, 'a file', by('delete_file', 'delete_file_permanent'), on('file', 'a.txt')),
  row(`DELETE ${FILE}`, 'a file for good', by('delete_file_permanent'), on('file', 'a.txt', 'permanent=1')),

  row(`GET ${DIRECTORY}?stats`, 'below', READ, reading('directory', '/template?stats')),
  row(`PUT ${DIRECTORY}?calibrate`, 'below', RULERS, reading('directory', '/template?calibrate')),
  row(`PUT ${DIRECTORY}`, 'a new one', by('create_directory'), on('directory', 'new')),
  row(
    `PUT ${DIRECTORY}`,
    'a copy',
    by('copy_directory'),
    on('directory', 'x', '', (d) => ({ copyFrom: `${d}/dir` })),
  ),
  row(
    `PUT ${DIRECTORY}`,
    'a move',
    by('move_directory'),
    on('directory', 'x', '', (d) => ({ from: `${d}/dir` })),
  ),
  row(`GET ${DIRECTORY}?info`, 'a directory', READ, reading('directory', '/template?info')),
  row(`GET ${DIRECTORY}`, 'what is in it', READ, reading('directory', '/template')),
  row(`HEAD ${DIRECTORY}`, 'a directory', READ, reading('directory', '/template')),
  row(
    `DELETE ${DIRECTORY}`,
    'with all in it',
    by('delete_directory', 'delete_directory_permanent'),
    on('directory', 'dir'),
  ),
  row(`DELETE ${DIRECTORY}`, 'for good', by('delete_directory_permanent'), on('directory', 'dir', 'permanent=true')),
  row(
    `POST ${DIRECTORY}?update`,
    'labels',
    RULERS,
    on('directory', 'a.txt', 'update', () => ({ labels: ['x'] })),
  ),
  row('PUT cross-space/directory/{lib}/{space}/copy/{path*}', 'a directory', RULERS, async (world) => ({
    target: `cross-space/${world.at('directory', `/copy/${await world.folder()}/x`)}`,
    body: { copyFrom: `${await world.folder(world.other)}/dir`, copyFromSpaceId: world.other },
  })),
  row(
    'PUT directory-local-sync/{lib}/{space}',
    'a directory',
    RULERS,
    (world) => ({
      target: world.at('directory-local-sync'),
      body: { path: 'template', strategy: 'both', localPath: '/x' },
    }),
    { acl: 'NoPermission' },
  ),
  row('DELETE directory-local-sync/{lib}/{space}/{id}', 'a directory', RULERS, async (world) => {
    const body = { path: await world.folder(), strategy: 'both', localPath: '/x' }
    const { id } = (await world.send('PUT', world.at('directory-local-sync'), body)).body
    return { target: world.at('directory-local-sync', `/${id}`) }
  }),

  row(`GET ${BIN}`, 'what is in it', ALL, reading('recycled', '')),
  row(`POST ${BIN}?restore`, 'many', by('restore_recycled'), async (world) => ({
    target: world.at('recycled', '?restore'),
    body: [await world.recycled('a.txt'), await world.recycled('dir')],
  })),
  row(`POST ${BIN}?delete`, 'many', by('delete_recycled'), async (world) => ({
    target: world.at('recycled', '?delete'),
    body: [await world.recycled('a.txt'), await world.recycled('dir')],
  })),
  row(`POST ${BIN}?lifecycle`, 'of the bin', RULERS, (world) => ({
    target: world.at('recycled', '?lifecycle'),
    body: { retentionDays: 30 },
  })),
  row(`GET ${BIN}/{id}?info`, 'a file', READ, async (world) => ({
    target: world.at('recycled', `/${await world.recycled('a.txt')}?info`),
  })),
  row(`GET ${BIN}/{id}?preview`, 'a file', READ, async (world) => ({
    target: world.at('recycled', `/${await world.recycled('a.txt')}?preview`),
  })),
  row(`POST ${BIN}/{id}?restore`, 'a directory', by('restore_recycled'), async (world) => ({
    target: world.at('recycled', `/${await world.recycled('dir')}?restore`),
  })),
  row(`DELETE ${BIN}/{id}`, 'a file', by('delete_recycled'), async (world) => ({
    target: world.at('recycled', `/${await world.recycled('a.txt')}`),
  })),
  row(`DELETE ${BIN}`, 'all of it', by('delete_recycled'), reading('recycled', ''), { acl: '' }),

  row('POST space/{lib}', 'new', ['admin', 'create_space'], inLibrary('space')),
  row('GET space/{lib}/list', 'spaces', ALL, inLibrary('space', '/list')),
  row('GET space/{lib}/count', 'spaces', ALL, inLibrary('space', '/count')),
  row('GET space/{lib}', 'spaces', ALL, inLibrary('space')),
  row('DELETE space/{lib}/{space}', 'an empty one', ['admin', 'delete_space'], async (world) => {
    const space = await world.newSpace()
    return { target: world.at('space', '', space), space }
  }),
  row('GET space/{lib}/{space}/extension', 'properties', READ, reading('space', '/extension')),
  row('POST space/{lib}/{space}/extension', 'properties', RULERS, (world) => ({
    target: world.at('space', '/extension'),
    body: {},
  })),
  row('GET space/{lib}/{space}/file-count', 'files', READ, reading('space', '/file-count')),
  row('GET space/{lib}/{space}/size', 'bytes', READ, reading('space', '/size')),
  row('GET space/{lib}/{space}/contents-view', 'files', ALL, reading('space', '/contents-view?filter=onlyFile')),
  row('POST space/{lib}/{space}/traffic-limit', 'of downloads', RULERS, (world) => ({
    target: world.at('space', '/traffic-limit'),
    body: { downloadTrafficLimit: -1 },
  })),
  row('GET stats/{lib}/space-size', 'of spaces', ALL, inLibrary('stats', '/space-size')),
  row('GET usage/{lib}', 'of the library', ['admin'], inLibrary('usage')),
  row('GET usage/{lib}/{spaces}', 'of spaces', RULERS, (world) => ({
    target: `usage/${LIBRARY}/${world.space},${world.other}`,
  })),

  row('POST quota/{lib}', 'for a space', ['admin'], async (world) => {
    const space = await world.newSpace()
    return {
      target: `quota/${LIBRARY}`,
      body: { spaces: [space], capacity: '1', removeWhenExceed: false, removeAfterDays: 0 },
      space,
    }
  }),
  row('GET quota/{lib}/{space}', 'of a space', ['admin'], async (world) => {
    const space = await world.quota()
    return { target: world.at('quota', '', space), space }
  }),
  row('GET space-quota/{lib}/{space}', 'of a space', ['admin'], async (world) => {
    const space = await world.quota()
    return { target: world.at('space-quota', '', space), space }
  }),
  row('PUT quota/{lib}/{space}', 'of a space', ['admin'], async (world) => {
    const space = await world.quota()
    return { target: world.at('quota', '', space), body: { capacity: '7' }, space }
  }),

  row('GET inode/{lib}/{space}/{inode}', 'an entry', READ, async (world) => ({
    target: world.at('inode', `/${await world.inode()}`),
  })),
  row(
    'GET directory-history/{lib}/{space}/history-list/{path*}',
    'of a file',
    READ,
    reading('directory-history', '/history-list/template/a.txt'),
  ),
  row('POST directory-history/{lib}/{space}/delete', 'a version', by('delete_history'), async (world) => ({
    target: world.at('directory-history', '/delete'),
    body: [(await world.versioned()).id],
  })),
  row(
    'POST directory-history/{lib}/{space}/latest-version/{id}',
    'a version',
    by('set_history_latest'),
    async (world) => ({
      target: world.at('directory-history', `/latest-version/${(await world.versioned()).id}`),
    }),
  ),
  row(
    'GET directory-history/{lib}/library-history',
    'settings',
    ['admin'],
    inLibrary('directory-history', '/library-history'),
  ),
  row(
    'POST directory-history/{lib}/library-history',
    'settings',
    ['admin'],
    inLibrary('directory-history', '/library-history', { enableFileHistory: true }),
  ),
  row(
    'DELETE directory-history/{lib}/library-history',
    'all of it',
    [],
    inLibrary('directory-history', '/library-history'),
    // Not while history is kept.
    { admin: 'BadRequest' },
  ),

  row(
    'POST favorite/{lib}/{space}',
    'a new one',
    READ,
    async (world) => ({ target: world.at('favorite'), body: { path: `${await world.folder()}/a.txt` } }),
    // What one may not see cannot be put on a list.
    { acl: 'PathNotFound' },
  ),
  row(
    'POST favorite/{lib}/{space}?cancel',
    'one’s own',
    READ,
    async (world) => {
      const body = { path: `${await world.folder()}/a.txt` }
      await world.send('POST', world.at('favorite'), body)
      return { target: world.at('favorite', '?cancel'), body }
    },
    { acl: 'PathNotFound' },
  ),
  row('GET favorite/{lib}/{space}/list', 'one’s own', ALL, reading('favorite', '/list')),
  row('POST recent/{lib}/{space}/recently-used-file', 'one’s own', ALL, (world) => ({
    target: world.at('recent', '/recently-used-file'),
    body: {},
  })),
  row('GET file-deletion-check/{lib}/{space}/{inode}', 'a file', ALL, async (world) => ({
    target: world.at('file-deletion-check', `/${await world.goneInode()}`),
  })),
  row('GET fs-delta/{lib}/{space}/cursor', 'now', ALL, reading('fs-delta', '/cursor')),
  row('GET fs-delta/{lib}/{space}/delta', 'since the beginning', ALL, reading('fs-delta', '/delta?cursor=0')),
  row('POST search/{lib}/{space}/space-contents', 'by name', ALL, (world) => ({
    target: world.at('search', '/space-contents'),
    body: { keyword: 'a' },
  })),
  row('POST search/{lib}/{space}/search-fs', 'by name', ALL, (world) => ({
    target: world.at('search', '/search-fs'),
    body: { type: 'filename', keywords: ['a'] },
  })),
  ...['GET', 'DELETE'].map((method) =>
    row(`${method} search/{lib}/{space}/{id}`, 'begun', ALL, async (world) => ({
      target: world.at('search', `/${await world.searchId()}`),
    })),
  ),

  row('POST share/{lib}/{space}', 'what one reads', READ, async (world) => ({
    target: world.at('share'),
    body: { name: 's', filePath: [await world.folder()], config: { isPermanent: true } },
  })),
  row('GET share/{lib}/list', 'one’s own', ALL, inLibrary('share', '/list')),
  row('POST share/{lib}/search', 'everybody’s', ['admin'], inLibrary('share', '/search', {})),
  row('GET share/{lib}/{space}', 'one’s own', ALL, async (world) => ({
    target: world.at('share', '', await world.share()),
  })),
  row('POST share/{lib}/{space}?update', 'one’s own', ALL, async (world) => ({
    target: world.at('share', '?update', await world.share()),
    body: { name: 'other' },
  })),
  row('POST share/{lib}/{space}?setEnabled', 'for everybody', ['admin'], async (world) => ({
    target: world.at('share', '?setEnabled', await world.share()),
    body: { adminEnabled: true },
  })),
  row('DELETE share/{lib}/{space}', 'one’s own', ALL, async (world) => ({
    target: world.at('share', '', await world.share()),
  })),

  row('GET authority/{lib}/role-list', 'of the library', ALL, inLibrary('authority', '/role-list')),
  row('GET authority/{lib}/getRoleList', 'of the library', ALL, inLibrary('authority', '/getRoleList')),
  row(
    'POST authority/{lib}/init-role-list',
    'of the library',
    [],
    inLibrary('authority', '/init-role-list', [{ name: 'o' }]),
    { admin: 'ParamInvalid' },
  ),
  row('GET authority/{lib}/authorized-directory', 'by me', ALL, inLibrary('authority', '/authorized-directory')),
  row(
    'POST authority/{lib}/received-authorization-directory',
    'with me',
    ['admin', 'acl'],
    inLibrary('authority', '/received-authorization-directory', {}),
  ),
  row(
    'GET authority/{lib}/{space}/directory-authority/{path*}',
    'a directory',
    READ,
    reading('authority', '/directory-authority/template'),
  ),
  ...['', '?delete', '?exit'].map((flag) =>
    row(`POST authority/{lib}/{space}/authorize/{path*}${flag}`, 'a directory', RULERS, (world) => ({
      target: world.at('authority', `/authorize/template${flag}`),
      body: { authorizeTo: [{ userId: 'eve', roleId: 1 }] },
    })),
  ),
  row('POST authority/{lib}/{space}/authorize-space', 'all of it', RULERS, (world) => ({
    target: world.at('authority', '/authorize-space'),
    body: { authorizeTo: { spaceId: world.other, roleId: 1 } },
  })),
  row('GET album/{lib}/{space}/cover/{path*}', 'of no album', [], reading('album', '/cover/template'), {
    ...everyone('CoverNotSupportedInFileLibrary'),
  }),
]

function everyone(code: string): Record<string, string> {
  return Object.fromEntries(ALL.map((grant) => [grant, code]))
}
