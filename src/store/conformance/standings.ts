/** Conformance: what tells that rights were taken away, and from whom they still are to be. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Store, Subject, TenantId, WriteTx } from '../../engine/index.ts'
import { memberRow, type Open, type Opened, TENANT, token, userRow } from './sample.ts'

const ELSEWHERE = 'other' as TenantId

export function standingConformance(open: Open) {
  let opened: Opened
  let store: Store
  beforeEach(async () => {
    opened = await open()
    store = opened.store
  })
  afterEach(() => opened.close())

  it('counts, tenant by tenant, what takes rights away', async () => {
    const seq = async (tenant = TENANT) => (await store.read((tx) => tx.standings([tenant, TENANT])))[0]?.seq ?? 0
    const seqs: number[] = []
    const raises = async (fn: (tx: WriteTx) => Promise<unknown>) => {
      seqs.push(await seq())
      await store.write(fn)
      return (await seq()) > seqs.at(-1)!
    }
    const ann = { tenant: TENANT, id: 'a' }
    const member = memberRow('team', 'user:a')
    const of = { tenant: TENANT, app: 'shop', user: null }
    expect(await raises((tx) => tx.putUsers([userRow('a', {})]))).toBe(true)
    expect(await raises((tx) => tx.putMembers([member]))).toBe(true)
    expect(await raises((tx) => tx.putTokens([token('t1'), token('t2')]))).toBe(false)
    expect(await raises((tx) => tx.deleteTokens(['t1']))).toBe(true)
    expect(await raises((tx) => tx.deleteTokens(['t1']))).toBe(false)
    expect(await raises((tx) => tx.deleteTokensOf(of))).toBe(true)
    expect(await raises((tx) => tx.deleteTokensOf(of))).toBe(false)
    expect(await raises((tx) => tx.deleteMembers([member]))).toBe(true)
    expect(await raises((tx) => tx.deleteUsers([ann]))).toBe(true)
    expect(await raises((tx) => tx.putUsers([userRow('c', { tenant: ELSEWHERE })]))).toBe(false)
    expect(await store.read((tx) => tx.standings([ELSEWHERE]))).toEqual([{ tenant: ELSEWHERE, seq: 1 }])
    expect(await store.read((tx) => tx.standings([]))).toEqual([])
    const failing = store.write(async (tx) => {
      await tx.deleteUsers([ann])
      throw new Error('changed its mind')
    })
    await expect(failing).rejects.toThrow('changed its mind')
    expect(await raises(async () => undefined)).toBe(false)
  })

  it('keeps who is gone until nothing is left of them', async () => {
    const gone = (tenant: TenantId, subject: Subject) => ({ tenant, subject })
    const rows = [gone(TENANT, 'group:b'), gone(TENANT, 'user:a'), gone(ELSEWHERE, 'user:a')]
    await store.write((tx) => tx.putDeparted([...rows, rows[0]!]))
    await store.write((tx) => tx.putDeparted(rows.slice(1)))
    const all = (limit = 9) => store.read((tx) => tx.departed(limit))
    const ordered = rows.toSorted((a, b) => (`${a.tenant} ${a.subject}` < `${b.tenant} ${b.subject}` ? -1 : 1))
    expect(await all()).toEqual(ordered)
    expect(await all(2)).toEqual(ordered.slice(0, 2))
    const asked = [rows[1]!, gone(ELSEWHERE, 'group:b')]
    expect(await store.read((tx) => tx.departedOf(asked))).toEqual([rows[1]])
    await store.write((tx) => tx.deleteDeparted(asked))
    expect(await all()).toEqual(ordered.filter((row) => row !== rows[1]))
    expect(await store.read((tx) => Promise.all([tx.departedOf([]), tx.departed(0)]))).toEqual([[], []])
  })
}
