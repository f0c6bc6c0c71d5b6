/** `thumbnail_processes`: small pictures as the vendor's image service describes them. */
import { PICTURE_SIDE_MAX, type PictureSize } from '../../engine/index.ts'
import { notValid, outOfRange, Refusal } from './error.ts'
import { type Body, isObject, text } from './request.ts'

/** How many pictures one request may ask for of each file. */
const PROCESSES_MAX = 5
/** What a process is when it says nothing else. */
const USUAL: PictureSize = { fit: 'cover', width: 128, height: 128, enlarge: true }

const MODES: Readonly<Record<string, PictureSize['fit']>> = {
  lfit: 'inside',
  mfit: 'outside',
  fill: 'cover',
  pad: 'pad',
  fixed: 'stretch',
}

/** The pictures that are wanted of every file that is one. */
export interface Pictures {
  /** The one shown as `thumbnail`. */
  readonly thumbnail: PictureSize
  /** Those shown in `thumbnail_urls`, by the request's own names for them. */
  readonly named: ReadonlyMap<string, PictureSize>
}

/** What is shown where a request cannot ask for a size. */
export const USUAL_PICTURES: Pictures = { thumbnail: USUAL, named: new Map() }

const FIELD = 'thumbnail_processes'
/** An older spelling, still sent by the vendor's JavaScript client; it names the one `thumbnail`. */
const FLAT = 'image_thumbnail_process'

/** What a request asks for; undefined when it asks for no pictures. */
export function picturesOf(body: Body, isNamed: boolean): Pictures | undefined {
  const processes = body[FIELD] ?? {}
  if (!isObject(processes)) throw new Refusal(notValid(FIELD))
  const names = Object.keys(processes)
  if (names.length > PROCESSES_MAX) throw new Refusal(outOfRange(FIELD))
  const named = names.map((name) => [name, sizeOf(processes[name])] as const)
  const flat = flatOf(text(body, FLAT))
  if (!isNamed && !flat && named.length === 0) return undefined
  return { thumbnail: flat ?? named[0]?.[1] ?? USUAL, named: new Map(named) }
}

/** What the old spelling asks for; clients send it without caring whether it is understood. */
function flatOf(process: string | undefined): PictureSize | undefined {
  return process ? parseProcess(process) : undefined
}

/** The image's process among those of one name; of films and documents nothing here makes pictures. */
function sizeOf(processes: unknown): PictureSize {
  if (!isObject(processes)) throw new Refusal(notValid(FIELD))
  const process = text(processes, FLAT)
  const size = process ? parseProcess(process) : USUAL
  if (!size) throw new Refusal(notValid(FIELD))
  return size
}

/**
 * `image/resize,m_fill,h_128,w_128,limit_0`. Further steps, after a slash each, may choose the format, the quality and the
 * turning upright, which are always ours; with any other step it would be another picture. Undefined when it is not this.
 */
function parseProcess(process: string): PictureSize | undefined {
  const [service, ...steps] = process.split('/')
  const [resize, ...others] = steps.filter((step) => !/^(?:format|quality|auto-orient|interlace),/.test(step))
  if (service !== 'image' || !resize?.startsWith('resize,') || others.length > 0) return undefined
  const settings = new Map(resize.split(',').slice(1).map(pairOf))
  const mode = settings.get('m') ?? 'lfit'
  const fit = Object.hasOwn(MODES, mode) ? MODES[mode] : undefined
  const [width, height, longer, shorter] = ['w', 'h', 'l', 's'].map((name) => side(settings.get(name)))
  const percent = side(settings.get('p'))
  const enlarge = settings.get('limit') === '0'
  if (!fit || [width, height, longer, shorter, percent].some(Number.isNaN)) return undefined
  if (percent! > 0)
    return percent! > 100 ? undefined : { fit: 'inside', width: 0, height: 0, percent: percent!, enlarge }
  if (longer! > 0) return { fit: 'inside', width: longer!, height: longer!, enlarge }
  if (shorter! > 0) return { fit: 'outside', width: shorter!, height: shorter!, enlarge }
  return width! > 0 || height! > 0 ? { fit, width: width!, height: height!, enlarge } : undefined
}

function pairOf(setting: string): [string, string] {
  const at = setting.indexOf('_')
  return [setting.slice(0, at), setting.slice(at + 1)]
}

/** A side's length; 0 when it is left to the others, NaN when it is none. */
function side(digits: string | undefined): number {
  if (digits === undefined || digits === '0') return 0
  const value = /^[1-9][0-9]{0,5}$/.test(digits) ? Number(digits) : Number.NaN
  return value <= PICTURE_SIDE_MAX ? value : Number.NaN
}
