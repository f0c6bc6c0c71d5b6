/**
 * Times and sizes put into buckets, which an index that knows only words can hold. Every time lies in exactly one day, month,
 * year and decade, every size in exactly one class.
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

/** The buckets a time lies in: its decade, year, month and day; only one for times nobody expects. */
export function periodsOf(at: number): string[] {
  if (at < BEGIN) return [BEFORE]
  if (at >= END) return [AFTER]
  const day = new Date(at).toISOString().slice(0, 10)
  return [`${day.slice(0, 3)}x`, day.slice(0, 4), day.slice(0, 7), day]
}

/** Buckets that together hold every time between two, both included, and as little else as may be. */
export function periodsBetween(from: number, until: number): string[] {
  const periods = from < BEGIN && until >= from ? [BEFORE] : []
  for (let at = startOfDay(Math.max(from, BEGIN)); at <= until && at < END; ) {
    const [period, next] = largestFrom(at, until)
    periods.push(period)
    at = next
  }
  return until >= END ? [...periods, AFTER] : periods
}

/** The largest bucket that begins with a day and ends before `until`, or the day itself; and when the next one begins. */
function largestFrom(at: number, until: number): [period: string, next: number] {
  const [decade, year, month, day] = periodsOf(at) as [string, string, string, string]
  const number = Number(year)
  const larger: [period: string, next: number, begins: boolean][] = [
    [decade, Date.UTC(number + 10, 0), day.endsWith('0-01-01')],
    [year, Date.UTC(number + 1, 0), day.endsWith('-01-01')],
    [month, monthAfter(at), day.endsWith('-01')],
  ]
  const found = larger.find(([, next, begins]) => begins && next - 1 <= until)
  return found ? [found[0], found[1]] : [day, at + DAY_MS]
}

const startOfDay = (at: number) => Math.floor(at / DAY_MS) * DAY_MS

function monthAfter(at: number): number {
  const date = new Date(at)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1)
}
