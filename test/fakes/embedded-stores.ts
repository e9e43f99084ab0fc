// The real embedded stores in a folder of their own, for tests that must not believe the ones in memory.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore } from '../../src/stores/sql/sqlite.ts'
import type { ChangedStores } from '../../src/stores/sql/store.ts'
import type { FakeStores } from './stores.ts'

export async function embeddedStores(): Promise<FakeStores & { close(): Promise<void> }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'weighbridge-admin-'))
  const store = await openSqliteStore({ dataDir, now: Date.now })
  const { ledger, rollups, audit } = store
  const versions: FakeStores['prices']['versions'] = []
  const remembering = ({
    tenants,
    plans,
    aliases,
    endpoints,
    prices,
    alerts,
  }: ChangedStores): ReturnType<FakeStores['changesBy']> => ({
    tenants,
    plans,
    aliases,
    endpoints,
    alerts,
    prices: {
      versions,
      versionsAfter: (after) => prices.versionsAfter(after),
      async appendVersion(change) {
        const version = await prices.appendVersion(change)
        versions.push({ ...change, version })
        return version
      },
    },
  })
  return {
    ...remembering(store),
    changesBy: (origin) => remembering(store.changesBy(origin)),
    ledger,
    rollups,
    audit,
    async close() {
      await store.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}
