import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Auth } from '../src/auth/auth.ts'
import { dingtalkDialect } from '../src/dialect/dingtalk/index.ts'
import { pdsDialect } from '../src/dialect/pds/index.ts'
import { smhDialect } from '../src/dialect/smh/index.ts'
import { wpsDialect } from '../src/dialect/wps/index.ts'
import type { Engine } from '../src/engine/index.ts'
import { coverageOf, coverageTable } from '../src/http/coverage.ts'
import { DEFAULT_DIALECT_SETTINGS, type DialectContext } from '../src/http/dialect.ts'

// Registering routes calls nothing: no engine is needed to list them.
const context: DialectContext = {
  engine: {} as Engine,
  auth: {} as Auth,
  origin: () => '',
  settings: DEFAULT_DIALECT_SETTINGS,
}
const TABLE = /(<!-- coverage -->\n)[\s\S]*(\n<!-- end of coverage -->)/
/** Every call is done, or says what of it is missing, or why it is. A row of several calls names those that are not done. */
const VERDICT = /^(?:[A-Z].*: )?(?:done$|done; |partial: |not planned: )/

describe('the documents', () => {
  for (const dialect of [pdsDialect, smhDialect, wpsDialect, dingtalkDialect]) {
    it(`list exactly the calls that ${dialect.name} serves`, async () => {
      const file = new URL(`../docs/dialects/${dialect.name}.md`, import.meta.url)
      const rows = await coverageOf(dialect, context)
      expect(rows.length).toBeGreaterThan(5)
      expect(rows.filter(({ coverage }) => !VERDICT.test(coverage))).toEqual([])
      const before = readFileSync(file, 'utf8')
      expect(before).toMatch(TABLE)
      const after = before.replace(TABLE, (_, open, close) => `${open}${coverageTable(rows)}${close}`)
      if (process.env.BATCHDRIVE_WRITE_DOCS === '1') writeFileSync(file, after)
      expect(readFileSync(file, 'utf8')).toBe(after)
    })
  }
})
