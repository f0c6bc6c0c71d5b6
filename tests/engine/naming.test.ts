import { beforeEach, describe, expect, test } from 'vitest'
import { type DriveId, NAME_BYTES_MAX, type Naming, RENAME_SCAN_MAX } from '../../src/engine/index.ts'
import { at, copy, createFolder, get, move, putFile, putFolders, RENAME, rename, spaced, tight, timed } from './ops.ts'
import { useWorld } from './use-world.ts'
import { alice, codes, createDrive, done, run } from './world.ts'

const use = useWorld()
let drive: DriveId
beforeEach(async () => {
  drive = (await createDrive(use.world)).id
})

async function namesOf(naming: Naming, name: string, count: number): Promise<string[]> {
  const ops = Array.from({ length: count }, () => createFolder(at(drive), name, { conflict: RENAME, naming }))
  return (await done(use.world, alice, ops)).map((result) => result.view!.node.name)
}

describe('automatic names', () => {
  test('many of one name in one batch are counted in the order of the ops', async () => {
    expect(await namesOf(spaced, 'a', 4)).toEqual(['a', 'a (1)', 'a (2)', 'a (3)'])
    expect(await namesOf(spaced, 'a', 2)).toEqual(['a (4)', 'a (5)'])
  })

  test('tight names have no space', async () => {
    expect(await namesOf(tight, 'a', 3)).toEqual(['a', 'a(1)', 'a(2)'])
  })

  test('timed names carry the time, and a counter when even that is taken', async () => {
    expect(await namesOf(timed, 'a', 4)).toEqual([
      'a',
      'a_20260102_030405',
      'a_20260102_030405_1',
      'a_20260102_030405_2',
    ])
  })

  test('the counter comes before the extension of a file, and at the end of a folder', async () => {
    await putFolders(use.world, alice, drive, ['x', 'x/a.txt', 'a.txt'])
    const file = await putFile(use.world, alice, drive, 'x/b.tar.gz', 'bytes')
    await putFile(use.world, alice, drive, 'b.tar.gz', 'bytes')
    const results = await done(use.world, alice, [
      move(at(drive, 'x/b.tar.gz'), at(drive), { conflict: RENAME }),
      move(at(drive, 'x/a.txt'), at(drive), { conflict: RENAME }),
    ])
    expect(results.map((result) => result.view!.node.name)).toEqual(['b.tar (1).gz', 'a.txt (1)'])
    expect(results[0]!.view!.node.id).toBe(file.id)
  })

  test('a file whose only dot comes first has no extension', async () => {
    await putFile(use.world, alice, drive, '.env', 'one')
    const second = await putFile(use.world, alice, drive, '.env', 'two', { conflict: RENAME })
    expect(second.name).toBe('.env (1)')
  })

  test('gaps in the numbers are filled first', async () => {
    await putFolders(use.world, alice, drive, ['a', 'a (2)'])
    expect(await namesOf(spaced, 'a', 3)).toEqual(['a (1)', 'a (3)', 'a (4)'])
  })

  test('a name that the batch gave and gave up again is free', async () => {
    await putFolders(use.world, alice, drive, ['to', 'to/a', 'x', 'y', 'z'])
    const into = (name: string) => move(at(drive, name), at(drive, 'to'), { conflict: RENAME, name: 'a' })
    const results = await done(use.world, alice, [
      into('x'),
      into('y'),
      rename(at(drive, 'to/a (1)'), 'other'),
      into('z'),
      move(at(drive, 'to/a (2)'), at(drive)),
      createFolder(at(drive, 'to'), 'a', { conflict: RENAME }),
    ])
    expect(results.map((result) => result.view!.node.name)).toEqual([
      'a (1)',
      'a (2)',
      'other',
      'a (1)',
      'a (2)',
      'a (2)',
    ])
  })

  test('a name that an earlier op of the batch gave up is free', async () => {
    await putFolders(use.world, alice, drive, ['a', 'a (1)'])
    const results = await done(use.world, alice, [
      rename(at(drive, 'a (1)'), 'b'),
      createFolder(at(drive), 'a', { conflict: RENAME }),
    ])
    expect(results[1]!.view!.node.name).toBe('a (1)')
  })

  test('a copy beside its original gets a free name', async () => {
    await putFile(use.world, alice, drive, 'a.txt', 'bytes')
    const results = await done(use.world, alice, [
      copy(at(drive, 'a.txt'), at(drive), { conflict: RENAME }),
      copy(at(drive, 'a.txt'), at(drive), { conflict: RENAME }),
    ])
    expect(results.map((result) => result.view!.node.name)).toEqual(['a (1).txt', 'a (2).txt'])
  })

  test('a name at the limit is shortened so that the counter fits', async () => {
    const naming = { ...spaced, charactersMax: 20 }
    const longest = `${'n'.repeat(16)}.txt`
    await putFile(use.world, alice, drive, longest, 'one', { naming })
    const { name } = await putFile(use.world, alice, drive, longest, 'two', { naming, conflict: RENAME })
    expect(name).toMatch(/^n+ \(1\)\.txt$/)
    expect(name.length).toBeLessThanOrEqual(20)
  })

  test('when ten thousand of them are taken, none is found', async () => {
    for (let made = 0; made < RENAME_SCAN_MAX; made += 1_000) await namesOf(spaced, 'a', 1_000)
    expect(await namesOf(spaced, 'a', 1)).toEqual([`a (${RENAME_SCAN_MAX})`])
    const [last] = await use.world.engine.batch(alice, [createFolder(at(drive), 'a', { conflict: RENAME })])
    expect(codes([last!])).toEqual(['rename_exhausted'])
  })

  test('a shortened name is never cut within a character', async () => {
    const longest = '\u{1f4c4}'.repeat(NAME_BYTES_MAX / 4)
    const [first, second] = await namesOf(spaced, longest, 2)
    expect(first).toBe(longest)
    expect(second).toMatch(/^(\u{1f4c4})+ \(1\)$/u)
    expect(Buffer.byteLength(second!)).toBeLessThanOrEqual(NAME_BYTES_MAX)
  })
})

