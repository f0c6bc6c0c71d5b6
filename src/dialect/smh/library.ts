/** The switches of a library. The vendor sets them in its console; here `batchdrive app create` does, and some by calls. */
import type { App, Json } from '../../engine/index.ts'

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
export function spaceDefaults({ extra }: App): { trash?: boolean; trashDays?: number; versionsMax?: number } {
  const [trash, days] = [extra['smh.recycleBin'], extra['smh.recycleDays']]
  return {
    ...(typeof trash === 'boolean' ? { trash } : {}),
    ...(typeof days === 'number' && days > 0 ? { trashDays: days } : {}),
    ...historyOf(extra['smh.history']),
  }
}

function historyOf(history: Json | undefined): { versionsMax?: number } {
  const { enabled, count } = (history ?? {}) as { enabled?: boolean; count?: number }
  if (enabled === undefined) return {}
  return { versionsMax: enabled ? (count ?? 0) + 1 : 1 }
}
