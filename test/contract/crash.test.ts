// Killed at any moment, the embedded store has every acknowledged entry exactly once and nothing half done.

import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ALL_TENANTS } from '../../src/core/tenant.ts'
import { openSqliteStore } from '../../src/stores/sql/sqlite.ts'

const migrations = join(import.meta.dirname, '..', '..', 'src', 'stores', 'sql', 'migrations', 'sqlite')

/** Starts the child, kills it so long after it said `word`, and gives all that it said. */
async function killedAfter(word: string, milliseconds: number, parameters: readonly string[]): Promise<string[]> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./crash-child.ts', import.meta.url)), ...parameters], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  let armed = false
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (text: string) => {
    said += text
    if (armed || !said.includes(word)) return
    armed = true
    setTimeout(() => child.kill('SIGKILL'), milliseconds)
  })
  await new Promise((resolve) => child.on('close', resolve))
  // the last line may have been cut
  return said.split('\n').slice(0, -1)
}

describe('a process that is killed', () => {
  let dir: string
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'weighbridge-crash-'))
  })
  afterEach(() => rmSync(dir, { recursive: true }))

  it('leaves every acknowledged entry exactly once, sound, with its rollup', async () => {
    const acknowledged = new Set<string>()
    for (const [run, milliseconds] of [5, 60, 137, 250, 420].entries()) {
      const said = await killedAfter('open\n', milliseconds, [dir, `run-${run}`])
      for (const line of said) if (line.startsWith('run-')) acknowledged.add(line)
    }
    const store = await openSqliteStore({ dataDir: dir, now: Date.now })
    const kept: string[] = []
    for await (const batch of store.ledger.scan(ALL_TENANTS, {})) kept.push(...batch.map((entry) => entry.requestId))
    expect(acknowledged.size).toBeGreaterThan(100)
    const there = new Set(kept)
    expect(there.size).toBe(kept.length)
    expect([...acknowledged].filter((requestId) => !there.has(requestId))).toEqual([])
    expect(await store.check()).toEqual([])
    await store.close()
  })

  it('leaves a migration done or not begun, and the next start completes it', async () => {
    const folder = mkdtempSync(join(dir, 'migrations-'))
    cpSync(migrations, folder, { recursive: true })
    const shipped = readdirSync(folder).length
    const rows = 300_000
    writeFileSync(
      join(folder, `${String(shipped + 1).padStart(4, '0')}-slow.sql`),
      `CREATE TABLE slow (id INTEGER PRIMARY KEY, word TEXT NOT NULL);
       WITH RECURSIVE counter (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < ${rows})
       INSERT INTO slow SELECT n, 'word ' || n FROM counter;
       UPDATE slow SET word = word || '!';
       CREATE INDEX slow_word ON slow (word);
       ALTER TABLE slow RENAME TO slower;`,
    )
    for (const milliseconds of [60, 150, 250, 350, 500, 700]) {
      await killedAfter('start\n', milliseconds, [join(dir, 'data'), 'run', folder])
    }
    const store = await openSqliteStore({ dataDir: join(dir, 'data'), now: Date.now, migrationsDir: folder })
    expect(await store.check()).toEqual([])
    await store.close()
    const { default: SqliteDatabase } = await import('better-sqlite3')
    const database = new SqliteDatabase(join(dir, 'data', 'weighbridge.sqlite'), { readonly: true })
    expect(
      database.prepare("SELECT count(*), count(*) FILTER (WHERE word LIKE 'word %!') FROM slower").raw().get(),
    ).toEqual([rows, rows])
    expect(database.prepare('SELECT number FROM migrations').pluck().all()).toHaveLength(shipped + 1)
    database.close()
  })
})
