// Upkeep of a data directory that no gateway uses: proving it, and bringing it to the schema of this version.

import { openSqliteStore } from './stores/sql/sqlite.ts'
import { readMigrationState } from './stores/sql/sqlite-offline.ts'

export type DataUpkeep = {
  /** Names of the migrations that the data has, and of those that it still needs. Throws in words. */
  readonly state: () => { readonly applied: readonly string[]; readonly pending: readonly string[] }
  /** Brings the data to the schema of this version; each step happens whole or not at all. */
  readonly migrate: () => Promise<void>
  /** One sentence for each problem; none: all is well. Refuses data that needs migrating. */
  readonly check: () => Promise<readonly string[]>
}

export function dataUpkeep(dataDir: string, now: () => number): DataUpkeep {
  const state: DataUpkeep['state'] = () => readMigrationState(dataDir)
  return {
    state,
    async migrate() {
      const { pending } = state()
      if (pending.length > 0) await (await openSqliteStore({ dataDir, now })).close()
    },
    async check() {
      const { pending } = state()
      if (pending.length > 0)
        throw new Error(`the data in ${dataDir} is of an older version; bring it to this one first: wb migrate`)
      const store = await openSqliteStore({ dataDir, now })
      try {
        return await store.check()
      } finally {
        await store.close()
      }
    },
  }
}
