/**
 * Actions are bits, so that a role is a number and a check is one `&`. They are at least as fine as the finest dialect's
 * flags (the fifteen of WPS `batch_get_meta`), plus what others tell apart: destroying, overwriting, restoring.
 */
export const ACTIONS = {
  list: 1 << 0,
  preview: 1 << 1,
  download: 1 << 2,
  comment: 1 << 3,
  copy: 1 << 4,
  copyContent: 1 << 5,
  print: 1 << 6,
  /** Change what is written on a node: description, labels, tags, star. */
  update: 1 << 7,
  /** Put a file into a folder. */
  upload: 1 << 8,
  /** Put a folder into a folder. */
  newEmpty: 1 << 9,
  rename: 1 << 10,
  move: 1 << 11,
  /** Put away into the trash. */
  delete: 1 << 12,
  /** Destroy for good. */
  purge: 1 << 13,
  /** Put new content in place of a file's content. */
  replace: 1 << 14,
  restore: 1 << 15,
  share: 1 << 16,
  permCtl: 1 << 17,
  /** As `preview`, of the files that oneself brought in. */
  previewOwn: 1 << 18,
  /** Take away the bytes of files that oneself brought in. */
  downloadOwn: 1 << 19,
} as const

export type Action = keyof typeof ACTIONS
/** A set of actions: a sum of ACTIONS bits. */
export type ActionBits = number

export const ALL_ACTIONS: ActionBits = (1 << 20) - 1

/** The set of the named actions. */
export function actions(...names: Action[]): ActionBits {
  return names.reduce((bits, name) => bits | ACTIONS[name], 0)
}
