// A data folder is checked and migrated without a gateway.

import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import SqliteDatabase from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { aPlan } from '../test/contract/plan-store.ts'
import { dataUpkeep } from './data-upkeep.ts'
import { openSqliteStore } from './stores/sql/sqlite.ts'

const migrations = join(import.meta.dirname, 'stores', 'sql', 'migrations', 'sqlite')
const names = readdirSync(migrations).toSorted()

let dir: string
let dataDir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'weighbridge-upkeep-'))
  dataDir = join(dir, 'data')
})
afterEach(() => rmSync(dir, { recursive: true }))

const data = () => dataUpkeep(dataDir, Date.now)

/** Data as an older version left it: without the last migration. */
async function olderData(): Promise<void> {
  const older = join(dir, 'older')
  cpSync(migrations, older, { recursive: true })
  rmSync(join(older, names.at(-1) ?? ''))
  await (await openSqliteStore({ dataDir, now: Date.now, migrationsDir: older })).close()
}

describe('upkeep of a data folder', () => {
  it('makes no folder where there is none', async () => {
    expect(() => data().state()).toThrow(`there is no data in ${dataDir}`)
    await expect(data().check()).rejects.toThrow('there is no data')
    await expect(data().migrate()).rejects.toThrow('there is no data')
    expect(readdirSync(dir)).toEqual([])
  })

  it('says which migrations data of an older version needs, changes nothing by asking, and applies them', async () => {
    await olderData()
    const needed = { applied: names.slice(0, -1), pending: names.slice(-1) }
    expect(data().state()).toEqual(needed)
    await expect(data().check()).rejects.toThrow('bring it to this one first: wb migrate')
    expect(data().state()).toEqual(needed)
    await data().migrate()
    expect(data().state()).toEqual({ applied: names, pending: [] })
    expect(await data().check()).toEqual([])
  })

  it('touches nothing that a gateway holds', async () => {
    const store = await openSqliteStore({ dataDir, now: Date.now })
    for (const attempt of [() => data().check(), () => data().migrate(), async () => data().state()])
      await expect(attempt()).rejects.toThrow(`the data directory ${dataDir} is in use by another Weighbridge process`)
    await store.plans.putPlan(aPlan('p'))
    await store.close()
    expect(await data().check()).toEqual([])
  })

  it('finds what is wrong', async () => {
    const store = await openSqliteStore({ dataDir, now: Date.now })
    await store.plans.putPlan(aPlan('p'))
    await store.close()
    const database = new SqliteDatabase(join(dataDir, 'weighbridge.sqlite'))
    database.exec("DROP TRIGGER audit_never_updated; UPDATE audit SET actor_id = 'x'")
    database.close()
    expect(await data().check()).toEqual(['audit trail: row 1: its content is not what was written'])
  })

  it('refuses data of a newer version', async () => {
    await (await openSqliteStore({ dataDir, now: Date.now })).close()
    const database = new SqliteDatabase(join(dataDir, 'weighbridge.sqlite'))
    database.exec(`INSERT INTO migrations VALUES (${names.length + 1}, '9999-next.sql', 1, 1)`)
    database.close()
    expect(() => data().state()).toThrow(`the database has schema ${names.length + 1}`)
  })
})
