// Every model that the simulator serves has a price for all that it bills, in every routing, or is named here as one without.

import { describe, expect, it } from 'vitest'
import type { ModelCard } from '../../simulator/family.ts'
import { benchOf } from '../../simulator/families/call-for-tests.ts'
import { CASES } from '../../simulator/families/cases-for-tests.ts'
import { FAMILIES } from '../../simulator/families/index.ts'
import { modelFacts } from '../../src/catalogue/models.ts'
import { shippedPrices } from '../../src/catalogue/prices/index.ts'
import type { Routing } from '../../src/core/model.ts'
import { buildPriceBook } from '../../src/core/price-book.ts'
import { rate, worstCase, type RatingQuestion } from '../../src/core/rating.ts'

/** May only shrink: remove a model when a source names its price. */
const WITHOUT_PRICE = new Set(['anthropic.claude-mythos-5-1', 'twelvelabs.marengo-embed-3-0-v1:0'])

const PRICES = shippedPrices().prices
const BOOK = buildPriceBook([{ ...shippedPrices(), version: 1 }])
const CARDS = FAMILIES.flatMap((family) => family.models.map((card) => ({ id: card.modelId, card, family })))
const PRICED = CARDS.filter(({ id }) => !WITHOUT_PRICE.has(id))

describe('the catalogue', () => {
  it.each(CARDS)('knows $id and prices it in every routing', ({ id, card }) => {
    const facts = modelFacts(id)
    for (const routing of routingsOf(card)) {
      expect(facts?.routings).toContain(routing)
      const ask = { inputTokens: 10, outputTokens: card.maxOutputTokens, images: 1, seconds: 6 }
      expect(worstCase(BOOK, questionOf(id, routing), ask) === null).toBe(WITHOUT_PRICE.has(id))
    }
  })

  // Films are made by StartAsyncInvoke only; their seconds are asked for above.
  it.each(PRICED.filter(({ id }) => !/^(?:amazon\.nova-reel|luma)/.test(id)))(
    'prices everything that a call of $id is billed for',
    ({ id, card, family }) => {
      const good = CASES[family.name]?.good
      if (good === undefined) throw new Error(`no case for ${family.name}`)
      const { usage } = family.invoke(benchOf(id).call(typeof good === 'function' ? good(card) : good))
      const variant = PRICES.find((price) => price.baseModel === id && price.variant !== '')?.variant ?? ''
      for (const routing of routingsOf(card)) {
        const rating = rate(BOOK, questionOf(id, routing), { quantities: usage, variant, estimated: false })
        expect(rating.missing).toEqual([])
        expect(rating.cost).toBeGreaterThan(0n)
      }
    },
  )

  it('allows at least as long an answer as the simulator gives', () => {
    const tooShort = CARDS.filter(({ id, card }) => {
      const most = modelFacts(id)?.maxOutputTokens ?? null
      return most !== null && most < card.maxOutputTokens
    })
    expect(tooShort.map(({ id }) => id)).toEqual([])
  })

  it('prices the caches of models that have one', () => {
    const cached = new Set(
      PRICES.filter((price) => price.dimension === 'cache_read_tokens').map((price) => price.baseModel),
    )
    expect(PRICED.filter(({ id, card }) => card.cache && !cached.has(id)).map(({ id }) => id)).toEqual([])
  })

  it('exempts only models that the simulator serves', () => {
    const served = new Set(CARDS.map(({ id }) => id))
    expect([...WITHOUT_PRICE].filter((id) => !served.has(id))).toEqual([])
  })
})

function routingsOf(card: ModelCard): ReadonlySet<Routing> {
  const routings = new Set<Routing>(card.profiles.map((prefix) => (prefix === 'global' ? 'global' : 'regional')))
  return card.inferenceTypes.includes('ON_DEMAND') ? routings.add('regional') : routings
}

const questionOf = (baseModel: string, routing: Routing): RatingQuestion => ({
  baseModel,
  routing,
  region: 'us-east-1',
  tier: 'standard',
  tenantId: 't',
  at: Date.parse('2026-11-20'),
})
