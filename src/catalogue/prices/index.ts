// The prices that the gateway ships with: one change to the price book, every row with its source and date.

import type { PriceVersion } from '../../core/price-book.ts'
import { SHIPPING_AUTHOR } from '../../core/shipped-prices.ts'
import { AMAZON_PRICES, GUARDRAIL_PRICES } from './amazon.ts'
import { CLAUDE_PRICES } from './claude.ts'
import { OPEN_WEIGHT_PRICES } from './open-weight.ts'
import { OPENAI_PRICES } from './openai.ts'
import { OTHER_PRICES } from './others.ts'

/** The day on which the tables were last gone through; existing price books take in what is new only when it is not older than before. */
const GONE_THROUGH = '2026-11-20T00:00:00Z'

export function shippedPrices(): Omit<PriceVersion, 'version'> {
  return {
    createdAt: GONE_THROUGH,
    author: SHIPPING_AUTHOR,
    note: `prices shipped with the gateway, gone through on ${GONE_THROUGH.slice(0, 10)}`,
    prices: [
      ...CLAUDE_PRICES,
      ...AMAZON_PRICES,
      ...OPENAI_PRICES,
      ...OPEN_WEIGHT_PRICES,
      ...OTHER_PRICES,
      ...GUARDRAIL_PRICES,
    ],
    adjustments: [],
  }
}
