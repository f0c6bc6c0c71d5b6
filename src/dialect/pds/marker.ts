/** Markers and cursors: a place in a list as opaque text. */
import { notValid, Refusal } from './error.ts'
import { type Body, text } from './request.ts'

const MARKER_CHARACTERS_MAX = 32 * 1024

/** The text that brings members back. It is not signed: whoever changes it reaches no more than a request could ask for. */
export function markerText(members: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(members)).toString('base64url')
}

/** What a marker holds; null when there is none, refused when it is none. */
export function readMarker(body: Body, field = 'marker'): unknown[] | null {
  const marker = text(body, field, MARKER_CHARACTERS_MAX)
  if (!marker) return null
  try {
    const members: unknown = JSON.parse(Buffer.from(marker, 'base64url').toString())
    if (Array.isArray(members)) return members
  } catch {}
  throw badMarker(field)
}

export function badMarker(field = 'marker'): Refusal {
  return new Refusal(notValid(field))
}
