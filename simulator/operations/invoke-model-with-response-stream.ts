// InvokeModelWithResponseStream: the model's native chunks, base64 in JSON in frames; the last one carries AWS's own counts.
import type { Call, Operation, StreamAnswer, StreamEvent } from '../call.ts'
import { latencyOf } from '../conversation/usage.ts'
import { invalid } from '../errors.ts'
import { jsonEvent } from '../event-stream-writer.ts'
import type { BilledUsage, FamilyStream, JsonObject } from '../family.ts'
import { BLOCKED_INPUT } from '../guardrail.ts'
import { askFamily, counted, type Guard, readInvocation } from '../invocation.ts'
import { padded } from '../padding.ts'

export const INVOKE_MODEL_WITH_RESPONSE_STREAM: Operation = {
  name: 'InvokeModelWithResponseStream',
  service: 'bedrock',
  method: 'POST',
  path: /^\/model\/(?<modelId>.+)\/invoke-with-response-stream$/,
  run: invokeModelWithResponseStream,
}

function invokeModelWithResponseStream(call: Call): StreamAnswer {
  const invocation = readInvocation(call)
  const { model, family, guard } = invocation
  const { card } = model
  if (!card.streaming || model.family.stream === undefined) throw invalid('The model is unsupported for streaming.')
  const ask = model.family.stream.bind(model.family)
  const stream = guard?.input.blocked === true ? blockedStream() : askFamily(() => ask(family))
  return {
    kind: 'stream',
    headers: {
      'content-type': 'application/vnd.amazon.eventstream',
      'x-amzn-bedrock-content-type': 'application/json',
      ...invocation.headers,
    },
    events: eventsOf(stream, card.cache, guard),
    frame: ({ payload }) => jsonEvent('chunk', padded(enclosed(payload), call.requestId, call.wishes.paddingBytes)),
    billing: invocation.billing(stream.usage),
    usageAfter: (events) => invocation.billing(stream.usageAfter(events)).usage,
  }
}

function* eventsOf(stream: FamilyStream, cache: boolean, guard: Guard | null): Generator<StreamEvent> {
  let before = 0
  for (const [index, chunk] of stream.chunks.entries()) {
    const last = index === stream.chunks.length - 1
    const generated = stream.usageAfter(index + 1).output_tokens ?? 0
    const tokens = Math.max(0, generated - before)
    before = generated
    const payload = guard === null ? chunk : { ...chunk, ...guard.members(null) }
    yield {
      type: 'chunk',
      payload: last ? { ...payload, 'amazon-bedrock-invocationMetrics': metrics(stream.usage, cache) } : payload,
      tokens,
    }
  }
}

function metrics(usage: BilledUsage, cache: boolean): JsonObject {
  const counts = counted(usage)
  const latency = latencyOf(counts.output)
  const answer: JsonObject = {
    inputTokenCount: counts.input,
    outputTokenCount: counts.output,
    invocationLatency: latency,
    firstByteLatency: Math.min(latency, latencyOf(1)),
  }
  if (!cache) return answer
  answer.cacheReadInputTokenCount = counts.cacheRead
  answer.cacheWriteInputTokenCount = counts.cacheWrite
  return answer
}

const enclosed = (payload: JsonObject): JsonObject => ({
  bytes: Buffer.from(JSON.stringify(payload)).toString('base64'),
})

function blockedStream(): FamilyStream {
  return { chunks: [{ message: BLOCKED_INPUT }], usage: {}, usageAfter: () => ({}) }
}
