/**
 * Times and sizes put into buckets, which an index that knows only words can hold. Every time lies in exactly one day, month
 * and year, every size in exactly one class.
 */

/** A file's size class: 0 is empty, and each class is twice as large as the one before. */
export function sizeClass(size: number): number {
  return size < 1 ? 0 : Math.floor(Math.log2(size)) + 1
}
export const SIZE_CLASS_MAX = 54

/** The classes from the one that holds `from` to the one that holds `to`. */
export function sizeClasses(from: number, to: number): number[] {
  const first = sizeClass(from)
  const last = to === Number.POSITIVE_INFINITY ? SIZE_CLASS_MAX : Math.min(sizeClass(to), SIZE_CLASS_MAX)
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index)
}

// Years outside of these are one bucket at either end.
const YEAR_FIRST = 2000
const YEAR_LAST = 2099
const BEFORE = '-'
const AFTER = '+'
const DAY_MS = 86_400_000
const BEGIN = Date.UTC(YEAR_FIRST, 0)
const END = Date.UTC(YEAR_LAST + 1, 0)

/** The buckets a time lies in: its year, month and day; only one for times nobody expects. */
export function periodsOf(at: number): string[] {
  if (at < BEGIN) return [BEFORE]
  if (at >= END) return [AFTER]
  const day = new Date(at).toISOString().slice(0, 10)
  return [day.slice(0, 4), day.slice(0, 7), day]
}

/** Buckets that together hold every time between two, both included, and as little else as may be. */
export function periodsBetween(from: number, until: number): string[] {
  const periods = from < BEGIN && until >= from ? [BEFORE] : []
  for (let at = startOfDay(Math.max(from, BEGIN)); at <= until && at < END; ) {
    const [year, month, day] = periodsOf(at) as [string, string, string]
    const [nextYear, nextMonth] = [Date.UTC(Number(year) + 1, 0), monthAfter(at)]
    const isYear = month.endsWith('-01') && day.endsWith('-01') && nextYear - 1 <= until
    const isMonth = day.endsWith('-01') && nextMonth - 1 <= until
    periods.push(isYear ? year : isMonth ? month : day)
    at = isYear ? nextYear : isMonth ? nextMonth : at + DAY_MS
  }
  return until >= END ? [...periods, AFTER] : periods
}

const startOfDay = (at: number) => Math.floor(at / DAY_MS) * DAY_MS

function monthAfter(at: number): number {
  const date = new Date(at)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1)
}
