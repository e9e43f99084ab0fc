// The truth of the simulator: one record for every call that AWS would bill, with what it would bill.
import type { BilledUsage } from './family.ts'

export type BilledCall = {
  /** the x-amzn-requestid that was answered */
  request_id: string
  operation: string
  /** as the caller sent it: id, profile id or ARN */
  model_id: string
  base_model: string
  region: string
  /** the tier that served the call */
  tier: string
  requested_tier: string
  usage: BilledUsage
  /** the whole answer was made and handed to a client that was still there */
  completed: boolean
  /** the client closed before the answer was complete */
  client_gone: boolean
  status: number
  started_at: string
  ended_at: string
  access_key_id: string
  /** the session of an assumed role that signed the call, as the bill's principal and its tags */
  principal?: { arn: string; tags: Record<string, string> }
  request_metadata?: Record<string, string>
  /** what selects among prices of one dimension, such as the resolution of a film */
  variant?: string
  /** faults that were played on this call, as they were asked for */
  faults?: string[]
}

export type BillTotals = {
  calls: number
  /** billed calls by operation, model as sent, tier and region, joined by '|' */
  by: Record<string, { calls: number; usage: BilledUsage }>
}

export type Bill = {
  add(call: BilledCall): void
  /** a call of which nothing is kept but its usage, under its key of the totals */
  count(key: string, usage: BilledUsage): void
  /** an answer that is being made; it is billed when it ends */
  begin(): void
  finish(): void
  calls(): BilledCall[]
  totals(): BillTotals
  inFlight(): number
  clear(): void
}

export function createBill(): Bill {
  let calls: BilledCall[] = []
  let totals: BillTotals = { calls: 0, by: {} }
  let inFlight = 0
  return {
    add(call) {
      calls.push(call)
      this.count(`${call.operation}|${call.model_id}|${call.tier}|${call.region}`, call.usage)
    },
    count(key, usage) {
      totals.calls++
      const sum = (totals.by[key] ??= { calls: 0, usage: {} })
      sum.calls++
      for (const dimension in usage) {
        sum.usage[dimension] = (sum.usage[dimension] ?? 0) + (usage[dimension] ?? 0)
      }
    },
    begin: () => void inFlight++,
    finish: () => void inFlight--,
    calls: () => calls,
    totals: () => totals,
    inFlight: () => inFlight,
    clear() {
      calls = []
      totals = { calls: 0, by: {} }
    },
  }
}
