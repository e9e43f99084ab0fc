// What a call can use at most, told from its request.

import { describe, expect, it } from 'vitest'
import { shippedBook } from '../../test/fakes/price-book.ts'
import type { ResolvedModel } from '../core/model.ts'
import { boundsOf, priceBounds, type ModelBounds } from './bounds.ts'
import { readBedrockFacts } from './surfaces/bedrock-facts.ts'
import type { CallFacts } from './surfaces/surface.ts'

const factsIn = (text: string, headers: Record<string, string> = {}): CallFacts =>
  readBedrockFacts((name) => headers[name], body(text))
const facts = (over: Partial<CallFacts> = {}): CallFacts => ({ ...factsIn('{}'), ...over })
const capped = (cap: number): Pick<CallFacts, 'caps'> => ({
  caps: new Map([
    ['max_tokens', cap],
    ['inferenceConfig.maxTokens', cap],
  ]),
})
const model = (baseModel: string): ResolvedModel => ({
  modelId: baseModel,
  kind: 'base_model',
  baseModel,
  routing: 'regional',
  reach: 'in_region',
  region: 'us-east-1',
})
const HAIKU = 'anthropic.claude-haiku-4-5-20251001-v1:0'
const most = (outputTokens: number | null): ModelBounds => ({ outputTokens, contextTokens: null })
const body = (text: string): Buffer => Buffer.from(text)

describe('the bound of what a call uses', () => {
  const asked = (over: Partial<CallFacts>, outputTokens: number | null, operation = 'Converse') =>
    boundsOf({ operation, facts: facts(over), model: model(HAIKU), body: body('{}'), most: most(outputTokens) })

  it.each([
    ['the cap of the request', capped(300), 64_000, 300],
    ["the model's own maximum where there is none", {}, 64_000, 64_000],
    ['the maximum where the cap is beyond it', capped(1_000_000_000), 64_000, 64_000],
    ['every answer that is asked for', { ...capped(300), answers: 4 }, 64_000, 1_200],
    ['the longest answer of any model where nothing is known', {}, null, 131_072],
    ['nothing for a model that answers no tokens', capped(300), 0, 0],
  ])('takes %s', (_name, over, longest, outputTokens) => {
    expect(asked(over, longest).outputTokens).toBe(outputTokens)
  })
  it('is nothing for counting tokens, and text units for guardrails', () => {
    expect(asked({}, null, 'CountTokens')).toEqual({ inputTokens: 0, outputTokens: 0, hasMedia: false })
    expect(asked({}, null, 'ApplyGuardrail').quantities).toMatchObject({ guardrail_content_units: 6 })
  })
})

describe('the bound of an answer', () => {
  const tokens = (operation: string, baseModel: string, text: string) =>
    boundsOf({
      operation,
      facts: factsIn(text),
      model: model(baseModel),
      body: body(text),
      most: most(8_192),
    }).outputTokens
  it.each([
    ['Converse', HAIKU, '{"inferenceConfig":{"maxTokens":7}}', 7],
    ['Converse', HAIKU, '{"max_tokens":7}', 8_192],
    ['Converse', HAIKU, '{"additionalModelRequestFields":{"max_tokens":7}}', 8_192],
    ['Converse', HAIKU, '{"inferenceConfig":{"maxTokens":7},"additionalModelRequestFields":{"max_tokens":9}}', 9],
    ['InvokeModel', HAIKU, '{"max_tokens":7}', 7],
    ['InvokeModel', HAIKU, '{"inferenceConfig":{"maxTokens":7}}', 8_192],
    ['InvokeModel', HAIKU, '{"max_tokens":7,"thinking":{"budget_tokens":5}}', 7],
    ['InvokeModel', HAIKU, '{"max_tokens":7,"thinking":{"budget_tokens":70}}', 77],
    ['InvokeModel', HAIKU, '{"max_tokens":0}', 1],
    ['InvokeModel', 'meta.llama3-3-70b-instruct-v1:0', '{"max_gen_len":7}', 7],
    ['InvokeModel', 'meta.llama3-3-70b-instruct-v1:0', '{"max_tokens":7}', 8_192],
    ['InvokeModel', 'amazon.titan-text-lite-v1', '{"textGenerationConfig":{"maxTokenCount":7}}', 7],
    ['InvokeModel', 'amazon.nova-lite-v1:0', '{"inferenceConfig":{"max_new_tokens":7}}', 7],
    ['InvokeModel', 'openai.gpt-6-sol', '{"max_completion_tokens":7,"max_tokens":9}', 9],
    ['InvokeModel', 'twelvelabs.pegasus-1-2-v1:0', '{"maxOutputTokens":7}', 7],
    ['InvokeModel', 'nobody.knows-v1', '{"max_tokens":7}', 8_192],
  ])('of %s with %s: the cap that the model keeps to, in %s', (operation, baseModel, text, expected) => {
    expect(tokens(operation, baseModel, text)).toBe(expected)
  })
})

