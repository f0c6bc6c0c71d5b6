import { expect, test } from 'vitest'
import { createGuesses, GUESS_WINDOW_MS, GUESSES_MAX } from './guesses.ts'

test('so many wrong guesses at one secret, then none until the window ends', () => {
  let now = 1000
  const guesses = createGuesses(() => now)
  for (let i = 0; i < GUESSES_MAX; i++) {
    expect(guesses.mayGuess('a')).toBe(true)
    guesses.guessedWrong('a')
    now++
  }
  expect([guesses.mayGuess('a'), guesses.mayGuess('b')]).toEqual([false, true])
  now = 1000 + GUESS_WINDOW_MS - 1
  expect(guesses.mayGuess('a')).toBe(false)
  now++
  expect(guesses.mayGuess('a')).toBe(true)
  guesses.guessedWrong('a')
  expect(guesses.mayGuess('a')).toBe(true)
})

test('what is remembered is bounded: the oldest secret makes room', () => {
  const guesses = createGuesses(() => 0)
  for (let i = 0; i < GUESSES_MAX; i++) guesses.guessedWrong('first')
  for (let i = 0; i < 10_000; i++) guesses.guessedWrong(`secret ${i}`)
  expect(guesses.mayGuess('first')).toBe(true)
})
