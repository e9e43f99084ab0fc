// What a plan lets through of requests in other dialects than Bedrock's own: betas, and members that nobody here knows.

/** pass: as far as the way upstream takes it · strip: left out, and told · refuse: the call is not made; each stricter than the one before */
export const DIALECT_CHOICES = ['pass', 'strip', 'refuse'] as const
export type DialectChoice = (typeof DIALECT_CHOICES)[number]

/**
 * Bedrock's own endpoints of a dialect. auto: where the table of the dialect has them as the usual way of the model · prefer: wherever the
 * model has one · avoid: never, all goes by InvokeModel and Converse; of several plans the last of these words counts
 */
export const ENDPOINT_CHOICES = ['auto', 'prefer', 'avoid'] as const
export type EndpointChoice = (typeof ENDPOINT_CHOICES)[number]

export type DialectPolicy = {
  /** names in `anthropic-beta`, header or body */
  readonly anthropicBeta: DialectChoice
  /** members of the top level that the dialect is not known to have */
  readonly unknownFields: DialectChoice
  readonly bedrockEndpoints: EndpointChoice
}

export const USUAL_DIALECTS: DialectPolicy = { anthropicBeta: 'pass', unknownFields: 'pass', bedrockEndpoints: 'auto' }

/** Of the plans of a tenant and its ancestors: the strictest holds. */
export function joinDialects(policies: readonly DialectPolicy[]): DialectPolicy {
  if (policies.length === 0) return USUAL_DIALECTS
  const last = <Choice>(choices: readonly Choice[], usual: Choice, of: (policy: DialectPolicy) => Choice): Choice =>
    choices.findLast((choice) => policies.some((policy) => of(policy) === choice)) ?? usual
  return {
    anthropicBeta: last<DialectChoice>(DIALECT_CHOICES, 'pass', ({ anthropicBeta }) => anthropicBeta),
    unknownFields: last<DialectChoice>(DIALECT_CHOICES, 'pass', ({ unknownFields }) => unknownFields),
    bedrockEndpoints: last<EndpointChoice>(ENDPOINT_CHOICES, 'auto', ({ bedrockEndpoints }) => bedrockEndpoints),
  }
}
