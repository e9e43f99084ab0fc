// The change counter: bumped in the same transaction by every write that the data plane's snapshot must learn of.

import type { Kysely, Transaction } from 'kysely'
import type { Schema } from './schema.ts'

/** Runs `write` in a transaction; the counter moves when `write` says that something changed. */
export function changing<T>(
  database: Kysely<Schema>,
  write: (transaction: Transaction<Schema>) => Promise<T>,
  changed: (result: T) => boolean = () => true,
): Promise<T> {
  return database.transaction().execute(async (transaction) => {
    const result = await write(transaction)
    if (changed(result)) {
      await transaction
        .updateTable('change_counter')
        .set((update) => ({ changes: update('changes', '+', 1n) }))
        .execute()
    }
    return result
  })
}

export async function readChangeCounter(database: Kysely<Schema>): Promise<number> {
  const row = await database.selectFrom('change_counter').select('changes').executeTakeFirstOrThrow()
  return Number(row.changes)
}
