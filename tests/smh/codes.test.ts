/** Every error code that the dialect can answer, brought about by a request; and those of the vendor's it never answers. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fault, SMH_CODES, type SmhCode } from '../../src/dialect/smh/error.ts'
import { expectFault, LIBRARY, open, type Reply, SECRET, type Session, send } from './session.ts'
import { World } from './world.ts'

let smh: Session
let world: World
/** A space of several albums. */
let album: string

beforeAll(async () => {
  smh = await open()
  const made = () => smh.call('POST', `/api/v1/space/${LIBRARY}`)
  const [one, two] = [await made(), await made()]
  world = new World(smh, one.body.spaceId, two.body.spaceId)
  await world.begin()
  const extra = { 'smh.multiSpace': true, 'smh.media': true, 'smh.denyQuotaBelowUsage': true }
  const secret = 'other-secret'
  await smh.addTenant({ id: 'albums', apps: [{ dialect: 'smh', id: 'smhalbum', secret, extra }] })
  await smh.addTenant({
    id: 'solo',
    apps: [{ dialect: 'smh', id: 'smhsolo', secret, extra: { 'smh.recycleBin': false } }],
  })
  album = (await inAlbums('POST', 'space/smhalbum', { isMultiAlbum: true, allowPhoto: true })).body.spaceId
  await inAlbums('PUT', `directory/smhalbum/${album}/summer`)
})
afterAll(() => smh.stop())

const call = (method: string, target: string, body?: unknown) =>
  smh.call(method, `/api/v1/${target}`, body === undefined ? {} : { body })
/** A call with the secret of another library. */
const elsewhere = (method: string, target: string, body?: unknown) =>
  send(smh.url, method, `/api/v1/${target}${target.includes('?') ? '&' : '?'}library_secret=other-secret`, {
    ...(body === undefined ? {} : { body }),
  })
const inAlbums = elsewhere
const bare = (method: string, target: string, body?: unknown) =>
  send(smh.url, method, `/api/v1/${target}`, body === undefined ? {} : { body })
const as = async (grants: string, method: string, target: string, body?: unknown, more = {}) => {
  const token = await smh.mint(grants, { space_id: `${world.space},${world.other}`, ...more })
  return bare(method, `${target}${target.includes('?') ? '&' : '?'}access_token=${token}`, body)
}
const file = (tail: string) => world.at('file', `/${tail}`)
const directory = (tail: string) => world.at('directory', `/${tail}`)
const share = async (config: object = {}, path = 'template') => {
  const body = { name: 's', filePath: [path], config: { isPermanent: true, ...config } }
  return (await world.send('POST', world.at('share'), body)).body as { id: string; code: string }
}
/** Opens a share and asks for something in it. */
const visit = async (code: string, ask: string, path = '') => {
  const { accessToken } = (await bare('POST', `share/verify/${code}`, {})).body
  return bare('GET', `share/file/${code}/${path}?${ask}&access_token=${accessToken}`)
}
const link = (from: string, to: string, query = '') => call('PUT', `${file(from)}?${query}`, { linkTo: to })
const settings = (body: object) => call('POST', `directory-history/${LIBRARY}/library-history`, body)
const quota = (body: object) =>
  call('POST', `quota/${LIBRARY}`, { removeWhenExceed: false, removeAfterDays: 0, ...body })
const LONG = 'n'.repeat(256)

