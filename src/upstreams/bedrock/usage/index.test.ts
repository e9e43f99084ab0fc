// What the taps promise whatever comes: nothing thrown, nothing invented, and the end of an answer known from its own format.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bytesOf,
  cutAt,
  eventMessage,
  exceptionMessage,
  fixtureNames,
  loadFixture,
  questionOf,
  readWith,
  type UsageCase,
} from '../../../../test/fixtures/usage/load.ts'
import type { UsageReading } from '../../../core/upstream.ts'
import { isDimension } from '../../../core/usage.ts'
import { createBedrockTap } from './index.ts'

const CASES = fixtureNames()
  .filter((name) => name !== 'sagemaker')
  .flatMap((name) => loadFixture(name).cases)

const BASE: UsageCase = { name: '', operation: 'Converse', baseModel: 'amazon.nova-lite-v1:0', expect: {} }
const MODELS = [...new Set(CASES.map(({ baseModel }) => baseModel))]
const OPERATIONS = [...new Set([...CASES.map(({ operation }) => operation), 'constructor', '__proto__', ''])]

const anyCase = fc
  .record({ operation: fc.constantFrom(...OPERATIONS), baseModel: fc.constantFrom(...MODELS), request: fc.jsonValue() })
  .map((given): UsageCase => ({ ...BASE, ...given }))

function read(given: UsageCase, pieces: readonly Buffer[] = [bytesOf(given)]): UsageReading {
  return readWith(createBedrockTap(questionOf(given)), given, pieces)
}

function assertSane(reading: UsageReading): void {
  for (const [dimension, quantity] of Object.entries(reading.usage?.quantities ?? {})) {
    expect(isDimension(dimension)).toBe(true)
    expect(quantity === null || (Number.isSafeInteger(quantity) && quantity >= 0)).toBe(true)
  }
  expect(reading.notes.length).toBeLessThanOrEqual(32)
  for (const note of reading.notes) expect(note.length).toBeLessThanOrEqual(200)
}

