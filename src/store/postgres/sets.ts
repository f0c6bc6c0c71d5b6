/** How sets go into statements: as one array for each column, which `unnest` turns back into rows. */
import type { DriveId, NodeId, TenantId } from '../../engine/index.ts'

export type Value = string | number | boolean | null
export type Parameter = Value | readonly Value[]

const TYPES = { n: 'bigint', t: 'text' } as const

/**
 * `unnest($1::bigint[], $2::text[], …)`: one letter a column, n for a number and t for a text.
 * @param first the number of the first parameter
 */
export function unnest(letters: string, first = 1): string {
  const columns = Array.from(letters, (letter, at) => `$${first + at}::${TYPES[letter as keyof typeof TYPES]}[]`)
  return `unnest(${columns.join(', ')})`
}

/** Rows as columns: the parameters of `unnest`. */
export function columns(rows: readonly (readonly unknown[])[], width: number): Value[][] {
  return Array.from({ length: width }, (_, at) => rows.map((row) => row[at] as Value))
}

/** The keys as two columns: drives and ids. */
export function keyColumns(keys: readonly { readonly drive: DriveId; readonly id: NodeId }[]): [DriveId[], NodeId[]] {
  return [keys.map(({ drive }) => drive), keys.map(({ id }) => id)]
}

/**
 * Asks for each drive apart, all at once, and puts the answers one after the other. Where drives lie on several machines, a
 * query that is more than a look-up must name its one drive to be sent to its machine.
 */
export function byDrive<Key extends { readonly drive: DriveId }, Found>(
  keys: readonly Key[],
  ask: (drive: DriveId, keys: readonly Key[]) => Promise<Found[]>,
): Promise<Found[]> {
  return apart(keys, ({ drive }) => drive, ask)
}

/** As `byDrive`, for what lies with its tenant; in the order of tenants, so that everybody locks them in the same order. */
export function byTenant<Key extends { readonly tenant: TenantId }, Found>(
  keys: readonly Key[],
  ask: (tenant: TenantId, keys: readonly Key[]) => Promise<Found[]>,
): Promise<Found[]> {
  const sorted = keys.toSorted((one, other) => (one.tenant < other.tenant ? -1 : Number(one.tenant > other.tenant)))
  return apart(sorted, ({ tenant }) => tenant, ask)
}

async function apart<Key, Of, Found>(
  keys: readonly Key[],
  ownerOf: (key: Key) => Of,
  ask: (owner: Of, keys: readonly Key[]) => Promise<Found[]>,
): Promise<Found[]> {
  const owners = new Map<Of, Key[]>()
  for (const key of keys) {
    const alike = owners.get(ownerOf(key))
    if (alike) alike.push(key)
    else owners.set(ownerOf(key), [key])
  }
  const answers = await Promise.all([...owners].map(([owner, alike]) => ask(owner, alike)))
  return answers.flat()
}

/** Of rows with the same key the last: a statement may write each row once only. */
export function latest<Row>(rows: readonly Row[], keyOf: (row: Row) => unknown): Row[] {
  return [...new Map(rows.map((row) => [keyOf(row), row])).values()]
}

/**
 * PostgreSQL keeps no NUL in a text. So NUL is written as an escape and a digit, and the escape itself, a code point that
 * Unicode promises never to use, as two of it.
 */
const ESCAPE = '\u{10fffe}'

export function toText(text: string): string {
  if (!text.includes('\0') && !text.includes(ESCAPE)) return text
  return text.replaceAll(ESCAPE, ESCAPE + ESCAPE).replaceAll('\0', `${ESCAPE}0`)
}

export function fromText(text: string): string {
  if (!text.includes(ESCAPE)) return text
  return text.replace(/\u{10fffe}(.)/gsu, (_, next) => (next === '0' ? '\0' : ESCAPE))
}

/** A parameter as the driver sends it. Truth is kept as 1 and 0. */
export function encoded(parameter: Parameter): string | number | null {
  if (parameter === null || typeof parameter === 'number') return parameter
  if (typeof parameter === 'boolean') return Number(parameter)
  return typeof parameter === 'string' ? toText(parameter) : `{${parameter.map(element).join(',')}}`
}

function element(value: Value): string {
  if (value === null) return 'NULL'
  return typeof value !== 'string' ? String(Number(value)) : `"${toText(value).replace(/["\\]/g, '\\$&')}"`
}
