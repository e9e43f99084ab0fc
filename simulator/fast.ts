// A benchmark's upstream: Converse and ConverseStream answered from prepared bytes, with no checks and a bill of counters only.
import { bodyOf } from './operations/converse.ts'
import { eventsOf } from './operations/converse-stream.ts'
import { jsonEvent } from './event-stream-writer.ts'
import { padded } from './padding.ts'
import type { Said } from './conversation/converse.ts'
import { converseUsage, latencyOf } from './conversation/usage.ts'
import { nothing } from './prompt-cache.ts'
import type { Simulator } from './simulator.ts'
import { generate } from './tokens.ts'
import type { Wire } from './wire.ts'

/** The prompt is not read, so every call has the same input. */
const INPUT_TOKENS = 250
/** With these an answer of Converse is about 1 KB. */
const OUTPUT_TOKENS = 200
const REGION = 'us-east-1'
const BODY_LIMIT_BYTES = 25_000_000

const PATH = /^\/model\/(.+)\/(converse|converse-stream)$/

/** Answers a call, or says that it is none for the fast path. */
export function createFastPath(simulator: Simulator): (wire: Wire) => boolean {
  const prepared = prepare()
  return (wire) => {
    const match = PATH.exec(wire.target)
    if (match === null || wire.method !== 'POST') return false
    const [, modelId = '', operation] = match
    void wire.readBody(BODY_LIMIT_BYTES).then(
      () => {
        const name = operation === 'converse' ? 'Converse' : 'ConverseStream'
        simulator.bill.count(`${name}|${modelId}|default|${REGION}`, prepared.usage)
        const requestId = simulator.newRequestId()
        if (operation === 'converse') answerWhole(wire, requestId, prepared.body)
        else answerStream(wire, requestId, prepared.frames, simulator.tokensPerSecond)
      },
      () => {},
    )
    return true
  }
}

function answerWhole(wire: Wire, requestId: string, body: Buffer): void {
  wire.head(200, { 'content-type': 'application/json', 'content-length': body.length, 'x-amzn-requestid': requestId })
  wire.end(body)
}

/** One event per token, each at its time; all at once without a pace. */
function answerStream(wire: Wire, requestId: string, frames: readonly Buffer[], tokensPerSecond: number): void {
  wire.head(200, { 'content-type': 'application/vnd.amazon.eventstream', 'x-amzn-requestid': requestId })
  if (tokensPerSecond === 0) {
    wire.end(Buffer.concat(frames))
    return
  }
  let next = 0
  const timer = setInterval(() => {
    const frame = frames[next++]
    if (frame !== undefined && !wire.gone) return void wire.write(frame)
    clearInterval(timer)
    if (!wire.gone) wire.end()
  }, 1000 / tokensPerSecond)
  wire.onGone(() => clearInterval(timer))
}

function prepare(): { body: Buffer; frames: Buffer[]; usage: Record<string, number> } {
  const counts = { inputTokens: INPUT_TOKENS, outputTokens: OUTPUT_TOKENS, cache: nothing() }
  const usage = { input_tokens: INPUT_TOKENS, output_tokens: OUTPUT_TOKENS }
  const conversed: Said = {
    turn: {
      blocks: [{ kind: 'text', pieces: generate('fast', OUTPUT_TOKENS) }],
      stopReason: 'end_turn',
      outputTokens: OUTPUT_TOKENS,
      stoppedBy: null,
    },
    usage: converseUsage(counts, { cache: true }),
    latencyMs: latencyOf(OUTPUT_TOKENS),
    extras: {},
    additionalModelResponseFields: undefined,
  }
  const frames = [...eventsOf(conversed, () => 1)].map(({ type, payload }) =>
    jsonEvent(type, padded(payload, 'fast', undefined)),
  )
  return { body: Buffer.from(JSON.stringify(bodyOf(conversed))), frames, usage }
}
