// One call that a model family answers, the same with and without a stream: headers checked, body read, the family asked.
import type { Billing, Call } from './call.ts'
import { validateLatency, validateTier } from './conversation/validate.ts'
import { ApiError, constraint, invalid } from './errors.ts'
import { type BilledUsage, type FamilyCall, FamilyValidationError, type JsonObject } from './family.ts'
import { type Assessment, addUsage, assess, checkGuardrail, type GuardrailUse, guardrailTrace } from './guardrail.ts'
import { isObject } from './json.ts'
import { readRequestMetadataHeader } from './metadata.ts'
import { ACCOUNT_ID, type ResolvedModel, resolveModel } from './models.ts'
import { countTokens, generate } from './tokens.ts'

export type Invocation = {
  model: ResolvedModel
  family: FamilyCall
  headers: Record<string, string>
  guard: Guard | null
  /** the bill for what the family says it used */
  billing(usage: BilledUsage, output?: Assessment | null): Billing
}

/** A guardrail at work on an InvokeModel call. */
export type Guard = {
  input: Assessment
  /** members that Bedrock puts into the model's own response body */
  members(output: Assessment | null): JsonObject
}

/** What the dialects that name the model in the body say there and not in headers. */
export type SaidInBody = { model: JsonObject; tier: string | undefined }

export function readInvocation(call: Call, said: SaidInBody | null = null): Invocation {
  const sent = call.path.modelId ?? ''
  const { simulator, headers } = call
  const model = resolveModel(sent, simulator.models, simulator.resources.aliases)
  const { requestMetadata, tier: asked } =
    said === null ? saidInHeaders(headers) : { ...said, requestMetadata: undefined }
  validateTier(asked, model.card)
  const latency = headers['x-amzn-bedrock-performanceconfig-latency']
  validateLatency(latency)
  const body = said?.model ?? readModelBody(call.body)
  const tier = call.wishes.servedTier ?? asked ?? 'default'
  const scope = `${ACCOUNT_ID}/${call.region}/${model.card.modelId}`
  const guard = guardOf(call, body)
  const answerHeaders: Record<string, string> = {}
  if (asked !== undefined || tier !== 'default') answerHeaders['x-amzn-bedrock-service-tier'] = tier
  const served = call.wishes.servedLatency ?? latency
  if (served !== undefined) answerHeaders['x-amzn-bedrock-performanceconfig-latency'] = served
  return {
    model,
    family: {
      model: model.card,
      body,
      tier,
      now: () => simulator.now(),
      countTokens,
      generate,
      cache: simulator.cache.open(scope, simulator.now()),
    },
    headers: answerHeaders,
    guard,
    billing: (usage, output = null) => ({
      modelId: sent,
      baseModel: model.card.modelId,
      tier,
      requestedTier: asked ?? 'default',
      usage: [guard?.input.billed ?? {}, output?.billed ?? {}].reduce(addUsage, usage),
      requestMetadata,
    }),
  }
}

/** Request metadata is of Invoke and Converse alone (AWS user guide, cost attribution, October 2026). */
function saidInHeaders(headers: Call['headers']): Pick<Billing, 'requestMetadata'> & { tier: string | undefined } {
  return {
    requestMetadata: readRequestMetadataHeader(headers['x-amzn-bedrock-request-metadata']),
    tier: headers['x-amzn-bedrock-service-tier'],
  }
}

/** Runs the family; what it refuses is a ValidationException. */
export function askFamily<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof FamilyValidationError ? invalid(error.message) : error
  }
}

/** The counts that AWS puts into headers and into amazon-bedrock-invocationMetrics; they do not tell cache lifetimes apart. */
export function counted(usage: BilledUsage): { input: number; output: number; cacheRead: number; cacheWrite: number } {
  const written = ['cache_write_5m_tokens', 'cache_write_30m_tokens', 'cache_write_1h_tokens']
  return {
    input: usage.input_tokens ?? 0,
    output: usage.output_tokens ?? 0,
    cacheRead: usage.cache_read_tokens ?? 0,
    cacheWrite: written.reduce((sum, dimension) => sum + (usage[dimension] ?? 0), 0),
  }
}

export function readModelBody(bytes: Buffer): JsonObject {
  let body: unknown
  try {
    body = JSON.parse(bytes.toString())
  } catch {
    throw invalid('Malformed input request, please reformat your input and try again.')
  }
  if (!isObject(body)) {
    throw invalid('Malformed input request: expected type: JSONObject, please reformat your input and try again.')
  }
  return body
}

function guardOf(call: Call, body: JsonObject): Guard | null {
  const identifier = call.headers['x-amzn-bedrock-guardrailidentifier']
  const version = call.headers['x-amzn-bedrock-guardrailversion']
  const trace = call.headers['x-amzn-bedrock-trace'] ?? 'DISABLED'
  if (!['ENABLED', 'DISABLED', 'ENABLED_FULL'].includes(trace)) {
    throw constraint(trace, 'trace', 'satisfy enum value set: [ENABLED, DISABLED, ENABLED_FULL]')
  }
  if (identifier === undefined && version === undefined) return null
  if (identifier === undefined || version === undefined) {
    const missing = identifier === undefined ? 'guardrailIdentifier' : 'guardrailVersion'
    throw new ApiError('ValidationException', `${missing} must be set when the other guardrail header is.`)
  }
  checkGuardrail(identifier, version)
  const use: GuardrailUse = { identifier, version, trace: trace !== 'DISABLED' }
  const input = assess(textsIn(body))
  return {
    input,
    members(output) {
      const blocked = input.blocked || output?.blocked === true
      const members: JsonObject = { 'amazon-bedrock-guardrailAction': blocked ? 'INTERVENED' : 'NONE' }
      if (use.trace) members['amazon-bedrock-trace'] = { guardrail: guardrailTrace(use, call.region, input, output) }
      return members
    },
  }
}

/** Every text that a caller wrote into a model's native body. */
function textsIn(value: unknown, depth = 0): string[] {
  if (depth > 32) return []
  if (Array.isArray(value)) return value.flatMap((part) => textsIn(part, depth + 1))
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([key, part]) => {
    if (typeof part !== 'string') return textsIn(part, depth + 1)
    return ['text', 'prompt', 'content', 'inputText', 'message', 'system'].includes(key) ? [part] : []
  })
}