const CASES: Partial<Record<SmhCode, () => Promise<Reply>>> = {
  BadRequest: () => call('PUT', directory('%ff')),
  ParamInvalid: () => call('GET', directory('?limit=none')),
  EmptyLibraryIdOrSecret: () => bare('GET', 'token'),
  EmptyLibraryId: () => bare('GET', `token?library_secret=${SECRET}`),
  EmptyLibrarySecret: () => bare('GET', `token?library_id=${LIBRARY}`),
  EmptyAccessToken: () => bare('GET', directory('')),
  EmptyPath: () => call('GET', file('')),
  IllegalFileName: () => call('PUT', directory('a%3Fb')),
  ExtnameNotAllowed: () => inAlbums('PUT', `file/smhalbum/${album}/summer/a.txt`),
  DirectoryNotAllowed: async () => {
    const flat = (await inAlbums('POST', 'space/smhalbum', { allowPhoto: true })).body.spaceId
    return inAlbums('PUT', `directory/smhalbum/${flat}/d`)
  },
  UploadToRootDirectoryNotAllowed: () => inAlbums('PUT', `file/smhalbum/${album}/a.jpg`),
  FileTypeNotMatched: () => inAlbums('PUT', `file/smhalbum/${album}/summer/a.mp4`, { from: 'summer/a.jpg' }),
  CoverNotSupportedInFileLibrary: () => call('GET', world.at('album', '/cover/x')),
  CoverNotSupportedInRootDirectory: () => inAlbums('GET', `album/smhalbum/${album}/cover`),
  FileNameLengthExceed: () => call('PUT', file(LONG)),
  DirectoryNameLengthExceed: () => call('PUT', directory(LONG)),
  DirectoryLevelExceed: () => inAlbums('PUT', `directory/smhalbum/${album}/summer/inner`),
  RootDirectoryNotAllowed: () => call('DELETE', directory('')),
  InvalidSourceFile: () => call('PUT', file('x'), { from: 'template/dir' }),
  InvalidSourceDirectory: () => call('PUT', directory('x'), { from: 'template/a.txt' }),
  SourceDirectoryIsParentOfDestination: () => call('PUT', directory('template/dir/x'), { from: 'template' }),
  InvalidConflictResolutionStrategy: () => call('PUT', `${file('x')}?conflict_resolution_strategy=win`),
  OverwriteFileNotAllowed: async () => {
    const { path } = await world.versioned()
    return call('PUT', `${file(path)}?conflict_resolution_strategy=overwrite`, { from: path.replace('a.txt', 'b.txt') })
  },
  BadCrc64: async () => call('POST', `${file(await world.upload('crc.txt'))}?confirm`, { crc64: '1' }),
  IncompleteBody: async () => call('POST', `${file(await world.upload('size.txt', '', 'filesize=99'))}?confirm`),
  UploadIncomplete: async () => {
    const { confirmKey } = (await world.send('PUT', file('none.txt'))).body
    return call('POST', `${file(confirmKey)}?confirm`)
  },
  MultipartUploadPartTooSmall: async () => {
    const { confirmKey, path } = (await world.send('POST', `${file('parts.bin')}?multipart`)).body
    for (const part of [1, 2]) await send(smh.url, 'PUT', `${path}?partNumber=${part}`, { body: 'x' })
    return call('POST', `${file(confirmKey)}?confirm`)
  },
  MultipartUploadIncomplete: async () => {
    const { confirmKey, path } = (await world.send('POST', `${file('parts.bin')}?multipart`)).body
    await send(smh.url, 'PUT', `${path}?partNumber=2`, { body: 'x' })
    return call('POST', `${file(confirmKey)}?confirm`)
  },
  QuotaLimitReached: async () => {
    const space = await world.newSpace()
    await world.send('POST', `quota/${LIBRARY}`, {
      spaces: [space],
      capacity: 1,
      removeWhenExceed: false,
      removeAfterDays: 0,
    })
    return call('PUT', `${world.at('file', '/a.txt', space)}?filesize=2`)
  },
  QuotaSpacesInvalid: () => quota({ spaces: [], capacity: 1 }),
  QuotaCapacityLessThanSize: async () => {
    const begun = (await inAlbums('PUT', `file/smhalbum/${album}/summer/b.jpg`)).body
    await send(smh.url, 'PUT', begun.path, { body: 'bytes', headers: begun.headers })
    expect((await inAlbums('POST', `file/smhalbum/${album}/${begun.confirmKey}?confirm`)).status).toBe(200)
    return inAlbums('POST', 'quota/smhalbum', {
      spaces: [album],
      capacity: 1,
      removeWhenExceed: false,
      removeAfterDays: 0,
    })
  },
  QuotaCapacityRequired: () => quota({ spaces: [world.space] }),
  TooManyItems: () => call('POST', world.at('batch', '?delete'), Array(1001).fill({ path: 'x' })),
  NoItemsProvided: () => call('POST', world.at('batch', '?delete'), []),
  SymlinkToDirectoryNotAllowed: () => link('l', 'template/dir'),
  SymlinkOverwriteConflict: () => link('template/a.txt', 'template/a.txt', 'conflict_resolution_strategy=overwrite'),
  CircleSymlink: async () => {
    const folder = await world.folder()
    await world.send('PUT', file(`${folder}/l`), { linkTo: `${folder}/a.txt` })
    return link(`${folder}/a.txt`, `${folder}/l`, 'conflict_resolution_strategy=overwrite')
  },
  UnsupportedFileType: () => call('GET', world.at('directory-history', '/history-list/template/dir')),
  InvalidFileHistoryCount: () => settings({ fileHistoryCount: 1000 }),
  InvalidFileHistoryExpireDay: () => settings({ fileHistoryExpireDay: 1000 }),
  InvalidFileHistoryMergeInterval: () => settings({ mergeInterval: 1 }),
  InvalidDirectoryStatsType: () => call('GET', directory('?stats&stats_type=all')),
  SearchIdInvalid: () => call('GET', world.at('search', '/whatever')),
  SearchTooComplex: () => call('POST', world.at('search', '/space-contents'), { keyword: 'w '.repeat(101) }),
  SearchNotEnabled: () => call('POST', world.at('search', '/search-fs'), { type: 'filecontent', keywords: ['a'] }),
  CursorExpired: () => call('GET', world.at('fs-delta', '/delta?cursor=999999999')),
  InvalidTimeFormat: () => call('PUT', directory('t'), { localCreationTime: 'soon' }),
  RecycleBinNotEnabled: () => elsewhere('GET', 'recycled/smhsolo/-'),
  FunctionNotEnabled: () => call('PUT', `${file('x')}?convert`),
  SpaceIdInvalid: () => call('POST', `space/${LIBRARY}?space_id=-x`),
  NotMultiSpaceLibrary: () => elsewhere('POST', 'space/smhsolo'),

  ShareDisabled: async () => {
    const { id, code } = await share()
    await world.send('POST', `share/${LIBRARY}/${id}?setEnabled`, { ownerEnabled: false })
    return bare('POST', `share/verify/${code}`, {})
  },
  ShareTokenInvalid: async () => bare('GET', `share/file/${(await share()).code}/?list&access_token=sharetk01x`),
  ExtractionCodeInvalid: async () => {
    const { code } = await share({ extractionCode: 'ab12' })
    return bare('POST', `share/verify/${code}`, { extractionCode: 'no' })
  },
  LoginRequired: async () => bare('POST', `share/verify/${(await share({ forbidAnonymousUser: true })).code}`, {}),
  CannotPreview: async () => visitInside('preview'),
  CannotDownload: async () => visitInside('download'),
  FileNotInShare: async () =>
    visit((await share({}, 'template/a.txt')).code, 'list', await world.inode('template/dir')),
  ShareNotFound: () => bare('POST', 'share/verify/nowhere', {}),
  ShareFileEmpty: () => call('POST', world.at('share'), { name: 's', config: { isPermanent: true } }),

  SpaceBanned: async () => {
    const space = await world.newSpace()
    await smh.disable(space)
    return call('GET', world.at('directory', '', space))
  },
  InvalidAccessToken: () => bare('GET', `${directory('')}?access_token=acctk01x`),
  AccessTokenNotMatchSpace: () => as('', 'GET', world.at('directory', '', smh.other)),
  NoPermission: () => as('', 'PUT', directory('x')),
  UploadNotBelongYou: async () => {
    const key = await world.upload('mine.txt')
    return as('upload_file', 'POST', `${file(key)}?confirm`, undefined, { user_id: 'eve' })
  },
  LibraryNotFound: () => call('GET', 'directory/nowhere/-'),
  SpaceNotFound: () => call('GET', `directory/${LIBRARY}/99999999`),
  WrongLibraryIdOrSecret: () => bare('GET', `token?library_id=${LIBRARY}&library_secret=x`),
  RouteNotFound: () => call('GET', 'nothing'),
  PathNotFound: () => call('GET', directory('none?info')),
  FileNotFound: () => call('GET', file('none')),
  DirectoryNotFound: () => call('GET', directory('none')),
  SourceFileNotFound: () => call('PUT', file('x'), { from: 'none' }),
  SourceDirectoryNotFound: () => call('PUT', directory('x'), { from: 'none' }),
  FavoriteIdNotFound: async () => {
    const path = `${await world.folder()}/a.txt`
    return call('POST', world.at('favorite', '?cancel'), { path })
  },
  MarkerNotFound: () => call('GET', directory('?marker=999999999')),
  RootLinkFileNotFound: async () => {
    const folder = await world.folder()
    await world.send('PUT', file(`${folder}/l`), { linkTo: `${folder}/a.txt` })
    await world.send('DELETE', `${file(`${folder}/a.txt`)}?permanent=1`)
    return call('GET', file(`${folder}/l`))
  },
  CosObjectNonexistent: async () => {
    await world.send('PUT', `${file('virtual')}?virtual_file`, { size: '7' })
    return call('GET', file('virtual'))
  },
  UploadNotFound: () => call('POST', `${file('f'.repeat(32))}?confirm`),
  RecycledItemNotFound: () => call('POST', world.at('recycled', '/999999?restore')),
  QuotaNotFound: () => call('GET', `quota/${LIBRARY}/999999999`),
  NoQuota: () => call('GET', world.at('quota')),
  TaskNotFound: () => call('GET', world.at('task-result', '/999999')),
  DuplicateFavoriteRecord: async () => {
    const body = { path: `${await world.folder()}/a.txt` }
    await world.send('POST', world.at('favorite'), body)
    return call('POST', world.at('favorite'), body)
  },
  SameNameDirectoryOrFileExists: () => call('PUT', directory('template')),
  UploadComplete: async () => {
    const key = await world.upload('twice.txt')
    await world.send('POST', `${file(key)}?confirm`)
    return call('POST', `${file(key)}?confirm`)
  },
  DuplicateQuota: async () => quota({ spaces: [await world.quota()], capacity: 1 }),
  SpaceNotEmpty: () => call('DELETE', world.at('space')),
  PathConflict: () => call('DELETE', directory('template?directory_only=1')),
  RequestEntityTooLarge: () => call('POST', world.at('batch', '?delete'), 'x'.repeat(16 * 2 ** 20 + 1)),
}

