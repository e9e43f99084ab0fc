// AWS Price List files: what is known is read exactly, everything else is listed with its reason.

import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { formatUnitPrice, type Price } from '../core/price-book.ts'
import { readPriceList, readPriceListStream } from './aws-price-list.ts'
import { readUsageType } from './aws-usage-types.ts'

const fixture = (name: string): Promise<Buffer> =>
  readFile(new URL(`../../test/fixtures/aws-price-list/${name}.json`, import.meta.url))

const shown = (prices: readonly Price[]): string[] =>
  prices.map((price) => {
    const { baseModel, region, routing, tier, contextAbove, dimension, unitPrice } = price
    const step = contextAbove === 0 ? '' : ` above ${contextAbove}`
    return `${baseModel} ${region} ${routing} ${tier} ${dimension}${step}: ${formatUnitPrice(unitPrice, dimension)}`
  })

describe('the list of AmazonBedrock', async () => {
  const reading = readPriceList(await fixture('amazon-bedrock'))

  it('is read price by price', () => {
    expect(reading.publishedAt).toBe('2026-10-08T17:03:11Z')
    expect(shown(reading.prices)).toEqual([
      'amazon.nova-lite-v1:0 us-east-1 regional standard input_tokens: 0.06',
      'amazon.nova-lite-v1:0 us-east-1 regional standard output_tokens: 0.24',
      'amazon.nova-lite-v1:0 us-east-1 regional standard cache_read_tokens: 0.015',
      'amazon.nova-lite-v1:0 us-east-1 regional batch input_tokens: 0.03',
      'amazon.nova-pro-v1:0 us-east-1 regional priority input_tokens: 1.4',
      'amazon.nova-pro-v1:0 us-east-1 regional latency_optimized input_tokens: 1',
      'amazon.nova-pro-v1:0 us-east-1 regional standard input_tokens: 0.8',
      'amazon.nova-2-lite-v1:0 eu-central-1 global flex input_tokens: 0.195',
      'meta.llama3-3-70b-instruct-v1:0 us-east-1 regional batch output_tokens: 0.36',
      'qwen.qwen3-32b-v1:0 us-east-1 regional standard input_tokens: 0.15',
      'qwen.qwen3-coder-next us-east-1 regional priority output_tokens: 2.1',
      'openai.gpt-5.6-terra us-east-1 regional standard input_tokens: 2.2',
      'openai.gpt-5.6-terra us-east-1 global standard input_tokens: 2',
      'openai.gpt-5.6-terra us-east-1 regional standard cache_write_30m_tokens: 2.75',
      'openai.gpt-5.6-terra us-east-1 regional standard input_tokens above 272000: 4.4',
      'xai.grok-4.6 us-west-2 global standard output_tokens: 6',
      'anthropic.claude-opus-4-8 us-east-1 global standard cache_write_5m_tokens: 6.25',
      'anthropic.claude-sonnet-4-20250514-v1:0 us-east-1 global standard output_tokens above 200000: 22.5',
      'openai.gpt-oss-20b-1:0 us-east-1 regional standard input_tokens: 0.07',
      'openai.gpt-oss-20b-1:0 us-east-1 regional standard input_tokens: 0.06',
    ])
  })

  it('dates and names every price', () => {
    expect(reading.prices.map((price) => price.effectiveFrom).slice(-2)).toEqual([
      '2026-10-01T00:00:00Z',
      '2027-01-01T00:00:00Z',
    ])
    expect(new Set(reading.prices.map((price) => price.source))).toEqual(
      new Set(['AWS Price List AmazonBedrock, published 2026-10-08']),
    )
  })

  it('lists what it did not understand, by reason', () => {
    expect(reading.skipped.map(({ reason, count, example }) => [reason, count, example])).toEqual([
      [
        'a kind of usage that is not billed by call, or not known',
        2,
        'USE1-NovaPro-input-tokens-custom-model Amazon Bedrock',
      ],
      ['a model that is not known', 2, 'USE1-NovaSuper9000-input-tokens Amazon Bedrock'],
      ['a price finer than one pico-USD for a unit', 1, 'EUC1-Nova2.0Lite-cache-read-input-token-count-priority'],
      ['two prices for one thing', 1, 'google.gemma-3-4b-it input_tokens in us-east-1'],
      ['a price in steps of usage, or none', 1, 'USE1-TitanTextG1-Lite-input-tokens'],
      ['a unit that is not known: Hours', 1, 'USE1-NovaMicro-output-tokens'],
      ['no exact price in USD', 1, 'CNN1-NovaMicro-input-tokens'],
      ['no region', 1, 'USE1-NovaMicro-input-tokens'],
    ])
  })
})

