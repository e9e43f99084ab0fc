// What an AWS usage type of Bedrock means: model, dimension, tier, routing. Exact words only; what is not in these tables is not known.

import type { Routing, Tier } from '../core/model.ts'
import type { Dimension } from '../core/usage.ts'
import { MODELS, modelFacts } from './models.ts'

export type UsageTypeMeaning = {
  /** several where AWS sells one thing under several ids */
  readonly baseModels: readonly string[]
  readonly dimension: Dimension
  readonly tier: Tier
  readonly routing: Routing
  readonly contextAbove: number
}

/** A meaning, or why there is none. */
export type UsageTypeReading = UsageTypeMeaning | { readonly unknown: string }

/** What the part of a usage type after the model says. */
type Kind = { readonly dimension: Dimension | 'cache_write' } & Pick<UsageTypeMeaning, 'tier' | 'routing'> & {
    readonly longContext: boolean
  }

/**
 * Reads a usage type such as "USE1-NovaLite-input-tokens-batch", "USE1-openai.gpt-5.6-sol-mantle-input-tokens-global-standard" or
 * "USE1-MP:USE1_CacheReadInputTokenCount_Global-Units", for which `serviceName` says the model. The region is not read from it: the
 * Price List says it apart. Forms: public CUR samples and parsers, 2026-07 to 2026-10.
 */
export function readUsageType(usageType: string, serviceName: string): UsageTypeReading {
  const body = usageType.replace(/^[A-Z]{2,4}[0-9]{0,2}-/, '')
  const marketplace = /^MP:[A-Z]{2,4}[0-9]{0,2}_([A-Za-z0-9_]{1,80})-Units$/.exec(body)
  if (marketplace !== null) return readMarketplace(marketplace[1] ?? '', serviceName)
  return readByModel(body)
}

function readMarketplace(words: string, serviceName: string): UsageTypeReading {
  const kind = MARKETPLACE_KINDS.get(words)
  if (kind === undefined) return { unknown: 'a kind of usage that is not billed by call, or not known' }
  const baseModels = MODELS_OF_SERVICE.get(serviceName)
  if (baseModels === undefined) return { unknown: 'a product that is not known' }
  return meaningOf(baseModels, kind)
}

function readByModel(body: string): UsageTypeReading {
  // The words after the model begin at one of the hyphens; the model must then be known exactly, so that at most one cut fits.
  for (let cut = body.indexOf('-'); cut >= 0; cut = body.indexOf('-', cut + 1)) {
    const kind = KINDS.get(body.slice(cut + 1))
    if (kind === undefined) continue
    const baseModels = modelsNamed(body.slice(0, cut))
    return baseModels === null ? { unknown: 'a model that is not known' } : meaningOf(baseModels, kind)
  }
  return { unknown: 'a kind of usage that is not billed by call, or not known' }
}

function modelsNamed(word: string): readonly string[] | null {
  const id = word.endsWith('-mantle') ? word.slice(0, -'-mantle'.length) : word
  const billed = MODELS_BY_BILLING_NAME.get(id)
  if (billed !== undefined) return billed
  return modelFacts(id) === null ? null : [id]
}

function meaningOf(baseModels: readonly string[], kind: Kind): UsageTypeReading {
  const { dimension: named, tier, routing, longContext } = kind
  const [first = ''] = baseModels
  const contextAbove = longContext ? LONG_CONTEXT_STEPS.find(([prefix]) => first.startsWith(prefix))?.[1] : 0
  if (contextAbove === undefined) return { unknown: 'long context of a model whose step is not known' }
  const dimension = named === 'cache_write' ? cacheWriteOf(first) : named
  return { baseModels, dimension, tier, routing, contextAbove }
}

/** "Cache write" without a time: OpenAI's caches keep 30 minutes, all others 5 (Bedrock user guide, "Prompt caching", 2026-10). */
const cacheWriteOf = (baseModel: string): Dimension =>
  baseModel.startsWith('openai.') || baseModel.startsWith('moonshotai.')
    ? 'cache_write_30m_tokens'
    : 'cache_write_5m_tokens'

/** Usage types name a long context without saying where it begins; these are the steps of prices/. */
const LONG_CONTEXT_STEPS: readonly (readonly [prefix: string, tokens: number])[] = [
  ['anthropic.claude-haiku-5-5', 100_000],
  ['anthropic.claude-sonnet-4-5-', 200_000],
  ['anthropic.claude-sonnet-4-20250514-', 200_000],
  ['openai.gpt-', 272_000],
]

