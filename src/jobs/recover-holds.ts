// After a crash: every hold without an entry becomes an entry marked estimated, at its worst case's unknown cost, never silence.

import type { LedgerEntry, LedgerStore } from '../core/ledger.ts'
import type { Hold, HoldJournal } from '../core/reservation.ts'
import { ALL_TENANTS } from '../core/tenant.ts'

/**
 * Call once at start, before the first call is admitted. What such a call used is not known: its usage and cost are null, so that
 * reports and reconciliation show it; budgets count what was held for it. The hold's estimate of its input stands in the notes.
 */
export async function recoverHolds(dependencies: {
  readonly holds: HoldJournal
  readonly ledger: LedgerStore
  readonly now: () => number
}): Promise<{ readonly recovered: number; readonly alreadySettled: number }> {
  const { holds, ledger, now } = dependencies
  let recovered = 0
  let alreadySettled = 0
  for (const hold of holds.recover()) {
    if ((await ledger.get(ALL_TENANTS, hold.requestId)) === null) {
      await ledger.append(entryOfHold(hold, now()))
      recovered += 1
    } else {
      alreadySettled += 1
    }
    holds.close(hold.requestId)
  }
  return { recovered, alreadySettled }
}

function entryOfHold(hold: Hold, now: number): LedgerEntry {
  return {
    requestId: hold.requestId,
    upstreamRequestId: null,
    tenantId: hold.tenantId,
    keyId: hold.keyId,
    modelId: hold.modelId,
    baseModel: hold.baseModel,
    routing: hold.routing,
    region: hold.region,
    tier: hold.tier,
    operation: hold.operation,
    surface: hold.surface,
    startedAt: hold.startedAt,
    endedAt: Math.max(now, hold.startedAt),
    ending: 'recovered',
    status: 0,
    attempts: 1,
    usage: null,
    inputCost: null,
    cost: null,
    ...(hold.heldCost === null ? {} : { heldCost: hold.heldCost }),
    priceVersion: null,
    estimated: true,
    deliveredBytes: 0,
    metadata: hold.metadata,
    notes: [`held: about ${hold.inputTokensEstimate} input tokens`],
    corrects: null,
    ratesUnpriced: false,
  }
}
