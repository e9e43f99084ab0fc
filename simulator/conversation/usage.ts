// Turns token counts into what Converse says (inputTokens without cached ones) and into what AWS bills.
import type { BilledUsage, JsonObject, ModelCard } from '../family.ts'
import type { CacheCounts } from '../prompt-cache.ts'

export type TurnUsage = { inputTokens: number; outputTokens: number; cache: CacheCounts }

/** TokenUsage of Converse: total input is inputTokens + cacheReadInputTokens + cacheWriteInputTokens (prompt-caching page). */
export function converseUsage(usage: TurnUsage, card: Pick<ModelCard, 'cache'>): JsonObject {
  const { inputTokens, outputTokens, cache } = usage
  const written = cache.written5m + cache.written30m + cache.written1h
  const answer: JsonObject = {
    inputTokens,
    outputTokens,
    totalTokens: inputTokens + outputTokens + cache.read + written,
  }
  if (!card.cache) return answer
  answer.cacheReadInputTokens = cache.read
  answer.cacheWriteInputTokens = written
  const details: JsonObject[] = []
  if (cache.written1h > 0) details.push({ ttl: '1h', inputTokens: cache.written1h })
  if (cache.written5m > 0) details.push({ ttl: '5m', inputTokens: cache.written5m })
  if (details.length > 0) answer.cacheDetails = details
  return answer
}

export function billedUsage(usage: TurnUsage): BilledUsage {
  const billed: BilledUsage = { input_tokens: usage.inputTokens, output_tokens: usage.outputTokens }
  if (usage.cache.read > 0) billed.cache_read_tokens = usage.cache.read
  if (usage.cache.written5m > 0) billed.cache_write_5m_tokens = usage.cache.written5m
  if (usage.cache.written30m > 0) billed.cache_write_30m_tokens = usage.cache.written30m
  if (usage.cache.written1h > 0) billed.cache_write_1h_tokens = usage.cache.written1h
  return billed
}

/** Simulated, not measured, so that the same call always has the same answer. */
export const latencyOf = (outputTokens: number): number => 120 + 4 * outputTokens