describe('the price of the bound', () => {
  const price = (
    baseModel: string,
    over: Partial<CallFacts>,
    outputTokens: number | null,
    operation = 'InvokeModel',
    text = '{}',
  ) => {
    const question = {
      operation,
      facts: facts(over),
      model: model(baseModel),
      body: body(text),
      most: most(outputTokens),
    }
    const { routing, region } = question.model
    const at = Date.UTC(2026, 10, 20)
    const asked = { baseModel, routing, region, tier: 'standard' as const, tenantId: 'team', at }
    return priceBounds(shippedBook(), asked, boundsOf(question), over.tiers ?? ['standard'])
  }

  it('is the dearest input price for every token that may be read, and the output price for the cap', () => {
    // 1,002 tokens at $1.375 (a 5-minute cache write) and 100 at $5.50 per million
    expect(price(HAIKU, capped(100), 64_000)).toBe(1_002n * 1_375_000n + 100n * 5_500_000n)
  })
  it('has the price of the one-hour cache where the request asks for it', () => {
    const text = '{"cachePoint":{"type":"default","ttl":"1h"}}'
    expect(price(HAIKU, capped(100), 64_000, 'Converse', text)).toBe(1_044n * 2_200_000n + 100n * 5_500_000n)
  })
  it('is that of the dearest tier that may be served', () => {
    const standard = price('openai.gpt-oss-120b-1:0', capped(100), null)
    const { tiers } = factsIn('{}', { 'x-amzn-bedrock-service-tier': 'flex' })
    expect(price('openai.gpt-oss-120b-1:0', { ...capped(100), tiers }, null)).toBe(standard)
    const dearer = factsIn('{"service_tier":"priority"}')
    expect(price('openai.gpt-oss-120b-1:0', { ...capped(100), tiers: dearer.tiers }, null)).toBeGreaterThan(
      standard ?? 0n,
    )
  })
  it('has the guardrail that the call names', () => {
    const { isGuarded } = factsIn('{}', { 'x-amzn-bedrock-guardrailidentifier': 'abc' })
    const without = price(HAIKU, capped(100), 64_000) ?? 0n
    expect(price(HAIKU, { ...capped(100), isGuarded }, 64_000)).toBeGreaterThan(without)
  })
  it('is by the image for a model that makes images', () => {
    expect(price('amazon.nova-canvas-v1:0', { answers: 3 }, 0)).toBe(3n * 80_000_000_000n)
  })
  it('is that of the longest film where its length is not said, and of all the shots where they are', () => {
    const reel = (over: Partial<CallFacts>) => price('amazon.nova-reel-v1:1', over, 0, 'StartAsyncInvoke')
    expect(reel({})).toBe(120n * 80_000_000_000n)
    expect(reel({ seconds: 6 })).toBe(6n * 80_000_000_000n)
    expect(reel({ seconds: 6, shots: 20 })).toBe(120n * 80_000_000_000n)
  })
  it('is unknown for a model without a price', () => {
    expect(price('nobody.model-v1', capped(1), null)).toBeNull()
  })
})

describe('a recording', () => {
  const seconds = (baseModel: string, text: string) =>
    boundsOf({ operation: 'InvokeModel', facts: facts(), model: model(baseModel), body: body(text), most: most(0) })
      .quantities?.input_seconds
  it('is as long as the model takes, and only where there is one', () => {
    expect(seconds('twelvelabs.pegasus-1-2-v1:0', '{}')).toBe(3_600)
    expect(seconds('twelvelabs.marengo-embed-2-7-v1:0', '{"inputType":"text","inputText":"a"}')).toBe(0)
    expect(seconds('twelvelabs.marengo-embed-2-7-v1:0', '{"inputType":"video","mediaSource":{}}')).toBe(7_200)
  })
})
