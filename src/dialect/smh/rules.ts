/**
 * What a space takes in: names and extensions by its properties and its library's, and, in albums, files and directories at
 * their own level only. The engine judges names; which level a path is on, the path itself says.
 */
import type { Kind, Naming } from '../../engine/index.ts'
import type { Visit } from './auth.ts'
import { EXTENSION } from './auth.ts'
import { refuse, type SmhCode } from './error.ts'
import { extensionsOf, fileTypeOf } from './file-type.ts'
import { isMedia, nameCharactersMax } from './library.ts'
import { NAMING } from './terms.ts'

/** The members of a space's properties that bear on what it takes in. */
interface Properties {
  readonly isMultiAlbum?: boolean
  readonly allowPhoto?: boolean
  readonly allowVideo?: boolean
  readonly allowPhotoExtname?: readonly string[]
  readonly allowVideoExtname?: readonly string[]
  readonly allowFileExtname?: readonly string[]
}

type Place = Pick<Visit, 'caller' | 'drive'>

function propertiesOf({ drive }: Place): Properties {
  return (drive.settings.extra?.[EXTENSION] ?? {}) as Properties
}

/** How names are judged in a space. */
export function namingIn(here: Place): Naming {
  const extensions = extensionsIn(here)
  const charactersMax = nameCharactersMax(here.caller.library, NAMING.charactersMax)
  return { ...NAMING, charactersMax, ...(extensions === null ? {} : { files: patternOf(extensions) }) }
}

/** The extensions of files that may come in, in small letters and without the dot; null = any. */
function extensionsIn(here: Place): readonly string[] | null {
  const properties = propertiesOf(here)
  if (!isMedia(here.caller.library)) {
    const { allowFileExtname = [] } = properties
    return allowFileExtname.length === 0 ? null : allowFileExtname.map(plain)
  }
  const { allowPhoto, allowVideo, allowPhotoExtname = [], allowVideoExtname = [] } = properties
  const photos = allowPhotoExtname.length > 0 ? allowPhotoExtname.map(plain) : extensionsOf('image')
  const videos = allowVideoExtname.length > 0 ? allowVideoExtname.map(plain) : extensionsOf('video')
  return [...(allowPhoto ? photos : []), ...(allowVideo ? videos : [])]
}

function plain(extension: string): string {
  return extension.replace(/^\./, '').toLowerCase()
}

/** A regular expression's source for names with one of the extensions, in letters of either case. */
function patternOf(extensions: readonly string[]): string {
  const either = (letter: string) => {
    const [small, capital] = [letter.toLowerCase(), letter.toUpperCase()]
    return small === capital ? letter.replace(/[^\p{L}\p{N}]/u, '\\$&') : `[${small}${capital}]`
  }
  const choices = extensions.map((extension) => [...extension].map(either).join(''))
  // Of no extension at all, nothing is like.
  return choices.length === 0 ? '(?!)' : `\\.(?:${choices.join('|')})$`
}

/** The only kind of entry a path may hold in an album; null = either, as in libraries of files. */
export function kindAt(here: Place, path: readonly string[]): Kind | null {
  if (!isMedia(here.caller.library)) return null
  return path.length === 1 && propertiesOf(here).isMultiAlbum ? 'folder' : 'file'
}

/** Why an entry of this kind may not be at a path; undefined when it may. */
export function misplaced(here: Place, path: readonly string[], kind: Kind): SmhCode | undefined {
  if (!isMedia(here.caller.library)) return undefined
  const isMultiAlbum = propertiesOf(here).isMultiAlbum === true
  if (kind === 'folder' && !isMultiAlbum) return 'DirectoryNotAllowed'
  const level = kind === 'file' && isMultiAlbum ? 2 : 1
  if (path.length === level) return undefined
  return kind === 'file' && path.length < level ? 'UploadToRootDirectoryNotAllowed' : 'DirectoryLevelExceed'
}

/** Refuses a call that would put an entry of this kind where none may be. */
export function demandPlace(here: Place, path: readonly string[], kind: Kind): void {
  const code = misplaced(here, path, kind)
  if (code) throw refuse(code)
}

/** Whether a renaming would make a photo a video, or the reverse. */
export function changesType(here: Place, from: readonly string[], to: readonly string[]): boolean {
  if (!isMedia(here.caller.library)) return false
  return fileTypeOf(from.at(-1)!).fileType !== fileTypeOf(to.at(-1)!).fileType
}
