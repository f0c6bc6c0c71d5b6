/** Whether the schema and the statements could live on a Citus cluster; told from their text, and their plans from a real server. */
import { readdirSync } from 'node:fs'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../tests/store.ts'
import { sql as sqliteSchema } from '../sqlite/migrations/0001.ts'
import { DISTRIBUTION, distribute, ON_EVERY_MACHINE, type Table } from './distribution.ts'
import { sql as schema } from './migrations/0001.ts'
import { pageSql } from './pages.ts'
import { SETTINGS } from './pool.ts'
import { orderedSql } from './search.ts'

/** What looks after a database, before it serves or beside that. */
const UPKEEP: ReadonlySet<string> = new Set(['distribution', 'inspect', 'migrate', 'pool', 'presence', 'rows'])
const subjects = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .map((file) => file.slice(0, -'.ts'.length))
  .filter((subject) => !UPKEEP.has(subject))
const modules: readonly object[] = await Promise.all(
  subjects.map((subject) => import(/* @vite-ignore */ `./${subject}.ts`)),
)
const pages = (['name', 'updated', 'created', 'size', 'localCreated', 'localModified'] as const).flatMap((by) =>
  [false, true].flatMap((descending) =>
    (['folder', 'file', null] as const).map((only): [string, string] => [
      `a page by ${by}${descending ? ' descending' : ''} of ${only ?? 'all'}`,
      pageSql({ by, descending, runs: [{ only, beyond: true }] }),
    ]),
  ),
)
const orders = (['name', 'created', 'updated', 'size', 'id'] as const).flatMap((by) =>
  [false, true].flatMap((descending) =>
    [false, true].map((inFull): [string, string] => [
      `a drive by ${by}${descending ? ' descending' : ''}${inFull ? ' in full' : ''}`,
      orderedSql({ by, descending, inFull }),
    ]),
  ),
)
const statements: readonly [name: string, sql: string][] = [
  ...modules.flatMap((module) =>
    Object.entries(module).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  ),
  ...pages,
  ...orders,
]

/** Of a schema's text: each table's columns, and the columns of its primary key and unique indexes. */
function tablesOf(text: string) {
  return new Map(
    [...text.matchAll(/create table "?(\w+)"? \(\n([\s\S]*?)\n\)[^;]*;/g)].map(([, name, body]) => {
      const columns = [...body!.matchAll(/^ {2}(?!primary key)(\w+) /gm)].map(([, column]) => column!)
      const single = /^ {2}(\w+) [^\n]*\bprimary key\b/m.exec(body!)?.[1]
      const key = single ?? /primary key \(([^)]*)\)/.exec(body!)?.[1]
      const indexes = [...text.matchAll(new RegExp(`create unique index \\w+ on "?${name}"? \\(([^)]*)\\)`, 'g'))]
      return [name!, { columns, unique: [key!, ...indexes.map(([, index]) => index!)].map((list) => list.split(', ')) }]
    }),
  )
}
const tables = tablesOf(schema)

describe('the schema', () => {
  /** SQLite’s search index is made of another kind of table. */
  const OTHERS: readonly string[] = ['deployment', 'node_term']

  it('has the tables and columns of the other store', () => {
    const ours = [...tables].filter(([name]) => !OTHERS.includes(name)).map(([name, { columns }]) => [name, columns])
    const theirs = [...tablesOf(sqliteSchema)].map(([name, { columns }]) => [name, columns])
    expect(new Map(ours as never)).toEqual(new Map(theirs as never))
  })

  it('says of every table how it is spread', () => {
    const told = [...Object.keys(DISTRIBUTION), ...Object.keys(ON_EVERY_MACHINE)]
    expect(told.sort()).toEqual([...tables.keys(), 'migration'].sort())
  })

  it.each(Object.entries(DISTRIBUTION))('leads every key of %s with its column %s', (name, column) => {
    expect(tables.get(name)!.unique.map(([first]) => first)).toEqual(tables.get(name)!.unique.map(() => column))
  })

  it('has nothing that a cluster cannot keep', () => {
    expect(schema).not.toMatch(/\breferences\b|\bforeign key\b|\bserial\b|\bgenerated\b|\bnextval\b|\btrigger\b/i)
  })
})

const spread = Object.entries(DISTRIBUTION)

/** The tables of a statement that are spread, each with what the statement calls it and its column. */
function spreadIn(sql: string) {
  return spread.flatMap(([table, column]) => {
    const pattern = new RegExp(
      `\\b(?:from|join|update|into|using|only) "?${table}"?\\b(?! \\()(?: (?!set|where|order|on|join|cross|left|returning|values|select)(\\w+))?`,
      'g',
    )
    return [...sql.matchAll(pattern)].map(([, alias]) => ({ table, name: alias ?? table, column }))
  })
}

