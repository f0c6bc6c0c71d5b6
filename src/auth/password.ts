/** People's passwords: argon2id, kept as PHC strings that carry their own parameters. */
import { hash, verify } from '@node-rs/argon2'

/** OWASP's first recommendation: 19 MiB, two passes, one lane. argon2id is the library's default algorithm. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** The PHC string to keep for a password. */
export function hashPassword(password: string): Promise<string> {
  return hash(password, PARAMETERS)
}

/** Whether the password is the one behind a PHC string; never for '' (a user without a password). */
export async function passwordMatches(phc: string, password: string): Promise<boolean> {
  return phc !== '' && (await verify(phc, password))
}
