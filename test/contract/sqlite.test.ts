// The embedded store keeps the promises of every store port.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore } from '../../src/stores/sql/sqlite.ts'
import { auditStoreContract } from './audit-store.ts'
import { alertStoreContract } from './alert-store.ts'
import { ledgerStoreContract } from './ledger-store.ts'
import { keptAnswerStoreContract } from './kept-answer-store.ts'
import { aliasStoreContract } from './alias-store.ts'
import { endpointStoreContract } from './endpoint-store.ts'
import { planStoreContract } from './plan-store.ts'
import { priceStoreContract } from './price-store.ts'
import { rollupStoreContract } from './rollup-store.ts'
import { tenantStoreContract } from './tenant-store.ts'

async function openScratch() {
  const dataDir = await mkdtemp(join(tmpdir(), 'weighbridge-store-'))
  const store = await openSqliteStore({ dataDir, now: Date.now })
  return {
    ...store,
    close: async () => {
      await store.close()
      await rm(dataDir, { recursive: true })
    },
  }
}

ledgerStoreContract('SQLite', openScratch)
rollupStoreContract('SQLite', openScratch)
tenantStoreContract('SQLite', openScratch)
planStoreContract('SQLite', openScratch)
aliasStoreContract('SQLite', openScratch)
endpointStoreContract('SQLite', openScratch)
priceStoreContract('SQLite', openScratch)
auditStoreContract('SQLite', openScratch)
alertStoreContract('SQLite', openScratch)
keptAnswerStoreContract('SQLite', openScratch)