describe('the list of AmazonBedrockFoundationModels', async () => {
  const reading = readPriceList(await fixture('amazon-bedrock-foundation-models'))

  it('is read price by price, a million tokens to a unit', () => {
    expect(shown(reading.prices)).toEqual([
      'anthropic.claude-sonnet-4-6 us-east-1 regional standard input_tokens: 3.3',
      'anthropic.claude-sonnet-4-6 us-east-1 global standard input_tokens: 3',
      'anthropic.claude-sonnet-4-6 us-east-1 global standard output_tokens: 15',
      'anthropic.claude-sonnet-4-6 us-east-1 global batch input_tokens: 1.5',
      'anthropic.claude-sonnet-4-6 us-east-1 global standard cache_read_tokens: 0.3',
      'anthropic.claude-sonnet-4-6 us-east-1 global standard cache_write_5m_tokens: 3.75',
      'anthropic.claude-sonnet-4-6 us-east-1 global standard cache_write_1h_tokens: 6',
      'anthropic.claude-sonnet-5-5 us-east-1 regional standard input_tokens: 2.2',
      'anthropic.claude-sonnet-5-5 us-east-1 global standard input_tokens: 2',
      'anthropic.claude-sonnet-5-5 us-east-1 global standard cache_read_tokens: 0.2',
      'anthropic.claude-sonnet-5-5 us-east-1 global standard output_tokens: 10',
      'anthropic.claude-sonnet-4-5-20250929-v1:0 us-east-1 global standard input_tokens above 200000: 6',
      'anthropic.claude-3-5-haiku-20241022-v1:0 us-east-2 regional latency_optimized input_tokens: 1',
      'cohere.rerank-v3-5:0 us-east-1 regional standard search_units: 0.002',
      'stability.sd3-5-large-v1:0 us-west-2 regional standard images: 0.08',
    ])
  })

  it('takes no product for another', () => {
    expect(reading.skipped.map(({ reason, count }) => [reason, count])).toEqual([
      ['a product that is not known', 2],
      ['a kind of usage that is not billed by call, or not known', 1],
      ['long context of a model whose step is not known', 1],
    ])
  })
})

describe('files that are none', () => {
  const bytes = (text: string): Buffer => Buffer.from(text)
  it.each([
    ['no JSON', bytes('<html>'), /not JSON/],
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00]), /not JSON/],
    ['nothing', bytes(''), /not JSON/],
    ['another list', bytes('{"offerCode":"AmazonEC2","products":{}}'), /no AWS Price List/],
    ['an array', bytes('[]'), /no AWS Price List/],
    ['null', bytes('null'), /no AWS Price List/],
  ])('%s is refused', (_, file, message) => {
    expect(() => readPriceList(file)).toThrow(RangeError)
    expect(() => readPriceList(file)).toThrow(message)
  })

  it('a file over the limit is refused before it is read whole', async () => {
    const list = await fixture('amazon-bedrock')
    expect(() => readPriceList(list, 1_000)).toThrow(/larger than 1000 bytes/)
    let asked = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        asked += 1
        yield await Promise.resolve(new Uint8Array(400))
      }
    }
    await expect(readPriceListStream(endless(), 1_000)).rejects.toThrow(/larger than 1000 bytes/)
    expect(asked).toBe(3)
  })

  it('a stream is read as the file is', async () => {
    const list = await fixture('amazon-bedrock')
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (let start = 0; start < list.byteLength; start += 1_000)
        yield await Promise.resolve(list.subarray(start, start + 1_000))
    }
    expect(await readPriceListStream(pieces())).toEqual(readPriceList(list))
  })

  it('hostile members are skipped, not followed', () => {
    const hostile = {
      offerCode: 'AmazonBedrock',
      publicationDate: 'yesterday',
      products: {
        a: null,
        b: { attributes: 'text' },
        c: { attributes: { usagetype: 'USE1-NovaLite-input-tokens', regionCode: 'us-east-1' } },
        constructor: { attributes: { usagetype: 'USE1-NovaLite-input-tokens', regionCode: 'us-east-1' } },
        e: { attributes: { usagetype: `USE1-${'a-'.repeat(20_000)}input-tokens`, regionCode: 'us-east-1' } },
      },
      terms: {
        OnDemand: {
          c: {
            t: { effectiveDate: 'soon', priceDimensions: { d: { unit: '1K tokens', pricePerUnit: { USD: '1' } } } },
          },
        },
      },
    }
    const reading = readPriceList(bytes(JSON.stringify(hostile)))
    expect(reading.prices).toEqual([])
    expect(reading.publishedAt).toBeNull()
    expect(reading.skipped.every(({ example }) => example.length <= 120)).toBe(true)
  })
})

describe('usage types', () => {
  it.each([
    [
      'USE1-Claude4.6Sonnet-cache-write-1h-input-token-count-cross-region-global',
      'cache_write_1h_tokens',
      'global',
      'standard',
    ],
    ['USE1-Nova2.0Lite-output-tokens-flex-cross-region-global', 'output_tokens', 'global', 'flex'],
    ['USE1-Nova2.0Lite-input-tokens-cross-region-global-batch', 'input_tokens', 'global', 'batch'],
    ['APN1-openai.gpt-5.6-luna-mantle-cache-read-tokens-standard', 'cache_read_tokens', 'regional', 'standard'],
    ['USE1-openai.gpt-5.6-sol-mantle-cache-write-tokens-standard', 'cache_write_30m_tokens', 'regional', 'standard'],
    ['UGW1-Claude4.5Haiku-cache-read-input-token-count', 'cache_read_tokens', 'regional', 'standard'],
  ])('%s is %s, %s, %s', (usageType, dimension, routing, tier) => {
    expect(readUsageType(usageType, '')).toMatchObject({ dimension, routing, tier })
  })

  it.each([
    'USE1-Claude4.6Sonnet-input-tokens-and-more',
    'USE1-input-tokens',
    'USE1--input-tokens',
    'USE1-claude4.6sonnet-input-tokens',
    'USE1-Claude4.6-input-tokens',
    'USE1-Claude4.6Sonnet-cache-input-tokens',
    'USE1-toString-input-tokens',
    'USE1-MP:USE1_InputTokenCount',
    'input-tokens',
    '',
  ])('%j is not known', (usageType) => {
    expect(readUsageType(usageType, 'Claude Sonnet 4.6 (Amazon Bedrock Edition)')).toHaveProperty('unknown')
  })
})
