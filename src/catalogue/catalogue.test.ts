// The shipped facts and prices: consistent with themselves, and with the prices that were checked by hand against AWS.

import { describe, expect, it } from 'vitest'
import { parseModelId, type Tier } from '../core/model.ts'
import { buildPriceBook, findPrice, formatUnitPrice, GUARDRAIL_BASE_MODEL } from '../core/price-book.ts'
import { checkPrices } from '../core/price-check.ts'
import { rate, worstCase } from '../core/rating.ts'
import { DIMENSION_NAMES, type Dimension } from '../core/usage.ts'
import { MODELS, modelFacts } from './models.ts'
import { shippedPrices } from './prices/index.ts'

const SHIPPED = shippedPrices()
const BOOK = buildPriceBook([{ ...SHIPPED, version: 1 }])
const NOW = Date.parse('2026-11-20')

type Asked = {
  readonly routing?: 'global' | 'regional'
  readonly region?: string
  readonly tier?: Tier
  readonly read?: number
  readonly variant?: string
  readonly at?: string
}

function priceOf(baseModel: string, dimension: Dimension, asked: Asked = {}): string | null {
  const question = {
    baseModel,
    routing: asked.routing ?? 'regional',
    region: asked.region ?? 'us-east-1',
    tier: asked.tier ?? 'standard',
    contextTokens: asked.read ?? 0,
    variant: asked.variant ?? '',
    tenantId: 't',
    at: asked.at === undefined ? NOW : Date.parse(asked.at),
  } as const
  const found = findPrice(BOOK, question, dimension)
  return found === null ? null : formatUnitPrice(found.unitPrice, dimension)
}

const tokens = (baseModel: string, asked: Asked = {}): (string | null)[] =>
  (['input_tokens', 'output_tokens'] as const).map((dimension) => priceOf(baseModel, dimension, asked))

const caches = (baseModel: string, asked: Asked = {}): (string | null)[] =>
  (['cache_read_tokens', 'cache_write_5m_tokens', 'cache_write_1h_tokens'] as const).map((dimension) =>
    priceOf(baseModel, dimension, asked),
  )

describe('the shipped prices', () => {
  it('pass the check that every change to the book must pass, without a single warning', () => {
    expect(checkPrices(SHIPPED, buildPriceBook([]))).toEqual([])
  })

  it('cover at least 80 base models, of every maker', () => {
    const priced = new Set(SHIPPED.prices.map((price) => price.baseModel))
    expect(priced.size).toBeGreaterThanOrEqual(160)
    const makers = new Set([...priced].map((id) => id.slice(0, id.indexOf('.'))))
    expect([...makers].toSorted().join(' ')).toBe(
      'ai21 amazon anthropic cohere deepseek google luma meta minimax mistral moonshot moonshotai nvidia openai qwen ' +
        'stability twelvelabs writer xai zai',
    )
  })

  it('name base models only, each known to the catalogue', () => {
    const strangers = SHIPPED.prices.filter(
      ({ baseModel }) => baseModel !== GUARDRAIL_BASE_MODEL && modelFacts(baseModel) === null,
    )
    expect(strangers).toEqual([])
    expect(SHIPPED.prices.filter(({ baseModel }) => parseModelId(baseModel)?.kind !== 'base_model')).toEqual([])
  })

  it('all say where they are from and when that was read', () => {
    expect(SHIPPED.prices.filter(({ source }) => !/20\d\d|not billed/.test(source))).toEqual([])
  })
})

