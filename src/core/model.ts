// Model ids: every form that Bedrock accepts, resolved to base model, routing and region; and which globs admit them.

export const ROUTINGS = ['global', 'regional'] as const
export type Routing = (typeof ROUTINGS)[number]

/** The service tiers that are priced; `default` on the wire is `standard` here. */
export const TIERS = ['standard', 'priority', 'flex', 'batch', 'reserved', 'latency_optimized'] as const
export type Tier = (typeof TIERS)[number]

export type ModelIdKind =
  | 'base_model'
  | 'system_profile'
  | 'application_profile'
  | 'provisioned'
  | 'custom'
  | 'imported'
  | 'prompt_router'
  | 'prompt'
  | 'marketplace_endpoint'

/** Where a call may be served: in the region that it is sent to, in several of one geography, or anywhere. */
export const REACHES = ['in_region', 'geographic', 'global'] as const
export type Reach = (typeof REACHES)[number]

/** Where a model is in its life; `endOfLifeOn` is an ISO 8601 date, null where none is known. */
export type ModelLifecycle = {
  readonly status: 'active' | 'legacy' | 'retired'
  readonly endOfLifeOn: string | null
}

/** A model id as parsed from its text alone. */
export type ParsedModelId = {
  /** as the caller sent it, percent-decoded once */
  readonly modelId: string
  readonly kind: ModelIdKind
  /** null when the text alone does not say it (application profile, provisioned, custom, router, prompt) */
  readonly baseModel: string | null
  /** null when the text alone does not say it */
  readonly routing: Routing | null
  /** geographic or global prefix of a system profile ("us", "global"); null otherwise */
  readonly profilePrefix: string | null
  /** region named by an ARN; null otherwise */
  readonly region: string | null
}

/** A model id with everything that pricing and policy need. */
export type ResolvedModel = {
  readonly modelId: string
  readonly kind: ModelIdKind
  /** null: cannot be known before the call (prompt router) or at all; such calls are unpriced until known */
  readonly baseModel: string | null
  readonly routing: Routing
  /** null: nobody can tell before the call (prompt router, prompt) */
  readonly reach: Reach | null
  /** the region that the call is sent to and priced in */
  readonly region: string
}

/** Longest model id that Bedrock's API model accepts. */
export const MODEL_ID_LENGTH_LIMIT = 2_048

/** Longest glob; matching costs at most this many steps for each character of the model id. */
export const MODEL_GLOB_LENGTH_LIMIT = 256

// No pattern here can match one text in two ways, so each is linear in it.
const MODEL_ID_CHARACTERS = /^[A-Za-z0-9_.:/-]+$/
/** `anthropic.claude-opus-5`, `deepseek.v3.2`, `amazon.titan-text-lite-v1:0:4k`: a maker, a dot, a name. */
const BASE_MODEL = /^[a-z0-9]{2,63}\.[a-z0-9][a-z0-9.:-]{0,255}$/
/** `us`, `eu`, `jp`, …: any two-letter place, so that one which AWS adds tomorrow is known today; no maker's name has two letters. */
const PROFILE_PREFIX = /^(?:[a-z]{2}|apac|us-gov|global)$/
const ARN =
  /^arn:aws(?:-[a-z]{1,8}){0,2}:(?<service>bedrock|sagemaker):(?<region>[a-z0-9-]{0,32}):(?<account>[0-9]{12}|):(?<type>[a-z-]{1,64})\/(?<name>.{1,512})$/
type ArnParts = Record<'service' | 'region' | 'account' | 'type' | 'name', string>
const REGION = /^[a-z]{2,6}(?:-[a-z]{2,12}){1,3}-[0-9]{1,2}$/
const RESOURCE_NAME = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,255}$/
/** The model that a custom model was made from, then its own id. */
const CUSTOM_MODEL_NAME = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,255}(?:\/[A-Za-z0-9][A-Za-z0-9_-]{0,63})?$/

/** Resources of an account whose ARN names no model. */
const ACCOUNT_RESOURCES: ReadonlyMap<string, { readonly kind: ModelIdKind; readonly name: RegExp }> = new Map([
  ['bedrock:application-inference-profile', { kind: 'application_profile', name: RESOURCE_NAME }],
  ['bedrock:inference-profile', { kind: 'application_profile', name: RESOURCE_NAME }],
  ['bedrock:provisioned-model', { kind: 'provisioned', name: RESOURCE_NAME }],
  ['bedrock:custom-model', { kind: 'custom', name: CUSTOM_MODEL_NAME }],
  ['bedrock:custom-model-deployment', { kind: 'custom', name: RESOURCE_NAME }],
  ['bedrock:imported-model', { kind: 'imported', name: RESOURCE_NAME }],
  ['bedrock:default-prompt-router', { kind: 'prompt_router', name: RESOURCE_NAME }],
  ['bedrock:prompt-router', { kind: 'prompt_router', name: RESOURCE_NAME }],
  ['bedrock:prompt', { kind: 'prompt', name: RESOURCE_NAME }],
  ['sagemaker:endpoint', { kind: 'marketplace_endpoint', name: RESOURCE_NAME }],
])

/** Reads a model id; null for anything that Bedrock could not mean. Never throws, linear in the text. */
export function parseModelId(text: string): ParsedModelId | null {
  if (text.length > MODEL_ID_LENGTH_LIMIT || !MODEL_ID_CHARACTERS.test(text) || text.includes('..')) return null
  return text.startsWith('arn:') ? parseArn(text) : parsePlainId(text, text, null)
}

/**
 * The model as far as its text says it; null when only the upstream knows (application profile, provisioned, custom, prompt).
 * Geographic profiles and in-region calls share one price, global profiles have another (Bedrock cross-region inference page).
 */
