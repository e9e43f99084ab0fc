// Calls of families as the server makes them, for tests: the simulator's own tokens and prompt cache, a clock that stands still.
import type { BilledUsage, Family, FamilyCall, JsonObject } from '../family.ts'
import { createPromptCache, type PromptCache } from '../prompt-cache.ts'
import { countTokens, generate } from '../tokens.ts'
import { FAMILIES } from './index.ts'

export const NOW = Date.UTC(2026, 10, 20, 12)

export type Bench = {
  family: Family
  call: (body: JsonObject, tier?: string) => FamilyCall
  /** moves the clock, as far as the prompt cache sees it */
  wait: (milliseconds: number) => void
}

/** A model with a prompt cache of its own. */
export function benchOf(modelId: string, cache: PromptCache = createPromptCache((name) => name)): Bench {
  const family = FAMILIES.find(({ models }) => models.some((card) => card.modelId === modelId))
  const model = family?.models.find((card) => card.modelId === modelId)
  if (family === undefined || model === undefined) throw new Error(`no family serves ${modelId}`)
  let now = NOW
  return {
    family,
    call: (body, tier = 'default') => ({
      model,
      body,
      tier,
      now: () => now,
      countTokens,
      generate,
      cache: cache.open(modelId, now),
    }),
    wait: (milliseconds) => {
      now += milliseconds
    },
  }
}

/** Everything that was read or written of the prompt. */
export const inputSide = (usage: BilledUsage): number =>
  ['input_tokens', 'cache_read_tokens', 'cache_write_5m_tokens', 'cache_write_30m_tokens', 'cache_write_1h_tokens']
    .map((dimension) => usage[dimension] ?? 0)
    .reduce((sum, count) => sum + count, 0)

/** A text of exactly `tokens` tokens. */
export const words = (tokens: number): string => 'word'.repeat(tokens)
