// What a call counts for a limit: whether the limit is about it, under which value of a split, and how much.

import type { Limit, LimitScope } from './limit.ts'
import { matchesModelGlob, parseModelId, type Tier } from './model.ts'
import { CONTEXT_DIMENSIONS, type Quantities } from './usage.ts'

/** Who a call is for and what it is about, as far as limits ask. */
export type LimitedCall = {
  readonly requestId: string
  /** the tenant, its parent, … up to the root */
  readonly tenantIds: readonly string[]
  /** of the first of its line */
  readonly keyId: string
  readonly modelId: string
  /** null: not known when the call begins, whatever its answer says */
  readonly baseModel: string | null
  readonly tier: Tier
  readonly surface: string
  readonly metadata: Readonly<Record<string, string>>
}

/** What was, or may at most be, used. */
export type Consumption = {
  /** everything that was read, from caches too */
  readonly inputTokens: number
  readonly cacheReadTokens: number
  readonly outputTokens: number
  /** how many tokens of a Bedrock quota each output token takes */
  readonly burnRate: number
  /** pico-USD; null: not known */
  readonly cost: bigint | null
}

/** Is the limit about this call? Whom it stands on is not asked. */
export const inScope = ({ scope }: Limit, call: LimitedCall): boolean =>
  scope === null || (isAboutManner(scope, call) && isAboutModel(scope, call))

/** What a scope says of everything but the model. */
export function isAboutManner({ tiers, surfaces, metadata }: LimitScope, call: LimitedCall): boolean {
  if (tiers !== undefined && !tiers.includes(call.tier)) return false
  if (surfaces !== undefined && !surfaces.includes(call.surface)) return false
  return metadata === undefined || hasAll(call.metadata, metadata)
}

export const isAboutModel = ({ models }: LimitScope, { modelId, baseModel }: LimitedCall): boolean =>
  models === undefined || models.some((glob) => matchesModelGlob(glob, modelId, baseModel))

function hasAll(given: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean {
  for (const key in wanted) if (!Object.hasOwn(given, key) || given[key] !== wanted[key]) return false
  return true
}

/** What is counted together; calls that do not say are counted together too. */
export function splitValueOf({ splitBy }: Limit, call: LimitedCall): string {
  if (splitBy === null) return ''
  return Object.hasOwn(call.metadata, splitBy) ? (call.metadata[splitBy] ?? '') : ''
}

/** In the limit's own unit. Calls at once are a matter of running, not of what was used. */
export function amountOf(limit: Limit, used: Consumption): bigint {
  if (limit.kind === 'cost') return used.cost ?? 0n
  if (limit.kind === 'tokens') return BigInt(tokensOf(limit, used))
  return limit.kind === 'requests' ? 1n : 0n
}

/** What a call that begins takes: its worst case, and a place among those that run. */
export const askedOf = (limit: Limit, ask: Consumption): bigint =>
  limit.kind === 'concurrency' ? 1n : amountOf(limit, ask)

/** Bedrock's quotas are not burned down by what is read from a cache, and faster by what is written (quotas page, 2026-11). */
function tokensOf({ counts, burnDown }: Limit, used: Consumption): number {
  const { inputTokens, cacheReadTokens, outputTokens, burnRate } = used
  if (burnDown) return inputTokens - cacheReadTokens + outputTokens * burnRate
  return (counts === 'output' ? 0 : inputTokens) + (counts === 'input' ? 0 : outputTokens)
}

export function consumptionOf(
  quantities: Quantities,
  priced: { readonly burnRate: number; readonly cost: bigint | null },
): Consumption {
  let inputTokens = 0
  for (const dimension of CONTEXT_DIMENSIONS) inputTokens += quantities[dimension] ?? 0
  return {
    inputTokens,
    cacheReadTokens: quantities.cache_read_tokens ?? 0,
    outputTokens: quantities.output_tokens ?? 0,
    ...priced,
  }
}

/** The base model as it was known when the call began: which model a prompt router chose, only its answer says. */
export const baseModelAtStart = (modelId: string, baseModel: string | null): string | null =>
  parseModelId(modelId)?.kind === 'prompt_router' ? null : baseModel