/** A share that permits nothing but looking at lists, and a file in it. */
async function visitInside(ask: string): Promise<Reply> {
  const { code } = await share({}, 'template/a.txt')
  return visit(code, ask, await world.inode())
}

/** What takes more than a request: a test of its own brings it about. */
const ELSEWHERE: Partial<Record<SmhCode, string>> = {
  AccessTokenNotMatchLibrary: 'batch-bad',
  AnonymousNotAllowed: 'share',
  CannotSaveToNetDisk: 'share',
  ShareExpired: 'share',
  ShareAccessDenied: 'share',
  SymlinkDepthLimitExceeded: 'placeholder',
  FileRemovedByQuota: 'quota',
  RateLimitExceeded: 'history',
  RenameTooManyTimes: 'conditions',
  RequestTimeout: 'conditions',
  InternalServerError: 'robust',
}

describe('the code', () => {
  it.each(Object.entries(CASES))('%s is answered', async (code, bring) => {
    expectFault(await bring(), fault(code as SmhCode).status, code)
  })

  it('of any kind that can be answered has a case here, or a test elsewhere', () => {
    const known = [...Object.keys(CASES), ...Object.keys(ELSEWHERE)]
    expect(known.toSorted()).toEqual([...SMH_CODES].toSorted())
    for (const [code, name] of Object.entries(ELSEWHERE)) {
      const text = readFileSync(new URL(`${name}.test.ts`, import.meta.url), 'utf8')
      expect(text.includes(`'${code}'`), `${code} in ${name}.test.ts`).toBe(true)
    }
  })
})

