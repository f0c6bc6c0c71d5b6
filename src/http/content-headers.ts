/** How a downloaded file presents itself, without letting what users upload run on our address. */
import type { GetTicket } from '../engine/index.ts'

const TYPES: Readonly<Record<string, string>> = {
  txt: 'text/plain; charset=utf-8',
  md: 'text/markdown; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  json: 'application/json',
  xml: 'application/xml',
  html: 'text/html; charset=utf-8',
  htm: 'text/html; charset=utf-8',
  svg: 'image/svg+xml',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  png: 'image/png',
  gif: 'image/gif',
  webp: 'image/webp',
  mp4: 'video/mp4',
  webm: 'video/webm',
  mp3: 'audio/mpeg',
  wav: 'audio/wav',
  pdf: 'application/pdf',
  zip: 'application/zip',
  doc: 'application/msword',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  xls: 'application/vnd.ms-excel',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  ppt: 'application/vnd.ms-powerpoint',
  pptx: 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
}
const UNKNOWN = 'application/octet-stream'
/** Types a browser would run scripts from. */
const ACTIVE = /html|svg|xml|javascript|ecmascript/i
/** What a media type may look like; anything else could break out of its header. */
const WELL_FORMED = /^[A-Za-z0-9!#$&^_.+-]+\/[A-Za-z0-9!#$&^_.+-]+(?:;\s*[A-Za-z0-9-]+=[A-Za-z0-9._-]+)*$/

const SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src 'self'"

/** The media type of a name. */
export function typeOfName(name: string): string {
  const extension = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  return (name.includes('.') && Object.hasOwn(TYPES, extension) && TYPES[extension]) || UNKNOWN
}

/** The headers that say what the bytes are and how to keep them. */
export function contentHeaders(ticket: Pick<GetTicket, 'name' | 'type' | 'attachment'>): Record<string, string> {
  const type = WELL_FORMED.test(ticket.type) ? ticket.type : typeOfName(ticket.name)
  const isActive = ACTIVE.test(type)
  const disposition = ticket.attachment || isActive ? 'attachment' : 'inline'
  return {
    'Content-Type': type,
    'Content-Disposition': `${disposition}; ${fileName(ticket.name)}`,
    'X-Content-Type-Options': 'nosniff',
    // Browsers show a PDF with a program of their own, which refuses to start in a sandbox.
    ...(type.startsWith('application/pdf') ? {} : { 'Content-Security-Policy': SANDBOX }),
  }
}

/** The name twice: in plain ASCII for old clients, and whole (RFC 6266). */
function fileName(name: string): string {
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/g, '_')
  const whole = encodeURIComponent(name).replace(
    /['()*!]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `filename="${plain}"; filename*=UTF-8''${whole}`
}
