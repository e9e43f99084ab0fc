// One conversation call, the same for Converse and ConverseStream: validated, answered, counted and priced in tokens.
import type { Billing, Call } from '../call.ts'
import { ApiError, invalid, shown } from '../errors.ts'
import type { BilledUsage, JsonObject } from '../family.ts'
import { addUsage } from '../guardrail.ts'
import { isObject, objectAt, stringAt } from '../json.ts'
import { readRequestMetadata } from '../metadata.ts'
import { ACCOUNT_ID, type ResolvedModel, resolveModel } from '../models.ts'
import { nothing } from '../prompt-cache.ts'
import { guarded } from './guard.ts'
import { type Measured, measure } from './measure.ts'
import { makeTurn, type Turn } from './turn.ts'
import { billedUsage, converseUsage, latencyOf, type TurnUsage } from './usage.ts'
import { validateConverse } from './validate.ts'

export type Conversed = {
  model: ResolvedModel
  turn: Turn
  /** TokenUsage */
  usage: JsonObject
  latencyMs: number
  /** trace, performanceConfig, serviceTier: what stands beside usage in the answer and in the metadata event */
  extras: JsonObject
  additionalModelResponseFields: JsonObject | undefined
  billing: Billing
  /** what is billed when generation stops after so many tokens */
  usageAfter(tokens: number): BilledUsage
}

/** What the answer is made from. */
export type Said = Pick<Conversed, 'turn' | 'usage' | 'latencyMs' | 'extras' | 'additionalModelResponseFields'>

export function converse(call: Call): Conversed {
  const { simulator } = call
  const sent = call.path.modelId ?? ''
  const model = resolveModel(sent, simulator.models, simulator.resources.aliases)
  const request = readBody(call.body)
  const requestMetadata = readRequestMetadata(request.requestMetadata)
  validateConverse(request, model.card, !sent.includes(':prompt/'))
  const measured = measure(request)
  const { turn, trace, billed } = guarded(request, call.region, measured.text, () =>
    makeTurn(request, model.card, measured.name, call.wishes),
  )
  const counts = countsOf(call, model, measured, turn)
  const requestedTier = stringAt(objectAt(request, 'serviceTier') ?? {}, 'type')
  const tier = call.wishes.servedTier ?? requestedTier ?? 'default'
  return {
    model,
    turn,
    usage: converseUsage(counts, model.card),
    latencyMs: latencyOf(turn.outputTokens),
    extras: extrasOf(request, call, model, requestedTier === undefined && tier === 'default' ? null : tier, trace),
    additionalModelResponseFields: responseFields(request, turn),
    billing: {
      modelId: sent,
      baseModel: model.card.modelId,
      tier,
      requestedTier: requestedTier ?? 'default',
      usage: addUsage(billedUsage(counts), billed),
      requestMetadata,
    },
    usageAfter: (tokens) =>
      addUsage(billedUsage({ ...counts, outputTokens: Math.min(tokens, counts.outputTokens) }), billed),
  }
}

/** What a model that was never asked has used: nothing. */
const UNASKED: TurnUsage = { inputTokens: 0, outputTokens: 0, cache: nothing() }

function countsOf(call: Call, model: ResolvedModel, measured: Measured, turn: Turn): TurnUsage {
  if (turn.stopReason === 'guardrail_intervened') return UNASKED
  const { simulator } = call
  const scope = `${ACCOUNT_ID}/${call.region}/${model.card.modelId}`
  const taken = simulator.cache.take(scope, simulator.now(), model.card.cache ? measured.breakpoints : [])
  const cached = taken.read + taken.written5m + taken.written30m + taken.written1h
  return { inputTokens: measured.inputTokens - cached, outputTokens: turn.outputTokens, cache: taken }
}

/** A JSON object body, or the refusal that restJson services answer. */
export function readBody(body: Buffer): JsonObject {
  let value: unknown
  try {
    value = body.length === 0 ? {} : JSON.parse(body.toString())
  } catch {
    throw new ApiError('SerializationException', 'Unexpected token in the request body: it is not valid JSON.')
  }
  if (!isObject(value))
    throw new ApiError('SerializationException', 'Start of structure or map found where not expected.')
  return value
}

function extrasOf(
  request: JsonObject,
  call: Call,
  model: ResolvedModel,
  tier: string | null,
  guardrail: JsonObject | null,
): JsonObject {
  const extras: JsonObject = {}
  if (guardrail !== null) extras.trace = guardrail
  if (model.routed) {
    const invokedModelId = `arn:aws:bedrock:${call.region}::foundation-model/${model.card.modelId}`
    extras.trace = { ...guardrail, promptRouter: { invokedModelId } }
  }
  const latency = call.wishes.servedLatency ?? stringAt(objectAt(request, 'performanceConfig') ?? {}, 'latency')
  if (latency !== undefined) extras.performanceConfig = { latency }
  if (tier !== null) extras.serviceTier = { type: tier }
  return extras
}

/** Only `/stop_sequence` is known here, as Claude answers it; another path yields nothing. */
function responseFields(request: JsonObject, turn: Turn): JsonObject | undefined {
  const paths = request.additionalModelResponseFieldPaths
  if (!Array.isArray(paths)) return undefined
  for (const path of paths) {
    if (typeof path !== 'string' || !path.startsWith('/')) throw invalid(`Invalid JSON pointer: ${shown(path)}`)
  }
  return paths.includes('/stop_sequence') && turn.stoppedBy !== null ? { stop_sequence: turn.stoppedBy } : undefined
}