describe('prices checked by hand', () => {
  const both = (model: string, global: string[], regional: string[]) =>
    [model, global, regional] as [string, string[], string[]]

  it.each([
    both('anthropic.claude-haiku-5-5', ['0.1', '0.5'], ['0.11', '0.55']),
    both('anthropic.claude-haiku-4-5-20251001-v1:0', ['1', '5'], ['1.1', '5.5']),
    both('anthropic.claude-sonnet-5-5', ['2', '10'], ['2.2', '11']),
    both('anthropic.claude-sonnet-5', ['2', '10'], ['2.2', '11']),
    both('anthropic.claude-sonnet-4-5-20250929-v1:0', ['3', '15'], ['3.3', '16.5']),
    both('anthropic.claude-sonnet-4-6', ['3', '15'], ['3.3', '16.5']),
    both('anthropic.claude-opus-5-5', ['4', '20'], ['4.4', '22']),
    both('anthropic.claude-opus-5', ['5', '25'], ['5.5', '27.5']),
    both('anthropic.claude-opus-4-8', ['5', '25'], ['5.5', '27.5']),
    both('anthropic.claude-opus-4-7', ['5', '25'], ['5.5', '27.5']),
    both('anthropic.claude-fable-5-1', ['10', '50'], ['11', '55']),
    both('openai.gpt-6.1-sol', ['2', '10'], ['2.2', '11']),
    both('openai.gpt-5.6-sol', ['4', '20'], ['4.4', '22']),
    both('openai.gpt-5.6-luna', ['0.2', '1.2'], ['0.22', '1.32']),
    both('amazon.nova-2-lite-v1:0', ['0.3', '2.5'], ['0.33', '2.75']),
  ])('%s: %j globally, %j regionally', (model, global, regional) => {
    expect(tokens(model, { routing: 'global' })).toEqual(global)
    expect(tokens(model, { routing: 'regional' })).toEqual(regional)
  })

  it.each<[string, string | null, string | null, string | null]>([
    ['anthropic.claude-haiku-5-5', '0.01', '0.125', '0.2'],
    ['anthropic.claude-haiku-4-5-20251001-v1:0', '0.1', '1.25', '2'],
    ['anthropic.claude-sonnet-5-5', '0.2', '2.5', '4'],
    ['anthropic.claude-sonnet-5', '0.2', '2.5', '4'],
    ['anthropic.claude-sonnet-4-6', '0.3', '3.75', '6'],
    ['anthropic.claude-opus-5-5', '0.2', '5', '8'],
    ['anthropic.claude-opus-5', '0.5', '6.25', '10'],
    ['anthropic.claude-opus-4-8', '0.5', '6.25', '10'],
    ['anthropic.claude-fable-5-1', '0.25', '12.5', '20'],
    ['amazon.nova-2-lite-v1:0', '0.075', '0', null],
  ])('caches of %s: read %s, write %s, 1-hour write %s', (model, ...expected) => {
    expect(caches(model, { routing: 'global' })).toEqual(expected)
  })

  it.each<[string, string, string | null]>([
    ['anthropic.claude-opus-4-1-20250805-v1:0', '15', '75'],
    ['anthropic.claude-3-haiku-20240307-v1:0', '0.25', '1.25'],
    ['openai.gpt-oss-120b-1:0', '0.15', '0.6'],
    ['openai.gpt-oss-20b-1:0', '0.07', '0.3'],
    ['amazon.nova-micro-v1:0', '0.035', '0.14'],
    ['amazon.nova-lite-v1:0', '0.06', '0.24'],
    ['amazon.nova-pro-v1:0', '0.8', '3.2'],
    ['amazon.nova-premier-v1:0', '2.5', '12.5'],
    ['amazon.nova-2-sonic-v1:0', '0.33', '2.75'],
    ['amazon.titan-embed-text-v2:0', '0.02', null],
    ['cohere.embed-v4:0', '0.12', null],
    ['meta.llama4-maverick-17b-instruct-v1:0', '0.24', '0.97'],
    ['meta.llama4-scout-17b-instruct-v1:0', '0.17', '0.66'],
    ['meta.llama3-3-70b-instruct-v1:0', '0.72', '0.72'],
    ['mistral.mistral-large-3-675b-instruct', '0.5', '1.5'],
    ['mistral.pixtral-large-2502-v1:0', '2', '6'],
    ['deepseek.r1-v1:0', '1.35', '5.4'],
    ['deepseek.v3-v1:0', '0.58', '1.68'],
    ['qwen.qwen3-235b-a22b-2507-v1:0', '0.22', '0.88'],
    ['qwen.qwen3-coder-480b-a35b-v1:0', '0.45', '1.8'],
    ['qwen.qwen3-32b-v1:0', '0.15', '0.6'],
    ['moonshotai.kimi-k2.5', '0.6', '3'],
    ['zai.glm-5', '1', '3.2'],
    ['minimax.minimax-m2.5', '0.3', '1.2'],
    ['xai.grok-4.3', '1.25', '2.5'],
    ['writer.palmyra-x5-v1:0', '0.6', '6'],
    ['writer.palmyra-x4-v1:0', '2.5', '10'],
    ['ai21.jamba-1-5-large-v1:0', '2', '8'],
  ])('%s: %s in, %s out', (model, input, output) => {
    expect(tokens(model)).toEqual([input, output])
  })

  it('prices the whole call above a long-context step', () => {
    const haiku = 'anthropic.claude-haiku-5-5'
    expect(tokens(haiku, { routing: 'global', read: 100_000 })).toEqual(['0.1', '0.5'])
    expect(tokens(haiku, { routing: 'global', read: 100_001 })).toEqual(['0.5', '2.5'])
    expect(caches(haiku, { routing: 'regional', read: 100_001 })).toEqual(['0.055', '0.6875', '1.1'])
    expect(tokens(haiku, { region: 'us-gov-west-1' })).toEqual(['0.12', '0.6'])
    expect(tokens(haiku, { region: 'us-gov-west-1', read: 100_001 })).toEqual(['0.6', '3'])
    const sol = 'openai.gpt-6.1-sol'
    expect(tokens(sol, { routing: 'global', read: 272_000 })).toEqual(['2', '10'])
    expect(tokens(sol, { routing: 'global', read: 272_001 })).toEqual(['4', '15'])
    expect(priceOf(sol, 'cache_write_30m_tokens', { routing: 'global' })).toBe('2.5')
    expect(priceOf(sol, 'cache_read_tokens', { routing: 'global' })).toBe('0.1')
  })

  it('knows the dated changes', () => {
    const sonnet = 'anthropic.claude-3-5-sonnet-20241022-v2:0'
    expect(tokens(sonnet, { at: '2025-11-30T23:59:59Z' })).toEqual(['3', '15'])
    expect(tokens(sonnet, { at: '2025-12-01' })).toEqual(['6', '30'])
    expect(caches(sonnet)).toEqual(['0.6', '7.5', null])
    expect(tokens(sonnet, { region: 'eu-central-1' })).toEqual(['3', '15'])
    expect(tokens('openai.gpt-5.6-sol', { routing: 'global', at: '2026-08-20T23:59:59Z' })).toEqual(['5', '30'])
    expect(tokens('openai.gpt-5.6-luna', { at: '2026-07-29' })).toEqual(['1.1', '6.6'])
    expect(tokens('openai.gpt-5.6-luna', { at: '2026-07-30' })).toEqual(['0.22', '1.32'])
  })

  it('knows the tiers that a source names, and no others', () => {
    expect(tokens('deepseek.v3-v1:0', { tier: 'flex' })).toEqual(['0.29', '0.84'])
    expect(tokens('deepseek.v3-v1:0', { tier: 'priority' })).toEqual(['1.015', '2.94'])
    expect(tokens('openai.gpt-oss-20b-1:0', { tier: 'priority' })).toEqual(['0.1225', '0.525'])
    expect(tokens('openai.gpt-oss-120b-1:0', { tier: 'batch' })).toEqual(['0.075', '0.3'])
    expect(tokens('meta.llama3-3-70b-instruct-v1:0', { tier: 'batch' })).toEqual(['0.36', '0.36'])
    expect(tokens('amazon.nova-pro-v1:0', { tier: 'latency_optimized' })).toEqual(['1', '4'])
    expect(tokens('anthropic.claude-3-5-haiku-20241022-v1:0', { tier: 'latency_optimized' })).toEqual(['1', '5'])
    expect(tokens('anthropic.claude-sonnet-5-5', { tier: 'priority' })).toEqual([null, null])
    expect(tokens('anthropic.claude-sonnet-4-6', { tier: 'reserved' })).toEqual([null, null])
  })

  it('knows that prices differ by region, and does not guess where it was told nothing', () => {
    expect(tokens('amazon.nova-2-lite-v1:0', { region: 'eu-west-1' })).toEqual(['0.374', '3.157'])
    expect(tokens('amazon.nova-2-lite-v1:0', { region: 'eu-central-1' })).toEqual(['0.429', '3.597'])
    expect(tokens('amazon.nova-2-lite-v1:0', { region: 'sa-east-1' })).toEqual([null, null])
    expect(tokens('zai.glm-5', { region: 'eu-west-2' })).toEqual(['1.55', '4.96'])
    expect(tokens('anthropic.claude-opus-5', { region: 'ap-southeast-4' })).toEqual(['5.5', '27.5'])
  })

  it('knows what is not billed by tokens', () => {
    const canvas = (variant: string) => priceOf('amazon.nova-canvas-v1:0', 'images', { variant })
    expect(['1024x1024/standard', '1024x1024/premium', '2048x2048/standard', '2048x2048/premium'].map(canvas)).toEqual([
      '0.04',
      '0.06',
      '0.06',
      '0.08',
    ])
    expect(priceOf('amazon.nova-reel-v1:1', 'seconds')).toBe('0.08')
    expect(priceOf('luma.ray-v2:0', 'seconds', { variant: '540p' })).toBe('0.75')
    expect(priceOf('luma.ray-v2:0', 'seconds', { variant: '720p' })).toBe('1.5')
    expect(priceOf('stability.sd3-5-large-v1:0', 'images')).toBe('0.08')
    expect(priceOf('stability.stable-image-core-v1:1', 'images')).toBe('0.04')
    expect(priceOf('stability.stable-image-ultra-v1:1', 'images')).toBe('0.14')
    expect(priceOf('cohere.rerank-v3-5:0', 'search_units')).toBe('0.002')
    expect(priceOf('amazon.rerank-v1:0', 'search_units')).toBe('0.001')
    expect(priceOf('twelvelabs.pegasus-1-2-v1:0', 'input_seconds')).toBe('0.00049')
    const embeddings = 'amazon.nova-2-multimodal-embeddings-v1:0'
    expect(priceOf(embeddings, 'input_images')).toBe('0.00006')
    expect(priceOf(embeddings, 'input_images', { variant: 'document' })).toBe('0.0006')
    expect(priceOf(embeddings, 'input_seconds', { variant: 'audio' })).toBe('0.00014')
    expect(priceOf(embeddings, 'input_seconds', { variant: 'video' })).toBe('0.0007')
    expect(priceOf('anthropic.claude-opus-5', 'guardrail_content_units')).toBe('0.00015')
  })

  it('prices every guardrail unit that is not free', () => {
    const units = DIMENSION_NAMES.filter((name) => name.startsWith('guardrail_') && !name.includes('free'))
    expect(units.filter((dimension) => priceOf('anthropic.claude-opus-5', dimension) === null)).toEqual([])
  })
})

