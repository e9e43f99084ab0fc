// Every write of what the control plane changes: in one transaction with its rows of the audit trail and the change counter.

import type { Kysely, Transaction } from 'kysely'
import type { AuditFact, AuditOrigin } from '../../core/audit.ts'
import { appendAudit } from './audit.ts'
import type { Schema } from './schema.ts'

/** Where changes go, and in whose name. */
export type Writer = {
  readonly database: Kysely<Schema>
  readonly origin: AuditOrigin
  readonly now: () => number
}

/** No facts: nothing was changed. There is no way to change something and to say nothing of it. */
export type Written<Result> = { readonly result: Result; readonly facts: readonly AuditFact[] }

/** Runs `write` in a transaction; the counter, by which the data plane's snapshot learns of changes, moves with every change. */
export function changing<Result>(
  { database, origin, now }: Writer,
  write: (transaction: Transaction<Schema>) => Promise<Written<Result>>,
): Promise<Result> {
  return database.transaction().execute(async (transaction) => {
    const { result, facts } = await write(transaction)
    if (facts.length > 0) {
      await appendAudit(transaction, origin, facts, now())
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