describe('createBedrockTap, whatever comes', () => {
  it('never throws and invents no usage from random bytes', () => {
    fc.assert(
      fc.property(
        anyCase,
        fc.constantFrom(200, 400, 503, 0),
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }),
        (given, status, pieces) => {
          const reading = read(
            { ...given, status },
            pieces.map((piece) => Buffer.from(piece)),
          )
          assertSane(reading)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('gives only whole counts or null for any usage block, headers and metrics', () => {
    const count = fc.oneof(
      fc.jsonValue({ maxDepth: 1 }),
      fc.constantFrom(0, 1, -1, 0.5, 1e308, 2 ** 53, 2 ** 53 - 1, '7', null, [], {}),
    )
    const names = [
      'input_tokens',
      'output_tokens',
      'inputTokens',
      'outputTokens',
      'prompt_tokens',
      'cacheDetails',
      'meta',
    ]
    const block = fc.dictionary(fc.constantFrom(...names, 'cacheReadInputTokens', 'cache_creation'), count)
    fc.assert(
      fc.property(anyCase, block, count, fc.string(), (given, usage, other, header) => {
        const document = { usage, message: { usage }, metadata: { usage }, meta: other, prompt_token_count: other }
        const metrics = { 'amazon-bedrock-invocationMetrics': usage, inputTextTokenCount: other, images: other }
        const headers = { 'x-amzn-bedrock-input-token-count': header, 'x-amzn-bedrock-service-tier': header }
        const whole: UsageCase = { ...given, headers, body: { ...document, ...metrics } }
        const chunks: UsageCase = { ...given, headers, chunks: [document, metrics] }
        const events: UsageCase = { ...given, headers, events: [['metadata', document]] }
        for (const answer of [whole, chunks, events]) assertSane(read(answer))
      }),
      { numRuns: 300 },
    )
  })

  it('says complete for no strict beginning of any answer', () => {
    const whole = CASES.filter((given) => given.expect.complete === true && !read(given, []).complete)
    expect(whole.length).toBeGreaterThan(60)
    fc.assert(
      fc.property(fc.constantFrom(...whole), fc.nat(), (given, length) => {
        const bytes = bytesOf(given)
        expect(read(given, [bytes.subarray(0, length % bytes.length)]).complete).toBe(false)
      }),
      { numRuns: 600 },
    )
  })

  it('says complete for no stream that ends between two of its messages', () => {
    const streams = CASES.filter((given) => given.expect.complete === true && given.chunks)
    expect(streams.length).toBeGreaterThan(6)
    for (const given of streams) {
      const chunks = given.chunks ?? []
      const readings = chunks.map((_, length) => read({ ...given, chunks: chunks.slice(0, length) }).complete)
      expect({ name: given.name, readings }).toStrictEqual({ name: given.name, readings: chunks.map(() => false) })
    }
  })

  it('says complete for no stream with a flipped byte', () => {
    const streams = CASES.filter((given) => given.expect.complete === true && (given.events ?? given.chunks))
    fc.assert(
      fc.property(fc.constantFrom(...streams), fc.nat(), fc.integer({ min: 1, max: 255 }), (given, place, mask) => {
        const bytes = bytesOf(given)
        const at = place % bytes.length
        bytes.writeUInt8(bytes.readUInt8(at) ^ mask, at)
        const reading = read(given, [bytes])
        expect(reading.complete).toBe(false)
        expect(reading.notes.join()).toContain('suspect: ')
      }),
      { numRuns: 300 },
    )
  })

  it('says the same again when asked again', () => {
    const given: UsageCase = { ...BASE, body: { usage: { inputTokens: 1, outputTokens: -1 } } }
    const tap = createBedrockTap(questionOf(given))
    expect(readWith(tap, given, [bytesOf(given)])).toBe(tap.end())
  })

  it('does not take usage from an answer that is compressed, and says so', () => {
    const given: UsageCase = { ...BASE, headers: { 'content-encoding': 'gzip' }, raw: '\u001f\u008b' }
    expect(read(given)).toMatchObject({
      usage: null,
      complete: false,
      notes: ['the answer is encoded as "gzip": its body was not read'],
    })
  })

  it('reads headers of the same name that differ as a contradiction', () => {
    const given: UsageCase = { ...BASE, operation: 'InvokeModel', baseModel: null, body: {} }
    const tap = createBedrockTap(questionOf(given))
    tap.headers(200, ['x-amzn-bedrock-input-token-count', '5', 'x-amzn-bedrock-input-token-count', '4'])
    tap.chunk(bytesOf(given))
    expect(tap.end()).toMatchObject({
      usage: { quantities: { input_tokens: 4 } },
      notes: ['input_tokens: header 5, header 4'],
    })
  })

  it('knows the tier that was served, and says when the sources differ', () => {
    const tierOf = (body: unknown, headers = {}) => {
      const { servedTier, notes } = read({ ...BASE, body, headers })
      return { servedTier, notes }
    }
    expect(tierOf({ serviceTier: { type: 'flex' } })).toStrictEqual({ servedTier: 'flex', notes: [] })
    expect(tierOf({ serviceTier: { type: 'reserved' } })).toStrictEqual({ servedTier: 'reserved', notes: [] })
    expect(tierOf({}, { 'x-amzn-bedrock-service-tier': 'default' })).toStrictEqual({
      servedTier: 'standard',
      notes: [],
    })
    expect(tierOf({ serviceTier: { type: 'constructor' } })).toStrictEqual({
      servedTier: null,
      notes: ['service tier "constructor" is not known'],
    })
    expect(tierOf({ serviceTier: { type: 'flex' } }, { 'x-amzn-bedrock-service-tier': 'priority' })).toStrictEqual({
      servedTier: 'priority',
      notes: ['service tier: priority and flex'],
    })
    expect(tierOf({ serviceTier: { type: 'default' }, performanceConfig: { latency: 'optimized' } })).toStrictEqual({
      servedTier: 'latency_optimized',
      notes: [],
    })
    expect(tierOf({ serviceTier: { type: 'flex' }, performanceConfig: { latency: 'optimized' } })).toStrictEqual({
      servedTier: 'flex',
      notes: ['service tier flex and optimized latency at once'],
    })
  })
})

describe('a stream', () => {
  const text = { contentBlockIndex: 0, delta: { text: 'Hello' } }
  const usage = { usage: { inputTokens: 3, outputTokens: 2, totalTokens: 5 } }
  const given: UsageCase = { ...BASE, operation: 'ConverseStream' }

  it('has its final event seen from that chunk on, and not before', () => {
    const tap = createBedrockTap(questionOf(given))
    tap.headers(200, [])
    const [start, rest] = cutAt(eventMessage('metadata', usage), [20]) as [Buffer, Buffer]
    const seen = [eventMessage('contentBlockDelta', text), start, rest].map((piece) => {
      tap.chunk(piece)
      return tap.finalSeen
    })
    expect(seen).toStrictEqual([false, false, true])
  })

  it('of Invoke has its final event seen with the invocation metrics, not with the usage block', () => {
    const invoke: UsageCase = { ...given, operation: 'InvokeModelWithResponseStream', baseModel: 'anthropic.claude-v2' }
    const tap = createBedrockTap(questionOf(invoke))
    tap.headers(200, [])
    const seen = [
      { type: 'message_delta', usage: { output_tokens: 5 } },
      { type: 'message_stop', 'amazon-bedrock-invocationMetrics': { inputTokenCount: 1, outputTokenCount: 5 } },
    ].map((chunk) => {
      tap.chunk(bytesOf({ ...invoke, chunks: [chunk] }))
      return tap.finalSeen
    })
    expect(seen).toStrictEqual([false, true])
  })

  it('keeps the usage known when an exception comes behind it, and is not complete', () => {
    const bytes = Buffer.concat([eventMessage('metadata', usage), exceptionMessage('internalServerException')])
    expect(read(given, [bytes])).toMatchObject({
      usage: { quantities: { input_tokens: 3, output_tokens: 2 } },
      streamException: 'internalServerException',
      complete: false,
    })
  })

  it('is not complete when bytes of another message follow the last', () => {
    const bytes = Buffer.concat([eventMessage('metadata', usage), eventMessage('metadata', usage).subarray(0, 30)])
    expect(read(given, [bytes])).toMatchObject({ usage: { quantities: { input_tokens: 3 } }, complete: false })
  })

  it('says when a metadata event is not JSON', () => {
    const message = bytesOf({ ...given, chunks: ['not an object'] })
    const reading = read({ ...given, operation: 'InvokeModelWithResponseStream' }, [message])
    expect(reading).toMatchObject({ usage: null, complete: false, notes: ['suspect: a chunk is not JSON'] })
  })

  it('reads a chunk whose members are laid out in another way', () => {
    const document = { 'amazon-bedrock-invocationMetrics': { inputTokenCount: 8, outputTokenCount: 9 } }
    const base64 = Buffer.from(JSON.stringify(document)).toString('base64')
    const invoke: UsageCase = { ...given, operation: 'InvokeModelWithResponseStream', baseModel: null }
    const messages = [
      { p: 'bytes', bytes: base64 },
      { bytes: base64, p: 'x' },
    ]
    for (const payload of messages) {
      expect(read(invoke, [eventMessage('chunk', payload)])).toMatchObject({
        usage: { quantities: { input_tokens: 8, output_tokens: 9 } },
        complete: true,
      })
    }
  })

  it('of a refused call is not read as a stream', () => {
    expect(read({ ...given, status: 429, raw: '{"message":"Too many requests"}' })).toMatchObject({
      usage: null,
      notes: [],
      outputCharacters: 0,
    })
  })
})

describe('the merging of sources', () => {
  const invoke: UsageCase = { ...BASE, operation: 'InvokeModel', baseModel: 'anthropic.claude-haiku-4-5-20251001-v1:0' }
  const claude = (usage: unknown, headers: Readonly<Record<string, string>> = {}) => {
    const { usage: merged, notes } = read({ ...invoke, body: { usage }, headers })
    return { quantities: merged?.quantities ?? null, notes }
  }

  it('leaves a null of the body to the header, and a zero of the body a zero', () => {
    const headers = { 'x-amzn-bedrock-input-token-count': '5', 'x-amzn-bedrock-cache-read-input-token-count': '0' }
    expect(claude({ input_tokens: null, output_tokens: 0, cache_read_input_tokens: null }, headers)).toStrictEqual({
      quantities: { input_tokens: 5, output_tokens: 0, cache_read_tokens: 0 },
      notes: [],
    })
  })

  it('compares the sum of split writes with the header, not the parts', () => {
    const usage = {
      cache_creation_input_tokens: 30,
      cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
    }
    expect(claude(usage, { 'x-amzn-bedrock-cache-write-input-token-count': '31' })).toStrictEqual({
      quantities: { cache_write_5m_tokens: 10, cache_write_1h_tokens: 20 },
      notes: ['cache_write_tokens: header 31, body 30'],
    })
  })

  it('counts written tokens that no part names as five-minute writes, beside the parts', () => {
    const usage = { cache_creation_input_tokens: 30, cache_creation: { ephemeral_1h_input_tokens: 20 } }
    expect(claude(usage)).toStrictEqual({
      quantities: { cache_write_1h_tokens: 20, cache_write_5m_tokens: 10 },
      notes: ['cache_write_5m_tokens: 10 written tokens without a time to live are counted as 5m'],
    })
  })

  it('adds the tokens that no part names to the five-minute part', () => {
    const split = { ephemeral_5m_input_tokens: 4, ephemeral_1h_input_tokens: 20 }
    expect(claude({ cache_creation_input_tokens: 30, cache_creation: split }).quantities).toStrictEqual({
      cache_write_5m_tokens: 10,
      cache_write_1h_tokens: 20,
    })
  })

  it('leaves a part that is absurd unknown, whatever the sum', () => {
    const usage = { cache_creation_input_tokens: 30, cache_creation: { ephemeral_5m_input_tokens: -1 } }
    expect(claude(usage).quantities).toStrictEqual({ cache_write_5m_tokens: null })
  })
})
