/** The switches of a library. The vendor sets them in its console; here `batchdrive app create` does, and some by calls. */
import type { App, DriveSettings } from '../../engine/index.ts'

/** Whether the library may have more than its one space `-`. */
export function isMultiSpace(library: App): boolean {
  return library.extra['smh.multiSpace'] === true
}

/** Whether it is an album: photos and videos only, one level of directories at most. */
export function isMedia(library: App): boolean {
  return library.extra['smh.media'] === true
}

/** Whether a quota may not be set below what is used. */
export function deniesQuotaBelowUsage(library: App): boolean {
  return library.extra['smh.denyQuotaBelowUsage'] === true
}

/** How long names may be, in characters. */
export function nameCharactersMax(library: App, otherwise: number): number {
  const given = library.extra['smh.nameCharactersMax']
  return typeof given === 'number' ? given : otherwise
}

/** What a new space of the library starts with. */
export function spaceDefaults(library: App): Partial<DriveSettings> {
  const { extra } = library
  const [trash, days] = [extra['smh.recycleBin'], extra['smh.recycleDays']]
  return {
    ...(typeof trash === 'boolean' ? { trash } : {}),
    ...(typeof days === 'number' && days > 0 ? { trashDays: days } : {}),
    ...(extra[HISTORY] === undefined ? {} : historyKept(historyOf(library))),
  }
}

/** Where the library keeps its history settings. */
export const HISTORY = 'smh.history'

export interface HistorySettings {
  readonly enabled: boolean
  readonly count: number
  /** 0 = for ever. */
  readonly days: number
  /** 0 = versions do not merge. */
  readonly mergeSeconds: number
}

/** A drive keeps a hundred versions unless it is told otherwise. */
const HISTORY_DEFAULTS: HistorySettings = { enabled: true, count: 99, days: 0, mergeSeconds: 0 }

export function historyOf({ extra }: App): HistorySettings {
  return { ...HISTORY_DEFAULTS, ...((extra[HISTORY] ?? {}) as Partial<HistorySettings>) }
}

/** The settings as a drive has them: there the current version counts too. */
export function historyKept({ enabled, count, days, mergeSeconds }: HistorySettings): Partial<DriveSettings> {
  return { versionsMax: enabled ? count + 1 : 1, versionDays: days, versionMergeMs: mergeSeconds * 1000 }
}