/** The vendor's list, pages 1339/50072 and 1283/75500, with what its JavaScript and iOS clients enumerate beside. */
const VENDORS = `
EmptyLibraryIdOrSecret EmptyLibrarySecret EmptyLibraryId NotMultiSpaceLibrary EmptyAccessToken EmptyPath
DirectoryNameLengthExceed DirectoryNotAllowed DirectoryLevelExceed EmptyFileName FileNameLengthExceed ExtnameNotAllowed
UploadToRootDirectoryNotAllowed CoverNotSupportedInFileLibrary CoverNotSupportedInRootDirectory InvalidSourceDirectory
InvalidSourceFile FileTypeNotMatched BadRequest ParamInvalid EmptySpaceId SpaceIdInvalid EmptyCosUploadId UploadIncomplete
MultipartUploadIncomplete MultipartUploadPartTooSmall RootDirectoryNotAllowed SourceDirectoryIsParentOfDestination
InvalidSpaceOrDirectoryPath InvalidDestinationPath InvalidConflictResolutionStrategy IllegalFileName BadCrc64 IncompleteBody
QuotaLimitReached QuotaSpacesInvalid QuotaCapacityRequired QuotaCapacityLessThanSize TooManyItems NoItemsProvided
InvalidTimeFormat OverwriteFileNotAllowed RecycleBinNotEnabled SearchNotEnabled SearchTooComplex SearchIdInvalid
InvalidFileHistoryCount InvalidFileHistoryExpireDay InvalidFileHistoryMergeInterval UnsupportedFileType
SymlinkDepthLimitExceeded SymlinkToDirectoryNotAllowed SymlinkOverwriteConflict UnsupportedSourceFormat
UnsupportedTargetFormat FunctionNotEnabled FileUncompressNotAllowed InvalidDirectoryStatsType ResourceMigrationNotEnabled
ResourceNotSupported ResolutionUpScalingNotAllowed OnlyVideoCanBeTranscoded CaptchaInvalid GraphicCaptchaFailed
WatermarkNotEnabled CloseOldList CursorExpired InvalidAccessToken AccessTokenNotMatchSpace NoPermission UploadNotBelongYou
AccessTokenNotMatchLibrary AccessTokenVersionNotMatch ReadForbidden WriteForbidden LibraryServiceExpired LibraryInitializing
SpaceBanned OperationOnRawM3u8IsForbidden ShareDisabled ShareExpired ShareAuditing ShareTokenInvalid ExtractionCodeInvalid
LoginRequired ShareAccessDenied AnonymousNotAllowed CannotPreview CannotDownload CannotSaveToNetDisk CannotModify
ShareServiceDisabled LibraryNotFound SpaceNotFound WrongLibraryIdOrSecret DirectoryNotFound UploadNotFound FileNotFound
SourceDirectoryNotFound SourceFileNotFound ConfirmKeyNotFound RouteNotFound PathNotFound MarkerNotFound NoQuota QuotaNotFound
FavoriteIdNotFound FileRemovedByQuota CosObjectNonexistent RootLinkFileNotFound RecycledItemNotFound SourcePathNotFound
TrafficStatsNotFound M3u8Converting ShareNotFound FileNotInShare ShareFileEmpty ReadRequestTimeout
SameNameDirectoryOrFileExists DuplicateQuota UploadComplete DuplicateFavoriteRecord SpaceNotEmpty PathConflict
RenameTooManyTimes CircleSymlink ShareHasBeenUpdated RequestEntityTooLarge URITooLong RateLimitExceeded HeaderFieldsTooLarge
SensitiveContentRecognized ClientDisconnected InternalServerError ServerOverloaded RequestTimeout
`
  .trim()
  .split(/\s+/)

it('every code of the vendor’s can be answered, or the page says why it is not', () => {
  const page = readFileSync(new URL('../../docs/dialects/smh.md', import.meta.url), 'utf8')
  const section = /## Codes that are not answered\n(.*?)\n## /s.exec(page)![1]!
  const excused = [...section.matchAll(/`([A-Z]\w+)`/g)].map(([, code]) => code!)
  const known = new Set<string>(SMH_CODES)
  // In the column of the codes only what is not answered may stand.
  const columns = section.split('\n').filter((line) => line.startsWith('| `'))
  const named = columns.flatMap((line) => [...line.split('|')[1]!.matchAll(/`(\w+)`/g)].map(([, code]) => code!))
  expect(named.filter((code) => known.has(code))).toEqual([])
  expect(VENDORS.filter((code) => !known.has(code) && !excused.includes(code))).toEqual([])
})
