// Writes one call into the bill and, when it is kept, into the invocation log.
import type { BilledCall } from './bill.ts'
import type { Billing, Call } from './call.ts'
import { faultText } from './faults.ts'
import type { BilledUsage, Json } from './family.ts'
import type { Wire } from './wire.ts'

export type Ending = { completed: boolean; gone: boolean; output: Json | Buffer }

export function recordOf(call: Call, billing: Billing, usage: BilledUsage): BilledCall {
  const record: BilledCall = {
    request_id: call.requestId,
    operation: call.operation,
    model_id: billing.modelId,
    base_model: billing.baseModel,
    region: call.region,
    tier: billing.tier,
    requested_tier: billing.requestedTier,
    usage,
    completed: true,
    client_gone: false,
    status: 200,
    started_at: new Date(call.startedAt).toISOString(),
    ended_at: '',
    access_key_id: call.accessKeyId,
  }
  if (call.session !== null) record.principal = { arn: call.session.principal, tags: call.session.tags }
  if (billing.variant !== undefined) record.variant = billing.variant
  if (billing.requestMetadata !== undefined) record.request_metadata = billing.requestMetadata
  if (call.faults.list.length > 0) record.faults = call.faults.list.map(faultText)
  return record
}

export function settle(call: Call, record: BilledCall, ending: Ending): void {
  record.ended_at = new Date(call.simulator.now()).toISOString()
  record.client_gone = ending.gone
  record.completed = ending.completed && !ending.gone
  call.simulator.bill.add(record)
  call.simulator.log?.add(call, record, ending.output)
}

/** A client that closes before the last bytes have left the process did not get its answer, though it was billed. */
export function watchEnd(record: BilledCall, wire: Wire): void {
  wire.onGone(() => {
    record.client_gone = true
    record.completed = false
  })
}
