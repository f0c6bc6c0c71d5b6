/** What a file's name says of its content: `file_extension`, `category`, `mime_type`. */
import { splitName } from '../../engine/index.ts'

/** The vendor's default for what nobody declared; the spelling is theirs. */
export const UNKNOWN_TYPE = 'application/oct-stream'

const CATEGORIES: Readonly<Record<string, string>> = {
  image: 'jpg jpeg png gif bmp webp tif tiff heic heif svg ico psd raw cr2 nef arw dng avif',
  video: 'mp4 m4v mov avi mkv wmv flv webm mpg mpeg 3gp ts m2ts rm rmvb vob',
  audio: 'mp3 m4a aac wav flac ogg oga opus wma ape amr aiff mid midi',
  doc: 'txt md pdf doc docx xls xlsx ppt pptx csv tsv rtf odt ods odp epub mobi pages numbers key wps et dps html htm xml json log tex',
  zip: 'zip rar 7z tar gz tgz bz2 xz zst lz4 cab iso dmg',
  app: 'apk ipa exe msi deb rpm pkg appimage',
}

const CATEGORY_BY_EXTENSION = new Map(
  Object.entries(CATEGORIES).flatMap(([category, extensions]) =>
    extensions.split(' ').map((extension) => [extension, category] as const),
  ),
)

/** Every category but `others`. */
export const CATEGORY_NAMES: readonly string[] = Object.keys(CATEGORIES)

export function extensionsOf(category: string): string[] {
  return Object.hasOwn(CATEGORIES, category) ? CATEGORIES[category]!.split(' ') : []
}

const TYPE_BY_EXTENSION: ReadonlyMap<string, string> = new Map([
  ['jpg', 'image/jpeg'],
  ['jpeg', 'image/jpeg'],
  ['png', 'image/png'],
  ['gif', 'image/gif'],
  ['bmp', 'image/bmp'],
  ['webp', 'image/webp'],
  ['svg', 'image/svg+xml'],
  ['heic', 'image/heic'],
  ['avif', 'image/avif'],
  ['mp4', 'video/mp4'],
  ['mov', 'video/quicktime'],
  ['avi', 'video/x-msvideo'],
  ['mkv', 'video/x-matroska'],
  ['webm', 'video/webm'],
  ['mp3', 'audio/mpeg'],
  ['m4a', 'audio/mp4'],
  ['wav', 'audio/wav'],
  ['flac', 'audio/flac'],
  ['ogg', 'audio/ogg'],
  ['txt', 'text/plain'],
  ['md', 'text/markdown'],
  ['csv', 'text/csv'],
  ['html', 'text/html'],
  ['htm', 'text/html'],
  ['xml', 'application/xml'],
  ['json', 'application/json'],
  ['pdf', 'application/pdf'],
  ['doc', 'application/msword'],
  ['docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
  ['xls', 'application/vnd.ms-excel'],
  ['xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
  ['ppt', 'application/vnd.ms-powerpoint'],
  ['pptx', 'application/vnd.openxmlformats-officedocument.presentationml.presentation'],
  ['zip', 'application/zip'],
  ['gz', 'application/gzip'],
  ['tar', 'application/x-tar'],
  ['7z', 'application/x-7z-compressed'],
  ['rar', 'application/vnd.rar'],
])

/** Without the dot, lower case; '' when there is none. */
export function extensionOf(name: string): string {
  return splitName(name, false)[1].slice(1).toLowerCase()
}

export function categoryOf(extension: string): string {
  return CATEGORY_BY_EXTENSION.get(extension) ?? 'others'
}

/** Undefined when the extension says nothing. */
export function typeOf(extension: string): string | undefined {
  return TYPE_BY_EXTENSION.get(extension)
}
