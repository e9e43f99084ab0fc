// Model access: what plans and tenants say about models, regions, routing and tiers, joined along the chain, and the one decision on it.

import { METADATA_FORM, renderEntries, SESSION_TAG_FORM, sessionNameOf, type TemplateSource } from './access-text.ts'
import { GatewayError } from './errors.ts'
import { matchesModelGlob, type Reach, type ResolvedModel, type Tier } from './model.ts'
import type { CredentialScope } from './upstream.ts'

/** Tiers that a caller can ask for; batch is another API. */
export const ASKED_TIERS = ['standard', 'priority', 'flex', 'reserved', 'latency_optimized'] as const satisfies Tier[]
export type AskedTier = (typeof ASKED_TIERS)[number]

export const GUARDRAIL_TRACES = ['enabled', 'enabled_full', 'disabled'] as const
export const STREAM_PROCESSING = ['sync', 'async'] as const

export type Guardrail = {
  readonly id: string
  readonly version: string
  readonly trace: (typeof GUARDRAIL_TRACES)[number]
  readonly streamProcessing: (typeof STREAM_PROCESSING)[number]
}

export type AssumeRole = {
  readonly roleArn: string
  readonly externalId: string | null
  /** templates by key */
  readonly sessionTags: Readonly<Record<string, string>>
}

/** What one plan or one tenant says. Lists that are null say nothing; `routing` are reaches of a model id. */
export type AccessPolicy = {
  readonly deniedModels: readonly string[]
  readonly regions: readonly string[] | null
  readonly routing: readonly Reach[] | null
  /** a call that asks for another tier gets the first of them */
  readonly tiers: readonly AskedTier[] | null
  /** provisioned throughput or application inference profile, by the glob of the models that it serves */
  readonly sendTo: Readonly<Record<string, string>>
  /** templates by key */
  readonly requestMetadata: Readonly<Record<string, string>>
  readonly guardrail: Guardrail | null
  readonly assumeRole: AssumeRole | null
}

export const NO_ACCESS_POLICY: AccessPolicy = {
  deniedModels: [],
  regions: null,
  routing: null,
  tiers: null,
  sendTo: {},
  requestMetadata: {},
  guardrail: null,
  assumeRole: null,
}

/** What holds for the calls of one key, worked out once per snapshot. */
export type Access = {
  /** one list for each tenant of the chain that says something; a model must match in every list; none: closed */
  readonly allowLists: readonly (readonly string[])[]
  readonly deniedModels: readonly string[]
  readonly regions: readonly string[] | null
  readonly routing: readonly Reach[] | null
  readonly tiers: readonly AskedTier[] | null
  /** the first that matches counts */
  readonly sendTo: readonly (readonly [glob: string, modelId: string])[]
  readonly requestMetadata: Readonly<Record<string, string>>
  readonly guardrail: Guardrail | null
  readonly credentials: CredentialScope | null
}

/**
 * Joins what is said along the chain, `policies` from the root's plan to the tenant's own. Nobody widens what was said above: denials
 * add up, sets are cut with each other, and where only one thing can hold (a metadata key, the guardrail, the role, where a model is
 * sent) the word nearest to the root stands.
 */
export function joinAccess(
  allowLists: Access['allowLists'],
  policies: readonly AccessPolicy[],
  source: TemplateSource,
): Access {
  const role = policies.find(({ assumeRole }) => assumeRole !== null)?.assumeRole ?? null
  return {
    allowLists,
    deniedModels: policies.flatMap(({ deniedModels }) => deniedModels),
    regions: cut(policies.map(({ regions }) => regions)),
    routing: cut(policies.map(({ routing }) => routing)),
    tiers: cut(policies.map(({ tiers }) => tiers)),
    sendTo: policies.flatMap(({ sendTo }) => Object.entries(sendTo)),
    requestMetadata: renderEntries(outermost(policies, 'requestMetadata'), source, METADATA_FORM),
    guardrail: policies.find(({ guardrail }) => guardrail !== null)?.guardrail ?? null,
    credentials: role === null ? null : scopeOf(role, source),
  }
}

/** What every list has, in the order of the last one; null: no list says anything. */
function cut<Value>(lists: readonly (readonly Value[] | null)[]): readonly Value[] | null {
  const said = lists.filter((list) => list !== null)
  const last = said.at(-1)
  return last === undefined ? null : last.filter((value) => said.every((list) => list.includes(value)))
}

const outermost = (policies: readonly AccessPolicy[], name: 'requestMetadata'): Readonly<Record<string, string>> =>
  Object.fromEntries(policies.toReversed().flatMap((policy) => Object.entries(policy[name])))

