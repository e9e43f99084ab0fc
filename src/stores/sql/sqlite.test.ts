// The embedded store beside its contract: its directory, its size, its checks, its migrations, a full disk.

import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import SqliteDatabase from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ALL_TENANTS } from '../../core/tenant.ts'
import { anEntry, manyEntries, NOON } from '../../../test/contract/entries.ts'
import { aPlan } from '../../../test/contract/plan-store.ts'
import { StoreUnavailable } from './append-queue.ts'
import { openSqliteStore } from './sqlite.ts'
import type { SqliteStoreOptions } from './sqlite.ts'
import type { Store } from './store.ts'

const migrations = join(import.meta.dirname, 'migrations', 'sqlite')

describe('the embedded store', () => {
  let dir: string
  let opened: Store[]
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'weighbridge-sqlite-'))
    opened = []
  })
  afterEach(async () => {
    for (const store of opened) await store.close()
    rmSync(dir, { recursive: true })
  })

  const open = async (options: Partial<SqliteStoreOptions> = {}): Promise<Store> => {
    const store = await openSqliteStore({ dataDir: join(dir, 'data'), now: Date.now, ...options })
    opened.push(store)
    return store
  }
  const file = (): string => join(dir, 'data', 'weighbridge.sqlite')
  /** Does something to the closed database that the store never would. */
  const tamper = (sql: string): void => {
    const database = new SqliteDatabase(file())
    database.exec(sql)
    database.close()
  }
  const closed = async (fill: (store: Store) => Promise<unknown>): Promise<void> => {
    const store = await open()
    await fill(store)
    await store.close()
  }

  it('makes its directory for its owner only', async () => {
    await open({ dataDir: join(dir, 'a', 'b') })
    expect(statSync(join(dir, 'a', 'b')).mode & 0o777).toBe(0o700)
  })

  it('refuses a directory that is in use, by this process or another, and names it', async () => {
    const store = await open()
    await store.ledger.append(anEntry())
    await expect(open()).rejects.toThrow(`the data directory ${join(dir, 'data')} is in use by another Weighbridge`)
    const script = `
      import { openSqliteStore } from ${JSON.stringify(join(import.meta.dirname, 'sqlite.ts'))}
      await openSqliteStore({ dataDir: ${JSON.stringify(join(dir, 'data'))}, now: Date.now })`
    expect(() => execFileSync(process.execPath, ['--input-type=module', '-e', script], { stdio: 'pipe' })).toThrow(
      'is in use by another Weighbridge process',
    )
    expect(await store.ledger.append(anEntry())).toBe('exists')
    await store.close()
    expect(await (await open()).ledger.get(ALL_TENANTS, 'request-1')).toEqual(anEntry())
  })

  it('says what is wrong with a directory that cannot be one', async () => {
    writeFileSync(join(dir, 'data'), '')
    await expect(open()).rejects.toThrow('EEXIST')
  })

  it('keeps settings', async () => {
    await closed((store) => store.settings.set('root_secret', 'one'))
    const store = await open()
    expect(await store.settings.get('root_secret')).toBe('one')
    await store.settings.set('root_secret', 'two')
    expect(await store.settings.get('root_secret')).toBe('two')
    expect(await store.settings.get('other')).toBeNull()
  })

  it('finishes what is under way when it is closed, and takes nothing after', async () => {
    const store = await open()
    const appends = manyEntries(3_000, () => ({})).map((entry) => store.ledger.append(entry))
    await store.close()
    expect(new Set(await Promise.all(appends))).toEqual(new Set(['created']))
    await expect(store.ledger.append(anEntry({ requestId: 'late' }))).rejects.toThrow(StoreUnavailable)
    await expect(store.tenants.everyTenant()).rejects.toThrow(StoreUnavailable)
    await store.close()
    expect((await (await open()).rollups.rebuild({ verifyOnly: true })).entries).toBe(3_000)
  })

  it('refuses entries beyond its bound instead of growing', async () => {
    const store = await open({ maxQueuedEntries: 100 })
    const outcomes = await Promise.allSettled(manyEntries(150, () => ({})).map((entry) => store.ledger.append(entry)))
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
    expect(refused).toHaveLength(50)
    expect(refused[0]).toMatchObject({ reason: expect.any(StoreUnavailable) })
    expect(store.stats()).toMatchObject({ queuedEntries: 0, appendedEntries: 100, broken: null })
    expect(await store.ledger.append(anEntry({ requestId: 'request-149' }))).toBe('created')
  })

  it('keeps batches and other transactions apart', async () => {
    const store = await open()
    const entries = manyEntries(2_000, () => ({}))
    await Promise.all([
      ...entries.map(async (entry, index) => {
        await new Promise((resolve) => setTimeout(resolve, index % 50))
        await store.ledger.append(entry)
      }),
      ...entries.slice(0, 50).map((_, index) => store.plans.putPlan(aPlan(`plan-${index}`))),
      ...entries.slice(0, 50).map(() => store.plans.deletePlan('plan-0')),
    ])
    expect(await store.changeCounter()).toBe(51)
    expect((await store.rollups.rebuild({ verifyOnly: true })).entries).toBe(2_000)
    expect(await store.check()).toEqual([])
  })

  it('is backed up under load, and the copy is sound and whole up to one moment', async () => {
    const store = await open()
    const entries = manyEntries(6_000, (index) => ({ tenantId: `team-${index % 7}`, startedAt: NOON + index * 1000 }))
    await Promise.all(entries.slice(0, 3_000).map((entry) => store.ledger.append(entry)))
    const restored = join(dir, 'restored')
    mkdirSync(restored)
    const backup = store.backup(join(restored, 'weighbridge.sqlite'))
    await Promise.all([
      ...entries.slice(3_000).map((entry) => store.ledger.append(entry)),
      ...entries.slice(0, 60).map((_, index) => store.plans.putPlan(aPlan(`plan-${index}`))),
    ])
    await backup
    await expect(store.backup(join(restored, 'weighbridge.sqlite'))).rejects.toThrow('does not overwrite')
    const copy = await open({ dataDir: restored })
    expect(await copy.check()).toEqual([])
    const kept = (await copy.rollups.rebuild({ verifyOnly: true })).entries
    expect(kept).toBeGreaterThanOrEqual(3_000)
    const question = { from: 0, to: NOON * 2, groupBy: ['tenant', 'day'] } as const
    await Promise.all(entries.map((entry) => copy.ledger.append(entry)))
    expect(await copy.rollups.query(ALL_TENANTS, question)).toEqual(await store.rollups.query(ALL_TENANTS, question))
  })

  it('needs no more than 400 bytes for an entry, indexes and all', async () => {
    await closed(async (store) => {
      const entries = manyEntries(5_000, (index) => ({
        requestId: `01a1f92a-223e-79d0-806f-${String(index).padStart(12, '0')}`,
        startedAt: NOON + index * 13,
        usage: {
          quantities: { input_tokens: 1_000 + index, output_tokens: index, cache_read_tokens: 0 },
          estimated: false,
        },
      }))
      await Promise.all(entries.map((entry) => store.ledger.append(entry)))
    })
    expect(statSync(file()).size / 5_000).toBeLessThan(400)
  })

  describe('when it is checked', () => {
    const fill = (store: Store) =>
      Promise.all(
        manyEntries(50, (index) => ({ tenantId: `team-${index % 2}` })).map((entry) => store.ledger.append(entry)),
      )

    it('finds nothing wrong with what it wrote', async () => {
      const store = await open()
      await fill(store)
      await store.prices.appendVersion({ createdAt: '', author: '', note: '', prices: [], adjustments: [] })
      expect(await store.check()).toEqual([])
    })

    it.each([
      ['a cost', "UPDATE entries SET cost = cost + 1 WHERE request_id = 'request-7'"],
      ['a tenant', "UPDATE entries SET tenant_id = 'team-0' WHERE request_id = 'request-7'"],
      ['a time', "UPDATE entries SET position = position + (1 << 20) WHERE request_id = 'request-7'"],
      ['a status', "UPDATE entries SET details = replace(details, '200', '500') WHERE request_id = 'request-7'"],
      [
        'a quantity',
        "UPDATE entries SET quantities = replace(quantities, '1200', '1201') WHERE request_id = 'request-7'",
      ],
      ['JSON that is none', "UPDATE entries SET details = '[' WHERE request_id = 'request-7'"],
      ['a key', "UPDATE entries SET rollup_key_id = 99 WHERE request_id = 'request-7'"],
    ])('finds %s that was changed', async (_, sql) => {
      await closed(fill)
      tamper(sql)
      expect(await (await open()).check()).toContain('entry request-7: its content is not what was stored (checksum)')
    })

    it('finds one byte that was flipped in the file', async () => {
      await closed(fill)
      const bytes = readFileSync(file())
      const at = bytes.lastIndexOf('"completed"')
      bytes[at + 3] = (bytes[at + 3] ?? 0) ^ 1
      writeFileSync(file(), bytes)
      expect(await (await open()).check()).toEqual([
        expect.stringMatching(/^entry request-\d+: its content is not what/),
      ])
    })

    it('finds a damaged page, and refuses a damaged file', async () => {
      await closed((store) => Promise.all(manyEntries(500, () => ({})).map((entry) => store.ledger.append(entry))))
      const bytes = readFileSync(file())
      bytes.fill(0x55, 4096 * 24, 4096 * 24 + 100)
      writeFileSync(file(), bytes)
      const store = await open()
      expect((await store.check())[0]).toMatch(/^the database file is damaged: /)
      await store.close()
      bytes.fill(0x55, 0, 100)
      writeFileSync(file(), bytes)
      await expect(open()).rejects.toThrow('file is not a database')
    })

    it('finds a changed rollup, says how, and rebuilds it', async () => {
      await closed(fill)
      tamper('UPDATE rollups SET calls = calls + 1, input_cost_pico = 0, output_tokens = NULL WHERE rollup_key_id = 1')
      const store = await open()
      const expected = [
        '2026-10-30T12:00:00.000Z tenant team-0, model eu.anthropic.claude-sonnet-4-5-20250929-v1:0, key key-a: calls is 26 in the rollup, 25 by the entries',
        expect.stringContaining('input cost (pico-USD) is 0 in the rollup, 90000000000 by the entries'),
        expect.stringContaining('output_tokens is absent in the rollup, 8500 by the entries'),
      ]
      expect(await store.check()).toEqual(expected)
      expect((await store.rollups.rebuild({ verifyOnly: true })).differences).toEqual(expected)
      expect((await store.rollups.rebuild({ verifyOnly: false })).differences).toEqual(expected)
      expect(await store.check()).toEqual([])
    })

    it.each([
      ['lost', 'DELETE FROM rollups'],
      [
        'invented',
        'INSERT INTO rollups SELECT hour + 3600000, rollup_key_id, calls, 0, 0, 1, 1, 1, 1' +
          ', NULL'.repeat(20) +
          ' FROM rollups',
      ],
      [
        'invented for nobody',
        'INSERT INTO rollups SELECT hour, 99, 1, 0, 0, 1, 1, 1, 1' + ', NULL'.repeat(20) + ' FROM rollups LIMIT 1',
      ],
    ])('finds rollups that were %s, and rebuilds them', async (_, sql) => {
      await closed(fill)
      tamper(sql)
      const store = await open()
      expect((await store.check()).length).toBeGreaterThan(0)
      await store.rollups.rebuild({ verifyOnly: false })
      expect(await store.check()).toEqual([])
    })

    it('finds a price version that was changed, or is missing', async () => {
      await closed(async (store) => {
        const change = { createdAt: '', author: '', note: '', prices: [], adjustments: [] }
        for (let version = 1; version <= 3; version += 1) await store.prices.appendVersion(change)
      })
      tamper("UPDATE price_versions SET note = 'x' WHERE version = 1; DELETE FROM price_versions WHERE version = 2")
      expect(await (await open()).check()).toEqual([
        'price version 1: its content is not what was stored (checksum)',
        'price version 2 is missing',
      ])
    })
  })

  describe('when it is migrated', () => {
    const NEWEST = readdirSync(migrations).length
    const NEXT = `${String(NEWEST + 1).padStart(4, '0')}-next.sql`
    const withMigration = (text: string): string => {
      const folder = mkdtempSync(join(dir, 'migrations-'))
      cpSync(migrations, folder, { recursive: true })
      writeFileSync(join(folder, NEXT), text)
      return folder
    }

    it('goes on with what it has', async () => {
      await closed((store) => store.ledger.append(anEntry()))
      const store = await open({ migrationsDir: withMigration('ALTER TABLE plans ADD COLUMN more TEXT') })
      expect(await store.ledger.get(ALL_TENANTS, 'request-1')).toEqual(anEntry())
    })

    it('is refused by an older program, in words', async () => {
      await (await open({ migrationsDir: withMigration('CREATE TABLE more (id INTEGER)') })).close()
      await expect(open()).rejects.toThrow(
        `the database has schema ${NEWEST + 1}, this version of Weighbridge knows schemas up to ${NEWEST}: start the newer version, or restore a backup made by this one`,
      )
    })

    it('is refused when a migration is not the one that was applied', async () => {
      await (await open({ migrationsDir: withMigration('CREATE TABLE more (id INTEGER)') })).close()
      await expect(open({ migrationsDir: withMigration('CREATE TABLE less (id INTEGER)') })).rejects.toThrow(
        `another text of ${NEXT}`,
      )
    })

    it('leaves nothing behind when a migration fails', async () => {
      const failing = withMigration('CREATE TABLE more (id INTEGER); INSERT INTO nowhere VALUES (1)')
      await expect(open({ migrationsDir: failing })).rejects.toThrow('no such table')
      const store = await open({ migrationsDir: withMigration('CREATE TABLE more (id INTEGER)') })
      expect(await store.check()).toEqual([])
    })
  })

  it('on a disk that fills up refuses entries, stays sound, and works again', async ({ skip }) => {
    const mount = join(dir, 'small')
    mkdirSync(mount)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', mount], { stdio: 'pipe' })
    } catch (error) {
      console.warn('skipped: a full disk, which needs the right to mount a tmpfs')
      skip(`mounting a tmpfs is not allowed here: ${String(error)}`)
    }
    try {
      const store = await openSqliteStore({ dataDir: mount, now: Date.now })
      writeFileSync(join(mount, 'ballast'), Buffer.alloc(2 * 1024 * 1024))
      let acknowledged = 0
      const appendUntilRefused = async (): Promise<unknown> => {
        for (; acknowledged < 10_000; acknowledged += 1) {
          await store.ledger.append(anEntry({ requestId: `request-${acknowledged}` }))
        }
        return null
      }
      const refusal = await appendUntilRefused().catch((error: unknown) => error)
      expect(refusal).toBeInstanceOf(StoreUnavailable)
      expect(String(refusal)).toContain(`no space is left for the data directory ${mount}`)
      expect(await store.check()).toEqual([])
      rmSync(join(mount, 'ballast'))
      expect(await store.ledger.append(anEntry({ requestId: 'after' }))).toBe('created')
      expect((await store.rollups.rebuild({ verifyOnly: true })).entries).toBe(acknowledged + 1)
      expect(await store.check()).toEqual([])
      await store.close()
    } finally {
      execFileSync('umount', ['--lazy', mount])
    }
  })
})