describe('names are compared after Unicode normalization', () => {
  const COMPOSED = '\u00e9t\u00e9'
  const DECOMPOSED = 'e\u0301te\u0301'

  test('two spellings of one name cannot be siblings, and either finds the node', async () => {
    await putFolders(use.world, alice, drive, [COMPOSED])
    const results = await use.world.engine.batch(alice, [
      createFolder(at(drive), DECOMPOSED),
      get(at(drive, DECOMPOSED)),
      createFolder(at(drive), DECOMPOSED, { conflict: RENAME }),
    ])
    expect(codes(results)).toEqual(['name_taken', 'done', 'done'])
    expect(results[1]).toMatchObject({ view: { node: { name: COMPOSED } } })
    expect(results[2]).toMatchObject({ view: { node: { name: `${DECOMPOSED} (1)` } } })
  })

  test('a node can take the other spelling of its own name', async () => {
    const [folder] = await putFolders(use.world, alice, drive, [COMPOSED])
    const result = await run(use.world, alice, rename({ drive, id: folder!.id }, DECOMPOSED))
    expect(result).toMatchObject({ status: 'done', existed: false, view: { node: { name: DECOMPOSED, rev: 2 } } })
  })

  test('case matters', async () => {
    await putFolders(use.world, alice, drive, ['a', 'A'])
  })
})

describe('names that are refused', () => {
  const strict: Naming = { pattern: 'spaced', charactersMax: 10, forbidden: '[*?]', trim: true }
  const cases: [what: string, name: string, naming: Naming, detail: string][] = [
    ['nothing', '', spaced, 'empty'],
    ['only spaces, where they are cut off', '  ', strict, 'empty'],
    ['a dot', '.', spaced, 'reserved'],
    ['two dots', '..', spaced, 'reserved'],
    ['a slash', 'a/b', spaced, 'forbidden'],
    ['a NUL', 'a\0b', spaced, 'forbidden'],
    ['half a surrogate pair', 'a\ud800', spaced, 'forbidden'],
    ['what the naming forbids', 'a*', strict, 'forbidden'],
    ['more characters than the naming allows', 'n'.repeat(11), strict, 'too_long'],
    ['more bytes than the core allows', '\u00e9'.repeat(NAME_BYTES_MAX / 2 + 1), spaced, 'too_long'],
    ['what is too long only when normalized', '\u0958'.repeat(NAME_BYTES_MAX / 6 + 1), spaced, 'too_long'],
  ]
  test.each(cases)('%s is no name', async (_, name, naming, detail) => {
    await putFolders(use.world, alice, drive, ['x'])
    const refused = { status: 'failed', error: { code: 'name_invalid', detail } }
    const ops = [createFolder(at(drive), name, { naming }), rename(at(drive, 'x'), name, { naming })]
    for (const result of await use.world.engine.batch(alice, ops)) expect(result).toMatchObject(refused)
  })

  test('spaces at both ends are cut off only where the naming says so', async () => {
    const results = await done(use.world, alice, [
      createFolder(at(drive), ' a ', { naming: strict }),
      createFolder(at(drive), ' a ', { naming: spaced }),
    ])
    expect(results.map((result) => result.view!.node.name)).toEqual(['a', ' a '])
  })

  test('the longest name is taken as it is', async () => {
    const longest = 'n'.repeat(NAME_BYTES_MAX)
    expect(await namesOf(spaced, longest, 1)).toEqual([longest])
  })
})
