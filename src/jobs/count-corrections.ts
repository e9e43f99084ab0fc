// The ledger for jobs that correct: what a correction changes reaches the budgets in the turn in which it is durable.

import type { Directory } from '../core/directory.ts'
import type { LedgerEntry, LedgerStore } from '../core/ledger.ts'
import type { Counters } from '../core/reservation.ts'
import { ALL_TENANTS } from '../core/tenant.ts'
import { callOf, standInOf } from './count-ledger.ts'

export const countingCorrections = (
  ledger: LedgerStore,
  { counters, directory }: { readonly counters: Pick<Counters, 'correct'>; readonly directory: () => Directory },
): LedgerStore => ({
  ...ledger,
  async append(entry) {
    if (entry.ending !== 'correction') return ledger.append(entry)
    const before = await countedBefore(entry, ledger, directory())
    const written = counters.correct(callOf(entry, directory()), entry.startedAt)
    try {
      const outcome = await ledger.append(entry)
      written(outcome === 'created' ? (entry.cost ?? 0n) - before : 0n)
      return outcome
    } catch (thrown) {
      written(0n)
      throw thrown
    }
  },
})

/** What budgets have counted for a call of which this is the first cost. */
async function countedBefore(correction: LedgerEntry, ledger: LedgerStore, directory: Directory): Promise<bigint> {
  if (!correction.ratesUnpriced || correction.corrects === null) return 0n
  const call = await ledger.get(ALL_TENANTS, correction.corrects)
  return call === null ? 0n : standInOf(call, directory)
}
