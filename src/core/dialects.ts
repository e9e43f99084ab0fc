// What a plan lets through of requests in other dialects than Bedrock's own: betas, and members that nobody here knows.

/** pass: as far as the way upstream takes it · strip: left out, and told · refuse: the call is not made; each stricter than the one before */
export const DIALECT_CHOICES = ['pass', 'strip', 'refuse'] as const
export type DialectChoice = (typeof DIALECT_CHOICES)[number]

export type DialectPolicy = {
  /** names in `anthropic-beta`, header or body */
  readonly anthropicBeta: DialectChoice
  /** members of the top level that the dialect is not known to have */
  readonly unknownFields: DialectChoice
}

export const USUAL_DIALECTS: DialectPolicy = { anthropicBeta: 'pass', unknownFields: 'pass' }

/** Of the plans of a tenant and its ancestors: the strictest holds. */
export function joinDialects(policies: readonly DialectPolicy[]): DialectPolicy {
  if (policies.length === 0) return USUAL_DIALECTS
  const strictest = (name: keyof DialectPolicy): DialectChoice =>
    DIALECT_CHOICES.findLast((choice) => policies.some((policy) => policy[name] === choice)) ?? 'pass'
  return { anthropicBeta: strictest('anthropicBeta'), unknownFields: strictest('unknownFields') }
}