describe('the models', () => {
  it('are at least 90, each once', () => {
    expect(MODELS.length).toBeGreaterThanOrEqual(160)
    expect(new Set(MODELS.map((model) => model.baseModel)).size).toBe(MODELS.length)
    expect(modelFacts('nobody.knows')).toBeNull()
    expect(modelFacts('anthropic.claude-opus-5')).toEqual({
      baseModel: 'anthropic.claude-opus-5',
      name: 'Claude Opus 5',
      maker: 'Anthropic',
      family: 'claude',
      maxOutputTokens: 128_000,
      contextTokens: null,
      routings: ['global', 'regional'],
      lifecycle: 'active',
    })
  })

  /** Known, and called by someone some day, but no source of ours names a price: such calls are served unpriced. */
  const WITHOUT_PRICE = ['anthropic.claude-mythos-5-1', 'twelvelabs.marengo-embed-3-0-v1:0']

  it.each(MODELS)('$baseModel has a worst case in every routing, or is known to have no price', (model) => {
    for (const routing of model.routings) {
      const question = {
        baseModel: model.baseModel,
        routing,
        region: 'us-east-1',
        tier: 'standard',
        tenantId: 't',
        at: NOW,
      } as const
      const ask = { inputTokens: 1_000, outputTokens: model.maxOutputTokens ?? 1_000, images: 1, seconds: 6 }
      expect(worstCase(BOOK, question, ask) === null).toBe(WITHOUT_PRICE.includes(model.baseModel))
      const usage = { quantities: { input_tokens: 1_000, output_tokens: ask.outputTokens }, estimated: false }
      expect(rate(BOOK, question, usage).cost === null).toBe(WITHOUT_PRICE.includes(model.baseModel))
    }
  })
})
