// Sends an answer at the model's pace and writes the bill before its last byte, so that who saw the end of an answer finds it billed.
import { setTimeout as sleep } from 'node:timers/promises'
import type { BilledCall } from './bill.ts'
import type { Answer, Billing, Call, PlainAnswer, StreamAnswer } from './call.ts'
import type { BilledUsage } from './family.ts'
import type { Wire } from './wire.ts'

export async function deliver(call: Call, answer: Answer, wire: Wire): Promise<void> {
  if (answer.kind === 'plain') await deliverPlain(call, answer, wire)
  else await deliverStream(call, answer, wire)
}

async function deliverPlain(call: Call, answer: PlainAnswer, wire: Wire): Promise<void> {
  await pace(call, answer.tokens)
  const body = bytesOf(answer.body)
  const record = answer.billing === null ? null : recordOf(call, answer.billing, answer.billing.usage)
  if (record !== null) {
    settle(call, record, wire.gone)
    watchEnd(record, wire)
  }
  wire.head(answer.status, {
    'content-type': 'application/json',
    ...answer.headers,
    'content-length': body.length,
    'x-amzn-requestid': call.requestId,
  })
  wire.end(body)
}

async function deliverStream(call: Call, answer: StreamAnswer, wire: Wire): Promise<void> {
  const record = recordOf(call, answer.billing, answer.billing.usage)
  wire.head(200, { ...answer.headers, 'x-amzn-requestid': call.requestId })
  let sent = 0
  let tokens = 0
  let last: Buffer | null = null
  for (const event of answer.events) {
    // One frame is held back, so that the bill can be written before the last one leaves.
    if (last !== null) await wire.write(last)
    if (wire.gone) break
    await pace(call, event.tokens)
    last = answer.frame(event)
    sent++
    tokens += event.tokens
  }
  if (wire.gone && call.simulator.onDisconnect === 'stop') record.usage = answer.usageAfter(sent, tokens)
  settle(call, record, wire.gone)
  watchEnd(record, wire)
  wire.end(last ?? Buffer.alloc(0))
}

function recordOf(call: Call, billing: Billing, usage: BilledUsage): BilledCall {
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
  if (billing.requestMetadata !== undefined) record.request_metadata = billing.requestMetadata
  return record
}

function settle(call: Call, record: BilledCall, gone: boolean): void {
  record.ended_at = new Date(call.simulator.now()).toISOString()
  record.client_gone = gone
  record.completed = !gone
  call.simulator.bill.add(record)
}

/** A client that closes before the last bytes have left the process did not get its answer, though it was billed. */
function watchEnd(record: BilledCall, wire: Wire): void {
  wire.onGone(() => {
    record.client_gone = true
    record.completed = false
  })
}

async function pace(call: Call, tokens: number): Promise<void> {
  const { tokensPerSecond } = call.simulator
  if (tokensPerSecond > 0 && tokens > 0) await sleep((tokens * 1000) / tokensPerSecond)
}

function bytesOf(body: PlainAnswer['body']): Buffer {
  if (body === null) return Buffer.alloc(0)
  return Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body))
}
