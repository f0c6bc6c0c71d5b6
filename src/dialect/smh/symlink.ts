/** Symbolic links: they name their target by its id, so that they survive its moving and renaming. */
import type { Actor, DriveId, Json, Node, NodeId, NodeView, Ref } from '../../engine/index.ts'
import { type Visit, visit } from './auth.ts'
import { type Answer, bodyPath, type Call, namedPath } from './call.ts'
import { type Aim, aimOf, isLink, LINK, SOUGHT_LINK } from './entry-kind.ts'
import { refuse } from './error.ts'
import { perform } from './perform.ts'
import { putPlaceholder } from './placeholder.ts'
import { strategyOf } from './terms.ts'

/** How many links may lead to one another before a file. */
export const LINK_DEPTH_MAX = 8

export async function createLink(call: Call, linkTo: string): Promise<Answer> {
  const here = await visit(call, 'createSymlink')
  const { actor, drive } = here
  const path = namedPath(call)
  const aim = { drive: drive.id, path: bodyPath(linkTo) }
  if (aim.path.length === 0) throw refuse('SymlinkToDirectoryNotAllowed')
  const about = { kind: 'file', source: false } as const
  const { view } = await perform(call, actor, { kind: 'get', node: aim, need: 0, trashed: 'no' }, about)
  if (view!.node.kind === 'folder') throw refuse('SymlinkToDirectoryNotAllowed')
  const strategy = strategyOf(call.query) ?? 'rename'
  if (strategy === 'overwrite') await refuseCircle(call, here, path, view!)
  if ((await chainFrom(call, actor, view!)).length > LINK_DEPTH_MAX) throw refuse('SymlinkDepthLimitExceeded')
  const { born, id } = view!.node
  const mark = { ...aim, path: [...aim.path], born, id } satisfies Aim
  const extra = { [LINK]: mark as unknown as Json, [SOUGHT_LINK.key]: SOUGHT_LINK.value }
  const made = await putPlaceholder(call, here, path, strategy, { extra })
  return { status: 200, body: { path: made.path } }
}

/** The inode of what a symbolic link leads to, be that a link itself. */
export function inodeLinkedTo(call: Call, node: Node): { linkTo?: string } {
  const aim = aimOf(node)
  return aim ? { linkTo: call.context.engine.ids.fileId({ born: aim.born as DriveId, id: aim.id as NodeId }) } : {}
}

/** A link that took the place of its own target, or of a link on the way there, would lead to itself. */
async function refuseCircle(call: Call, { actor, drive }: Visit, path: readonly string[], target: NodeView) {
  const op = { kind: 'get', node: { drive: drive.id, path }, need: 0, trashed: 'no' } as const
  const [existing] = await call.context.engine.batch(actor, [op])
  if (existing?.status !== 'done') return
  const { id } = existing.view!.node
  if (target.node.id === id) throw refuse('SymlinkOverwriteConflict')
  const chain = await chainFrom(call, actor, target)
  if (chain.some(({ node }) => node.id === id)) throw refuse('CircleSymlink')
}

/** The entry and what it leads to, one after the other, as far as that goes; one more than may be means too far. */
async function chainFrom(call: Call, actor: Actor, view: NodeView): Promise<NodeView[]> {
  const chain = [view]
  for (let at: NodeView | null = view; at && chain.length <= LINK_DEPTH_MAX; ) {
    ;[at] = (await next(call, actor, [at])) as [NodeView | null]
    if (at) chain.push(at)
  }
  return chain
}

/**
 * For each entry the file it leads to at last: itself for an ordinary file, null for a link whose file is gone or out of
 * the actor's reach.
 */
export async function targetsOf(call: Call, actor: Actor, views: readonly NodeView[]): Promise<(NodeView | null)[]> {
  let at: (NodeView | null)[] = [...views]
  for (let depth = 0; depth <= LINK_DEPTH_MAX && at.some((view) => view && isLink(view.node)); depth++) {
    const links = at.filter((view) => view !== null && isLink(view.node)) as NodeView[]
    const found = (await next(call, actor, links)).values()
    at = at.map((view) => (view && isLink(view.node) ? found.next().value! : view))
  }
  return at.map((view) => (view && isLink(view.node) ? null : view))
}

/** Where links lead, one step; null for what is no link, and for one that leads nowhere. */
async function next(call: Call, actor: Actor, views: readonly NodeView[]): Promise<(NodeView | null)[]> {
  const aims = views.map(({ node }) => aimOf(node))
  const refs = aims.flatMap((aim): Ref[] => (aim ? [byId(aim), byPath(aim)] : []))
  const ops = refs.map((node) => ({ kind: 'get', node, need: 0, trashed: 'no', expect: 'file' }) as const)
  const results = (await call.context.engine.batch(actor, ops)).values()
  return aims.map((aim) => {
    if (!aim) return null
    const [itself, instead] = [results.next().value, results.next().value]
    if (itself?.status === 'done') return itself.view
    return instead?.status === 'done' ? instead.view : null
  })
}

const byId = ({ born, id }: Aim): Ref => ({ born: born as DriveId, id: id as NodeId })
const byPath = ({ drive, path }: Aim): Ref => ({ drive: drive as DriveId, path })
