/**
 * Metadata of many files: `batch_get_meta` of private deployments and its public successor `batch_get`, one handler. Both
 * cost the same few set look-ups for one id and for 1024.
 */
import type { NodeView } from '../../engine/index.ts'
import { type Answer, type Call, getOp, inputProblem, type Route, runOps } from './call.ts'
import { type Refusal, refusalOf, refuse } from './error.ts'
import type { Input } from './input.ts'
import { type Parts, presentFiles } from './present.ts'
import { SCOPES } from './scope.ts'
import { fileRef, IDS_PER_BATCH_MAX } from './terms.ts'

/**
 * What to do about ids that are not found. omit: leave them out (the page of `batch_get_meta` knows no failures).
 * fastfail: the first one's error is the answer. detailed: they are listed beside the files.
 */
type Mode = 'omit' | 'fastfail' | 'detailed'

/** Ids in the order of first appearance, each with its node or why there is none. */
async function lookUp(call: Call, ids: readonly string[]): Promise<(NodeView | Refusal)[]> {
  const refs = ids.map((id) => fileRef(call.engine.ids, id))
  const known = refs.flatMap((ref) => (ref ? [ref] : []))
  const results = await runOps(
    call,
    known.map((ref) => getOp(ref)),
  )
  const byRef = new Map(known.map((ref, index) => [ref, results[index]!]))
  return refs.map((ref) => {
    const result = ref && byRef.get(ref)
    if (!result) return refuse('noFile')
    return result.status === 'failed' ? refusalOf(result.error) : result.view!
  })
}

interface Question {
  readonly ids: readonly string[]
  readonly mode: Mode
  readonly parts: Parts
}

async function answer(call: Call, { ids, mode, parts }: Question): Promise<Answer> {
  const found = await lookUp(call, ids)
  const views = found.filter((outcome): outcome is NodeView => 'node' in outcome)
  const failures = found.flatMap((outcome, index) =>
    'node' in outcome ? [] : [{ object_id: ids[index]!, err_code: outcome.code, err_msg: outcome.msg }],
  )
  const first = failures[0]
  if (mode === 'fastfail' && first) return { code: first.err_code, msg: first.err_msg }
  const items = await presentFiles(call, views, parts)
  return { data: mode === 'detailed' ? { items, failures } : { items } }
}

/** The flags, from the query or the body: either page's clients may send them to either call. */
function readParts({ query, body }: Call, byDefault: boolean, shared: boolean): Parts {
  const flag = (name: string) => (query.has(name) ? query : body).flag(name, byDefault)
  return {
    permission: flag('with_permission'),
    extAttrs: flag('with_ext_attrs'),
    drive: flag('with_drive'),
    hash: byDefault,
    shared,
  }
}

function readMode({ query, body }: Call, byDefault: Mode): Mode {
  const input: Input = query.has('mode') ? query : body
  return input.has('mode') ? input.word('mode', ['fastfail', 'detailed']) : byDefault
}

async function batchGetMeta(call: Call): Promise<Answer> {
  const ids = call.body.ids('file_ids', IDS_PER_BATCH_MAX)
  const question: Question = { ids, mode: readMode(call, 'omit'), parts: readParts(call, true, false) }
  return inputProblem(call) ?? answer(call, question)
}

async function batchGet(call: Call): Promise<Answer> {
  const ids = call.query.ids('file_ids', IDS_PER_BATCH_MAX)
  const question: Question = { ids, mode: readMode(call, 'fastfail'), parts: readParts(call, false, true) }
  return inputProblem(call) ?? answer(call, question)
}

export const batchGetRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/v7/files/batch_get_meta',
    operation: 'Batch get file meta',
    scopes: SCOPES.fileRead,
    handle: batchGetMeta,
  },
  {
    method: 'GET',
    path: '/v7/files/batch_get',
    operation: 'Batch get file info',
    scopes: SCOPES.fileRead,
    handle: batchGet,
  },
]
