// Which model a call means, whether its tenant may call it there, and what is called in its place.

import { checkModel, checkPlace, checkRegion, regionFor, sentTo, type Access } from '../core/access.ts'
import { ALIAS_NAME } from '../core/alias.ts'
import type { Directory, Member } from '../core/directory.ts'
import { ENDPOINT_MODEL_PREFIX, endpointModelId, type Endpoint, type EndpointTable } from '../core/endpoint.ts'
import { GatewayError } from '../core/errors.ts'
import {
  matchesModelGlob,
  parseModelId,
  reachOf,
  resolveParsed,
  type ParsedModelId,
  type ResolvedModel,
} from '../core/model.ts'
import type { Upstream } from '../core/upstream.ts'
import type { CallFacts, Route, Surface } from './surfaces/surface.ts'

export type ResolveDependencies = {
  readonly upstream: Upstream
  readonly directory: () => Pick<Directory, 'aliases' | 'endpoints'>
  readonly region: string
  readonly regionByModel: readonly (readonly [glob: string, region: string])[]
}

export type ResolveQuestion = {
  readonly member: Member
  readonly route: Route
  readonly facts: Pick<CallFacts, 'modelId'>
  readonly surface: Pick<Surface, 'callsEndpoints'>
  /** the inference component that a call of an endpoint names; null: none */
  readonly inferenceComponent: string | null
  readonly now: number
}

export type Resolved = {
  /** what is called */
  readonly model: ResolvedModel
  /** its id where the request names another; null where it names this one */
  readonly renamed: string | null
  /** the alias that the request names; null: none */
  readonly alias: string | null
  /** the SageMaker endpoint that is called; null: a model of Bedrock is */
  readonly endpoint: Endpoint | null
}

/** Operations without a model are priced under a name of their own. */
const MODELS_OF_OPERATIONS: Readonly<Record<string, string>> = {
  ApplyGuardrail: 'amazon.bedrock-guardrails',
  InvokeGuardrailChecks: 'amazon.bedrock-guardrails',
}

/**
 * At once, except where the upstream must be asked what an id means. Throws GatewayError, or rejects with it, where there is no such
 * model, or the tenant may not call it.
 */
export function resolveCall(
  dependencies: ResolveDependencies,
  question: ResolveQuestion,
): Resolved | Promise<Resolved> {
  const { member, route, facts } = question
  const { access, principal } = member
  const tenantId = principal.tenant.id
  const own = MODELS_OF_OPERATIONS[route.operation]
  if (own !== undefined) {
    const model = operationsOwn(own, regionFor(access, dependencies.region))
    checkRegion(access, tenantId, model.region)
    return { model, renamed: null, alias: null, endpoint: null }
  }
  const named = route.modelId ?? facts.modelId
  if (named === null) throw new GatewayError('invalid_request', { message: 'The request names no model (modelId).' })
  const aliased = aliasedModelId(dependencies, member, named, question.now)
  const alias = aliased === null ? null : named
  const endpoint = endpointOf(dependencies.directory().endpoints, question, aliased ?? named)
  if (endpoint !== null) return { ...admittedEndpoint(dependencies, member, endpoint), alias }
  const sent = andThen(resolveModel(dependencies, access, aliased ?? named), (asked) => {
    checkModel(access, tenantId, asked)
    const target = sentTo(access, asked)
    return target === null ? asked : resolveTarget(dependencies, access, asked, target)
  })
  return andThen(sent, (model) => {
    checkPlace(access, tenantId, model)
    const renamed = model.modelId === named ? null : model.modelId
    return { model, renamed, alias, endpoint: null }
  })
}

/** The endpoint that a name means; null: it means a model of Bedrock. Throws GatewayError where it can only be an endpoint that is none. */
function endpointOf(
  endpoints: EndpointTable,
  { surface: { callsEndpoints }, inferenceComponent }: ResolveQuestion,
  name: string,
): Endpoint | null {
  const found = endpoints.named(name)
  if (callsEndpoints === 'only') {
    const called = endpoints.called(name, inferenceComponent) ?? found
    if (called !== null) return called
  } else if (found !== null) {
    if (callsEndpoints === 'also') return found
    throw new GatewayError('unknown_model', { message: `"${name}" is a SageMaker endpoint. ${HOW_TO_CALL}` })
  } else if (!name.startsWith(ENDPOINT_MODEL_PREFIX)) return null
  throw new GatewayError('unknown_model', { message: `There is no SageMaker endpoint "${name.slice(0, 200)}" here.` })
}

