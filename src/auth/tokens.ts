/** Tokens: handed out, checked, prolonged and revoked. The rows hold ids only; see token-text.ts. */
import type { Clock, ReadTx, Store, TenantId, Token, WriteTx } from '../engine/index.ts'
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

/** Tokens read or written a moment ago, and the number of their tenant's standing that each was read under. */
export interface TokenMemory {
  readonly rows: Memo<Token>
  readonly seqs: WeakMap<Token, number>
  keep(token: Token, seq: number): void
}

export function tokenMemory(clock: Clock): TokenMemory {
  const rows = new Memo<Token>({ clock, lifeMs: LIFE_MS, sizeMax: REMEMBERED_MAX })
  const seqs = new WeakMap<Token, number>()
  return {
    rows,
    seqs,
    keep(token, seq) {
      seqs.set(token, seq)
      rows.keep([[token.id, token]])
    },
  }
}

/** The number that changes whenever something of a tenant is taken back. */
export async function seqOf(tx: ReadTx, tenant: TenantId): Promise<number> {
  const [row] = await tx.standings([tenant])
  return row?.seq ?? 0
}

interface Context {
  readonly store: Store
  readonly clock: Clock
  readonly texts: TokenTexts
  readonly memory: TokenMemory
  readonly alive: (token: Token | undefined) => token is Token
}

interface TokenParts {
  readonly store: Store
  readonly secret: Buffer
  readonly clock: Clock
  readonly memory: TokenMemory
}

export function createTokens({ store, secret, clock, memory }: TokenParts): Tokens {
  const context: Context = {
    store,
    clock,
    texts: tokenTexts(secret),
    memory,
    alive: (token): token is Token => token !== undefined && token.expiresAt > clock(),
  }
  return { ...issuing(context), ...checking(context), ...revoking(context) }
}

function issuing({ store, clock, texts, memory, alive }: Context): Pick<Tokens, 'issue' | 'reissue'> {
  return {
    async issue(spec, prefix = '') {
      const token = tokenRow(spec, texts.freshId(), clock())
      const seq = await store.write(async (tx) => {
        await tx.putTokens([token])
        await tx.putSignIns(signIns(spec, token.createdAt))
        return seqOf(tx, token.tenant)
      })
      memory.keep(token, seq)
      return { text: texts.text(token.id, prefix), token }
    },

    async reissue(spec, prefix = '') {
      const { dialect, purpose, tenant, app, user } = spec
      const pointerId = texts.derivedId([dialect, purpose, tenant, app, user])
      const { token, seq } = await store.write(async (tx) => {
        const earlier = await tokenBehind(tx, pointerId)
        const fresh = tokenRow(spec, alive(earlier) ? earlier.id : texts.freshId(), clock())
        const renewed = alive(earlier)
          ? { ...fresh, createdAt: earlier.createdAt, expiresAt: Math.max(earlier.expiresAt, fresh.expiresAt) }
          : fresh
        await tx.putSignIns(signIns(spec, clock()))
        await tx.putTokens([renewed, { ...renewed, id: pointerId, scopes: [], data: { [POINTER]: renewed.id } }])
        return { token: renewed, seq: await seqOf(tx, tenant) }
      })
      memory.keep(token, seq)
      return { text: texts.text(token.id, prefix), token }
    },
  }
}

function checking({ store, clock, texts, memory, alive }: Context): Pick<Tokens, 'check' | 'extend'> {
  return {
    async check(dialect, purpose, text) {
      const id = texts.parse(text)
      if (id === undefined) return undefined
      const [token] = await memory.rows.get([id], async (ids) => {
        const found = await store.read((tx) => readTokens(tx, ids))
        for (const [row, seq] of found) memory.seqs.set(row, seq)
        return new Map([...found.keys()].map((row) => [row.id, row]))
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
        if (!current) return null
        const seq = await seqOf(tx, current.tenant)
        if (!alive(current) || current.expiresAt >= expiresAt) return { row: current, seq }
        const longer = { ...current, expiresAt }
        await tx.putTokens([longer])
        return { row: longer, seq }
      })
      if (extended) memory.keep(extended.row, extended.seq)
    },
  }
}

function revoking({ store, memory: { rows }, alive }: Context): Pick<Tokens, 'revoke' | 'revokeOf'> {
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

/** Tokens, each with the number of its tenant's standing. */
async function readTokens(tx: ReadTx, ids: readonly string[]): Promise<Map<Token, number>> {
  const tokens = await tx.tokens(ids)
  const rows = await tx.standings([...new Set(tokens.map(({ tenant }) => tenant))])
  const seqs = new Map(rows.map(({ tenant, seq }) => [tenant, seq]))
  return new Map(tokens.map((token) => [token, seqs.get(token.tenant) ?? 0]))
}

function tokenRow(spec: TokenSpec, id: string, now: number): Token {
  const { dialect, purpose, tenant, app, user, scopes, data = {}, ttlMs } = spec
  return { id, dialect, purpose, tenant, app, user, scopes, data, createdAt: now, expiresAt: now + ttlMs }
}

function signIns({ tenant, user: id, marks }: TokenSpec, at: number): Parameters<WriteTx['putSignIns']>[0] {
  if (!marks || id === '') return []
  return [{ tenant, id, signedInAt: marks === 'signIn' ? at : null, renewedAt: marks === 'renewal' ? at : null }]
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
