// A benchmark's upstream: Converse and ConverseStream answered from prepared bytes, with no checks and a bill of counters only.
import { bodyOf } from './operations/converse.ts'
import { eventsOf } from './operations/converse-stream.ts'
import { jsonEvent } from './event-stream-writer.ts'
import { padded } from './padding.ts'
import type { Said } from './conversation/converse.ts'
import { converseUsage, latencyOf } from './conversation/usage.ts'
import { nothing } from './prompt-cache.ts'
import type { Shortcut } from './listener.ts'
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

export type FastPath = {
  /** Converse over HTTP/1.1 straight from the parser: about a third cheaper than by way of a wire */
  shortcut: Shortcut
  /** Converse and ConverseStream; false when the call is none of the two */
  take(wire: Wire): boolean
}

export function createFastPath(simulator: Simulator): FastPath {
  const prepared = prepare()
  const headersOf = (): Record<string, string | number> => ({
    'content-type': 'application/json',
    'content-length': prepared.body.length,
    'x-amzn-requestid': simulator.newRequestId(),
  })
  const count = (operation: string, modelId: string): void =>
    simulator.bill.count(`${operation}|${modelId}|default|${REGION}`, prepared.usage)
  return {
    shortcut(request, response) {
      const { url = '', method } = request
      if (method !== 'POST' || !url.startsWith('/model/') || !url.endsWith('/converse')) return false
      request.resume()
      request.once('end', () => {
        count('Converse', url.slice('/model/'.length, -'/converse'.length))
        response.writeHead(200, headersOf())
        response.end(prepared.body)
      })
      return true
    },
    take(wire) {
      const [, modelId, operation] = PATH.exec(wire.target) ?? []
      if (modelId === undefined || wire.method !== 'POST') return false
      const answer = (): void => {
        count(operation === 'converse' ? 'Converse' : 'ConverseStream', modelId)
        if (operation === 'converse') {
          wire.head(200, headersOf())
          wire.end(prepared.body)
        } else answerStream(wire, simulator.newRequestId(), prepared.frames, simulator.tokensPerSecond)
      }
      wire.readBody(BODY_LIMIT_BYTES).then(answer, () => {})
      return true
    },
  }
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

function prepare(): { body: string; frames: Buffer[]; usage: Record<string, number> } {
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
  // Text, all of it ASCII: Node writes head and body in one go when both are strings.
  return { body: JSON.stringify(bodyOf(conversed)), frames, usage }
}
