/** The vendor's words and ours: conflict strategies, names, markers, who is who. */
import {
  type Conflict,
  type Drive,
  type DriveId,
  type IdCodec,
  type Naming,
  type Node,
  type NodeId,
  parseDecimalId,
  type Ref,
  type Replace,
  type Subject,
} from '../../engine/index.ts'
import type { Call } from './call.ts'
import { refuse } from './error.ts'
import { word } from './words.ts'

/** Names of files and directories: at most 255 characters, and none of those a Windows client cannot store. */
export const NAMING: Naming = { pattern: 'spaced', charactersMax: 255, forbidden: /[\\/:*?"<>|]/u.source, trim: false }

export const ITEMS_MAX = 1000

export const STRATEGIES = ['ask', 'rename', 'overwrite'] as const
export type Strategy = (typeof STRATEGIES)[number]

export function isStrategy(text: unknown): text is Strategy {
  return STRATEGIES.some((strategy) => strategy === text)
}

/** The strategy of a single call; undefined when the client leaves it to the call's default. */
export function strategyOf(query: URLSearchParams): Strategy | undefined {
  const given = word(query, 'conflict_resolution_strategy')
  if (given === undefined || isStrategy(given)) return given
  throw refuse('InvalidConflictResolutionStrategy')
}

/**
 * How a clash is settled. Directories are never overwritten: there `overwrite` is `ask`. Without a strategy a file is
 * renamed and a directory asks, which is what the vendor's published batch example and its Java client's comments show.
 */
export function conflictOf(strategy: Strategy | undefined, replace: Replace): Conflict {
  const file = { ask: 'fail', rename: 'rename', overwrite: 'replace' } as const
  return {
    file: file[strategy ?? 'rename'],
    folder: strategy === 'rename' ? 'rename' : 'fail',
    replace,
    // "Does not support moving overwrite" where earlier versions would be lost; see the batch move page.
    guardHistory: replace === 'purge',
  }
}

/** A moved file takes the place of another; a copied or uploaded one becomes its next version. */
export const REPLACE = { move: 'purge', copy: 'version', upload: 'version' } as const satisfies Record<string, Replace>

/** The folder a path lies in, and its own name. The path has at least one segment. */
export function placeOf(drive: DriveId, path: readonly string[]): { parent: Ref; name: string } {
  return { parent: { drive, path: path.slice(0, -1) }, name: path.at(-1)! }
}

/** The id of a space on the wire: `-` in a library that has one, its own word if it was made with one, else digits. */
export function spaceIdOf(drive: Drive, library: string): string {
  return drive.app === library && drive.scene === SCENE && drive.sceneId !== '' ? drive.sceneId : String(drive.id)
}

/** Who a space stands for when something is given to its team. A slash is in no group's id. */
export function teamOf(space: DriveId): Subject {
  return `group:${TEAM}${space}`
}

export const TEAM = 'smh/'

/** Marks drives that were made through this dialect. */
export const SCENE = 'space'
/** The only space of a library that has no more. */
export const SINGLE = '-'

/** The opaque id of an entry. */
export function inodeOf(ids: IdCodec, node: Node): string {
  return ids.fileId(node)
}

export function userOf(subject: Subject): string {
  return subject.startsWith('user:') ? subject.slice('user:'.length) : ''
}

/** A listing's marker: a node id in decimal. */
export function markerOf(query: URLSearchParams): NodeId | undefined {
  const text = word(query, 'marker')
  if (text === undefined) return undefined
  const id = parseDecimalId<NodeId>(text)
  if (id === undefined) throw refuse('MarkerNotFound')
  return id
}

export function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}

/** A library reached without a host of its own: `host[:port]` of the server, no scheme. */
export function domainOf(call: Call): string {
  return new URL(call.context.origin(call.request)).host
}
