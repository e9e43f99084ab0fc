// What a call can use at most, told from its request.

import { describe, expect, it } from 'vitest'
import { shippedBook } from '../../test/fakes/price-book.ts'
import type { ResolvedModel } from '../core/model.ts'
import { boundsOf, inputBound, priceBounds } from './bounds.ts'
import type { CallFacts } from './surfaces/surface.ts'

const facts = (over: Partial<CallFacts> = {}): CallFacts => ({
  modelId: null,
  tier: 'standard',
  outputCap: null,
  answers: 1,
  seconds: null,
  variant: '',
  metadata: {},
  ...over,
})
const model = (baseModel: string): ResolvedModel => ({
  modelId: baseModel,
  kind: 'base_model',
  baseModel,
  routing: 'regional',
  region: 'us-east-1',
})
const HAIKU = 'anthropic.claude-haiku-4-5-20251001-v1:0'
const body = (text: string): Buffer => Buffer.from(text)

describe('the bound of what a model reads', () => {
  it('is a token for each byte of text, and room for the template', () => {
    expect(inputBound(body('x'.repeat(500)))).toBe(1_500)
  })
  it('counts what the model fetches from elsewhere as a whole context', () => {
    expect(inputBound(body('{"video":{"source":{"s3Location":{"uri":"s3://b/k"}}}}'))).toBeGreaterThan(1_000_000)
  })
  it('is not got around by writing a name in escapes; text in other alphabets may have them', () => {
    expect(inputBound(body('{"video":{"source":{"s3\\u004cocation":{}}}}'))).toBeGreaterThan(1_000_000)
    expect(inputBound(body('{"text":"\\u00e9t\\u00e9 \\u003cb\\u003e \\u001b"}'))).toBeLessThan(2_000)
  })
  it('counts every image, however few bytes it takes', () => {
    expect(inputBound(body('[{"image":{}},{"image":{}}]'))).toBeGreaterThan(10_000)
  })
  it('counts the pages that a compressed document may unfold to', () => {
    const text = `{"document":{"source":{"bytes":"${'A'.repeat(1_000)}"}}}`
    expect(inputBound(body(text))).toBeGreaterThan(10_000)
  })
})

describe('the bound of what a call uses', () => {
  const asked = (over: Partial<CallFacts>, mostOutputTokens: number | null, operation = 'Converse') =>
    boundsOf({ operation, facts: facts(over), model: model(HAIKU), body: body('{}'), mostOutputTokens })

  it.each([
    ['the cap of the request', { outputCap: 300 }, 64_000, 300],
    ["the model's own maximum where there is none", {}, 64_000, 64_000],
    ['the maximum where the cap is beyond it', { outputCap: 1_000_000_000 }, 64_000, 64_000],
    ['every answer that is asked for', { outputCap: 300, answers: 4 }, 64_000, 1_200],
    ['nothing for a model that answers no tokens', { outputCap: 300 }, 0, 0],
  ])('takes %s', (_name, over, most, outputTokens) => {
    expect(asked(over, most).outputTokens).toBe(outputTokens)
  })
  it('is nothing for counting tokens, and text units for guardrails', () => {
    expect(asked({}, null, 'CountTokens')).toEqual({ inputTokens: 0, outputTokens: 0 })
    expect(asked({}, null, 'ApplyGuardrail').quantities).toMatchObject({ guardrail_content_units: 2 })
  })
})

describe('the price of the bound', () => {
  const price = (
    baseModel: string,
    over: Partial<CallFacts>,
    mostOutputTokens: number | null,
    operation = 'InvokeModel',
  ) => {
    const question = { operation, facts: facts(over), model: model(baseModel), body: body('{}'), mostOutputTokens }
    const { routing, region } = question.model
    const at = Date.UTC(2026, 10, 20)
    const asked = { baseModel, routing, region, tier: 'standard' as const, tenantId: 'team', at }
    return priceBounds(shippedBook(), asked, boundsOf(question))
  }

  it('is the dearest input price for every token that may be read, and the output price for the cap', () => {
    // 1,002 tokens at $2.20 (a 1-hour cache write) and 100 at $5.50 per million
    expect(price(HAIKU, { outputCap: 100 }, 64_000)).toBe(1_002n * 2_200_000n + 100n * 5_500_000n)
  })
  it('is by the image for a model that makes images', () => {
    expect(price('amazon.nova-canvas-v1:0', { answers: 3 }, 0)).toBe(3n * 80_000_000_000n)
  })
  it('is unknown for a film whose length is not said, and for a model without a price', () => {
    expect(price('amazon.nova-reel-v1:1', {}, 0, 'StartAsyncInvoke')).toBeNull()
    expect(price('amazon.nova-reel-v1:1', { seconds: 6 }, 0, 'StartAsyncInvoke')).toBe(6n * 80_000_000_000n)
    expect(price('nobody.model-v1', { outputCap: 1 }, null)).toBeNull()
  })
})
