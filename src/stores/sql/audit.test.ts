// The audit trail of the embedded store is one chain, whatever is written at once.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import SqliteDatabase from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { aPlan } from '../../../test/contract/plan-store.ts'
import { openSqliteStore } from './sqlite.ts'
import type { Store } from './store.ts'

let dir: string
let opened: Store[]
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'weighbridge-audit-'))
  opened = []
})
afterEach(async () => {
  for (const store of opened) await store.close()
  rmSync(dir, { recursive: true })
})

const open = async (): Promise<Store> => {
  const store = await openSqliteStore({ dataDir: dir, now: Date.now })
  opened.push(store)
  return store
}
const closed = async (fill: (store: Store) => Promise<unknown>): Promise<void> => {
  const store = await open()
  await fill(store)
  await store.close()
}
/** Does something to the closed database that the store never would. */
const tampered = <Result>(work: (database: SqliteDatabase.Database) => Result): Result => {
  const database = new SqliteDatabase(join(dir, 'weighbridge.sqlite'))
  try {
    return work(database)
  } finally {
    database.close()
  }
}
const tamper = (sql: string): void => tampered((database) => void database.exec(sql))

describe('the audit trail of the embedded store', () => {
  const fillTrail = async (store: Store): Promise<void> => {
    for (const id of ['p1', 'p2', 'p3', 'p4']) await store.plans.putPlan(aPlan(id))
  }
  const WITHOUT_TRIGGERS =
    'DROP TRIGGER audit_never_updated; DROP TRIGGER audit_never_deleted; DROP TRIGGER audit_only_appended; '

  it.each([
    ['changed', "UPDATE audit SET actor_kind = 'gateway' WHERE sequence = 2", 'are never changed'],
    ['deleted', 'DELETE FROM audit WHERE sequence = 4', 'are never deleted'],
    ['replaced', 'INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE sequence = 2', 'must follow the last one'],
    [
      'put in twice',
      "INSERT INTO audit (sequence, at, actor_kind, action, outcome, previous_hash, hash) VALUES (5, 0, '', '', '', 'x', 'y')",
      'must follow the last one',
    ],
  ])('refuses that a row is %s', async (_, sql, words) => {
    await closed(fillTrail)
    expect(() => tamper(sql)).toThrow(words)
    expect(await (await open()).check()).toEqual([])
  })

  it('finds a single byte that is another, in any column', async () => {
    await closed(fillTrail)
    tamper(WITHOUT_TRIGGERS)
    const columns = tampered((database) =>
      database.prepare("SELECT name FROM pragma_table_info('audit')").pluck().all(),
    )
    for (const column of columns.map(String).filter((name) => name !== 'sequence')) {
      const flipped = column === 'at' ? 'at + 1' : `coalesce(substr(${column}, 1, length(${column}) - 1), '') || '~'`
      const kept = tampered((database) => {
        const value = database.prepare(`SELECT ${column} FROM audit WHERE sequence = 2`).pluck().get()
        database.exec(`UPDATE audit SET ${column} = ${flipped} WHERE sequence = 2`)
        return value
      })
      await closed(async (store) => expect((await store.check()).length, column).toBeGreaterThan(0))
      tampered((database) => database.prepare(`UPDATE audit SET ${column} = ? WHERE sequence = 2`).run(kept))
    }
    expect(await (await open()).check()).toEqual([])
  })

  it.each([
    ['is missing', 'DELETE FROM audit WHERE sequence = 2', 'audit trail: rows 2 to 2 are missing'],
    [
      'changed place with another',
      'UPDATE audit SET sequence = 9 WHERE sequence = 2; UPDATE audit SET sequence = 2 WHERE sequence = 3; UPDATE audit SET sequence = 3 WHERE sequence = 9',
      'audit trail: row 2 does not follow the row before it: one of the two was replaced',
    ],
  ])('finds that a row %s', async (_, sql, words) => {
    await closed(fillTrail)
    tamper(WITHOUT_TRIGGERS + sql)
    expect(await (await open()).check()).toContain(words)
  })

  it('is undone with the change that it tells of, and the change with it', async () => {
    const store = await open()
    await store.plans.putPlan(aPlan('p1'))
    await store.close()
    tamper("CREATE TRIGGER fails BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no room'); END")
    const again = await open()
    await expect(again.plans.putPlan(aPlan('p2'))).rejects.toThrow('no room')
    expect((await again.plans.listPlans()).map(({ id }) => id)).toEqual(['p1'])
    await again.close()
    tamper(
      "DROP TRIGGER fails; CREATE TRIGGER fails BEFORE UPDATE ON change_counter BEGIN SELECT RAISE(ABORT, 'no counter'); END",
    )
    const last = await open()
    await expect(last.plans.putPlan(aPlan('p2'))).rejects.toThrow('no counter')
    expect((await last.audit.head()).sequence).toBe(1)
  })
})
