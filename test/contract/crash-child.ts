// A process that appends until it is killed, and says which entries it was told are durable. `migrate` only opens the store.

import { openSqliteStore } from '../../src/stores/sql/sqlite.ts'
import { anEntry, HOUR, NOON } from './entries.ts'

const [dataDir = '', run = '', migrationsDir] = process.argv.slice(2)
process.stdout.write('start\n')
const store = await openSqliteStore({
  dataDir,
  now: Date.now,
  ...(migrationsDir === undefined ? {} : { migrationsDir }),
})
process.stdout.write('open\n')

let count = 0
async function appendForEver(): Promise<void> {
  for (;;) {
    count += 1
    const requestId = `${run}-${count}`
    await store.ledger.append(
      anEntry({ requestId, startedAt: NOON + (count % 3) * HOUR, tenantId: `team-${count % 5}` }),
    )
    process.stdout.write(`${requestId}\n`)
  }
}
await Promise.all(Array.from({ length: 40 }, appendForEver))
