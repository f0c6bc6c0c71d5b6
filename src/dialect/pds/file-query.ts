/** What a query of `/file/search` asks of files, in the engine's conditions. */
import type { Comparison, Kind, NodeId, Where } from '../../engine/index.ts'
import { CATEGORY_NAMES, extensionsOf } from './media.ts'
import { dateValue, type Query, queryProblem, type Term, type Value } from './query.ts'

/** Matches nothing: of what no node here ever has. */
const NOTHING: Where = { any: [] }
const EVERYTHING: Where = { all: [] }

/** What a query's file ids mean: the nodes of the drive that is searched. */
export type NodeOf = (fileId: string) => NodeId

/** A query as conditions. */
export function whereOf(query: Query, nodeOf: NodeOf): Where {
  if ('all' in query) return { all: query.all.map((one) => whereOf(one, nodeOf)) }
  if ('any' in query) return { any: query.any.map((one) => whereOf(one, nodeOf)) }
  if ('not' in query) return { not: whereOf(query.not, nodeOf) }
  return termWhere(query.term, nodeOf)
}

/** The folder a query's outermost conditions place everything in, and the query without that condition. */
export function placeOf(query: Query | null): { parent: string; rest: Query | null } | null {
  if (!query) return null
  const conditions = 'all' in query ? query.all : [query]
  const at = conditions.findIndex((one) => 'term' in one && one.term.field === 'parent_file_id')
  const found = conditions[at]
  if (!found || !('term' in found)) return null
  const rest = conditions.filter((_, i) => i !== at)
  return { parent: textOf(found.term), rest: rest.length > 0 ? { all: rest } : null }
}

function termWhere(term: Term, nodeOf: NodeOf): Where {
  const { field } = term
  switch (field) {
    case 'name':
    case 'description':
      return {
        field,
        is: { '=': 'equals', match: 'contains', prefix: 'prefix' }[textOperator(term)] as 'equals',
        text: textOf(term),
      }
    case 'parent_file_id':
      return { field: 'parent', in: textsOf(term).map(nodeOf) }
    case 'type':
      return { field: 'kind', in: textsOf(term).filter((kind): kind is Kind => kind === 'file' || kind === 'folder') }
    case 'file_extension':
      return { field: 'extension', in: textsOf(term).map((extension) => extension.toLowerCase()) }
    case 'mime_type':
      return mimeType(term)
    case 'category':
      return { any: textsOf(term).map(category) }
    case 'label':
      return { field: 'label', in: textsOf(term) }
    case 'content_hash':
      return { field: 'sha1', in: textsOf(term).map((hash) => hash.toLowerCase()) }
    case 'starred':
    case 'hidden':
      return { field, is: flagOf(term) }
    case 'status':
      return textsOf(term).includes('available') ? EVERYTHING : NOTHING
    case 'size':
      return { field: 'size', is: comparison(term), value: numberOf(term) }
    case 'created_at':
      return { field: 'created', is: comparison(term), value: dateValue(field, term.values[0]!) }
    case 'updated_at':
      return { field: 'updated', is: comparison(term), value: dateValue(field, term.values[0]!) }
    case 'image_time':
      return { field: 'taken', is: comparison(term), value: dateValue(field, term.values[0]!) }
    // Known to the vendor; nothing here looks into pictures or notes when a file was opened.
    case 'last_access_at':
    case 'face_group_id':
    case 'address':
      return NOTHING
    default:
      throw queryProblem(`There is no field ${field}.`)
  }
}

function wrongUse({ field, operator }: Term) {
  return queryProblem(`${field} cannot be sought by ${operator}.`)
}

/** Texts are compared by `=`, or, of some fields, by a part. */
function textOperator(term: Term): '=' | 'match' | 'prefix' {
  const { operator } = term
  if (operator === '=' || operator === 'match' || operator === 'prefix') return operator
  throw wrongUse(term)
}

function textOf(term: Term): string {
  const [value] = term.values
  if (typeof value !== 'string' || term.operator === 'in') throw wrongUse(term)
  return value
}

/** The texts one of which a field must be. */
function textsOf(term: Term): string[] {
  if (term.operator !== '=' && term.operator !== 'in') throw wrongUse(term)
  return term.values.map((value: Value) => {
    if (typeof value !== 'string') throw wrongUse(term)
    return value
  })
}

function flagOf(term: Term): boolean {
  const [value] = term.values
  if (term.operator !== '=' || typeof value !== 'boolean') throw wrongUse(term)
  return value
}

function numberOf(term: Term): number {
  const [value] = term.values
  if (typeof value !== 'number') throw wrongUse(term)
  return value
}

const COMPARISONS: readonly string[] = ['=', '<', '>', '<=', '>=']

function comparison(term: Term): Comparison {
  if (!COMPARISONS.includes(term.operator)) throw wrongUse(term)
  return term.operator as Comparison
}

function mimeType(term: Term): Where {
  if (term.operator === 'prefix') return { field: 'contentType', is: 'prefix', text: textOf(term) }
  const types = textsOf(term)
  return {
    any: [
      { field: 'extra', key: 'pds.mime_type', in: types },
      ...types.map((text): Where => ({ field: 'contentType', is: 'equals', text })),
    ],
  }
}

/** What its client says a file is, or else what its extension says. */
export function category(name: string): Where {
  const said: Where = { field: 'extra', key: 'pds.category', in: [name] }
  const saysNothing: Where = { not: { field: 'extra', key: 'pds.category', in: CATEGORY_NAMES } }
  const isFile: Where = { field: 'kind', in: ['file'] }
  const known = extensionsOf(name)
  const byName: Where =
    name === 'others'
      ? { not: { field: 'extension', in: CATEGORY_NAMES.flatMap(extensionsOf) } }
      : { field: 'extension', in: known }
  return { all: [isFile, { any: [said, { all: [saysNothing, byName] }] }] }
}
