/** Moving and copying: the op that batches and the calls for a single entry share. */
import type { CopyOp, DriveId, Kind, MoveOp } from '../../engine/index.ts'
import { kindsHere, reaching, type Visit } from './auth.ts'
import { type Answer, type Call, namedPath } from './call.ts'
import { refuse } from './error.ts'
import { perform } from './perform.ts'
import { changesType, demandPlace, namingIn } from './rules.ts'
import { conflictOf, placeOf, REPLACE, type Strategy, strategyOf } from './terms.ts'
import { yes } from './words.ts'

interface Carry {
  readonly verb: 'move' | 'copy'
  readonly from: readonly string[]
  readonly to: readonly string[]
  readonly strategy: Strategy | null
  readonly authority: boolean
  /** The only kind of entry meant; null = either. */
  readonly only: Kind | null
}

/** A directory's missing parents are made, a file's are not. Neither path is the root. */
export function transferOp(carry: Carry, from: DriveId, here: Pick<Visit, 'caller' | 'drive'>): MoveOp | CopyOp {
  const { parent, name } = placeOf(here.drive.id, carry.to)
  return {
    kind: carry.verb,
    node: { drive: from, path: carry.from },
    to: parent,
    name,
    conflict: conflictOf(carry.strategy ?? undefined, REPLACE[carry.verb]),
    naming: namingIn(here),
    keepGrants: carry.authority,
    makeParents: 'folder',
    ...(carry.only ? { expect: carry.only } : {}),
  }
}

/** Refuses callers whose grants are for the other kind only. */
function demandKind(here: Visit, verb: 'move' | 'copy', kind: Kind): void {
  if (!kindsHere(here, verb).includes(kind)) throw refuse('NoPermission')
}

export interface Source {
  readonly verb: 'move' | 'copy'
  readonly drive: DriveId
  readonly path: readonly string[]
  /** Done only while the source is as this. */
  readonly ifRev?: number
}

/** Moves or copies one entry of a known kind to the path of the call. */
export async function transfer(call: Call, here: Visit, source: Source, kind: Kind): Promise<Answer> {
  demandKind(here, source.verb, kind)
  if (source.path.length === 0) throw refuse(kind === 'folder' ? 'InvalidSourceDirectory' : 'InvalidSourceFile')
  const strategy = strategyOf(call.query) ?? null
  const carry = {
    verb: source.verb,
    from: source.path,
    to: namedPath(call),
    strategy,
    authority: yes(call.query, 'move_authority'),
    only: kind,
  }
  demandPlace(here, carry.to, kind)
  if (kind === 'file' && changesType(here, source.path, carry.to)) throw refuse('FileTypeNotMatched')
  const { ifRev } = source
  const op = { ...transferOp(carry, source.drive, here), ...(ifRev === undefined ? {} : { ifRev }) }
  const result = await perform(call, reaching(here, [source.drive]).actor, op, { kind, source: true })
  if (result.status === 'later') return { status: 202, body: { taskId: result.task } }
  // A file is answered with its path whatever the strategy, a directory only when it could have got another.
  const isSilent = kind === 'folder' && strategy !== 'rename'
  return isSilent ? { status: 204 } : { status: 200, body: { path: result.view!.path } }
}
