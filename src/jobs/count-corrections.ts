// The ledger for jobs that correct: what a correction changes reaches the budgets in the turn in which it is durable.

import type { Directory } from '../core/directory.ts'
import type { LedgerStore } from '../core/ledger.ts'
import type { Counters } from '../core/reservation.ts'
import { callOf } from './count-ledger.ts'

export const countingCorrections = (
  ledger: LedgerStore,
  { counters, directory }: { readonly counters: Pick<Counters, 'correct'>; readonly directory: () => Directory },
): LedgerStore => ({
  ...ledger,
  async append(entry) {
    if (entry.ending !== 'correction') return ledger.append(entry)
    const written = counters.correct(callOf(entry, directory()), entry.startedAt)
    try {
      const outcome = await ledger.append(entry)
      written(outcome === 'created' ? (entry.cost ?? 0n) : 0n)
      return outcome
    } catch (thrown) {
      written(0n)
      throw thrown
    }
  },
})
