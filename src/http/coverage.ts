/** The coverage table of a dialect, read off the routes it registers, so that documents cannot claim what is not there. */
import fastify from 'fastify'
import type { Dialect, DialectContext } from './dialect.ts'

export interface CoverageRow {
  readonly method: string
  readonly path: string
  readonly operation: string
  readonly coverage: string
}

/** Registers the dialect on a server that is never started and notes its routes, in the order of their paths. */
export async function coverageOf(dialect: Dialect, context: DialectContext): Promise<CoverageRow[]> {
  const app = fastify()
  const rows: CoverageRow[] = []
  app.addHook('onRoute', ({ method, url, config }) => {
    if (!config?.operation) return
    const methods = [method].flat().filter((one) => one !== 'HEAD' || [method].flat().length === 1)
    const { operation, coverage = 'done' } = config
    rows.push({ method: methods.join(', '), path: url, operation, coverage })
  })
  await app.register(async (scope) => dialect.register(scope, context))
  await app.ready()
  await app.close()
  return rows.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : a.method < b.method ? -1 : 1))
}

/** The rows as a Markdown table. */
export function coverageTable(rows: readonly CoverageRow[]): string {
  const lines = rows.map((row) => `| ${row.method} | \`${row.path}\` | ${row.operation} | ${row.coverage} |`)
  return ['| method | path | call | coverage |', '|---|---|---|---|', ...lines].join('\n')
}
