// Chat Completions as Bedrock's own host answers it: OpenAI's chat format in and out, the model named in the body.
import type { Answer, Call, Operation, StreamAnswer, StreamEvent } from '../call.ts'
import { invalid } from '../errors.ts'
import type { FamilyStream, JsonObject } from '../family.ts'
import { assess, BLOCKED_INPUT } from '../guardrail.ts'
import { askFamily, type Invocation, readInvocation } from '../invocation.ts'
import { isObject, objectAt } from '../json.ts'
import { modelNamedBy, type Named, readNamed, refuseApplicationProfile, serverSent, tierNamed } from '../named-model.ts'

export const CHAT_COMPLETIONS: Operation = {
  name: 'ChatCompletions',
  service: 'bedrock',
  method: 'POST',
  path: /^\/openai\/v1\/chat\/completions$/,
  named: modelNamedBy,
  run: chatCompletions,
}

function chatCompletions(call: Call): Answer {
  const named = readNamed(call.body)
  const { stream_options: options, service_tier: tier, ...chat } = named.rest
  refuseApplicationProfile(named.model)
  if (options !== undefined && options !== null && !named.stream)
    throw invalid("The 'stream_options' parameter is only allowed when 'stream' is enabled.")
  const invocation = readInvocation(call, { model: chat, tier: tierNamed(tier) })
  if (invocation.model.family.name !== 'openai-shaped')
    throw invalid('The provided model is not supported by the Chat Completions API.')
  if (invocation.guard?.input.blocked === true) return blocked(invocation, named, call)
  if (!named.stream) return whole(invocation, named.model)
  const { family } = invocation.model
  const stream = askFamily(() => family.stream?.(invocation.family))
  if (stream === undefined) throw invalid('The model is unsupported for streaming.')
  return streamed(invocation, named.model, stream, objectAt({ options: options ?? null }, 'options'))
}

function whole(invocation: Invocation, sent: string): Answer {
  const { model, family, guard, headers } = invocation
  const answer = askFamily(() => model.family.invoke(family))
  const output = guard === null ? null : assess([JSON.stringify(answer.body)])
  const body = { ...answer.body, model: sent, ...guard?.members(output) }
  const bill = invocation.billing(answer.usage, output)
  return { kind: 'plain', status: 200, headers, body, billing: bill, tokens: answer.usage.output_tokens ?? 0 }
}

function streamed(
  invocation: Invocation,
  sent: string,
  stream: FamilyStream,
  options: JsonObject | undefined,
): StreamAnswer {
  const usageWanted = options?.include_usage === true
  return {
    kind: 'stream',
    dialect: 'openai',
    headers: { 'content-type': 'text/event-stream; charset=utf-8', ...invocation.headers },
    events: eventsOf(stream, sent, usageWanted),
    frame: ({ type, payload }) => serverSent(null, type === 'done' ? '[DONE]' : JSON.stringify(payload)),
    billing: invocation.billing(stream.usage),
    usageAfter: (events) => invocation.billing(stream.usageAfter(events)).usage,
  }
}

/** The chunk with the usage comes only when it was asked for; every other chunk then says that it has none. */
function* eventsOf(stream: FamilyStream, sent: string, usageWanted: boolean): Generator<StreamEvent> {
  let before = 0
  for (const [index, chunk] of stream.chunks.entries()) {
    const generated = stream.usageAfter(index + 1).output_tokens ?? 0
    const tokens = Math.max(0, generated - before)
    before = generated
    const last = isObject(chunk.usage)
    if (last && !usageWanted) continue
    yield {
      type: 'chunk',
      payload: { ...chunk, model: sent, ...(usageWanted && !last ? { usage: null } : {}) },
      tokens,
    }
  }
  yield { type: 'done', payload: {}, tokens: 0 }
}

/** The model is never asked, so only the guardrail is billed. */
function blocked(invocation: Invocation, named: Named, call: Call): Answer {
  const message = { role: 'assistant', content: BLOCKED_INPUT }
  const chunk = { id: `chatcmpl-${call.requestId}`, created: Math.floor(call.startedAt / 1000), model: named.model }
  const usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }
  if (named.stream) {
    const choices = [{ index: 0, delta: message, finish_reason: 'content_filter' }]
    const chunks = [{ ...chunk, object: 'chat.completion.chunk', choices }]
    return streamed(invocation, named.model, { chunks, usage: {}, usageAfter: () => ({}) }, undefined)
  }
  const choices = [{ index: 0, message, finish_reason: 'content_filter' }]
  const body = { ...chunk, object: 'chat.completion', choices, usage, ...invocation.guard?.members(null) }
  return {
    kind: 'plain',
    status: 200,
    headers: invocation.headers,
    body,
    billing: invocation.billing({}),
    tokens: 0,
  }
}
