/** What lasts for a time: grants, links. */

/** Whether its time is over. @param expiresAt ms since 1970; 0 = never */
export function hasEnded({ expiresAt }: { readonly expiresAt: number }, now: number): boolean {
  return expiresAt !== 0 && expiresAt <= now
}
