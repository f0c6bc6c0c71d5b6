import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as applying from './apply.ts'
import { openDatabase } from './connection.ts'
import type { Database } from './driver.ts'
import * as drives from './drives.ts'
import * as history from './history.ts'
import * as links from './links.ts'
import * as marks from './marks.ts'
import { migrate } from './migrate.ts'
import * as nodes from './nodes.ts'
import { pageSql } from './pages.ts'
import * as people from './people.ts'
import * as search from './search.ts'
import * as tasks from './tasks.ts'
import * as tokens from './tokens.ts'
import * as totals from './totals.ts'
import * as trash from './trash.ts'
import * as uploads from './uploads.ts'

const modules = [applying, drives, history, links, marks, nodes, people, search, tasks, tokens, totals, trash, uploads]
const statements = modules.flatMap((module) =>
  Object.entries(module).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
)

const pages = (['name', 'updated', 'created', 'size', 'localCreated', 'localModified'] as const).flatMap((by) =>
  [false, true].flatMap((descending) =>
    [
      [{ only: null, beyond: true }],
      [{ only: 'file', beyond: true }],
      [{ only: 'folder', beyond: true }],
      [
        { only: 'folder', beyond: true },
        { only: 'file', beyond: false },
      ],
    ].map((runs): [string, string] => [
      `a page by ${by}${descending ? ' descending' : ''} of ${runs.map(({ only }) => only ?? 'all').join(' then ')}`,
      pageSql({ by, descending, runs: runs as Parameters<typeof pageSql>[0]['runs'] }),
    ]),
  ),
)

/**
 * The table of burials is a list of what to look at: it is empty but for the drives with something to sweep. The index of open tasks
 * holds only those that are not done, the index of pools that make room only these.
 */
const SCANS: Readonly<Record<string, string | readonly string[]>> = {
  GRAVE_NODES: 'SCAN b',
  END_BURIALS: 'SCAN burial',
  STRAINED: 'SCAN pool USING INDEX pool_eviction',
  STRAINED_POOLS: 'SCAN pool USING INDEX pool_eviction',
  CLAIM_TASKS: 'SCAN task USING COVERING INDEX task_open',
  OPEN_TASKS: 'SCAN task USING INDEX task_open',
  DONE_TASKS: 'SCAN task USING INDEX task_finished',
  // Whoever is in the list of departed is to be looked at, too.
  OVERDUE: ['SCAN b', 'SCAN pool EXISTS USING INDEX pool_eviction', 'SCAN departed EXISTS'],
}

describe('No statement reads a table from end to end', () => {
  let db: Database
  let tables: string[]
  beforeAll(() => {
    db = openDatabase(':memory:')
    migrate(db)
    tables = db.prepare(`select name from sqlite_master where type = 'table'`).pluck().all() as string[]
  })
  afterAll(() => db.close())

  const planOf = (sql: string) => {
    const parameters = Array(sql.split('?').length - 1).fill(1)
    const rows = db.prepare(`explain query plan ${sql}`).all(...parameters) as { detail: string }[]
    return rows.map(({ detail }) => detail)
  }
  /** What the statement calls the table: itself, or its alias. */
  const namesOf = (sql: string, table: string) => {
    const pattern = new RegExp(
      `\\b(?:from|join|update) ${table}\\b(?: (?!indexed|on|where|set|cross|left|order)(\\w+))?`,
      'g',
    )
    return [...sql.matchAll(pattern)].map(([, alias]) => alias ?? table)
  }

  it('and every statement is looked at', () => {
    expect(statements.length).toBeGreaterThan(50)
    expect(new Set(statements.map(([, sql]) => sql)).size).toBe(statements.length)
  })

  it.each([...statements, ...pages])('%s', (name, sql) => {
    const plan = planOf(sql)
    const known = tables.flatMap((table) => namesOf(sql, table))
    const steps = plan.filter((step) => !/ VIRTUAL TABLE INDEX \d+:(?:=|.*M)/.test(step))
    const scans = steps.filter((step) => known.some((table) => new RegExp(`^SCAN ${table}\\b`).test(step)))
    expect(scans).toEqual([SCANS[name] ?? []].flat())
    // A drive may hold millions of nodes: knowing the drive alone is not knowing where to look.
    const wide = namesOf(sql, 'node').flatMap((node) =>
      plan.filter((step) => new RegExp(`^SEARCH ${node} .*\\(drive_id=\\?\\)`).test(step)),
    )
    expect(wide).toEqual([])
  })

  it.each(pages.filter(([name]) => name.startsWith('a page by name')))('nor sorts a folder: %s', (_, sql) => {
    expect(planOf(sql).filter((step) => step === 'USE TEMP B-TREE FOR ORDER BY')).toEqual([])
  })
})
