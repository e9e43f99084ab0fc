// Responses by any model: written as a call of Converse, its answer said as OpenAI's Responses say it, whole and streamed.

import { sseEvent } from '../../../http/sse.ts'
import { bedrockHeaders, saidInHeaders } from '../bedrock-headers.ts'
import { outgoingConverse, parseConverseAnswer } from '../converse/call.ts'
import { createConverseEvents } from '../converse/events.ts'
import type { Dropped } from '../converse/dropped.ts'
import type { ConverseEvent, Json, JsonObject, TokenUsage } from '../converse/types.ts'
import type { AnswerTranslator, Outgoing, Prepared, TranslationTarget } from '../surface.ts'
import { goesToOwnEndpoint } from '../own-endpoints.ts'
import type { AskedCall } from './asked-call.ts'
import { failureEvent, jsonAnswer, namedError, namedException, type ErrorBody, renderBedrockRefusal } from './errors.ts'
import { ownResponse } from './own-response.ts'
import { underPolicy } from './policy.ts'
import { ResponseOutput } from './responses-output.ts'
import { readResponseRequest, sayResponse, type ResponseRequest } from './responses-request.ts'

export function prepareResponse({ fields, body, header }: AskedCall): Prepared {
  const request = readResponseRequest(fields, header)
  const headers = bedrockHeaders(header)
  return {
    facts: { modelId: request.modelId },
    translate(target) {
      const allowed = underPolicy('responses', { fields, body }, target.dialects)
      const asked = { ...request, fields: allowed.fields }
      return goesToOwnEndpoint('CreateResponse', target, headers)
        ? ownResponse(asked, allowed, target)
        : outgoingResponse(asked, allowed.dropped, headers, target)
    },
  }
}

function outgoingResponse(
  asked: ResponseRequest,
  dropped: Dropped,
  headers: readonly string[],
  { model, requestId, now }: TranslationTarget,
): Outgoing {
  const { request, schemaTool } = sayResponse(asked, model.baseModel, dropped)
  const about: ResponseOf = { requestId, created: Math.floor(now / 1_000), schemaTool, asked: asked.fields.value }
  return outgoingConverse({
    modelId: model.modelId,
    request: { ...request, ...saidInHeaders(headers) },
    streams: asked.streams,
    metadata: asked.metadata,
    answer: responseAnswer(about, ['x-request-id', requestId, ...dropped.headers()]),
  })
}

/** What an answer repeats of its request, and what it is called. */
export type ResponseOf = {
  readonly requestId: string
  /** seconds since the epoch */
  readonly created: number
  readonly schemaTool: string | null
  readonly asked: JsonObject
}

export function responseAnswer(about: ResponseOf, headers: readonly string[]): AnswerTranslator {
  const events = createConverseEvents()
  const writer = new StreamWriter(about)
  return {
    headers,
    whole: (status, body) =>
      status >= 400 ? renderBedrockRefusal(status, body) : jsonAnswer(status, wholeResponse(body, about)),
    push: (chunk) =>
      Buffer.from(
        events
          .push(chunk)
          .map((event) => writer.say(event))
          .join(''),
      ),
    end: () => Buffer.alloc(0),
    failure: (error) => writer.fail(namedError(error)),
  }
}

function wholeResponse(body: Buffer, about: ResponseOf): JsonObject {
  const { output: answered, stopReason, usage, serviceTier } = parseConverseAnswer(body)
  const output = new ResponseOutput(about.requestId, about.schemaTool, () => undefined)
  for (const [index, block] of answered.message.content.entries()) output.block(index, block)
  output.end(endingOf(stopReason).status)
  return closing(about, { output, stopReason, usage, serviceTier })
}

class StreamWriter {
  readonly #about: ResponseOf
  readonly #output: ResponseOutput
  #written = ''
  #sequence = 0
  #stopReason = ''

  constructor(about: ResponseOf) {
    this.#about = about
    this.#output = new ResponseOutput(about.requestId, about.schemaTool, (type, payload) => this.#emit(type, payload))
  }

  say(event: ConverseEvent): string {
    this.#hear(event)
    const written = this.#written
    this.#written = ''
    return written
  }

