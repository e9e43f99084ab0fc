// Every model that the simulator serves has a price, in every routing that it is served by, or is named here as one without.

import { describe, expect, it } from 'vitest'
import { FAMILIES } from '../../simulator/families/index.ts'
import { modelFacts } from '../../src/catalogue/models.ts'
import { shippedPrices } from '../../src/catalogue/prices/index.ts'
import { buildPriceBook } from '../../src/core/price-book.ts'
import { worstCase } from '../../src/core/rating.ts'

/** May only shrink: remove a model when a source names its price. */
const WITHOUT_PRICE = new Set(['anthropic.claude-mythos-5-1', 'twelvelabs.marengo-embed-3-0-v1:0'])

const BOOK = buildPriceBook([{ ...shippedPrices(), version: 1 }])
const CARDS = FAMILIES.flatMap((family) => family.models)

describe('the catalogue', () => {
  it.each(CARDS.map((card) => [card.modelId, card] as const))('knows and prices %s', (modelId, card) => {
    const facts = modelFacts(modelId)
    expect(facts).not.toBeNull()
    const routings = new Set(card.profiles.map((prefix) => (prefix === 'global' ? 'global' : 'regional')))
    if (card.inferenceTypes.includes('ON_DEMAND')) routings.add('regional')
    for (const routing of routings) {
      expect(facts?.routings).toContain(routing)
      const question = {
        baseModel: modelId,
        routing,
        region: 'us-east-1',
        tier: 'standard',
        tenantId: 't',
        at: Date.parse('2026-11-20'),
      } as const
      const worst = worstCase(BOOK, question, {
        inputTokens: 10,
        outputTokens: card.maxOutputTokens,
        images: 1,
        seconds: 6,
      })
      expect(worst === null).toBe(WITHOUT_PRICE.has(modelId))
    }
  })

  it('allows at least as long an answer as the simulator gives', () => {
    const tooShort = CARDS.filter((card) => {
      const most = modelFacts(card.modelId)?.maxOutputTokens ?? null
      return most !== null && most < card.maxOutputTokens
    })
    expect(tooShort.map((card) => card.modelId)).toEqual([])
  })

  it('prices the caches of models that have one', () => {
    const missing = CARDS.filter((card) => card.cache && !WITHOUT_PRICE.has(card.modelId)).filter(
      (card) =>
        !shippedPrices().prices.some(
          (price) => price.baseModel === card.modelId && price.dimension === 'cache_read_tokens',
        ),
    )
    expect(missing.map((card) => card.modelId)).toEqual([])
  })

  it('exempts only models that the simulator serves', () => {
    const served = new Set(CARDS.map((card) => card.modelId))
    expect([...WITHOUT_PRICE].filter((modelId) => !served.has(modelId))).toEqual([])
  })
})
