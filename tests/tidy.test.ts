/** Holds the code to ARCHITECTURE.md and CONTRIBUTING.md, and the rules themselves to made-up sources. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { ON_BOTH, ONCE, POSTGRES_ONLY, SQLITE_ONLY } from '../vitest.config.ts'
import * as rules from './tidy/rules.ts'
import { functionsOf, readSources, type Source, sourceOf } from './tidy/source.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const sources = readSources(root, ['src', 'tests', 'bench', 'scripts'])
const src = sources.filter(({ path }) => path.startsWith('src/'))

const lists = { both: ON_BOTH, inside: [...SQLITE_ONLY, ...POSTGRES_ONLY], once: ONCE }

const RULES: readonly [sentence: string, rule: rules.Rule, over: readonly Source[]][] = [
  ['folders import in the directions of ARCHITECTURE.md', rules.importDirections, src],
  ['no module imports itself by way of others', rules.noCycles, src],
  ['no file has more than 600 lines', rules.fileLengths, sources],
  ['no function has more than 60 lines', rules.functionLengths, sources],
  ['file names say their subject in kebab case', rules.fileNames, sources],
  ['nothing is exported as a default', rules.noDefaultExports, sources],
  ['only the engine has a barrel', rules.noBarrels, sources],
  ['every TODO has the number of its issue', rules.numberedTodos, sources],
  ['no test is left out', rules.noLonelyTests, sources],
  ['a test that opens a store runs on both', rules.storesOnBoth(lists), sources],
  ['the engine speaks the glossary', rules.glossary, src],
  ['no vendor’s word is spoken outside its dialect', rules.noVendorWords, src],
  ['planning is pure', rules.purePlanner, src],
  ['only the configuration reads the environment', rules.oneEnvironmentReader, src],
  ['SQL is constant text', rules.constantSql, src],
]

describe('the code', () => {
  it('is found', () => {
    expect(sources.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        'src/engine/plan.ts',
        'src/blob/disk/create.ts',
        'scripts/test.mjs',
        'tests/tidy.test.ts',
      ]),
    )
  })

  it.each(RULES)('%s', (_sentence, rule, over) => {
    expect(rule(over)).toEqual([])
  })

  it('has a lock file that serves other machines too', () => {
    expect(rules.lockFileProblems(readFileSync(`${root}package-lock.json`, 'utf8'))).toEqual([])
  })

  it('is told which files grow long', () => {
    for (const line of rules.longFiles(src)) console.info(`over ${rules.FILE_LINES_SOFT_MAX} lines: ${line}`)
  })
})

/** What a rule says of one made-up file. */
function judge(rule: rules.Rule, path: string, ...lines: string[]): rules.Problem[] {
  return rule([sourceOf(path, `${lines.join('\n')}\n`)])
}

const ruleOf = {
  noDefaultExports: rules.noDefaultExports,
  noBarrels: rules.noBarrels,
  numberedTodos: rules.numberedTodos,
  noLonelyTests: rules.noLonelyTests,
  glossary: rules.glossary,
  noVendorWords: rules.noVendorWords,
  purePlanner: rules.purePlanner,
  oneEnvironmentReader: rules.oneEnvironmentReader,
  constantSql: rules.constantSql,
}

/** A substitution in a template. */
const hole = (inner: string) => `\${${inner}}`

const problem = (path: string, line = 1) => [expect.stringMatching(`^${path}:${line}: `)]

