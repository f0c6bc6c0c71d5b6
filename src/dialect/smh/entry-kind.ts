/**
 * What an entry is in the vendor's eyes: a directory, a file, a picture or video in an album, a symbolic link, a virtual
 * file. The last two are empty files with a mark; bytes that come later, from whichever side, make them ordinary files.
 */
import type { Json, Node } from '../../engine/index.ts'
import { fileTypeOf } from './file-type.ts'

export const LINK = 'smh.link'
/** Beside the mark, a word by which links are found. */
export const SOUGHT_LINK = { key: 'smh.kind', value: 'symlink' } as const
export const VIRTUAL = 'smh.virtual'

/** What a symbolic link remembers of its target. */
export interface Aim {
  readonly born: number
  readonly id: number
  /** Where the target was; what replaced it there is meant when the target itself is gone. */
  readonly drive: number
  readonly path: readonly string[]
}

/** What a virtual file says it is. */
export interface Virtual {
  /** A decimal string, as sizes are shown. */
  readonly size: string
  readonly contentType?: string
}

/** `image` and `video` are told apart in albums only. */
export function typeOf(node: Node, media: boolean): string {
  if (node.kind === 'folder') return 'dir'
  if (isLink(node)) return 'symlink'
  if (virtualOf(node)) return 'virtual'
  return typeOfName(node.name, media)
}

/** What a file of this name is. */
export function typeOfName(name: string, media: boolean): string {
  const { fileType } = fileTypeOf(name)
  return media && (fileType === 'image' || fileType === 'video') ? fileType : 'file'
}

export function isLink(node: Node): boolean {
  return aimOf(node) !== undefined
}

export function aimOf(node: Node): Aim | undefined {
  return markOn(node, LINK) as unknown as Aim | undefined
}

export function virtualOf(node: Node): Virtual | undefined {
  return markOn(node, VIRTUAL) as unknown as Virtual | undefined
}

function markOn(node: Node, name: string): Json | undefined {
  return node.content?.size === 0 ? node.attributes.extra?.[name] : undefined
}
