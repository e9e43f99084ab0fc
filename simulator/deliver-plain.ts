// Sends an answer that is one body, shortened or cut where a fault wants it; it was generated whole, so it is billed whole.
import type { BilledCall } from './bill.ts'
import type { Call, PlainAnswer } from './call.ts'
import { withFalseUsage, withFalseUsageHeaders } from './damage.ts'
import type { Json } from './family.ts'
import type { Fault, Stage } from './faults.ts'
import { cutAt, pace, playCut, unusualHeaders, writePieces } from './play.ts'
import { recordOf, settle, watchEnd } from './settle.ts'
import type { Wire } from './wire.ts'

export async function deliverPlain(call: Call, answer: PlainAnswer, wire: Wire): Promise<void> {
  await pace(call, answer.tokens, wire)
  const body = shortened(bytesOf(call, answer.body), call)
  const cut = cutAt(call)
  const record = billed(call, answer, wire)
  if (cut === null || (cut.fault.name === 'end' && cut.stage !== 'before_headers')) {
    if (record?.completed === true) watchEnd(record, wire)
    writeHead(call, answer, body.length, wire)
    await writePieces(call, body, wire)
    wire.end()
    return
  }
  if (cut.stage !== 'before_headers') {
    writeHead(call, answer, body.length, wire)
    wire.flush()
    await wire.write(body.subarray(0, lengthAt(cut.stage, body.length)))
  }
  await cutShort(cut.fault, wire, record)
}

function billed(call: Call, answer: PlainAnswer, wire: Wire): BilledCall | null {
  if (answer.billing === null) return null
  const whole = cutAt(call) === null && !call.faults.has('truncated_json') && !call.faults.has('empty_body')
  const record = recordOf(call, answer.billing, answer.billing.usage)
  record.status = answer.status
  settle(call, record, { completed: whole, gone: wire.gone, output: answer.body })
  return record
}

function writeHead(call: Call, answer: PlainAnswer, length: number, wire: Wire): void {
  const lie = call.faults.find('usage')?.parameters.kind
  wire.head(answer.status, {
    'content-type': 'application/json',
    ...(lie === undefined ? answer.headers : withFalseUsageHeaders(answer.headers, lie)),
    ...(call.faults.has('close_delimited') ? {} : { 'content-length': length }),
    'x-amzn-requestid': call.requestId,
    ...unusualHeaders(call, wire),
  })
}

const lengthAt = (stage: Stage, length: number): number =>
  ({ before_headers: 0, after_headers: 0, mid_event: Math.floor(length / 2), after_stop: Math.max(0, length - 1) })[
    stage
  ]

async function cutShort(fault: Fault, wire: Wire, record: BilledCall | null): Promise<void> {
  const over = await playCut(fault, wire)
  if (record !== null && fault.name === 'stall' && wire.gone) record.client_gone = true
  if (!over) wire.finish()
}

/** The body as far as it is sent with an honest length: `end` and `truncated_json` cut it before its length is counted. */
function shortened(body: Buffer, call: Call): Buffer {
  const half = body.subarray(0, Math.floor(body.length / 2))
  if (call.faults.has('empty_body')) return body.subarray(0, 0)
  if (call.faults.has('truncated_json')) return half
  const end = call.faults.find('end')
  if (end === undefined) return body
  return end.parameters.at === 'after_headers' ? body.subarray(0, 0) : half
}

function bytesOf(call: Call, body: PlainAnswer['body']): Buffer {
  if (body === null) return Buffer.alloc(0)
  const lie = call.faults.find('usage')?.parameters.kind
  if (lie === undefined) return Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body))
  const value: Json = Buffer.isBuffer(body) ? JSON.parse(body.toString()) : body
  return Buffer.from(JSON.stringify(withFalseUsage(value, lie) ?? {}))
}