/** Whether the rows of a table are sought by its column. */
function isNamed(sql: string, { name, column }: { name: string; column: string }): boolean {
  const own = `(?:${name}\\.|(?<![.\\w]))${column}`
  return new RegExp(`${own} = |= ${own}\\b|\\(${own},[^)]*\\) in|${own} in \\(`).test(sql)
}

/** What is done now and then, or by an operator: it may ask every machine. */
const EVERYWHERE: ReadonlySet<string> = new Set([
  ...['DRIVES_OF_TENANT', 'DRIVES_OF_OWNERS', 'DRIVES_BY_SCENE', 'DRIVES_IN_POOLS', 'EXPIRED_TRASH', 'TAKE_BURIALS'],
  ...['FORGET_EVICTED', 'OVERDUE', 'EXPIRED_UPLOADS', 'CLAIM_TASKS', 'TASK_KEYS', 'OPEN_TASKS', 'DONE_TASKS'],
  ...['DELETE_FINISHED_OUTCOMES', 'DELETE_FINISHED_TASKS', 'LINKS_OF_TENANT', 'LINKS_OF_MAKERS'],
  ...['GRANTS_GIVEN_TO', 'GRANTS_GIVEN_BY', 'HELD_CONTENTS', 'UNUSED_BLOBS', 'DROP_HOLDS'],
])

describe('the statements', () => {
  it('are all looked at', () => {
    expect(subjects).toContain('roster')
    expect(statements.map(([name]) => name)).toEqual(expect.arrayContaining([...EVERYWHERE]))
    expect(statements.length).toBeGreaterThan(200)
    expect(statements.filter(([, sql]) => spreadIn(sql).length > 0).length).toBeGreaterThan(110)
  })

  it.each(statements.filter(([name]) => !EVERYWHERE.has(name)))(
    '%s names what every row it touches is spread by',
    (_, sql) => {
      expect(spreadIn(sql).filter((table) => !isNamed(sql, table))).toEqual([])
    },
  )

  it.each(statements.filter(([, sql]) => /with recursive/.test(sql) && spreadIn(sql).length > 0))(
    '%s, which is recursive, names one drive',
    (_, sql) => {
      const elsewhere = spreadIn(sql).filter(({ name, column }) => !sql.includes(`${name}.${column} = $1`))
      expect(elsewhere).toEqual([])
    },
  )

  it.each(statements.filter(([, sql]) => /for update/.test(sql) && spreadIn(sql).length > 0))(
    '%s, which locks what it reads, asks one machine',
    (_, sql) => {
      expect(spreadIn(sql).filter(({ column }) => !sql.includes(`${column} = $1`))).toEqual([])
    },
  )

  it.each(statements)('%s moves no row to another machine', (_, sql) => {
    for (const [table, column] of spread) {
      expect(sql).not.toMatch(new RegExp(`update "?${table}"?(?: \\w+)? set (?:[^']*, )?${column} = `))
    }
  })

  it('would be caught', () => {
    const wrong = 'select n.id from node n join version v on v.node_id = n.id where n.drive_id = $1'
    expect(spreadIn(wrong).filter((table) => !isNamed(wrong, table))).toEqual([
      { table: 'version', name: 'v', column: 'drive_id' },
    ])
  })
})

/**
 * Two drives of ten thousand nodes, what is kept beside them, and many small drives with something to sweep: in small tables
 * every way is short.
 */
const LARGE_DRIVES = `
insert into node select 7001 + i % 2, i, i / 20, 'n' || i, 'n' || i, 0, case i % 5 when 0 then 'folder' else 'file' end, 1,
  md5(i::text), i, '', '', '', 7001, 1, i, i, 'user:a', 'user:a', '{}' from generate_series(1, 20000) i;
insert into version (drive_id, node_id, version, digest, size, md5, sha1, crc64, created_at, creator, keep, description, expires_at, revert_of)
  select drive_id, id, 1, digest, size, '', '', '', 1, creator, 0, '', 0, 0 from node;
insert into node_grant (drive_id, node_id, subject, actions, role, expires_at, created_at, creator, tenant_id)
  select drive_id, id, 'user:' || id % 50, 1, '', 0, id, 'user:a', 'acme' from node;
insert into trash (drive_id, node_id, id, parent_id, name, path, trashed_at, trashed_by, expires_at)
  select drive_id, id, id, 1, name, '[]', id, 'user:a', 0 from node;
insert into forward (drive_id, node_id, to_drive, haul_id) select drive_id, id, 7003, 0 from node;
insert into node_term (drive_id, node_id, terms, name_key, created_at, size)
  select drive_id, id, to_tsvector('simple', name), name_key, created_at, size from node;
insert into blob (drive_id, digest, size, md5, sha1, crc64, refs, touched_at, head, chain)
  select drive_id, digest, size + 1048576 * (id % 2), '', '', '', 1, 1, '', '' from node;
insert into mark (tenant_id, subject, kind, node_id, born, at)
  select 'tenant' || i % 50, 'user:' || i % 400, 'favourite', i, i, 1 from generate_series(1, 20000) i;
insert into drive (id, tenant_id, name, owner, app, scene, scene_id, status, root, trash, grave, settings, seq, trash_seq,
    creator, created_at, updated_at, shared_pool)
  select i, 'acme', '', 'user:a', '', '', '', 'active', 1, 2, i, '{}', 1, 1, '', 1, 1, 0 from generate_series(7001, 9000) i;
insert into burial select id from drive;
insert into upload (drive_id, id, tenant_id, parent_id, name, node_id, revises, hashes, state, content, creator, created_at,
    expires_at, data)
  select 7001 + i % 2, i, 'acme', i / 20, '', i, 0, '{}', 'open', 'null', '', 1, i, 'null' from generate_series(1, 4000) i;
insert into upload_part select drive_id, id, 1, 1, '', 1 from upload;
analyze node, version, node_grant, trash, forward, node_term, blob, mark, drive, burial, upload, upload_part`

