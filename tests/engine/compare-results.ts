/** The engine's results and the model's. */
import type { Done, NodeView, Op, Page, Result } from '../../src/engine/index.ts'
import type { ModelResult, ModelView } from './model-work.ts'

/** How an op's result differs from what was expected; '' when it does not. */
export function resultDifference(op: Op, result: Result, expected: ModelResult): string {
  if (result.status === 'failed' || expected.status === 'failed') {
    const got = result.status === 'failed' ? result.error.code : result.status
    const wanted = expected.status === 'failed' ? expected.codes : [expected.status]
    return (wanted as readonly string[]).includes(got) ? '' : `gave ${got}, expected ${wanted.join(' or ')}`
  }
  const got = JSON.stringify(shown(op, result))
  const seen = {
    status: expected.status,
    view: expected.view,
    page: expected.page ?? null,
    more: expected.more ?? null,
  }
  const existed = { existed: expected.status === 'done' && expected.existed }
  const wanted = JSON.stringify(withoutUnknownIds({ ...seen, ...existed }, result))
  return got === wanted ? '' : `gave\n  ${got}\nexpected\n  ${wanted}`
}

function shown(op: Op, result: Exclude<Result, { status: 'failed' }>) {
  const page = result.status === 'done' && result.page ? pageOf(result.page) : null
  const view = op.kind === 'upload' || !result.view ? null : viewOf(result.view)
  const more = result.status === 'done' ? moreOf(result) : null
  return { status: result.status, view, page, more, existed: result.status === 'done' && result.existed }
}

/** Versions, newest first, or grants. */
function moreOf({ versions, grants }: Done): string[] | null {
  const lines = versions?.map(
    ({ version, content: { size, digest }, createdAt, creator, keep, description }) =>
      `${version} ${size} ${digest} ${createdAt} ${creator} ${keep} ${description}`,
  )
  const standing = grants?.map(
    ({ grant: { subject, actions, expiresAt }, path }) => `${subject} ${actions} ${expiresAt} on /${path.join('/')}`,
  )
  return lines ?? standing?.sort() ?? null
}

function pageOf({ items, next }: Page) {
  return { items: items.map(viewOf), more: next !== null }
}

function viewOf({ node, path, actions, trash }: NodeView): ModelView {
  const { id, kind, twin, rev, version } = node
  return { id, path, kind, twin: twin !== 0, rev, version, actions, trashed: trash !== null }
}

/** The model does not know the ids of what the same batch made: there the engine's are taken. */
function withoutUnknownIds<Seen extends { view: ModelView | null; page: { items: readonly ModelView[] } | null }>(
  expected: Seen,
  result: Exclude<Result, { status: 'failed' }>,
): Seen {
  const learnt = (view: ModelView, id: number | undefined) => (view.id === 0 && id ? { ...view, id } : view)
  const items = result.status === 'done' ? result.page?.items : undefined
  return {
    ...expected,
    view: expected.view && learnt(expected.view, result.view?.node.id),
    page: expected.page && {
      ...expected.page,
      items: expected.page.items.map((view, index) => learnt(view, items?.[index]?.node.id)),
    },
  }
}