function scopeOf({ roleArn, externalId, sessionTags }: AssumeRole, source: TemplateSource): CredentialScope {
  const session = {
    roleArn,
    externalId,
    sessionName: sessionNameOf(source.tenantId),
    sessionTags: renderEntries(sessionTags, source, SESSION_TAG_FORM),
  }
  return { id: JSON.stringify(session), ...session }
}

/** A model as far as access is decided on it. */
export type AskedModel = Pick<ResolvedModel, 'modelId' | 'kind' | 'baseModel'>

/**
 * Denied by nobody and in every list of the chain; a tenant without any list is closed. Base models and AWS's own profiles are allowed
 * by the id that was sent or by their base model; what somebody made in the account (application profiles, provisioned and custom
 * models) only by its own id.
 */
export const mayCall = (access: Access, model: AskedModel): boolean =>
  deniedBy(access, model) === null && isAllowed(access, model)

function isAllowed({ allowLists }: Access, { modelId, kind, baseModel }: AskedModel): boolean {
  const alsoBy = kind === 'base_model' || kind === 'system_profile' ? baseModel : null
  return (
    allowLists.length > 0 && allowLists.every((globs) => globs.some((glob) => matchesModelGlob(glob, modelId, alsoBy)))
  )
}

/**
 * What stands between the model and the tenant, in words; null: nothing. Where nobody can tell the model behind an id (a router, a prompt, a custom model), somebody must
 * have allowed that very ARN, or a model that is denied could be called through it.
 */
function deniedBy(access: Access, { modelId, baseModel }: AskedModel): string | null {
  const { deniedModels, allowLists } = access
  const glob = deniedModels.find((denied) => matchesModelGlob(denied, modelId, baseModel))
  if (glob !== undefined) return 'is denied to'
  if (deniedModels.length === 0 || baseModel !== null) return null
  const named = allowLists.every((globs) =>
    globs.some((allowed) => allowed.startsWith('arn:') && matchesModelGlob(allowed, modelId, null)),
  )
  return named ? null : 'hides which model it calls, and models are denied to'
}

/** Throws GatewayError with the one reason why the tenant may not call this model. */
export function checkModel(access: Access, tenantId: string, model: AskedModel): void {
  const denied = deniedBy(access, model)
  if (denied !== null) throw refused(`The model "${model.modelId}" ${denied} the tenant "${tenantId}".`)
  if (!isAllowed(access, model)) throw refused(`The tenant "${tenantId}" may not call the model "${model.modelId}".`)
}

/** Throws GatewayError with the one reason why the tenant's calls may not go where this one goes. */
export function checkPlace(access: Access, tenantId: string, model: ResolvedModel): void {
  checkRegion(access, tenantId, model.region)
  const { routing } = access
  if (routing === null) return
  if (routing.length === 0)
    throw refused(
      `No routing is left for the tenant "${tenantId}": what it may use, its plan or a tenant above forbids.`,
    )
  const { reach } = model
  if (reach === null)
    throw refused(
      `Where "${model.modelId}" routes cannot be known, and the tenant "${tenantId}" may only route ${routing.join(', ')}.`,
    )
  if (!routing.includes(reach))
    throw refused(`"${model.modelId}" routes ${reach}; the tenant "${tenantId}" may only route ${routing.join(', ')}.`)
}

/** Throws GatewayError where the tenant's calls may not be sent to this region. */
export function checkRegion({ regions }: Access, tenantId: string, region: string): void {
  if (regions === null || regions.includes(region)) return
  const may = regions.length === 0 ? 'none' : regions.join(', ')
  throw refused(`The region ${region} is not open to the tenant "${tenantId}"; its regions are: ${may}.`)
}

/** Where a call goes that names no region itself: the gateway's choice, or the first that the tenant has where it is not one of them. */
export const regionFor = ({ regions }: Access, usual: string): string =>
  regions === null || regions.includes(usual) ? usual : (regions[0] ?? usual)

/** The tier that a call is sent with. Throws GatewayError when none is left. */
export function tierFor({ tiers }: Access, tenantId: string, asked: Tier): Tier {
  if (tiers === null) return asked
  const [first] = tiers
  if (first === undefined)
    throw refused(
      `No service tier is left for the tenant "${tenantId}": what it may use, its plan or a tenant above forbids.`,
    )
  return tiers.some((tier) => tier === asked) ? asked : first
}

/** The ARN that calls of this model are sent to; null: the model itself. */
export const sentTo = ({ sendTo }: Access, { modelId, baseModel }: AskedModel): string | null =>
  sendTo.find(([glob]) => matchesModelGlob(glob, modelId, baseModel))?.[1] ?? null

const refused = (message: string): GatewayError => new GatewayError('model_not_allowed', { message })
