// What every family promises: good calls are answered, bad ones refused in Bedrock's words, and all that is said of usage agrees.
import { describe, expect, it } from 'vitest'
import { type BilledUsage, type FamilyCall, FamilyValidationError, type ModelCard } from '../family.ts'
import { benchOf } from './call-for-tests.ts'
import { CASES, type FamilyCase } from './cases-for-tests.ts'
import { FAMILIES } from './index.ts'

const cards = FAMILIES.flatMap(({ models }) => models)

describe('the table of families', () => {
  it('knows each model id once, and at least 90 of them', () => {
    const ids = cards.map(({ modelId }) => modelId)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.length).toBeGreaterThanOrEqual(90)
  })

  it('has a case below for every family', () => {
    expect(Object.keys(CASES).sort()).toEqual(FAMILIES.map(({ name }) => name).sort())
  })

  it.each(cards.map((card) => [card.modelId, card] as const))('%s has a sound card', (_, card) => {
    expect(card.inferenceTypes.length + card.profiles.length).toBeGreaterThan(0)
    const prefixes = ['us', 'eu', 'apac', 'jp', 'au', 'in', 'ca', 'sa', 'us-gov', 'global']
    expect(card.profiles.filter((prefix) => !prefixes.includes(prefix))).toEqual([])
    expect(card.tiers[0]).toBe('default')
    expect(card.tiers.filter((tier) => !['default', 'priority', 'flex', 'reserved'].includes(tier))).toEqual([])
    const answersText = card.outputModalities.includes('TEXT') && card.converse
    if (answersText) expect(card.maxOutputTokens).toBeGreaterThan(1_000)
  })

  it('gives Sonnet 5.5 the standard tier alone', () => {
    expect(cards.find(({ modelId }) => modelId === 'anthropic.claude-sonnet-5-5')?.tiers).toEqual(['default'])
  })
})

const serving = FAMILIES.filter(({ name }) => name !== 'nova-reel' && name !== 'luma-ray')

describe.each(serving.map((family) => [family.name, family] as const))('%s', (name, family) => {
  const known = CASES[name] as FamilyCase

  it.each(family.models.map((model) => [model.modelId, model] as const))('%s answers', (modelId, model) => {
    const bench = benchOf(modelId)
    const answer = family.invoke(bench.call(goodBody(known, model)))
    expect(answer.usage).toEqual(wholeCounts(answer.usage))
    expect(Object.keys(answer.usage).length).toBeGreaterThan(0)
    expect(JSON.parse(JSON.stringify(answer.body))).toEqual(answer.body)
    expect(family.invoke(bench.call(goodBody(known, model)))).toEqual(answer)
    const said = known.bodyUsage(answer.body)
    if (said !== null) expect(said).toEqual(answer.usage)
  })

  it('refuses what Bedrock refuses', () => {
    const bench = benchOf(family.models[0]?.modelId ?? '')
    expect(() => family.invoke(bench.call(known.bad))).toThrow(FamilyValidationError)
    expect(() => family.invoke(bench.call(known.bad))).toThrow(known.refusal)
    if (family.stream !== undefined) expect(() => family.stream?.(bench.call(known.bad))).toThrow(known.refusal)
  })

  it('streams exactly when its models say so', () => {
    for (const model of family.models) expect(model.streaming).toBe(family.stream !== undefined)
  })
})

const streaming = serving.filter((family) => family.stream !== undefined)

describe.each(streaming.map((family) => [family.name, family] as const))('the stream of %s', (name, family) => {
  const known = CASES[name] as FamilyCase

  it.each(family.models.map((model) => [model.modelId, model] as const))('%s adds up', (modelId, model) => {
    const bench = benchOf(modelId)
    const whole = family.invoke(bench.call(goodBody(known, model)))
    const stream = streamOf(bench.call(goodBody(known, model)), family)
    const text = known.text?.(whole.body) ?? ''
    expect(text.length).toBeGreaterThan(20)
    expect(stream.chunks.map((chunk) => known.chunkText?.(chunk) ?? '').join('')).toBe(text)
    expect(stream.usage).toEqual(whole.usage)
    expect(known.streamUsage?.(stream.chunks) ?? stream.usage).toEqual(stream.usage)
  })

  it.each(family.models.map((model) => [model.modelId, model] as const))(
    '%s bills a broken stream for what it made',
    (modelId, model) => {
      const stream = streamOf(benchOf(modelId).call(goodBody(known, model)), family)
      const { chunks, usage } = stream
      let before = 0
      for (let sent = 0; sent <= chunks.length; sent++) {
        const { output_tokens: output, ...rest } = stream.usageAfter(sent)
        const { output_tokens: whole, ...wholeRest } = usage
        expect(rest).toEqual(wholeRest)
        expect(output).toBeGreaterThanOrEqual(before)
        expect(output).toBeLessThanOrEqual(whole ?? 0)
        before = output ?? 0
      }
      expect(stream.usageAfter(0)['output_tokens']).toBe(0)
      expect(stream.usageAfter(chunks.length)).toEqual(usage)
    },
  )
})

function streamOf(call: FamilyCall, family: (typeof FAMILIES)[number]) {
  const stream = family.stream?.(call)
  if (stream === undefined) throw new Error(`${family.name} does not stream`)
  return stream
}

const goodBody = ({ good }: FamilyCase, model: ModelCard) => (typeof good === 'function' ? good(model) : good)

/** The same counts if all are whole and not negative. */
const wholeCounts = (usage: BilledUsage): BilledUsage =>
  Object.fromEntries(
    Object.entries(usage).map(([name, count]) => [name, Number.isSafeInteger(count) && count >= 0 ? count : null]),
  ) as BilledUsage
