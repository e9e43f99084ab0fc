// Anthropic's Messages as Bedrock's own host answers them: the model named in the body, the version in a header, server-sent events.
import type { Answer, Call, Operation, StreamEvent } from '../call.ts'
import { invalid, shown } from '../errors.ts'
import type { FamilyStream, JsonObject } from '../family.ts'
import { askFamily, readInvocation } from '../invocation.ts'
import { stringAt } from '../json.ts'
import { modelNamedBy, readNamed, refuseApplicationProfile, serverSent } from '../named-model.ts'

export const MESSAGES: Operation = {
  name: 'Messages',
  service: 'bedrock',
  method: 'POST',
  path: /^\/anthropic\/v1\/messages$/,
  named: modelNamedBy,
  run: messages,
}

const VERSIONS = ['2023-06-01', '2026-10-21']

function messages(call: Call): Answer {
  const { model: sent, stream: streams, rest } = readNamed(call.body)
  checkVersion(call.headers['anthropic-version'])
  refuseApplicationProfile(sent)
  if (rest.anthropic_version !== undefined) throw invalid('anthropic_version: Extra inputs are not permitted')
  const { service_tier: tier, ...body } = rest
  const betas = betasOf(call.headers['anthropic-beta'])
  const invocation = readInvocation(call, {
    model: { ...body, anthropic_version: 'bedrock-2023-05-31', ...betas },
    tier: tier === undefined || tier === 'auto' || tier === 'standard_only' ? undefined : shown(tier),
  })
  const { model, family } = invocation
  if (model.family.name !== 'claude') throw invalid('The provided model is not supported by the Messages API.')
  const headers = { 'request-id': call.requestId, ...invocation.headers }
  if (!streams) {
    const answer = askFamily(() => model.family.invoke(family))
    const tokens = answer.usage.output_tokens ?? 0
    return { kind: 'plain', status: 200, headers, body: answer.body, billing: invocation.billing(answer.usage), tokens }
  }
  const stream = askFamily(() => model.family.stream?.(family))
  if (stream === undefined) throw invalid('The model is unsupported for streaming.')
  return {
    kind: 'stream',
    dialect: 'anthropic',
    headers: { 'content-type': 'text/event-stream; charset=utf-8', ...headers },
    events: eventsOf(stream),
    frame: ({ type, payload }) => serverSent(type, JSON.stringify(payload)),
    billing: invocation.billing(stream.usage),
    // the ping, which is the second event, brings nothing
    usageAfter: (events) => invocation.billing(stream.usageAfter(events < 2 ? events : events - 1)).usage,
  }
}

function checkVersion(version: string | undefined): void {
  if (version === undefined) throw invalid('anthropic-version: header is required')
  if (!VERSIONS.includes(version)) throw invalid(`anthropic-version: "${version.slice(0, 64)}" is not a valid version`)
}

function betasOf(header: string | undefined): JsonObject {
  const names = (header ?? '').split(',').map((name) => name.trim())
  const given = names.filter((name) => name !== '')
  return given.length === 0 ? {} : { anthropic_beta: given }
}

function* eventsOf(stream: FamilyStream): Generator<StreamEvent> {
  let before = 0
  for (const [index, chunk] of stream.chunks.entries()) {
    const generated = stream.usageAfter(index + 1).output_tokens ?? 0
    yield { type: stringAt(chunk, 'type') ?? '', payload: chunk, tokens: Math.max(0, generated - before) }
    before = generated
    if (index === 0) yield { type: 'ping', payload: { type: 'ping' }, tokens: 0 }
  }
}
