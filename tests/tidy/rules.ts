/** The rules of CONTRIBUTING.md that a machine can hold. Each takes sources and gives back what breaks it. */
import { posix } from 'node:path'
import { type FunctionSpan, functionsOf, type Source } from './source.ts'

/** `path:line: what is wrong`. */
export type Problem = string
export type Rule = (sources: readonly Source[]) => Problem[]

export const FILE_LINES_SOFT_MAX = 300
export const FILE_LINES_MAX = 600
export const FUNCTION_LINES_MAX = 60

const isTest = ({ path }: Source) => /\.test\.ts$|^tests\//.test(path)
/** The suite that every implementation of a port passes. */
const isConformance = ({ path }: Source) => /(?:^|\/)conformance(?:\.ts$|\/)/.test(path)
const isProduct = (source: Source) => source.path.startsWith('src/') && !isTest(source) && !isConformance(source)
const lies = (path: string, places: readonly string[]) =>
  places.some((place) => path === place || path.startsWith(`${place}/`))

/** One problem for each match in the code of a source. */
function matches(source: Source, pattern: RegExp, what: string): Problem[] {
  return source.code.split('\n').flatMap((line, i) => (pattern.test(line) ? [`${source.path}:${i + 1}: ${what}`] : []))
}

interface Layer {
  /** Files and folders of ours, beside its own. */
  readonly ours: readonly string[]
  /** Of which only types may come. */
  readonly types?: readonly string[]
  /** Packages; `node:*` stands for all of Node's own. */
  readonly packages: readonly string[]
}

const NODE = 'node:*'
const LAYERS: Readonly<Record<string, Layer>> = {
  'src/engine': { ours: [], packages: ['node:assert', 'node:crypto'] },
  'src/store': { ours: ['src/engine'], packages: [NODE] },
  'src/store/row': { ours: ['src/engine'], packages: [] },
  'src/store/sqlite': { ours: ['src/engine', 'src/store/row'], packages: [NODE, 'better-sqlite3'] },
  'src/store/postgres': { ours: ['src/engine', 'src/store/row'], packages: [NODE, 'pg'] },
  'src/blob': { ours: ['src/engine'], packages: [NODE] },
  'src/blob/disk': { ours: ['src/engine', 'src/blob/digest.ts'], packages: [NODE] },
  'src/auth': { ours: ['src/engine'], packages: [NODE, '@node-rs/argon2', 'jose'] },
  'src/copy': { ours: ['src/engine', 'src/fsck', 'src/store/row'], packages: [NODE] },
  'src/fsck': { ours: ['src/engine'], packages: [] },
  'src/task': { ours: ['src/engine'], packages: [NODE] },
  'src/http': { ours: ['src/engine'], types: ['src/auth'], packages: [NODE, 'fastify', 'sharp', 'yazl'] },
  // Never another dialect, a store or a blob store.
  'src/dialect/*': { ours: ['src/engine', 'src/auth', 'src/http'], packages: [NODE, 'fastify', 'jose'] },
  'src/cli': {
    ours: [
      'src/app.ts',
      'src/upkeep.ts',
      'src/config.ts',
      'src/demo.ts',
      'src/data-lock.ts',
      'src/place.ts',
      'src/tls.ts',
      'src/engine',
      'src/auth',
      'src/fsck',
    ],
    packages: [NODE, 'commander', 'jose'],
  },
  'src/config.ts': { ours: ['src/engine', 'src/http/dialect.ts'], packages: [NODE] },
  'src/data-lock.ts': { ours: [], packages: [NODE] },
  'src/place.ts': { ours: [], packages: [NODE] },
  'src/tls.ts': { ours: ['src/auth', 'src/config.ts', 'src/http'], packages: [NODE] },
  'src/demo.ts': { ours: ['src'], packages: [NODE] },
  'src/upkeep.ts': { ours: ['src'], packages: [NODE] },
  'src/app.ts': { ours: ['src'], packages: [NODE, 'fastify'] },
}
const SUITE_PACKAGES = ['vitest', 'fast-check']

/** The layer a file belongs to: the longest entry that fits. */
function layerOf(path: string): [place: string, layer: Layer] | undefined {
  const dialect = /^src\/dialect\/[^/]+/.exec(path)?.[0]
  if (dialect !== undefined) return [dialect, LAYERS['src/dialect/*']!]
  const places = Object.keys(LAYERS).filter((place) => lies(path, [place]))
  const place = places.sort((a, b) => b.length - a.length)[0]
  return place === undefined ? undefined : [place, LAYERS[place]!]
}

