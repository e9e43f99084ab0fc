// Sends the events of a stream one by one, breaks it where a fault wants it, and bills what had been generated when it ended.
import type { Call, StreamAnswer, StreamEvent } from './call.ts'
import { breaksStream, damaged, isFrameDamage, withFalseUsage } from './damage.ts'
import { failureIn } from './dialect.ts'
import type { Fault } from './faults.ts'
import type { BilledUsage, JsonObject } from './family.ts'
import { isObject } from './json.ts'
import { cutAt, number, pace, playCut, unusualHeaders, writePieces } from './play.ts'
import { recordOf, settle, watchEnd } from './settle.ts'
import type { Wire } from './wire.ts'

/** How far a stream has come. */
type Progress = { events: number; tokens: number; payloads: JsonObject[] }

export async function deliverStream(call: Call, answer: StreamAnswer, wire: Wire): Promise<void> {
  const stream = new StreamDelivery(call, answer, wire)
  if (!(await stream.open())) return
  let previous: StreamEvent | null = null
  for (const event of answer.events) {
    if (previous !== null && !(await stream.send(previous, false))) return
    previous = event
  }
  if (previous !== null && !(await stream.send(previous, true))) return
  await stream.close()
}

class StreamDelivery {
  readonly #call: Call
  readonly #answer: StreamAnswer
  readonly #wire: Wire
  readonly #merged: Buffer[] | null
  readonly #progress: Progress = { events: 0, tokens: 0, payloads: [] }
  #settled = false

  constructor(call: Call, answer: StreamAnswer, wire: Wire) {
    this.#call = call
    this.#answer = answer
    this.#wire = wire
    this.#merged = call.faults.has('merge') ? [] : null
  }

  /** Sends the headers. Like `send`, it says whether the stream goes on. */
  async open(): Promise<boolean> {
    const cut = cutAt(this.#call)
    if (cut?.stage === 'before_headers') return this.#cut(cut.fault)
    this.#wire.head(200, {
      ...this.#answer.headers,
      'x-amzn-requestid': this.#call.requestId,
      ...unusualHeaders(this.#call, this.#wire),
    })
    this.#wire.flush()
    return cut?.stage === 'after_headers' ? this.#cut(cut.fault) : true
  }

  async send(event: StreamEvent, last: boolean): Promise<boolean> {
    await pace(this.#call, event.tokens, this.#wire)
    if (this.#wire.gone) return this.#left()
    const due = this.#due(last)
    if (due !== undefined && !(await this.#break(due, event))) return false
    const lie = this.#call.faults.find('usage')?.parameters.kind
    const frame = this.#answer.frame(lie === undefined ? event : lying(event, lie))
    this.#progress.events++
    this.#progress.tokens += event.tokens
    if (this.#call.simulator.log !== null) this.#progress.payloads.push(event.payload)
    if (last) this.#settle(this.#answer.billing.usage, !this.#call.faults.list.some(({ name }) => breaksStream(name)))
    await this.#write(due !== undefined && isFrameDamage(due.name) ? damaged(frame, due) : frame)
    return true
  }

  async close(): Promise<void> {
    this.#settle(this.#answer.billing.usage, true)
    if (this.#merged !== null) await writePieces(this.#call, Buffer.concat(this.#merged), this.#wire)
    this.#wire.end()
  }

  /** The fault that is to be played at the next event: at its place, or at the last event of a stream that is too short for it. */
  #due(last: boolean): Fault | undefined {
    return this.#call.faults.list.find((fault) => {
      const { at, after } = fault.parameters
      if (at === 'after_stop') return last
      if (after === undefined || (at !== undefined && at !== 'mid_event')) return false
      return Number(after) === this.#progress.events || (last && Number(after) > this.#progress.events)
    })
  }

  /** Plays a fault that may end the stream; true when it goes on. */
  async #break(fault: Fault, event: StreamEvent): Promise<boolean> {
    if (isFrameDamage(fault.name)) return true
    const message = 'The simulator was asked for this error.'
    const { dialect = 'aws' } = this.#answer
    const frame = this.#answer.frame(event)
    const half = frame.subarray(0, Math.floor(frame.length / 2))
    switch (fault.name) {
      case 'exception':
        return this.#endWith(failureIn(dialect, fault.parameters.type ?? '', message))
      case 'error_event':
        return this.#endWith(failureIn(dialect, null, message))
      case 'truncated_frame':
        return this.#endWith(half)
      default:
        if (fault.parameters.at !== 'after_stop' && fault.name !== 'stall') await this.#write(half)
        return this.#cut(fault)
    }
  }

  async #endWith(bytes: Buffer): Promise<boolean> {
    this.#settle(this.#billedSoFar(), false)
    await this.#write(bytes)
    if (this.#merged !== null) await this.#wire.write(Buffer.concat(this.#merged))
    this.#wire.end()
    return false
  }

  async #cut(fault: Fault): Promise<boolean> {
    const waits = fault.name === 'stall' && number(fault, 'ms') > 0
    if (!waits) {
      const beforeHeaders = fault.parameters.at === 'before_headers'
      const record = this.#settle(beforeHeaders ? this.#answer.billing.usage : this.#billedSoFar(), false)
      const over = await playCut(fault, this.#wire)
      if (record !== null && fault.name === 'stall') record.client_gone = this.#wire.gone
      return !over
    }
    await playCut(fault, this.#wire)
    return this.#wire.gone ? this.#left() : true
  }

  /** The client is gone: AWS bills what it generated, by default to the end. */
  #left(): false {
    const { onDisconnect } = this.#call.simulator
    this.#settle(onDisconnect === 'stop' ? this.#billedSoFar() : this.#answer.billing.usage, false)
    return false
  }

  #billedSoFar(): BilledUsage {
    return this.#answer.usageAfter(this.#progress.events, this.#progress.tokens)
  }

  #settle(usage: BilledUsage, whole: boolean) {
    if (this.#settled) return null
    this.#settled = true
    const record = recordOf(this.#call, this.#answer.billing, usage)
    const { gone } = this.#wire
    settle(this.#call, record, { completed: whole, gone, output: this.#answer.logged ?? this.#progress.payloads })
    if (whole) watchEnd(record, this.#wire)
    return record
  }

  async #write(bytes: Buffer): Promise<void> {
    if (this.#merged === null) await writePieces(this.#call, bytes, this.#wire)
    else this.#merged.push(bytes)
  }
}

function lying(event: StreamEvent, kind: string): StreamEvent {
  const payload = withFalseUsage(event.payload, kind)
  return isObject(payload) ? { ...event, payload } : event
}