const HOW_TO_CALL = "Call it with SageMaker's InvokeEndpoint, or through POST /invoke_model."

/** Throws GatewayError where the tenant may not call the endpoint, or its plan demands what endpoints cannot do. */
function admittedEndpoint(
  { region }: ResolveDependencies,
  { access, principal }: Member,
  endpoint: Endpoint,
): Pick<Resolved, 'model' | 'renamed' | 'endpoint'> {
  const modelId = endpointModelId(endpoint)
  const model = operationsOwn(modelId, endpoint.region ?? region)
  checkModel(access, principal.tenant.id, model)
  checkPlace(access, principal.tenant.id, model)
  if (access.guardrail !== null)
    throw new GatewayError('model_not_allowed', {
      message: `The plan of "${principal.tenant.id}" demands a guardrail, which calls of "${modelId}" cannot have.`,
    })
  return { model, renamed: null, endpoint }
}

/** Goes on in the same turn with what is known already: nearly every id is. */
const andThen = <Known, Next>(known: Known | Promise<Known>, goOn: (known: Known) => Next | Promise<Next>) =>
  known instanceof Promise ? known.then(goOn) : goOn(known)

/** What an alias of the tenant means now; null: the name is none. */
export const aliasedModelId = (
  { directory }: Pick<ResolveDependencies, 'directory'>,
  member: Member,
  name: string,
  now: number,
): string | null => (ALIAS_NAME.test(name) ? directory().aliases.modelIdOf(name, member.tenantIds, now) : null)

/** One that is called in one place, by the id that it is priced by. */
const operationsOwn = (modelId: string, region: string): ResolvedModel => ({
  modelId,
  kind: 'base_model',
  baseModel: modelId,
  routing: 'regional',
  reach: 'in_region',
  region,
})

/** The model that an id means, where it routes and which region it is sent to. */
function resolveModel(
  dependencies: ResolveDependencies,
  access: Access,
  modelId: string,
): ResolvedModel | Promise<ResolvedModel> {
  const parsed = parseModelId(modelId)
  if (parsed === null) {
    throw new GatewayError('unknown_model', {
      message: ALIAS_NAME.test(modelId)
        ? `"${modelId}" is neither the identifier of a model nor an alias of this tenant.`
        : `The model identifier "${modelId.slice(0, 200)}" is not one that Bedrock has.`,
    })
  }
  const region = regionFor(access, configuredRegion(dependencies, parsed))
  const resolved = resolveParsed(parsed, region)
  if (resolved !== null) return resolved
  if (parsed.kind === 'application_profile') return lookUpProfile(dependencies, access, modelId)
  return {
    modelId,
    kind: parsed.kind,
    baseModel: null,
    routing: parsed.routing ?? 'regional',
    reach: reachOf(parsed),
    region: parsed.region ?? region,
  }
}

/** What calls of the model are sent to instead. It serves that model: a profile is asked for it, of provisioned throughput it is known. */
function resolveTarget(
  dependencies: ResolveDependencies,
  access: Access,
  asked: ResolvedModel,
  target: string,
): ResolvedModel | Promise<ResolvedModel> {
  return andThen(resolveModel(dependencies, access, target), (model) => {
    if (model.kind === 'provisioned') return { ...model, baseModel: asked.baseModel }
    if (model.baseModel === asked.baseModel) return model
    throw new GatewayError('model_not_allowed', {
      message: `Calls of "${asked.modelId}" are to be sent to "${target}", but that serves another model.`,
    })
  })
}

function configuredRegion(dependencies: ResolveDependencies, parsed: ParsedModelId): string {
  const found = dependencies.regionByModel.find(([glob]) => matchesModelGlob(glob, parsed.modelId, parsed.baseModel))
  return found?.[1] ?? dependencies.region
}

async function lookUpProfile(
  dependencies: ResolveDependencies,
  access: Access,
  modelId: string,
): Promise<ResolvedModel> {
  let looked: ResolvedModel | null
  try {
    looked = await dependencies.upstream.resolveModel(modelId, access.credentials)
  } catch (thrown) {
    throw new GatewayError('upstream_unreachable', { detail: String(thrown), cause: thrown, retryAfterSeconds: 1 })
  }
  if (looked === null)
    throw new GatewayError('unknown_model', { message: `There is no inference profile "${modelId.slice(0, 200)}".` })
  return looked
}