/** Folders import in one direction only, and packages stay where they belong. */
export const importDirections: Rule = (sources) =>
  sources
    .filter((source) => source.path.startsWith('src/') && !isTest(source))
    .flatMap((source) => {
      const found = layerOf(source.path)
      if (found === undefined) return [`${source.path}:1: belongs to no layer of ARCHITECTURE.md`]
      const [place, layer] = found
      const packages = isConformance(source) ? [...layer.packages, ...SUITE_PACKAGES] : layer.packages
      return source.imports
        .filter(({ text, typeOnly }) => {
          if (!text.startsWith('.'))
            return !packages.includes(text) && !(packages.includes(NODE) && text.startsWith('node:'))
          const target = posix.join(posix.dirname(source.path), text)
          const allowed = [...layer.ours, ...(typeOnly ? (layer.types ?? []) : [])]
          return layerOf(target)?.[0] !== place && !lies(target, allowed)
        })
        .map(({ line, text }) => `${source.path}:${line}: ${place} may not import ${text}`)
    })

/** Modules that need each other to load have no order in which they can be understood. Types may refer in circles. */
export const noCycles: Rule = (sources) => {
  const known = new Map(sources.map((source) => [source.path, source]))
  const done = new Set<string>()
  const problems: Problem[] = []
  const visit = (path: string, trail: readonly string[]) => {
    if (trail.includes(path))
      problems.push(`${path}:1: imports itself by ${trail.slice(trail.indexOf(path) + 1).join(', ')}`)
    if (trail.includes(path) || done.has(path)) return
    for (const { text, typeOnly } of known.get(path)?.imports ?? []) {
      if (text.startsWith('.') && !typeOnly) visit(posix.join(posix.dirname(path), text), [...trail, path])
    }
    done.add(path)
  }
  for (const { path } of sources) visit(path, [])
  return problems
}

/** Where tests are listed that run on one store, or on both; patterns as vitest's. */
export interface StoreLists {
  readonly both: readonly string[]
  /** What is about the inside of one store. */
  readonly inside: readonly string[]
  /** Paths that open no store, with the reason why they seem to. */
  readonly once: Readonly<Record<string, string>>
}

/** What opens a store, or starts the program that does. */
const OPENERS = ['src/store/sqlite/store.ts', 'src/store/postgres/store.ts', 'tests/cli/program.ts']

/** A test that opens a store runs on both, for what holds on one may not hold on the other. */
export const storesOnBoth =
  ({ both, inside, once }: StoreLists): Rule =>
  (sources) => {
    const known = new Map(sources.map((source) => [source.path, source]))
    const listed = [...both, ...inside].map(pathPattern)
    const opening = (path: string, seen = new Set<string>()): boolean => {
      if (OPENERS.includes(path)) return true
      if (seen.has(path)) return false
      seen.add(path)
      const values = known.get(path)?.imports.filter(({ text, typeOnly }) => text.startsWith('.') && !typeOnly) ?? []
      return values.some(({ text }) => opening(posix.join(posix.dirname(path), text), seen))
    }
    const tests = sources.map(({ path }) => path).filter((path) => path.endsWith('.test.ts'))
    return [
      ...tests
        .filter((path) => !(path in once) && !listed.some((pattern) => pattern.test(path)) && opening(path))
        .map((path) => `${path}:1: opens a store and does not run on both: see vitest.config.ts`),
      ...Object.keys(once)
        .filter((path) => !tests.includes(path) || !opening(path))
        .map((path) => `vitest.config.ts:1: ${path} needs no exception`),
    ]
  }

/** `**` is any number of folders, `*` anything but a slash, `{a,b}` one of several. */
function pathPattern(glob: string): RegExp {
  const words: Record<string, string> = { '**/': '(?:.*/)?', '*': '[^/]*', '{': '(?:', '}': ')', ',': '|' }
  return new RegExp(`^${glob.replace(/\*\*\/|[*{},]|[.+?^$()[\]|]/g, (found) => words[found] ?? `\\${found}`)}$`)
}

export const fileLengths: Rule = (sources) =>
  sources
    .filter(({ lines }) => lines.length > FILE_LINES_MAX)
    .map(({ path, lines }) => `${path}:1: has ${lines.length} lines, more than ${FILE_LINES_MAX}`)