describe('on a real server', () => {
  let database: TestDatabase
  let client: pg.Client
  beforeAll(async () => {
    database = await createTestDatabase('')
    client = new pg.Client({ connectionString: database.url })
    await client.connect()
    await client.query(SETTINGS)
    await client.query(LARGE_DRIVES)
  })
  afterAll(async () => {
    await client.end()
    await database.drop()
  })

  const plans = new Map<string, Promise<string[]>>()
  function planOf(sql: string): Promise<string[]> {
    const asked = plans.get(sql) ?? explain(sql)
    plans.set(sql, asked)
    return asked
  }
  async function explain(sql: string): Promise<string[]> {
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain (generic_plan, costs off) ${sql}`)
    return rows.map((row) => row['QUERY PLAN'])
  }

  /** Lists of what is to be done, empty but for that, and single rows. */
  const SHORT: ReadonlySet<string> = new Set(['burial', 'deployment', 'sequence', 'task_hold'])

  it.each(statements)('%s reads no table from end to end', async (_, sql) => {
    const lines = await planOf(sql)
    const scanned = lines.flatMap((line) => /Seq Scan on "?(\w+)/.exec(line)?.[1] ?? [])
    expect(scanned.filter((table) => !SHORT.has(table))).toEqual([])
  })

  /** What a changed setting means for all that a drive has. */
  const SETTINGS_CHANGED = ['KEEP_VERSIONS'] as const
  /** Searches: they may go through a drive, a page at a time, or through the few of its nodes that came from others. */
  const WHOLE: ReadonlySet<string> = new Set([
    'CANDIDATES',
    'CANDIDATE_OUTLINES',
    'TERMED',
    'BIRTHS',
    ...SETTINGS_CHANGED,
  ])

  it.each(statements.filter(([name]) => !WHOLE.has(name)))('%s reads no drive from end to end', async (_, sql) => {
    const lines = await planOf(sql)
    const scans = lines.flatMap((line, at) =>
      /Scan using (?:node|version)_\w+ on|Scan on (?:node|version)_/.test(line) ? [lines[at + 1]!] : [],
    )
    // Knowing the drive alone is not knowing where to look.
    expect(scans.filter((condition) => !/\b(?:id|parent_id|node_id|born|expires_at|terms)\b/.test(condition))).toEqual(
      [],
    )
  })

  it.each(pages.filter(([name]) => name.startsWith('a page by name')))('%s sorts no folder', async (_, sql) => {
    const lines = await planOf(sql)
    // By the id alone, among the few that share a name.
    expect(lines.filter((line) => /^\s*(?:->\s+)?Sort\s*$/.test(line))).toEqual([])
  })
})

it('spreads what is not spread yet, whatever others join first', async () => {
  const said: unknown[][] = []
  const answers = {
    query: async (sql: string, values: unknown[] = []) => {
      if (values.length > 0) said.push(values)
      return { rows: sql.includes('pg_dist_partition') ? [{ name: 'tenant' }, { name: '"user"' }] : [] }
    },
  } as unknown as pg.PoolClient
  const done = await distribute(answers)
  expect(said).toHaveLength(Object.keys({ ...DISTRIBUTION, ...ON_EVERY_MACHINE }).length - 2)
  expect(done[0]).toBe('drive' satisfies Table)
  expect(said).toContainEqual(['"drive"', 'id', 'none'])
  expect(said).toContainEqual(['"node"', 'drive_id', 'drive'])
  expect(said).toContainEqual(['"blob"', 'drive_id', 'drive'])
  expect(said).toContainEqual(['"mark"', 'tenant_id', 'none'])
  expect(said).toContainEqual(['"task"', 'tenant_id', 'mark'])
  expect(said).toContainEqual(['"link"', 'id', 'none'])
  expect(said).toContainEqual(['"pool"'])
})
