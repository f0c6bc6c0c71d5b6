export interface Report {
  readonly name: string
  readonly store: string
  readonly sequences: number
  readonly operations: number
  /** What replays it; null when nothing failed. */
  readonly failed: string | null
}

export interface TotalRow {
  readonly name: string
  readonly store: string
  readonly sequences: number
  readonly operations: number
  readonly failures: number
}

export type Total = ReadonlyMap<string, TotalRow>

export function readTotal(page: string): Total
export function addReports(total: Total, reports: readonly Report[]): Total
export function totalPage(total: Total, minutes: number): string
export function readMinutes(page: string): number
