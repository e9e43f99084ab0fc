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

async function appendForEver(worker: number): Promise<void> {
  for (let turn = 0; ; turn += 1) {
    const requestId = `${run}-${worker}-${turn}`
    await store.ledger.append(
      anEntry({ requestId, startedAt: NOON + (turn % 3) * HOUR, tenantId: `team-${worker % 5}` }),
    )
    process.stdout.write(`${requestId}\n`)
  }
}
await Promise.all(Array.from({ length: 40 }, (_, worker) => appendForEver(worker)))