/** Not a rule: files that grow towards the limit. */
export function longFiles(sources: readonly Source[]): string[] {
  const long = sources.filter(({ lines }) => lines.length > FILE_LINES_SOFT_MAX)
  return long.sort((a, b) => b.lines.length - a.lines.length).map(({ path, lines }) => `${lines.length} ${path}`)
}

/** Suites are exempt: a `describe` is a list of tests. A function that makes an object is as long as it is without the methods. */
export const functionLengths: Rule = (sources) =>
  sources
    .filter((source) => !/\.test\.ts$/.test(source.path) && !isConformance(source))
    .flatMap((source) => {
      const all = functionsOf(source)
      return all
        .map((one) => ({ ...one, lines: ownLines(one, all) }))
        .filter(({ lines }) => lines > FUNCTION_LINES_MAX)
        .map(
          ({ line, name, lines }) =>
            `${source.path}:${line}: ${name} has ${lines} lines, more than ${FUNCTION_LINES_MAX}`,
        )
    })

function ownLines(one: FunctionSpan, all: readonly FunctionSpan[]): number {
  const inside = (inner: FunctionSpan, outer: FunctionSpan) => inner.line > outer.line && inner.end <= outer.end
  const methods = all.filter((method) => method.isMethod && inside(method, one))
  const outermost = methods.filter((method) => !methods.some((other) => inside(method, other)))
  return one.end - one.line + 1 - outermost.reduce((sum, { line, end }) => sum + end - line + 1, 0)
}

/** Names say the subject, in kebab case. */
export const fileNames: Rule = (sources) =>
  sources.flatMap(({ path }) => {
    const parts = path.split('/').map((part) => part.replace(/(?:\.test|\.d)?\.(?:ts|mjs)$/, ''))
    const empty = parts.find((part) => /^(?:utils?|helpers?|common|lib|misc)$/.test(part))
    if (empty !== undefined) return [`${path}:1: "${empty}" names no subject`]
    const wild = parts.find((part) => !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(part))
    return wild === undefined ? [] : [`${path}:1: "${wild}" is not in kebab case`]
  })

export const noDefaultExports: Rule = (sources) =>
  sources.flatMap((source) => matches(source, /\bexport\s+default\b|\bas\s+default\b/, 'exports a default'))

/** A file that only passes on what others export hides where things are; the engine's surface is the one exception. */
export const noBarrels: Rule = (sources) =>
  sources
    .filter(({ path, code }) => {
      const rest = code.replace(/\bexport\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})\s+from\s+'[^']*'/g, '')
      return path !== 'src/engine/index.ts' && code.trim() !== '' && rest.trim() === ''
    })
    .map(({ path }) => `${path}:1: only passes on what others export`)

