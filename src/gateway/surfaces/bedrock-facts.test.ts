// What policy reads of a native request, and nothing more.

import { describe, expect, it } from 'vitest'
import { readBedrockFacts } from './bedrock-facts.ts'
import type { CallFacts } from './surface.ts'

const factsOf = (body: unknown, headers: Record<string, string> = {}): CallFacts =>
  readBedrockFacts((name) => headers[name], Buffer.from(JSON.stringify(body)))

const highest = (caps: CallFacts['caps']): number | null => (caps.size === 0 ? null : Math.max(...caps.values()))

describe('readBedrockFacts', () => {
  it.each([
    [{ inferenceConfig: { maxTokens: 7 } }, 7],
    [{ inferenceConfig: { max_new_tokens: 7 } }, 7],
    [{ max_tokens: 7 }, 7],
    [{ max_completion_tokens: 7 }, 7],
    [{ max_tokens_to_sample: 7 }, 7],
    [{ max_gen_len: 7 }, 7],
    [{ maxTokens: 7 }, 7],
    [{ textGenerationConfig: { maxTokenCount: 7 } }, 7],
    [{ inferenceConfig: { maxTokens: 7 }, additionalModelRequestFields: { max_tokens: 9 } }, 9],
    [{}, null],
  ])('finds the output cap in %j', (body, cap) => {
    expect(highest(factsOf(body).caps)).toBe(cap)
  })

  it.each([
    [{ n: 3 }, 3],
    [{ num_generations: 3 }, 3],
    [{ numResults: 3 }, 3],
    [{ samples: 3 }, 3],
    [{ additionalModelRequestFields: { n: 3 } }, 3],
    [{ imageGenerationConfig: { numberOfImages: 3 } }, 3],
    [{}, 1],
  ])('finds how many answers %j asks for', (body, answers) => {
    expect(factsOf(body).answers).toBe(answers)
  })

  it.each([
    [{ modelInput: { videoGenerationConfig: { durationSeconds: 12 } } }, 12],
    [{ modelInput: { textToVideoParams: { durationSeconds: 12 } } }, 12],
    [{ modelInput: { duration: '9s' } }, 9],
    [{ modelInput: {} }, null],
  ])('finds how long a film %j asks for', (body, seconds) => {
    expect(factsOf(body).seconds).toBe(seconds)
  })

  it.each([
    [{}, {}, ['standard']],
    [
      { serviceTier: { type: 'priority' } },
      { 'x-amzn-bedrock-service-tier': 'flex' },
      ['standard', 'flex', 'priority'],
    ],
    [
      { service_tier: 'priority', performanceConfig: { latency: 'optimized' } },
      {},
      ['standard', 'priority', 'latency_optimized'],
    ],
  ])('finds every tier that %j with the headers %j names', (body, headers, tiers) => {
    expect(factsOf(body, headers).tiers).toEqual(tiers)
  })

  it('finds thinking, guardrail, listed images and shots', () => {
    expect(factsOf({ thinking: { budget_tokens: 9 } }).thinkingTokens).toBe(9)
    expect(factsOf({ additionalModelRequestFields: { thinking: { budget_tokens: 9 } } }).thinkingTokens).toBe(9)
    expect(factsOf({ guardrailConfig: {} }).isGuarded).toBe(true)
    expect(factsOf({}, { 'x-amzn-bedrock-guardrailidentifier': 'a' }).isGuarded).toBe(true)
    expect(factsOf({ images: ['a', 'b'] }).inputImages).toBe(2)
    expect(factsOf({ modelInput: { multiShotManualParams: { shots: [{}, {}] } } }).shots).toBe(2)
  })

  it('takes tier and metadata from the headers of InvokeModel before the body', () => {
    const headers = {
      'x-amzn-bedrock-service-tier': 'flex',
      'x-amzn-bedrock-request-metadata': '{"team":"a","n":1}',
    }
    const facts = factsOf({ serviceTier: { type: 'priority' }, requestMetadata: { team: 'b' } }, headers)
    expect([facts.tier, facts.metadata]).toEqual(['flex', { team: 'a' }])
  })

  it.each([
    '{"max_tokens":-1}',
    '{"max_tokens":1.5}',
    '{"max_tokens":1e999}',
    '{"max_tokens":"7"}',
    '{"max_tokens":1,"max_tokens":2}',
    '{"modelInput":{"duration":"5s","duration":"9s"}}',
    '{"max_tokens":1',
    '[',
  ])('refuses %s', (body) => {
    expect(() => readBedrockFacts(() => undefined, Buffer.from(body))).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    )
  })
})
