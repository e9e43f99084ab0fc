// What calls really cost: the simulator's bill times prices typed here, in whole pico-dollars; nothing of it is the gateway's own code.

import type { BilledCall } from '../../simulator/bill.ts'

export type UnitPrices = Readonly<Record<string, bigint>>

/** Pico-dollars for one unit: 1_100_000n for a token is $1.10 for a million. By model id as called, then by tier as billed. */
export const PRICES: Readonly<Record<string, Readonly<Record<string, UnitPrices>>>> = {
  'us.anthropic.claude-haiku-4-5-20251001-v1:0': {
    default: {
      input_tokens: 1_100_000n,
      output_tokens: 5_500_000n,
      cache_read_tokens: 110_000n,
      cache_write_5m_tokens: 1_375_000n,
      cache_write_1h_tokens: 2_200_000n,
    },
  },
  'global.anthropic.claude-sonnet-4-5-20250929-v1:0': {
    default: {
      input_tokens: 3_000_000n,
      output_tokens: 15_000_000n,
      cache_read_tokens: 300_000n,
      cache_write_5m_tokens: 3_750_000n,
      cache_write_1h_tokens: 6_000_000n,
    },
  },
  'amazon.nova-lite-v1:0': {
    default: {
      input_tokens: 60_000n,
      output_tokens: 240_000n,
      cache_read_tokens: 15_000n,
      cache_write_5m_tokens: 0n,
    },
  },
  'global.amazon.nova-2-lite-v1:0': {
    default: { input_tokens: 300_000n, output_tokens: 2_500_000n },
    flex: { input_tokens: 150_000n, output_tokens: 1_250_000n },
    priority: { input_tokens: 525_000n, output_tokens: 4_375_000n },
  },
  'openai.gpt-oss-120b-1:0': {
    default: { input_tokens: 150_000n, output_tokens: 600_000n },
    flex: { input_tokens: 75_000n, output_tokens: 300_000n },
    priority: { input_tokens: 262_500n, output_tokens: 1_050_000n },
  },
  'meta.llama3-3-70b-instruct-v1:0': { default: { input_tokens: 720_000n, output_tokens: 720_000n } },
  'mistral.mistral-large-2407-v1:0': { default: { input_tokens: 3_000_000n, output_tokens: 9_000_000n } },
  'cohere.command-r-plus-v1:0': { default: { input_tokens: 3_000_000n, output_tokens: 15_000_000n } },
  'ai21.jamba-1-5-large-v1:0': { default: { input_tokens: 2_000_000n, output_tokens: 8_000_000n } },
  'amazon.titan-embed-text-v2:0': { default: { input_tokens: 20_000n } },
  'cohere.rerank-v3-5:0': { default: { search_units: 2_000_000_000n } },
  // images of 1024 × 1024, standard quality: the only ones asked for
  'amazon.nova-canvas-v1:0': { default: { images: 40_000_000_000n } },
}

/** The cost of one billed call; throws where a price is missing here, so that nothing is left out of a sum unseen. */
export function dollarsOf(call: Pick<BilledCall, 'model_id' | 'tier' | 'usage'>): bigint {
  const prices = PRICES[call.model_id]?.[call.tier]
  if (prices === undefined) throw new Error(`no price is typed for ${call.model_id}, tier ${call.tier}`)
  let total = 0n
  for (const [dimension, quantity] of Object.entries(call.usage)) {
    const unit = prices[dimension]
    if (unit === undefined && quantity > 0) throw new Error(`no price is typed for ${dimension} of ${call.model_id}`)
    total += BigInt(quantity) * (unit ?? 0n)
  }
  return total
}

/** "0.0000011" is 1_100_000n pico-dollars; anything finer, or not a decimal, throws. */
export function picoOf(decimal: string): bigint {
  const match = /^(-?)(\d+)(?:\.(\d{1,12}))?$/.exec(decimal)
  if (match === null) throw new Error(`"${decimal}" is not a decimal of up to twelve places`)
  const [, sign, whole = '0', fraction = ''] = match
  const value = BigInt(whole) * 10n ** 12n + BigInt(fraction.padEnd(12, '0'))
  return sign === '-' ? -value : value
}

/** Dimensions that count something. */
export function counted(usage: Readonly<Record<string, number | null>> | null): Record<string, number | null> {
  return Object.fromEntries(
    Object.entries(usage ?? {}).filter(([name, quantity]) => quantity !== 0 && name !== 'requests'),
  )
}
