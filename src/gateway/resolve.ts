// Which model a call means, where it routes and which region it is sent to.

import { GatewayError } from '../core/errors.ts'
import { matchesModelGlob, parseModelId, resolveParsed, type ParsedModelId, type ResolvedModel } from '../core/model.ts'
import type { Upstream } from '../core/upstream.ts'
import type { CallFacts, Route } from './surfaces/surface.ts'

export type ResolveDependencies = {
  readonly upstream: Upstream
  readonly region: string
  readonly regionByModel: readonly (readonly [glob: string, region: string])[]
}

/** Operations without a model are priced under a name of their own. */
const MODELS_OF_OPERATIONS: Readonly<Record<string, string>> = {
  ApplyGuardrail: 'amazon.bedrock-guardrails',
  InvokeGuardrailChecks: 'amazon.bedrock-guardrails',
}

export async function resolveModel(
  dependencies: ResolveDependencies,
  route: Route,
  facts: Pick<CallFacts, 'modelId'>,
): Promise<ResolvedModel> {
  const { region } = dependencies
  const own = MODELS_OF_OPERATIONS[route.operation]
  if (own !== undefined) return { modelId: own, kind: 'base_model', baseModel: own, routing: 'regional', region }
  const modelId = route.modelId ?? facts.modelId
  if (modelId === null) throw new GatewayError('invalid_request', { message: 'The request names no model (modelId).' })
  const parsed = parseModelId(modelId)
  if (parsed === null) {
    throw new GatewayError('unknown_model', {
      message: `The model identifier "${modelId.slice(0, 200)}" is not one that Bedrock has.`,
    })
  }
  const sentTo = regionFor(dependencies, parsed)
  const resolved = resolveParsed(parsed, sentTo)
  if (resolved !== null) return resolved
  if (parsed.kind === 'application_profile') return lookUpProfile(dependencies, modelId)
  return {
    modelId,
    kind: parsed.kind,
    baseModel: null,
    routing: parsed.routing ?? 'regional',
    region: parsed.region ?? sentTo,
  }
}

function regionFor(dependencies: ResolveDependencies, parsed: ParsedModelId): string {
  const found = dependencies.regionByModel.find(([glob]) => matchesModelGlob(glob, parsed.modelId, parsed.baseModel))
  return found?.[1] ?? dependencies.region
}

async function lookUpProfile(dependencies: ResolveDependencies, modelId: string): Promise<ResolvedModel> {
  let looked: ResolvedModel | null
  try {
    looked = await dependencies.upstream.resolveModel(modelId)
  } catch (thrown) {
    throw new GatewayError('upstream_unreachable', { detail: String(thrown), cause: thrown, retryAfterSeconds: 1 })
  }
  if (looked === null)
    throw new GatewayError('unknown_model', { message: `There is no inference profile "${modelId.slice(0, 200)}".` })
  return looked
}
