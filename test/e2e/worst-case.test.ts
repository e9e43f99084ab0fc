// Whatever a call asks for, in whichever dialect, it never costs more than what was held for it: the simulator's bill against the bound.

import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSimulator, type RunningSimulator } from '../../simulator/server.ts'
import { modelFacts } from '../../src/catalogue/models.ts'
import { parseModelId, resolveParsed, tierOfWire } from '../../src/core/model.ts'
import { variantsOf } from '../../src/core/price-book.ts'
import { rate } from '../../src/core/rating.ts'
import { boundsOf, priceBounds, type ModelBounds } from '../../src/gateway/bounds.ts'
import { readBedrockFacts } from '../../src/gateway/surfaces/bedrock-facts.ts'
import { bedrockSurface } from '../../src/gateway/surfaces/bedrock.ts'
import { shippedBook } from '../fakes/price-book.ts'
import { generatedRequests, type GeneratedRequest } from './generated-requests.ts'
import { SIMULATOR_BEARER } from './harness.ts'

const REGION = 'us-east-1'
const AT = Date.UTC(2026, 10, 20)
const BOOK = shippedBook()

let simulator: RunningSimulator

beforeAll(async () => {
  simulator = await startSimulator()
})
afterAll(() => simulator.close())

/** What the gateway would hold; null: it would not let the call pass under a hard budget. */
function heldFor({ path, headers, body: json }: GeneratedRequest): bigint | null {
  const body = Buffer.from(JSON.stringify(json))
  const route = bedrockSurface.match('POST', path)
  if (route === null) throw new Error(`${path} is no operation`)
  const facts = readBedrockFacts((name) => headers[name], body)
  const parsed = parseModelId(route.modelId ?? facts.modelId ?? '')
  const model = parsed === null ? null : resolveParsed(parsed, REGION)
  if (model === null) throw new Error(`${path} names no model`)
  const { baseModel, routing, region } = model
  const ask = boundsOf({ operation: route.operation, facts, model, body, most: mostOf(baseModel ?? '') })
  const question = { baseModel, routing, region, tier: facts.tier, tenantId: 'team', at: AT }
  return priceBounds(BOOK, question, ask, facts.tiers)
}

function mostOf(baseModel: string): ModelBounds {
  const known = modelFacts(baseModel)
  return { outputTokens: known?.maxOutputTokens ?? null, contextTokens: known?.contextTokens ?? null }
}

/** What the simulator bills for it, at the shipped prices; null: it refused, or a price is not known. */
async function costOf(request: GeneratedRequest): Promise<bigint | null> {
  const response = await fetch(simulator.url + request.path, {
    method: 'POST',
    headers: { ...request.headers, 'content-type': 'application/json', authorization: `Bearer ${SIMULATOR_BEARER}` },
    body: JSON.stringify(request.body),
  })
  await response.arrayBuffer()
  const billed = simulator.bill().find((call) => call.request_id === response.headers.get('x-amzn-requestid'))
  simulator.reset()
  const parsed = parseModelId(billed?.model_id ?? '')
  const model = parsed === null ? null : resolveParsed(parsed, REGION)
  if (billed === undefined || model === null) return null
  const question = {
    baseModel: billed.base_model,
    routing: model.routing,
    region: REGION,
    tier: tierOfWire(billed.tier) ?? 'standard',
    tenantId: 'team',
    at: AT,
  }
  const costs = variantsFor(question.baseModel).map(
    (variant) => rate(BOOK, question, { quantities: billed.usage, estimated: false, variant }).cost,
  )
  const known = costs.filter((cost) => cost !== null)
  return known.length === 0 ? null : known.reduce((dearest, cost) => (cost > dearest ? cost : dearest), 0n)
}

/** The bill does not say size and quality of an image: the dearest is as good as any. */
function variantsFor(baseModel: string): string[] {
  const question = {
    baseModel,
    routing: 'regional' as const,
    region: REGION,
    tier: 'standard' as const,
    tenantId: '',
    at: AT,
    contextTokens: 0,
    variant: '',
  }
  return [
    '',
    ...variantsOf(BOOK, question, 'images'),
    ...variantsOf(BOOK, question, 'seconds'),
    ...variantsOf(BOOK, question, 'input_seconds'),
  ]
}

describe('no call costs more than was held for it', () => {
  it('for any request of any family', { timeout: 120_000 }, async () => {
    const billedFamilies = new Set<string>()
    let billed = 0
    await fc.assert(
      fc.asyncProperty(generatedRequests, async (request) => {
        const cost = await costOf(request)
        if (cost === null) return
        const held = heldFor(request)
        // a call without a bound is not let pass where a budget is hard
        if (held === null) return
        billed += 1
        billedFamilies.add(request.family)
        expect(cost).toBeLessThanOrEqual(held)
      }),
      { numRuns: 800, seed: Number(process.env.WEIGHBRIDGE_TEST_SEED ?? 20_261_121) },
    )
    // requests that the model refuses prove nothing
    expect(billed).toBeGreaterThan(500)
    expect(billedFamilies.size).toBeGreaterThan(20)
  })
})
