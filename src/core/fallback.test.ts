// Which steps a model falls back to.

import { describe, expect, it } from 'vitest'
import { fallbackSteps, type FallbackRule } from './fallback.ts'

const step = (modelId: string) => ({ modelId, region: null })
const rules: readonly FallbackRule[] = [
  { models: 'us.anthropic.claude-opus-*', steps: [step('a')] },
  { models: 'anthropic.*', steps: [step('b')] },
]

describe('the steps of a model', () => {
  it.each([
    ['us.anthropic.claude-opus-5', 'anthropic.claude-opus-5', ['a']],
    ['eu.anthropic.claude-opus-5', 'anthropic.claude-opus-5', ['b']],
    ['amazon.nova-lite-v1:0', 'amazon.nova-lite-v1:0', []],
    ['arn:aws:bedrock:us-east-1:1:imported-model/x', null, []],
  ])('%s are those of the first rule that fits', (modelId, baseModel, wanted) => {
    expect(fallbackSteps(rules, { modelId, baseModel }).map((one) => one.modelId)).toEqual(wanted)
    expect(fallbackSteps([], { modelId, baseModel })).toEqual([])
  })
})