describe('a rule', () => {
  it.each([
    ['src/engine/plan.ts', "import { readFile } from 'node:fs/promises'"],
    ['src/engine/plan.ts', "import fastify from 'fastify'"],
    ['src/engine/ops/move.ts', "import type { Auth } from '../../auth/auth.ts'"],
    ['src/engine/engine.ts', "export type X = import('../store/sqlite/store.ts').X"],
    ['src/store/sqlite/store.ts', "import { x } from '../../blob/disk/create.ts'"],
    ['src/store/postgres/store.ts', "import Database from 'better-sqlite3'"],
    ['src/store/conformance.ts', "import { x } from './sqlite/store.ts'"],
    ['src/blob/disk/create.ts', "import { x } from '../s3/create.ts'"],
    ['src/auth/create.ts', "import { x } from '../http/server.ts'"],
    ['src/http/dialect.ts', "import { createAuth } from '../auth/create.ts'"],
    ['src/http/server.ts', "import { x } from '../dialect/pds/index.ts'"],
    ['src/dialect/pds/index.ts', "import { x } from '../smh/terms.ts'"],
    ['src/dialect/pds/index.ts', "import {\n  x,\n} from '../../store/sqlite/store.ts'"],
    ['src/dialect/pds/index.ts', "const x = await import('../../blob/disk/create.ts')"],
    ['src/dialect/pds/index.ts', "export { x } from '../../app.ts'"],
    ['src/task/runner.ts', "import { x } from '../http/server.ts'"],
    ['src/cli/serve.ts', "import { x } from '../store/sqlite/store.ts'"],
    ['src/surprise.ts', 'export const x = 1'],
    ['src/surprise/x.ts', 'export const x = 1'],
  ])('refuses that %s says %s', (path, text) => {
    expect(judge(rules.importDirections, path, text)).toEqual([expect.stringMatching(`^${path}:\\d: `)])
  })

  it.each([
    ['src/engine/id.ts', "import { createHash } from 'node:crypto'\nimport type { X } from './model.ts'"],
    ['src/store/sqlite/store.ts', "import Database from 'better-sqlite3'\nimport { X } from '../../engine/index.ts'"],
    ['src/blob/conformance.ts', "import { it } from 'vitest'"],
    ['src/blob/disk/create.test.ts', "import { x } from '../../app.ts'"],
    ['src/http/dialect.ts', "import type { Auth } from '../auth/auth.ts'"],
    ['src/dialect/pds/index.ts', "import fastify from 'fastify'\nimport { x } from '../../http/dialect.ts'"],
    ['src/app.ts', "import { x } from './dialect/pds/index.ts'"],
    ['src/blob/s3/create.ts', "const from = Buffer.from('fastify') // from 'fastify'"],
  ])('permits that %s says %s', (path, text) => {
    expect(judge(rules.importDirections, path, text)).toEqual([])
  })

  it('finds modules that import each other, but lets types do so', () => {
    const circle = (kind: string) => [
      sourceOf('src/a.ts', "import { b } from './x/b.ts'"),
      sourceOf('src/x/b.ts', `import ${kind}{ c } from './c.ts'`),
      sourceOf('src/x/c.ts', "import { a } from '../a.ts'"),
    ]
    expect(rules.noCycles(circle(''))).toEqual(['src/a.ts:1: imports itself by src/x/b.ts, src/x/c.ts'])
    expect(rules.noCycles(circle('type '))).toEqual([])
  })

  it('finds tests that open a store and run on one only', () => {
    const opening = sourceOf('src/store/sqlite/store.ts', '')
    const given = [
      opening,
      sourceOf('tests/world.ts', "import { x } from '../src/store/sqlite/store.ts'"),
      sourceOf('tests/a/one.test.ts', "import { world } from '../world.ts'"),
      sourceOf('tests/b/two.test.ts', "import { world } from '../world.ts'"),
      sourceOf('tests/c/three.test.ts', "import type { World } from '../world.ts'"),
      sourceOf('tests/d.test.ts', "import { world } from './world.ts'"),
    ]
    const judged = (both: string[], once: Record<string, string> = {}) =>
      rules.storesOnBoth({ both, inside: [], once })(given)
    expect(judged(['tests/{a,b}/**/*.test.ts', 'tests/d.test.ts'])).toEqual([])
    expect(judged(['tests/{a,c}/**/*.test.ts'], { 'tests/d.test.ts': 'why' })).toEqual(problem('tests/b/two.test.ts'))
    expect(judged(['tests/**/*.test.ts'], { 'tests/c/three.test.ts': 'why' })).toEqual(problem('vitest.config.ts'))
  })

  it('counts the lines of files', () => {
    expect(judge(rules.fileLengths, 'src/a.ts', ...Array<string>(600).fill('x'))).toEqual([])
    expect(judge(rules.fileLengths, 'src/a.ts', ...Array<string>(601).fill('x'))).toEqual(problem('src/a.ts'))
    expect(rules.longFiles([sourceOf('src/a.ts', 'x\n'.repeat(301)), sourceOf('src/b.ts', 'x\n'.repeat(300))])).toEqual(
      ['301 src/a.ts'],
    )
  })

  it.each([
    ['a function', 'export async function* a(b: number): Promise<void> {', '}'],
    ['a function whose head has several lines', 'function a(\n  b: { c: number },\n): Promise<{ d: string }> {', '}'],
    ['an arrow', 'const a = (b: number) => {', '}'],
    ['a callback', 'call(1, async ({ b }) => {', '})'],
  ])('counts the lines of %s', (_kind, head, tail) => {
    const body = (count: number) => [
      'const z = { y: 1 }',
      ...head.split('\n'),
      ...Array<string>(count - head.split('\n').length - 1).fill('  if (x) {'),
      tail,
      '',
    ]
    expect(judge(rules.functionLengths, 'src/a.ts', ...body(60))).toEqual([])
    expect(judge(rules.functionLengths, 'src/a.ts', ...body(61))).toEqual(problem('src/a.ts', 2))
    expect(judge(rules.functionLengths, 'src/a.test.ts', ...body(61))).toEqual([])
  })

  it('counts a method for itself, not for what makes its object', () => {
    const method = (lines: number) => ['    async b(c) {', ...Array<string>(lines - 2).fill('      x()'), '    },']
    const made = (...methods: string[][]) => ['function a() {', '  return {', ...methods.flat(), '  }', '}']
    expect(judge(rules.functionLengths, 'src/a.ts', ...made(method(50), method(50)))).toEqual([])
    expect(judge(rules.functionLengths, 'src/a.ts', ...made(method(61)))).toEqual(problem('src/a.ts', 3))
    const plain = Array<string>(70).fill('    x: 1,')
    expect(judge(rules.functionLengths, 'src/a.ts', ...made(plain, method(5)))).toEqual(problem('src/a.ts', 1))
  })

  it('knows functions from what only looks like one', () => {
    const text = [
      'if (a) {',
      '}',
      'for (const b of c) {',
      '}',
      'class D {',
      '}',
      'export const e = {',
      '}',
      'f({',
      '})',
    ]
    expect(
      functionsOf(sourceOf('src/a.ts', [...text, 'switch (g) {', '}', '} else if (h) {', '}'].join('\n'))),
    ).toEqual([])
  })

  it.each([
    'src/utils.ts',
    'src/engine/helpers.ts',
    'src/common/a.ts',
    'src/lib/a.ts',
    'src/misc.test.ts',
    'src/aB.ts',
    'src/a_b.ts',
  ])('refuses the name %s', (path) => expect(judge(rules.fileNames, path, 'x')).toEqual(problem(path)))

  it('permits names that only contain such a word', () => {
    expect(judge(rules.fileNames, 'src/dialect/pds/commonplace-2.test.ts', 'x')).toEqual([])
  })

  it.each<[keyof typeof ruleOf, string, string]>([
    ['noDefaultExports', 'src/a.ts', 'export default 1'],
    ['noDefaultExports', 'src/a.ts', 'export { a as default }'],
    ['noBarrels', 'src/a/index.ts', "/** All. */\nexport * from './b.ts'\nexport { type c, d } from './d.ts'"],
    ['numberedTodos', 'src/a.ts', '// TODO: later'],
    ['numberedTodos', 'src/a.ts', '/* FIXME */'],
    ['noLonelyTests', 'tests/a.test.ts', "it.only('x', () => {})"],
    ['noLonelyTests', 'tests/a.test.ts', "describe.concurrent.skip('x', () => {})"],
    ['noLonelyTests', 'tests/a.test.ts', "it.skipIf(slow)('x', () => {})"],
    ['glossary', 'src/engine/a.ts', 'const userDomain = 1'],
    ['glossary', 'src/engine/a.ts', 'interface Snapshots {}'],
    ['glossary', 'src/engine/a.ts', 'const file_etag = 1'],
    ['noVendorWords', 'src/engine/a.ts', "const a = 'smh'"],
    ['noVendorWords', 'src/engine/a.ts', 'const a = { dingtalk: 1 }'],
    ['noVendorWords', 'src/store/a.ts', '// As PDS wants it.'],
    ['purePlanner', 'src/engine/plan.ts', 'const now = Date.now()'],
    ['purePlanner', 'src/engine/ops/move.ts', 'const a = Math.random()'],
    ['purePlanner', 'src/engine/view.ts', 'async function a() {}'],
    ['purePlanner', 'src/engine/view.ts', "import { randomUUID } from 'node:crypto'"],
    ['oneEnvironmentReader', 'src/app.ts', 'const a = process.env.HOME'],
    ['oneEnvironmentReader', 'src/cli/a.ts', 'const { env } = process'],
    ['constantSql', 'src/store/sqlite/a.ts', `const A = \`select a from b where c = ${hole('d')}\``],
    ['constantSql', 'src/store/sqlite/a.ts', `const A = \`delete from ${hole('table(1)')}\nwhere true\``],
    ['constantSql', 'src/store/sqlite/a.ts', `const A = \`insert into a select ${hole('members(x)')} from b\``],
  ])('%s finds in %s: %s', (name, path, text) => {
    expect(judge(ruleOf[name], path, text)).toEqual(problem(path))
  })

  it.each<[keyof typeof ruleOf, string, string]>([
    ['noDefaultExports', 'src/a.ts', "const a = 'export default' // export default"],
    ['noBarrels', 'src/engine/index.ts', "export * from './b.ts'"],
    ['noBarrels', 'src/a/index.ts', "export * from './b.ts'\nexport const c = 1"],
    ['numberedTodos', 'src/a.ts', "// TODO(#12): later\nconst a = 'TODO'"],
    ['noLonelyTests', 'tests/a.test.ts', "it.each([1])('is only skipped', () => {}) // it.skip"],
    ['glossary', 'src/engine/a.ts', "const original = { organ: 'domain' } // the domain"],
    ['glossary', 'src/engine/a.test.ts', 'const domain = 1'],
    ['noVendorWords', 'src/engine/model.ts', "export type DialectName = 'pds' | 'smh'"],
    ['noVendorWords', 'src/engine/a.ts', '/** As in SMH. */'],
    ['noVendorWords', 'src/dialect/pds/a.ts', "const a = 'pds'"],
    ['purePlanner', 'src/engine/batch.ts', 'await clock(Date.now())'],
    ['purePlanner', 'src/engine/plan.ts', 'const performances = 1 // no Date.now() here'],
    ['oneEnvironmentReader', 'src/config.ts', 'const a = process.env.HOME'],
    [
      'constantSql',
      'src/store/sqlite/a.ts',
      `const A = \`select ${hole('COLUMNS')} from b where c in (select ${hole('members(2)')} from d)\``,
    ],
    [
      'constantSql',
      'src/store/sqlite/a.ts',
      `function pageSql(a: string) {\n  return \`select ${hole('a')} from b\`\n}`,
    ],
    ['constantSql', 'src/store/sqlite/a.ts', `const a = \`Select ${hole('what')}, please\``],
  ])('%s finds nothing in %s: %s', (name, path, text) => {
    expect(judge(ruleOf[name], path, text)).toEqual([])
  })

  it('finds what makes a lock file useless elsewhere', () => {
    const problemsOf = (packages: object) => rules.lockFileProblems(JSON.stringify({ packages }))
    expect(problemsOf({ 'node_modules/a': { version: '1', resolved: 'http://x' } })).toEqual([
      'package-lock.json: node_modules/a has an address',
    ])
    const needing = { 'node_modules/a': { optionalDependencies: { b: '1' } } }
    expect(problemsOf(needing)).toEqual(['package-lock.json: node_modules/a may need b, which is missing'])
    expect(problemsOf({ ...needing, 'node_modules/b': {} })).toEqual([])
    expect(problemsOf({ ...needing, 'node_modules/a/node_modules/b': {} })).toEqual([])
  })
})

describe('the scanner', () => {
  it('tells code from comments, strings, templates and regular expressions', () => {
    const source = sourceOf(
      'src/a.ts',
      [
        "const a = 'it\\'s // no comment' // a comment",
        `const b = \`x ${hole('c({ d: `}` })')} ${hole('"}"')}\` + 1 / 2 /* two\nlines */ / 3`,
        "const e = f.replace(/['\"/[/\\]]+/g, '') || g",
        'return /`/.test(h)',
      ].join('\n'),
    )
    expect(source.comments.map(({ line, text }) => [line, text])).toEqual([
      [1, '// a comment'],
      [2, '/* two\nlines */'],
    ])
    expect(source.strings.map(({ line, text, hasSubstitution }) => [line, text, hasSubstitution])).toEqual([
      [1, "it\\'s // no comment", false],
      [2, `x ${hole('c({ d: `}` })')} ${hole('"}"')}`, true],
      [4, '', false],
    ])
    expect(source.code.split('\n').map((line) => line.replace(/ +/g, ' ').trimEnd())).toEqual([
      "const a = ' '",
      'const b = ` ` + 1 / 2',
      ' / 3',
      "const e = f.replace(/ /g, '') || g",
      'return / /.test(h)',
    ])
  })
})