/** How AWS's bill names models that are not named by their id. Seen in bills and price lists; a name is added when it was seen. */
const MODELS_BY_BILLING_NAME: ReadonlyMap<string, readonly string[]> = new Map([
  ['NovaMicro', ['amazon.nova-micro-v1:0']],
  ['NovaLite', ['amazon.nova-lite-v1:0']],
  ['NovaPro', ['amazon.nova-pro-v1:0']],
  ['NovaPremier', ['amazon.nova-premier-v1:0']],
  ['Nova2.0Lite', ['amazon.nova-2-lite-v1:0']],
  ['NovaMultiModalEmbeddings', ['amazon.nova-2-multimodal-embeddings-v1:0']],
  ['TitanEmbeddingV2-Text', ['amazon.titan-embed-text-v2:0']],
  ['TitanTextG1-Lite', ['amazon.titan-text-lite-v1']],
  ['Llama3-1-8B', ['meta.llama3-1-8b-instruct-v1:0']],
  ['Llama3-1-70B', ['meta.llama3-1-70b-instruct-v1:0']],
  ['Llama3-1-405B', ['meta.llama3-1-405b-instruct-v1:0']],
  ['Llama3-2-1B', ['meta.llama3-2-1b-instruct-v1:0']],
  ['Llama3-2-3B', ['meta.llama3-2-3b-instruct-v1:0']],
  ['Llama3-2-11B', ['meta.llama3-2-11b-instruct-v1:0']],
  ['Llama3-2-90B', ['meta.llama3-2-90b-instruct-v1:0']],
  ['Llama3-3-70B', ['meta.llama3-3-70b-instruct-v1:0']],
  ['Llama4-Maverick-17B', ['meta.llama4-maverick-17b-instruct-v1:0']],
  ['Llama4-Scout-17B', ['meta.llama4-scout-17b-instruct-v1:0']],
  ['MistralSmall', ['mistral.mistral-small-2402-v1:0']],
  ['Gemma-3-4B-IT', ['google.gemma-3-4b-it']],
  ['Gemma-3-12B-IT', ['google.gemma-3-12b-it']],
  ['Gemma-3-27B-IT', ['google.gemma-3-27b-it']],
  ['Qwen3-32B', ['qwen.qwen3-32b-v1:0']],
  ['gpt-oss-120b', ['openai.gpt-oss-120b-1:0']],
  ['gpt-oss-20b', ['openai.gpt-oss-20b-1:0']],
  ['GPT-OSS-Safeguard-120B', ['openai.gpt-oss-safeguard-120b']],
  ['GPT-OSS-Safeguard-20B', ['openai.gpt-oss-safeguard-20b']],
  ['Claude2.0', ['anthropic.claude-v2']],
  ['Claude3Haiku', ['anthropic.claude-3-haiku-20240307-v1:0']],
  ['Claude3Sonnet', ['anthropic.claude-3-sonnet-20240229-v1:0']],
  ['Claude3.5Haiku', ['anthropic.claude-3-5-haiku-20241022-v1:0']],
  ['Claude3-5Haiku', ['anthropic.claude-3-5-haiku-20241022-v1:0']],
  ['Claude4Sonnet', ['anthropic.claude-sonnet-4-20250514-v1:0']],
  ['Claude4.5Haiku', ['anthropic.claude-haiku-4-5-20251001-v1:0']],
  ['Claude4.6Sonnet', ['anthropic.claude-sonnet-4-6']],
  ['Claude4.6Opus', ['anthropic.claude-opus-4-6-v1']],
  // The compatibility endpoint has ids without a version for what bedrock-runtime names with one, at one price.
  ['qwen.qwen3-32b', ['qwen.qwen3-32b-v1:0']],
  ['qwen.qwen3-next-80b-a3b-instruct', ['qwen.qwen3-next-80b-a3b']],
])

/** Products sold through AWS Marketplace are named by the model's name; OpenAI's with the maker before it. */
const MODELS_OF_SERVICE: ReadonlyMap<string, readonly string[]> = modelsOfServices()

const KINDS = kindsByModel()
const MARKETPLACE_KINDS = kindsOfMarketplace()

function modelsOfServices(): ReadonlyMap<string, readonly string[]> {
  const sellers = ['AI21 Labs', 'Anthropic', 'Cohere', 'OpenAI', 'Stability AI', 'Writer']
  const services = new Map<string, string[]>()
  for (const { maker, name, baseModel } of MODELS) {
    if (!sellers.includes(maker)) continue
    const service = `${maker === 'OpenAI' ? 'OpenAI ' : ''}${name} (Amazon Bedrock Edition)`
    services.set(service, [...(services.get(service) ?? []), baseModel])
  }
  return services
}

