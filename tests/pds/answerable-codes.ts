/** The error codes that the dialect's sources can answer, read from the sources. */
import { readdirSync, readFileSync } from 'node:fs'
import {
  type Answer,
  empty,
  errors,
  missing,
  noPermission,
  notFound,
  notSupported,
  notValid,
  outOfRange,
} from '../../src/dialect/pds/error.ts'

const FOLDER = new URL('../../src/dialect/pds/', import.meta.url)

/** What makes a code of the name of a resource or a parameter. */
const MAKERS = { notFound, noPermission, missing, empty, notValid, outOfRange, notSupported }
/** Literal codes: in `sound(…)`, and in tables of codes. */
const LITERALS = [/sound\(\s*\d{3},\s*'([\w.]+)'/g, /\b[a-z]\w*: '(AlreadyExist\.\w+)'/g]

/** Codes with their dots; of codes that name the field a shape was read from, those that the sources name themselves. */
export function answerableCodes(): Set<string> {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  const text = names.map((name) => readFileSync(new URL(name, FOLDER), 'utf8')).join('\n')
  const literal = LITERALS.flatMap((pattern) => [...text.matchAll(pattern)].map(([, code]) => code!))
  const made = Object.entries(MAKERS).flatMap(([maker, make]) =>
    [...text.matchAll(new RegExp(`\\b${maker}\\('(\\w+)'`, 'g'))].map(([, name]) => codeOf(make(name!))),
  )
  const table = Object.values(errors).map(([, code]) => code)
  return new Set([...literal, ...made, ...table])
}

function codeOf({ body }: Answer): string {
  return (body as { code: string }).code
}
