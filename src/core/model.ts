// Model ids: every form that Bedrock accepts, resolved to base model, routing and region.

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
  /** the region that the call is sent to and priced in */
  readonly region: string
}
