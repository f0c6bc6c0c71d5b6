/** Tokens: handed out, checked, prolonged and revoked. The rows hold ids only; see token-text.ts. */
import type { Clock, Store, Token, WriteTx } from '../engine/index.ts'
import { Memo } from '../engine/memo.ts'
import type { Auth, TokenSpec } from './auth.ts'
import { type TokenTexts, tokenTexts } from './token-text.ts'

/** How long a token's row is remembered, ms: a token revoked by another process is refused after that. */
const LIFE_MS = 2000
const REMEMBERED_MAX = 50_000
/** A token is prolonged in the store only when that adds at least this part of its period. */
const EXTEND_STEP = 0.1
/**
 * `reissue` finds the token it handed out last through a row of its own, the pointer: its id can be computed from the
 * spec, and its data names the token. No text for a pointer is ever handed out, and `check` refuses it.
 */
const POINTER = '@current'

type Tokens = Pick<Auth, 'issue' | 'reissue' | 'check' | 'extend' | 'revoke' | 'revokeOf'>

interface Context {
  readonly store: Store
  readonly clock: Clock
  readonly texts: TokenTexts
  readonly rows: Memo<Token>
  readonly keep: (token: Token) => void
  readonly alive: (token: Token | undefined) => token is Token
}

export function createTokens({ store, secret, clock }: { store: Store; secret: Buffer; clock: Clock }): Tokens {
  const rows = new Memo<Token>({ clock, lifeMs: LIFE_MS, sizeMax: REMEMBERED_MAX })
  const context: Context = {
    store,
    clock,
    texts: tokenTexts(secret),
    rows,
    keep: (token) => rows.keep([[token.id, token]]),
    alive: (token): token is Token => token !== undefined && token.expiresAt > clock(),
  }
  return { ...issuing(context), ...checking(context), ...revoking(context) }
}

function issuing({ store, clock, texts, keep, alive }: Context): Pick<Tokens, 'issue' | 'reissue'> {
  return {
    async issue(spec, prefix = '') {
      const token = tokenRow(spec, texts.freshId(), clock())
      await store.write((tx) => tx.putTokens([token]))
      keep(token)
      return { text: texts.text(token.id, prefix), token }
    },

    async reissue(spec, prefix = '') {
      const { dialect, purpose, tenant, app, user } = spec
      const pointerId = texts.derivedId([dialect, purpose, tenant, app, user])
      const token = await store.write(async (tx) => {
        const earlier = await tokenBehind(tx, pointerId)
        const fresh = tokenRow(spec, alive(earlier) ? earlier.id : texts.freshId(), clock())
        const renewed = alive(earlier)
          ? { ...fresh, createdAt: earlier.createdAt, expiresAt: Math.max(earlier.expiresAt, fresh.expiresAt) }
          : fresh
        await tx.putTokens([renewed, { ...renewed, id: pointerId, scopes: [], data: { [POINTER]: renewed.id } }])
        return renewed
      })
      keep(token)
      return { text: texts.text(token.id, prefix), token }
    },
  }
}

function checking({ store, clock, texts, rows, keep, alive }: Context): Pick<Tokens, 'check' | 'extend'> {
  return {
    async check(dialect, purpose, text) {
      const id = texts.parse(text)
      if (id === undefined) return undefined
      const [token] = await rows.get([id], async (ids) => {
        const found = await store.read((tx) => tx.tokens(ids))
        return new Map(found.map((row) => [row.id, row]))
      })
      if (!alive(token) || pointsAt(token) !== undefined) return undefined
      return token.dialect === dialect && token.purpose === purpose ? token : undefined
    },

    async extend(token, expiresAt) {
      const period = expiresAt - clock()
      if (period <= 0 || expiresAt - token.expiresAt < period * EXTEND_STEP) return
      const extended = await store.write(async (tx) => {
        // Read again: the token may have been revoked or prolonged meanwhile, and neither may be undone.
        const [current] = await tx.tokens([token.id])
        if (!alive(current) || current.expiresAt >= expiresAt) return current
        const longer = { ...current, expiresAt }
        await tx.putTokens([longer])
        return longer
      })
      if (extended) keep(extended)
    },
  }
}

function revoking({ store, rows, alive }: Context): Pick<Tokens, 'revoke' | 'revokeOf'> {
  return {
    async revoke(ids) {
      await store.write((tx) => tx.deleteTokens(ids))
      rows.forget(ids)
    },

    async revokeOf(query, keepIf = () => false) {
      const revoked = await store.write(async (tx) => {
        const removed = await tx.deleteTokensOf(query)
        const isKept = (token: Token) => alive(token) && pointsAt(token) === undefined && keepIf(token)
        const kept = new Set(removed.filter(isKept).map((token) => token.id))
        await tx.putTokens(removed.filter((token) => kept.has(pointsAt(token) ?? token.id)))
        return removed.filter((token) => pointsAt(token) === undefined && !kept.has(token.id))
      })
      rows.forget(revoked.map((token) => token.id))
      return revoked.filter(alive).length
    },
  }
}

function tokenRow(spec: TokenSpec, id: string, now: number): Token {
  const { dialect, purpose, tenant, app, user, scopes, data = {}, ttlMs } = spec
  return { id, dialect, purpose, tenant, app, user, scopes, data, createdAt: now, expiresAt: now + ttlMs }
}

/** The id of the token a pointer names; undefined when the row is an ordinary token. */
function pointsAt({ data }: Token): string | undefined {
  if (data === null || typeof data !== 'object' || Array.isArray(data)) return undefined
  const id = data[POINTER]
  return typeof id === 'string' ? id : undefined
}

async function tokenBehind(tx: WriteTx, pointerId: string): Promise<Token | undefined> {
  const [pointer] = await tx.tokens([pointerId])
  const current = pointer && pointsAt(pointer)
  return current === undefined ? undefined : (await tx.tokens([current]))[0]
}
