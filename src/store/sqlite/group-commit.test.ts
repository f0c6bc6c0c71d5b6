import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StorageError } from '../../engine/index.ts'
import { Connection, openDatabase } from './connection.ts'
import type { Database } from './driver.ts'
import { GroupCommit } from './group-commit.ts'
import { Transaction } from './transaction.ts'

class Notes extends Transaction {
  async add(text: string): Promise<void> {
    this.call((db) => db.run('insert into note (text) values (?)', text), [])
  }
  async all(): Promise<string[]> {
    return this.call((db) => db.all<[string]>('select text from note order by text').map(([text]) => text), [])
  }
}

/** Writes down what a connection is told, and can be made to fail. */
class WatchedConnection extends Connection {
  readonly told: string[] = []
  failing: string | undefined

  override control(sql: string): void {
    this.told.push(sql)
    if (sql === this.failing) throw new StorageError(`${sql} failed`)
    super.control(sql)
  }
}

let folder: string
let db: Database
let connection: WatchedConnection
let group: GroupCommit<Notes>
let rolledBack: number
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'batchdrive-group-'))
  db = openDatabase(join(folder, 'notes.db'))
  db.exec('create table note (text text not null primary key) strict')
  connection = new WatchedConnection(db)
  rolledBack = 0
  group = new GroupCommit<Notes>({
    connection: () => connection,
    begin: 'begin immediate',
    open: (lent) => new Notes(lent),
    onRollback: () => rolledBack++,
  })
})
afterEach(() => {
  db.close()
  rmSync(folder, { recursive: true })
})

const stored = () => db.prepare('select text from note order by text').pluck().all()
const statuses = async (running: Promise<unknown>[]) =>
  (await Promise.allSettled(running)).map((outcome) =>
    outcome.status === 'fulfilled' ? outcome.value : (outcome.reason as Error).message,
  )

describe('Transactions that wait together', () => {
  it('share one commit', async () => {
    await Promise.all(['a', 'b', 'c'].map((text) => group.run((tx) => tx.add(text))))
    expect(stored()).toEqual(['a', 'b', 'c'])
    expect(connection.told.filter((sql) => sql === 'commit')).toHaveLength(1)
    await group.run((tx) => tx.add('d'))
    expect(connection.told.filter((sql) => sql === 'commit')).toHaveLength(2)
  })

  it('see in turn what the earlier ones wrote, and nothing of those that failed', async () => {
    const add = (text: string, fails = false) =>
      group.run(async (tx) => {
        await tx.add(text)
        const all = await tx.all()
        if (fails) throw new Error(`not ${text}`)
        return all.join('')
      })
    expect(await statuses([add('a'), add('b', true), add('c'), add('a')])).toEqual([
      'a',
      'not b',
      'ac',
      expect.stringMatching(/UNIQUE/),
    ])
    expect(stored()).toEqual(['a', 'c'])
    expect(rolledBack).toBe(2)
  })

  it('are answered after the commit only, also those that failed', async () => {
    const answered: string[] = []
    const note = (text: string) => () => {
      answered.push(`${text} after ${connection.told.at(-1)}`)
    }
    const good = group.run((tx) => tx.add('a')).then(note('a'))
    const bad = group.run(() => Promise.reject(new Error('no'))).catch(note('b'))
    const late = group.run((tx) => tx.add('c')).then(note('c'))
    await Promise.all([good, bad, late])
    expect(answered).toEqual(['a after commit', 'b after commit', 'c after commit'])
  })

  it('are all refused when their commit fails, and leave nothing', async () => {
    connection.failing = 'commit'
    const running = ['a', 'b'].map((text) => group.run((tx) => tx.add(text)))
    expect(await statuses(running)).toEqual(['commit failed', 'commit failed'])
    await expect(running[0]).rejects.toThrow(StorageError)
    expect(stored()).toEqual([])
    connection.failing = undefined
    await group.run((tx) => tx.add('a'))
    expect(stored()).toEqual(['a'])
  })

  it('are all refused when none could be begun', async () => {
    connection.failing = 'begin immediate'
    const running = ['a', 'b'].map((text) => group.run((tx) => tx.add(text)))
    expect(await statuses(running)).toEqual(['begin immediate failed', 'begin immediate failed'])
    connection.failing = undefined
    await group.run((tx) => tx.add('c'))
    expect(stored()).toEqual(['c'])
  })

  it('do not keep the rest of the process waiting for long', async () => {
    const slow = (text: string) =>
      group.run(async (tx) => {
        await tx.add(text)
        const until = performance.now() + 20
        while (performance.now() < until);
        return connection.told.filter((sql) => sql === 'commit').length
      })
    const commitsBefore = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map(slow))
    expect(commitsBefore.at(-1)).toBeGreaterThanOrEqual(2)
    expect(stored()).toHaveLength(6)
  })

  it('do not let in a newcomer before its turn', async () => {
    let newcomer: Promise<string[]> | undefined
    await group.run(async (tx) => {
      newcomer = group.run((later) => later.all())
      await sleep(5)
      await tx.add('a')
    })
    expect(await newcomer).toEqual(['a'])
  })
})

describe('A full disk', () => {
  it('fails whoever needs room and nobody else, then and later', async () => {
    const pages = db.pragma('page_count', { simple: true }) as number
    db.pragma(`max_page_count = ${pages + 2}`)
    const add = (text: string) => group.run((tx) => tx.add(text))
    const large = add('x'.repeat(1_000_000))
    await expect(large).rejects.toThrow(StorageError)
    await expect(large).rejects.toThrow(/full/)
    await add('small')
    expect(stored()).toEqual(['small'])
  })

  it('takes back the whole group when SQLite gives up the transaction by itself', async () => {
    const giveUp = async (tx: Notes) => {
      await tx.add('b')
      db.exec('rollback')
      throw new StorageError('database or disk is full')
    }
    const running = [group.run((tx) => tx.add('a')), group.run(giveUp), group.run((tx) => tx.add('c'))]
    const outcomes = await statuses(running)
    expect(outcomes.slice(0, 2)).toEqual(['database or disk is full', 'database or disk is full'])
    // The third had not been begun: it goes with the next group.
    expect(outcomes[2]).toBeUndefined()
    expect(stored()).toEqual(['c'])
  })
})
