// What an earlier run left behind is put in order before the first call, told to the log and to the audit trail.

import type { Logger } from 'pino'
import { announcing, audited } from './audited-jobs.ts'
import { byItself } from './core/audit.ts'
import type { HoldJournal } from './core/reservation.ts'
import { recoverHolds } from './jobs/recover-holds.ts'
import type { Store } from './stores/sql/store.ts'

export async function recover(parts: {
  readonly holds: HoldJournal & { problems(): readonly string[] }
  readonly store: Pick<Store, 'audit' | 'ledger'>
  readonly log: Logger
  readonly now: () => number
}): Promise<void> {
  const { holds, store, log, now } = parts
  const recovered = await audited({
    audit: store.audit,
    origin: byItself('start'),
    resource: 'ledger',
    asked: { job: 'recover_holds' },
    figures: (outcome: Awaited<ReturnType<typeof recoverHolds>>) => ({
      recovered: outcome.recovered,
      already_settled: outcome.alreadySettled,
    }),
    run: (announce) => recoverHolds({ holds, ledger: announcing(store.ledger, announce), now }),
  })
  for (const problem of holds.problems()) log.warn({ problem }, 'the journal of holds is not whole')
  if (recovered.recovered > 0)
    log.warn(recovered, 'calls of an earlier run had no ledger entry; they now have estimated ones')
}
