// A ledger in memory that keeps the port's promises, for the tests of jobs; it can be made to fail after some appends.

import { entryContent, LedgerConflict, type LedgerEntry, type LedgerFilter, type LedgerStore } from '../core/ledger.ts'
import { inScope } from '../core/tenant.ts'

const BATCH = 3

export type LedgerInMemory = LedgerStore & { readonly entries: LedgerEntry[]; repair(): void }

export function ledgerInMemory(initial: readonly LedgerEntry[], options: { failAfter?: number } = {}): LedgerInMemory {
  const entries = [...initial]
  let appendsLeft = options.failAfter ?? Number.POSITIVE_INFINITY
  return {
    entries,
    repair() {
      appendsLeft = Number.POSITIVE_INFINITY
    },
    append(entry) {
      const same = entries.find((known) => known.requestId === entry.requestId)
      if (same !== undefined) {
        if (entryContent(same) !== entryContent(entry)) return Promise.reject(new LedgerConflict(entry.requestId))
        return Promise.resolve('exists')
      }
      if (appendsLeft-- <= 0) return Promise.reject(new Error('disk full'))
      entries.push(entry)
      return Promise.resolve('created')
    },
    get: (scope, requestId) =>
      Promise.resolve(entries.find((entry) => entry.requestId === requestId && inScope(scope, entry.tenantId)) ?? null),
    correctionsOf: (scope, requestId) =>
      Promise.resolve(entries.filter((entry) => entry.corrects === requestId && inScope(scope, entry.tenantId))),
    page: () => Promise.reject(new Error('not part of these tests')),
    async *scan(scope, filter) {
      const found = entries.filter((entry) => inScope(scope, entry.tenantId) && matches(entry, filter, entries))
      for (let start = 0; start < found.length; start += BATCH) {
        await Promise.resolve()
        yield found.slice(start, start + BATCH)
      }
    },
  }
}

function matches(entry: LedgerEntry, filter: LedgerFilter, all: readonly LedgerEntry[]): boolean {
  if (entry.startedAt < (filter.from ?? 0) || entry.startedAt >= (filter.to ?? Number.POSITIVE_INFINITY)) return false
  if (filter.tenantId !== undefined && filter.tenantId !== entry.tenantId) return false
  if (filter.unpricedOnly !== true) return true
  const rated = all.some((other) => other.corrects === entry.requestId && other.ratesUnpriced)
  return entry.cost === null && entry.ending !== 'correction' && !rated
}
