/** Wrong guesses at secrets, counted in this process, so that nobody tries them all. */
import type { Clock } from '../engine/index.ts'
import type { Auth } from './auth.ts'

/** So many wrong guesses at one secret are answered within a window; then none is until it ends. */
export const GUESSES_MAX = 20
export const GUESS_WINDOW_MS = 60_000
/** Secrets of which guesses are remembered; the oldest make room. */
const REMEMBERED_MAX = 10_000

export function createGuesses(clock: Clock): Pick<Auth, 'mayGuess' | 'guessedWrong'> {
  const windows = new Map<string, { readonly endsAt: number; wrong: number }>()
  const current = (key: string) => {
    const found = windows.get(key)
    return found && found.endsAt > clock() ? found : undefined
  }
  return {
    mayGuess: (key) => (current(key)?.wrong ?? 0) < GUESSES_MAX,

    guessedWrong(key) {
      const found = current(key)
      if (found) {
        found.wrong++
        return
      }
      windows.delete(key)
      const [oldest] = windows.keys()
      if (windows.size >= REMEMBERED_MAX && oldest !== undefined) windows.delete(oldest)
      windows.set(key, { endsAt: clock() + GUESS_WINDOW_MS, wrong: 1 })
    },
  }
}