export const numberedTodos: Rule = (sources) =>
  sources.flatMap(({ path, comments }) =>
    comments
      .filter(({ text }) => /\b(?:TODO|FIXME|XXX)\b(?!\s*\(?#\d)/.test(text))
      .map(({ line }) => `${path}:${line}: a TODO needs the number of its issue`),
  )

export const noLonelyTests: Rule = (sources) =>
  sources.flatMap((source) =>
    matches(
      source,
      /\b(?:it|test|describe|suite)(?:\.\w+)*\.(?:only|skip|skipIf|runIf|todo|fails)\b/,
      'leaves tests out',
    ),
  )

/**
 * The glossary's banned words, as parts of names in the engine. Those of its list that the language or the contract uses in
 * another sense (entry, item, object, content, slice, delete, share, async, action, mode, delta, offset, …) cannot be told apart.
 */
const BANNED_WORDS =
  /^(?:domain|org|account|principal|operator|space|volume|disk|dentry|dir|title|filename|revision|snapshot|etag|entity|transfer|chunk|recycle|acl|job|command|overwrite|event|capacity)s?$/

export const glossary: Rule = (sources) =>
  sources
    .filter((source) => isProduct(source) && source.path.startsWith('src/engine/'))
    .flatMap((source) =>
      source.code.split('\n').flatMap((line, i) =>
        wordsOf(line)
          .filter((word) => BANNED_WORDS.test(word))
          .map((word) => `${source.path}:${i + 1}: "${word}" is not a word of the glossary`),
      ),
    )

function wordsOf(line: string): string[] {
  const names = line.match(/[A-Za-z_]+/g) ?? []
  return names.flatMap((name) =>
    name
      .replace(/([a-z])([A-Z])/g, '$1_$2')
      .toLowerCase()
      .split('_'),
  )
}

const VENDOR_WORDS =
  /\b(?:pds|smh|wps|dingtalk|dentry|kso|aliyun|alibaba|tencent|kingsoft|x-oss|x-cos|unionid|corpid)\b/i

/** Vendors' words stay in the dialects. The engine's comments may name a source, and its contract lists the dialects. */
export const noVendorWords: Rule = (sources) =>
  sources
    .filter((source) => isProduct(source) && lies(source.path, ['src/engine', 'src/store', 'src/blob']))
    .flatMap((source) => {
      const comments = source.path.startsWith('src/engine/') ? [] : source.comments
      const told = [...source.strings, ...comments].filter(({ text }) => VENDOR_WORDS.test(text))
      return [
        ...matches(source, VENDOR_WORDS, 'speaks a vendor’s word'),
        ...told
          .filter(({ line }) => !/\btype DialectName\b/.test(source.lines[line - 1]!))
          .map(({ line }) => `${source.path}:${line}: speaks a vendor’s word`),
      ]
    })

/** What decides ops gets time and numbers as arguments, and facts by asking for them. */
const PURE = [
  ...[
    'plan',
    'view',
    'draft',
    'facts',
    'locate',
    'place',
    'access',
    'bytes',
    'name',
    'attributes',
    'effects',
    'action',
  ].map((name) => `src/engine/${name}.ts`),
  'src/engine/ops',
]
const IMPURE =
  /\b(?:Math\.random|Date\.now|new Date\(\)|performance|process|setTimeout|setInterval|setImmediate|queueMicrotask|fetch|async|await|Promise)\b/

export const purePlanner: Rule = (sources) =>
  sources
    .filter((source) => isProduct(source) && lies(source.path, PURE))
    .flatMap((source) => [
      ...matches(source, IMPURE, 'is not pure'),
      ...source.imports
        .filter(({ text }) => text.startsWith('node:') && text !== 'node:assert')
        .map(({ line, text }) => `${source.path}:${line}: is not pure: ${text}`),
    ])

export const oneEnvironmentReader: Rule = (sources) =>
  sources
    .filter((source) => isProduct(source) && source.path !== 'src/config.ts')
    .flatMap((source) => matches(source, /\bprocess\.env\b|\benv\s*\}\s*=\s*process\b/, 'reads the environment'))

const SQL = /\b(?:select|insert|update|delete|create|pragma)\b[\s\S]*\b(?:from|into|set|table|index|where)\b/i
/** Constants, the list of a JSON array's members, and sets whose columns are spelled out. */
const CONSTANT = /^(?:[A-Z][A-Z0-9_]*|members\((?:\d+|[A-Z][A-Z0-9_]*)\)|unnest\('[nt]+'(?: \+ '[nt]+')*\))$/

/** SQL is constant text. Where one of a closed set of texts is put together, the function that does it is named `…Sql`. */
export const constantSql: Rule = (sources) =>
  sources.filter(isProduct).flatMap((source) => {
    const builders = functionsOf(source).filter(({ name }) => /Sql$/.test(name))
    return source.strings
      .filter(({ text, hasSubstitution }) => hasSubstitution && SQL.test(text))
      .filter(({ line }) => !builders.some((builder) => builder.line <= line && line <= builder.end))
      .filter(({ text }) => [...text.matchAll(/\$\{([^}]*)\}/g)].some(([, inner]) => !CONSTANT.test(inner!.trim())))
      .map(({ line }) => `${source.path}:${line}: SQL that is not constant text`)
  })

interface LockedPackage {
  readonly resolved?: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/**
 * Addresses of the machine that wrote the lock file would be asked for by every other one. And where the binaries for
 * another platform were left out, because the registry it was written from lacks them, `npm ci` refuses the whole file.
 */
export function lockFileProblems(text: string): Problem[] {
  const { packages } = JSON.parse(text) as { packages: Readonly<Record<string, LockedPackage>> }
  return Object.entries(packages).flatMap(([path, { resolved, optionalDependencies = {} }]) => [
    ...(resolved === undefined ? [] : [`package-lock.json: ${path} has an address`]),
    ...Object.keys(optionalDependencies)
      .filter((name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages))
      .map((name) => `package-lock.json: ${path} may need ${name}, which is missing`),
  ])
}