  fail(error: ErrorBody): Buffer {
    return Buffer.from(failureEvent(error, this.#sequence++))
  }

  #hear(event: ConverseEvent): void {
    switch (event.type) {
      case 'messageStart':
        this.#emit('response.created', { response: opening(this.#about) })
        this.#emit('response.in_progress', { response: opening(this.#about) })
        break
      case 'contentBlockStart':
        if (event.start.toolUse !== undefined)
          this.#output.call(event.start.toolUse.toolUseId, event.start.toolUse.name)
        break
      case 'contentBlockDelta':
        this.#output.delta(event.contentBlockIndex, event.delta)
        break
      case 'messageStop':
        this.#stopReason = event.stopReason
        this.#output.end(endingOf(event.stopReason).status)
        break
      case 'metadata':
        this.#end(event)
        break
      case 'exception':
        this.#written += failureEvent(namedException(event.exception, event.message), this.#sequence++)
        break
      default:
    }
  }

  #end({ usage, serviceTier }: Extract<ConverseEvent, { type: 'metadata' }>): void {
    const response = closing(this.#about, { output: this.#output, stopReason: this.#stopReason, usage, serviceTier })
    this.#emit(`response.${endingOf(this.#stopReason).status}`, { response })
  }

  #emit(type: string, payload: JsonObject): void {
    this.#written += sseEvent(type, { type, sequence_number: this.#sequence++, ...payload })
  }
}

/** Whether an answer is whole, by why it ended. */
function endingOf(stopReason: string): { status: 'completed' | 'incomplete'; reason: string | null } {
  const reason = Object.hasOwn(REASONS, stopReason) ? (REASONS[stopReason] ?? null) : null
  return { status: reason === null ? 'completed' : 'incomplete', reason }
}

const REASONS: Readonly<Record<string, string>> = {
  max_tokens: 'max_output_tokens',
  model_context_window_exceeded: 'max_output_tokens',
  content_filtered: 'content_filter',
  guardrail_intervened: 'content_filter',
}

/** What the answer repeats of the request, and what it says where the request was silent. */
const REPEATED: JsonObject = {
  instructions: null,
  max_output_tokens: null,
  metadata: {},
  parallel_tool_calls: true,
  reasoning: { effort: null, summary: null },
  temperature: null,
  text: { format: { type: 'text' } },
  tool_choice: 'auto',
  tools: [],
  top_p: null,
  truncation: 'disabled',
}

function opening({ requestId, created, asked }: ResponseOf): JsonObject {
  const repeated = Object.entries(REPEATED).map(([name, silent]): [string, Json] => [name, asked[name] ?? silent])
  return {
    id: `resp_${requestId}`,
    object: 'response',
    created_at: created,
    status: 'in_progress',
    background: false,
    error: null,
    incomplete_details: null,
    model: asked['model'] ?? null,
    output: [],
    previous_response_id: null,
    store: false,
    usage: null,
    ...Object.fromEntries(repeated),
  }
}

type Ended = {
  readonly output: ResponseOutput
  readonly stopReason: string
  readonly usage: TokenUsage
  readonly serviceTier: { readonly type: string } | undefined
}

function closing(about: ResponseOf, { output, stopReason, usage, serviceTier }: Ended): JsonObject {
  const { status, reason } = endingOf(stopReason)
  return {
    ...opening(about),
    status,
    incomplete_details: reason === null ? null : { reason },
    output: output.items,
    usage: responseUsage(usage),
    ...(serviceTier === undefined ? {} : { service_tier: serviceTier.type }),
  }
}

/** OpenAI counts cached tokens inside the input's, Converse beside them. How many of the output were thought, Bedrock does not say. */
function responseUsage(usage: TokenUsage): JsonObject {
  const { inputTokens, outputTokens, cacheReadInputTokens = 0, cacheWriteInputTokens = 0 } = usage
  const input = inputTokens + cacheReadInputTokens + cacheWriteInputTokens
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cacheReadInputTokens },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: null },
    total_tokens: input + outputTokens,
  }
}