export function resolveParsed(parsed: ParsedModelId, defaultRegion: string): ResolvedModel | null {
  const { modelId, kind, baseModel } = parsed
  const knownWithoutBaseModel = kind === 'prompt_router' || kind === 'imported' || kind === 'marketplace_endpoint'
  if (baseModel === null && !knownWithoutBaseModel) return null
  const region = parsed.region ?? defaultRegion
  return { modelId, kind, baseModel, routing: parsed.routing ?? 'regional', reach: reachOf(parsed), region }
}

/** As far as the text of an id says it. */
export function reachOf({ kind, routing }: ParsedModelId): Reach | null {
  if (kind === 'system_profile') return routing === 'global' ? 'global' : 'geographic'
  return kind === 'application_profile' || kind === 'prompt_router' || kind === 'prompt' ? null : 'in_region'
}

const WIRE_TIERS: ReadonlyMap<string, Tier> = new Map([
  ['default', 'standard'],
  ['priority', 'priority'],
  ['flex', 'flex'],
  ['reserved', 'reserved'],
])

/** A service tier as Bedrock writes it; null for a word that is not one. */
export const tierOfWire = (text: string): Tier | null => WIRE_TIERS.get(text) ?? null

/** How Bedrock writes a tier; null for those that are not asked for as a service tier (batch, latency-optimized). */
export function wireOfTier(tier: Tier): string | null {
  if (tier === 'standard') return 'default'
  return tier === 'batch' || tier === 'latency_optimized' ? null : tier
}

/**
 * Does a glob of an allow list (`*`: any text, `?`: one character) admit this model? It is asked of the id as sent, of the profile or
 * model named inside an ARN, and of the base model: `anthropic.claude-*` admits `us.anthropic.claude-…`, `us.*` only US profiles.
 */
export function matchesModelGlob(glob: string, modelId: string, baseModel: string | null): boolean {
  if (glob.length > MODEL_GLOB_LENGTH_LIMIT || modelId.length > MODEL_ID_LENGTH_LIMIT) return false
  if (matchesGlob(glob, modelId)) return true
  if (baseModel !== null && baseModel.length <= MODEL_ID_LENGTH_LIMIT && matchesGlob(glob, baseModel)) return true
  const named = idNamedByArn(modelId)
  return named !== null && matchesGlob(glob, named)
}

function parseArn(text: string): ParsedModelId | null {
  const match = ARN.exec(text)
  if (match === null) return null
  // Every group of the pattern takes part in every match.
  const { service, region, account, type, name } = match.groups as ArnParts
  const resource = `${service}:${type}`
  if (resource === 'bedrock:foundation-model') return parseFoundationModel(text, region, account, name)
  if (!REGION.test(region) || account === '') return null
  const profile = resource === 'bedrock:inference-profile' ? parsePlainId(name, text, region) : null
  if (profile?.kind === 'system_profile') return profile
  const known = ACCOUNT_RESOURCES.get(resource)
  return known?.name.test(name) === true ? opaque(text, known.kind, region) : null
}

/** It belongs to no account; and global profiles list their models without a region, as arn:aws:bedrock:::foundation-model/…. */
function parseFoundationModel(text: string, region: string, account: string, name: string): ParsedModelId | null {
  if (account !== '' || (region !== '' && !REGION.test(region))) return null
  return parseBaseModel(name, text, region === '' ? null : region)
}

function parsePlainId(id: string, modelId: string, region: string | null): ParsedModelId | null {
  const dot = id.indexOf('.')
  const profilePrefix = id.slice(0, Math.max(dot, 0))
  if (!PROFILE_PREFIX.test(profilePrefix)) return parseBaseModel(id, modelId, region)
  const baseModel = id.slice(dot + 1)
  if (!isBaseModelId(baseModel)) return null
  const routing = profilePrefix === 'global' ? 'global' : 'regional'
  return { modelId, kind: 'system_profile', baseModel, routing, profilePrefix, region }
}

function parseBaseModel(id: string, modelId: string, region: string | null): ParsedModelId | null {
  if (!isBaseModelId(id)) return null
  return { modelId, kind: 'base_model', baseModel: id, routing: 'regional', profilePrefix: null, region }
}

const isBaseModelId = (id: string): boolean => BASE_MODEL.test(id) && !PROFILE_PREFIX.test(id.slice(0, id.indexOf('.')))

const opaque = (modelId: string, kind: ModelIdKind, region: string | null): ParsedModelId => ({
  modelId,
  kind,
  baseModel: null,
  routing: null,
  profilePrefix: null,
  region,
})

/** The id inside the two kinds of ARN that carry one; null for all other texts. */
function idNamedByArn(modelId: string): string | null {
  if (!modelId.startsWith('arn:')) return null
  const slash = modelId.indexOf('/')
  const type = modelId.slice(modelId.lastIndexOf(':', slash) + 1, slash)
  return type === 'inference-profile' || type === 'foundation-model' ? modelId.slice(slash + 1) : null
}

/** Never goes back further than the last star, so the steps are at most glob length × text length. */
function matchesGlob(glob: string, text: string): boolean {
  let inGlob = 0
  let inText = 0
  let star = -1
  let resumeAt = 0
  while (inText < text.length) {
    const wanted = glob[inGlob]
    if (wanted === '*') {
      star = inGlob++
      resumeAt = inText
    } else if (wanted !== undefined && (wanted === '?' || wanted === text[inText])) {
      inGlob++
      inText++
    } else if (star >= 0) {
      inGlob = star + 1
      inText = ++resumeAt
    } else {
      return false
    }
  }
  while (glob[inGlob] === '*') inGlob++
  return inGlob === glob.length
}