function kindsByModel(): ReadonlyMap<string, Kind> {
  const kinds = new Map<string, Kind>()
  const named: readonly (readonly [string, Kind['dimension']])[] = [
    ['input-tokens', 'input_tokens'],
    ['output-tokens', 'output_tokens'],
    ['cache-read-input-token-count', 'cache_read_tokens'],
    ['cache-write-input-token-count', 'cache_write'],
    ['cache-write-1h-input-token-count', 'cache_write_1h_tokens'],
    ['cache-read-tokens', 'cache_read_tokens'],
    ['cache-write-tokens', 'cache_write'],
    ['cache-write-tokens-5m', 'cache_write_5m_tokens'],
    ['cache-write-tokens-30m', 'cache_write_30m_tokens'],
    ['cache-write-tokens-1h', 'cache_write_1h_tokens'],
  ]
  const long = [
    ['', false],
    ['-long-context', true],
    ['-long-ctx', true],
  ] as const
  const routed = [
    ['', 'regional'],
    ['-cross-region-geo', 'regional'],
    ['-cross-region-global', 'global'],
    ['-global', 'global'],
  ] as const
  const tiers: readonly (readonly [string, Tier])[] = [
    ['', 'standard'],
    ['-standard', 'standard'],
    ['-batch', 'batch'],
    ['-flex', 'flex'],
    ['-priority', 'priority'],
    ['-latency-optimized', 'latency_optimized'],
  ]
  for (const [name, dimension] of named) {
    for (const [context, longContext] of long) {
      for (const [route, routing] of routed) {
        for (const [suffix, tier] of tiers) {
          const kind = { dimension, tier, routing, longContext }
          kinds.set(`${name}${context}${route}${suffix}`, kind)
          // "-flex-cross-region-global" and "-cross-region-global-batch" both occur.
          kinds.set(`${name}${context}${suffix}${route}`, kind)
        }
      }
    }
  }
  return kinds
}

function kindsOfMarketplace(): ReadonlyMap<string, Kind> {
  const kinds = new Map<string, Kind>()
  const camel: readonly (readonly [string, Kind['dimension']])[] = [
    ['InputTokenCount', 'input_tokens'],
    ['OutputTokenCount', 'output_tokens'],
    ['CacheReadInputTokenCount', 'cache_read_tokens'],
    ['CacheWriteInputTokenCount', 'cache_write'],
    ['CacheWrite1hInputTokenCount', 'cache_write_1h_tokens'],
  ]
  const camelTiers = [
    ['', 'standard'],
    ['_Batch', 'batch'],
    ['_LatencyOptimized', 'latency_optimized'],
  ] as const
  for (const [name, dimension] of camel) {
    for (const [suffix, tier] of camelTiers) {
      kinds.set(`${name}${suffix}`, { dimension, tier, routing: 'regional', longContext: false })
      kinds.set(`${name}_Global${suffix}`, { dimension, tier, routing: 'global', longContext: false })
      kinds.set(`${name}_LongContext${suffix}`, { dimension, tier, routing: 'regional', longContext: true })
      kinds.set(`${name}_LongContext_Global${suffix}`, { dimension, tier, routing: 'global', longContext: true })
      kinds.set(`${name}_Global_LongContext${suffix}`, { dimension, tier, routing: 'global', longContext: true })
    }
  }
  const snake: readonly (readonly [string, Kind['dimension']])[] = [
    ['input_tokens', 'input_tokens'],
    ['output_tokens', 'output_tokens'],
    ['cache_read_tokens', 'cache_read_tokens'],
    ['cache_write_tokens', 'cache_write'],
    ['cache_write_5m_tokens', 'cache_write_5m_tokens'],
    ['cache_write_30m_tokens', 'cache_write_30m_tokens'],
    ['cache_write_1h_tokens', 'cache_write_1h_tokens'],
  ]
  for (const [name, dimension] of snake) {
    for (const tier of ['standard', 'batch', 'flex', 'priority'] as const) {
      kinds.set(`${name}_${tier}`, { dimension, tier, routing: 'regional', longContext: false })
      kinds.set(`${name}_global_${tier}`, { dimension, tier, routing: 'global', longContext: false })
    }
  }
  const single = { tier: 'standard', routing: 'regional', longContext: false } as const
  kinds.set('created_image', { dimension: 'images', ...single })
  kinds.set('search_units', { dimension: 'search_units', ...single })
  return kinds
}
