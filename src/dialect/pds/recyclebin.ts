/** `/recyclebin/*`: putting away, bringing back, listing, emptying. */
import {
  ACTIONS,
  type DriveId,
  type Engine,
  type Op,
  PAGE_SIZE_MAX,
  type TrashCursor,
  type TrashView,
} from '../../engine/index.ts'
import { type Call, type DirectEndpoint, type Env, runSteps, type SteppedEndpoint } from './call.ts'
import { failedAnswer, Refusal } from './error.ts'
import { badMarker, markerText, readMarker } from './marker.ts'
import { emptied, one } from './outcome.ts'
import { files } from './present.ts'
import { type Body, pageSize } from './request.ts'
import { conflictOf, driveOf, fileRef, NAMING } from './terms.ts'
import { wishOf } from './wish.ts'

const PAGE_MAX = 200
const PAGE_USUAL = 50

export const recyclebinTrash: SteppedEndpoint = {
  url: '/recyclebin/trash',
  operation: 'TrashFile',
  coverage: 'done',
  scope: 'FILE.DELETE',
  guests: 'share',
  *steps(body, env): Call {
    const node = fileRef(env, body)
    return emptied(yield* one({ kind: 'trash', node }))
  },
}

export const recyclebinRestore: SteppedEndpoint = {
  url: '/recyclebin/restore',
  operation: 'RestoreFile',
  coverage: 'done',
  scope: 'FILE.RESTORE',
  guests: 'share',
  *steps(body, env): Call {
    const node = fileRef(env, body)
    // A clash is never the file's fault: it comes back beside whoever took its name.
    const op: Op = {
      kind: 'restore',
      node,
      conflict: conflictOf('auto_rename'),
      naming: NAMING,
      parentGone: 'recreate',
    }
    return emptied(yield* one(op))
  },
}

export const recyclebinList: DirectEndpoint = {
  url: '/recyclebin/list',
  operation: 'ListRecyclebin',
  coverage: 'done',
  scope: 'FILE.LIST',
  async run(body, env) {
    const drive = driveOf(env, body)
    const wish = wishOf(env, body)
    const after = parseTrashMarker(body)
    const limit = pageSize(body, PAGE_MAX, PAGE_USUAL)
    await askRoot(env, drive, ACTIONS.list)
    const { items, next } = await env.engine.trashPage(env.actor, { drives: [drive], after, limit })
    const shown = items.map(({ entry: trash, ...item }) => ({ ...item, trash }))
    const objects = await runSteps(env, files(env, shown, wish))
    return { status: 200, body: { items: objects, next_marker: next ? trashMarker(next) : '' } }
  },
}

export const recyclebinClear: DirectEndpoint = {
  url: '/recyclebin/clear',
  operation: 'ClearRecyclebin',
  coverage: 'done',
  scope: 'FILE.DELETE',
  async run(body, env) {
    const drive = driveOf(env, body)
    await askRoot(env, drive, ACTIONS.purge)
    return { status: 202, body: await cleared(env, drive) }
  },
}

/** What the vendor's JavaScript client calls; the vendor documents only the one above. */
export const recyclebinClearAll: DirectEndpoint = {
  url: '/recyclebin/clear_all',
  operation: 'ClearAllRecyclebin',
  coverage: 'done',
  scope: 'FILE.DELETE',
  async run(_body, env) {
    const query = { owners: [env.actor.self], after: 0 as const, limit: PAGE_SIZE_MAX }
    const { items } = await env.engine.listDrives(env.actor, query)
    return { status: 202, body: { items: await Promise.all(items.map(({ id }) => cleared(env, id))) } }
  },
}

/** Hands the destruction of all that lies in a drive's trash to a task. */
async function cleared(env: Env, drive: DriveId): Promise<object> {
  const entries = await trashOf(env, drive)
  const ops = entries.map(({ entry }): Op => ({ kind: 'purge', node: { drive, trash: entry.id }, trashed: 'only' }))
  const notes = entries.map(() => null)
  const task = String(await env.engine.submit(env.actor, drive, 'purge', ops, notes))
  return { domain_id: env.actor.tenant, drive_id: String(drive), async_task_id: task, task_id: task }
}

/** All that lies in a drive's trash, page by page. */
async function trashOf({ engine, actor }: Env, drive: DriveId): Promise<TrashView[]> {
  const found: TrashView[] = []
  let page: Awaited<ReturnType<Engine['trashPage']>>
  let after: TrashCursor | null = null
  do {
    page = await engine.trashPage(actor, { drives: [drive], after, limit: PAGE_SIZE_MAX })
    found.push(...page.items)
    after = page.next
  } while (after)
  return found
}

/** Refuses callers who cannot reach the drive or lack a right on all of it. */
async function askRoot({ engine, actor }: Env, drive: DriveId, need: number): Promise<void> {
  const [root] = await engine.batch(actor, [{ kind: 'get', node: { drive, path: [] }, need, trashed: 'no' }])
  if (root?.status === 'failed') throw new Refusal(failedAnswer(root.error))
}

function trashMarker({ trashedAt, id }: TrashCursor): string {
  return markerText([trashedAt, id])
}

function parseTrashMarker(body: Body): TrashCursor | null {
  const marked = readMarker(body)
  if (!marked) return null
  const [trashedAt, id] = marked
  if (!Number.isSafeInteger(trashedAt) || !Number.isSafeInteger(id)) throw badMarker()
  return { trashedAt, id } as TrashCursor
}
