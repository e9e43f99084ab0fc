// Responses as Bedrock's own host has them: made at once, kept for thirty days where they were made, read and deleted by their id.
import { type Answer, type Call, free, type Operation, type PlainAnswer } from '../call.ts'
import { ApiError, invalid } from '../errors.ts'
import type { JsonObject } from '../family.ts'
import { askFamily, readInvocation } from '../invocation.ts'
import { modelNamedBy, readNamed, refuseApplicationProfile, serverSent, tierNamed } from '../named-model.ts'
import { type Envelope, responseBody, responseEvents, type Said, saidBy } from '../openai/response-body.ts'
import { readResponse } from '../openai/response-request.ts'
import { keep, type StoredResponse } from '../resources.ts'
import { digest } from '../tokens.ts'

const PATH = '^/openai/v1/responses'

export const CREATE_RESPONSE: Operation = {
  name: 'CreateResponse',
  service: 'bedrock',
  method: 'POST',
  path: new RegExp(`${PATH}$`),
  named: modelNamedBy,
  run: createResponse,
}

export const GET_RESPONSE: Operation = {
  name: 'GetResponse',
  service: 'bedrock',
  method: 'GET',
  path: new RegExp(`${PATH}/(?<responseId>[^/]+)$`),
  run: (call) => free(stored(call).body),
}

export const DELETE_RESPONSE: Operation = {
  name: 'DeleteResponse',
  service: 'bedrock',
  method: 'DELETE',
  path: new RegExp(`${PATH}/(?<responseId>[^/]+)$`),
  run: deleteResponse,
}

export const CANCEL_RESPONSE: Operation = {
  name: 'CancelResponse',
  service: 'bedrock',
  method: 'POST',
  path: new RegExp(`${PATH}/(?<responseId>[^/]+)/cancel$`),
  run(call) {
    stored(call)
    throw invalid('Only responses created with background=true can be cancelled.')
  },
}

const KEPT_MILLISECONDS = 30 * 24 * 3_600_000

function createResponse(call: Call): Answer {
  const { model: sent, stream: streams, rest } = readNamed(call.body)
  refuseApplicationProfile(sent)
  const project = call.headers['openai-project']
  if (project !== undefined && project !== 'default') throw invalid('The only project of this endpoint is "default".')
  const request = readResponse(rest, (id) => lookUp(call, id)?.messages ?? null)
  const invocation = readInvocation(call, { model: request.chat, tier: tierNamed(rest.service_tier) })
  const { card, family } = invocation.model
  // The open GPT models have no Responses here (AWS user guide, "OpenAI models", October 2026).
  if (!/^openai\.gpt-\d/.test(card.modelId)) throw invalid('The provided model is not supported by the Responses API.')
  if (invocation.guard !== null) throw invalid('Guardrails are not supported by the Responses API.')
  const stream = askFamily(() => family.stream?.(invocation.family))
  if (stream === undefined) throw invalid('The model is unsupported for streaming.')
  const said = saidBy(stream)
  const envelope: Envelope = {
    id: `resp_${digest(`${call.requestId}/response`).slice(0, 48)}`,
    model: sent,
    createdAt: Math.floor(call.startedAt / 1000),
    rest,
    store: request.store,
    tier: invocation.family.tier,
  }
  const body = responseBody(envelope, said)
  if (request.store) remember(call, envelope.id, body, [...request.messages, answered(said)])
  const headers = { 'x-request-id': call.requestId, ...invocation.headers }
  const billing = invocation.billing(stream.usage)
  const tokens = stream.usage.output_tokens ?? 0
  if (!streams) return { kind: 'plain', status: 200, headers, body, billing, tokens }
  return {
    kind: 'stream',
    dialect: 'openai',
    headers: { 'content-type': 'text/event-stream; charset=utf-8', ...headers },
    events: responseEvents(envelope, said, stream),
    frame: ({ type, payload }) => serverSent(type, JSON.stringify(payload)),
    billing,
    usageAfter: (_events, generated) => ({ ...stream.usage, output_tokens: Math.min(tokens, generated) }),
  }
}

/** The answer as the next turn's conversation has it. */
function answered({ text, tool }: Said): JsonObject {
  if (tool === null) return { role: 'assistant', content: text }
  const called = { name: tool.name, arguments: tool.arguments }
  return { role: 'assistant', content: null, tool_calls: [{ id: tool.id, type: 'function', function: called }] }
}

function remember(call: Call, id: string, body: JsonObject, messages: JsonObject[]): void {
  const { resources } = call.simulator
  const expiresAt = call.startedAt + KEPT_MILLISECONDS
  keep(resources.responses, id, { region: call.region, expiresAt, body, messages })
}

function lookUp(call: Call, id: string): StoredResponse | null {
  const found = call.simulator.resources.responses.get(id)
  return found === undefined || found.region !== call.region || found.expiresAt <= call.startedAt ? null : found
}

function stored(call: Call): StoredResponse {
  const id = call.path.responseId ?? ''
  const found = lookUp(call, id)
  if (found === null)
    throw new ApiError('ResourceNotFoundException', `Response with id '${id.slice(0, 80)}' not found.`)
  return found
}

function deleteResponse(call: Call): PlainAnswer {
  stored(call)
  const id = call.path.responseId ?? ''
  call.simulator.resources.responses.delete(id)
  return free({ id, object: 'response', deleted: true })
}
