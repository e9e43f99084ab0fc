// Model ids: every form is read or refused, and allow lists admit exactly what they say.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matchesModelGlob, parseModelId, resolveParsed, wireOfTier, TIERS, tierOfWire } from './model.ts'

const ACCOUNT = 'arn:aws:bedrock:eu-west-1:123456789012'

describe('parseModelId', () => {
  it.each([
    ['anthropic.claude-haiku-4-5-20251001-v1:0', 'base_model', 'anthropic.claude-haiku-4-5-20251001-v1:0', 'regional'],
    ['anthropic.claude-opus-5-5', 'base_model', 'anthropic.claude-opus-5-5', 'regional'],
    ['deepseek.v3.2', 'base_model', 'deepseek.v3.2', 'regional'],
    ['openai.gpt-6.1-sol', 'base_model', 'openai.gpt-6.1-sol', 'regional'],
    ['ai21.jamba-1-5-large-v1:0', 'base_model', 'ai21.jamba-1-5-large-v1:0', 'regional'],
    ['amazon.titan-text-lite-v1:0:4k', 'base_model', 'amazon.titan-text-lite-v1:0:4k', 'regional'],
    ['zai.glm-4.7', 'base_model', 'zai.glm-4.7', 'regional'],
    ['us.anthropic.claude-opus-5', 'system_profile', 'anthropic.claude-opus-5', 'regional'],
    ['apac.amazon.nova-lite-v1:0', 'system_profile', 'amazon.nova-lite-v1:0', 'regional'],
    ['us-gov.anthropic.claude-haiku-5-5', 'system_profile', 'anthropic.claude-haiku-5-5', 'regional'],
    ['eu.deepseek.v3.2', 'system_profile', 'deepseek.v3.2', 'regional'],
    ['global.anthropic.claude-sonnet-5', 'system_profile', 'anthropic.claude-sonnet-5', 'global'],
    ['global.openai.gpt-5.6-sol', 'system_profile', 'openai.gpt-5.6-sol', 'global'],
  ])('reads %s', (id, kind, baseModel, routing) => {
    expect(parseModelId(id)).toMatchObject({ modelId: id, kind, baseModel, routing, region: null })
  })

  it.each(['us', 'eu', 'apac', 'jp', 'au', 'in', 'ca', 'sa', 'us-gov'])('knows %s as a geographic prefix', (prefix) => {
    expect(parseModelId(`${prefix}.amazon.nova-2-lite-v1:0`)).toMatchObject({
      profilePrefix: prefix,
      baseModel: 'amazon.nova-2-lite-v1:0',
      routing: 'regional',
    })
  })

  it.each([
    [
      'arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0',
      'base_model',
      'amazon.nova-lite-v1:0',
      'us-east-1',
    ],
    ['arn:aws:bedrock:::foundation-model/amazon.nova-lite-v1:0', 'base_model', 'amazon.nova-lite-v1:0', null],
    [`${ACCOUNT}:inference-profile/eu.amazon.nova-lite-v1:0`, 'system_profile', 'amazon.nova-lite-v1:0', 'eu-west-1'],
    [
      'arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:inference-profile/us-gov.anthropic.claude-haiku-5-5',
      'system_profile',
      'anthropic.claude-haiku-5-5',
      'us-gov-west-1',
    ],
    [`${ACCOUNT}:application-inference-profile/abc123def456`, 'application_profile', null, 'eu-west-1'],
    [`${ACCOUNT}:inference-profile/abc123def456`, 'application_profile', null, 'eu-west-1'],
    [`${ACCOUNT}:provisioned-model/abcdef123456`, 'provisioned', null, 'eu-west-1'],
    [`${ACCOUNT}:custom-model/amazon.nova-lite-v1:0:300k/abcdef123456`, 'custom', null, 'eu-west-1'],
    [`${ACCOUNT}:custom-model-deployment/abcdef123456`, 'custom', null, 'eu-west-1'],
    [`${ACCOUNT}:imported-model/abcdef123456`, 'imported', null, 'eu-west-1'],
    [`${ACCOUNT}:default-prompt-router/anthropic.claude:1`, 'prompt_router', null, 'eu-west-1'],
    [`${ACCOUNT}:prompt-router/abcdef123456`, 'prompt_router', null, 'eu-west-1'],
    [`${ACCOUNT}:prompt/ABCDEFGHIJ:7`, 'prompt', null, 'eu-west-1'],
    [
      'arn:aws:sagemaker:ap-southeast-2:123456789012:endpoint/my-endpoint',
      'marketplace_endpoint',
      null,
      'ap-southeast-2',
    ],
  ])('reads %s', (id, kind, baseModel, region) => {
    expect(parseModelId(id)).toMatchObject({ modelId: id, kind, baseModel, region })
  })

  it('knows a global profile inside an ARN as global', () => {
    const parsed = parseModelId(`${ACCOUNT}:inference-profile/global.anthropic.claude-sonnet-5`)
    expect(parsed).toMatchObject({ routing: 'global', profilePrefix: 'global', region: 'eu-west-1' })
  })

  it.each([
    '',
    'claude',
    '.',
    'anthropic.',
    '.claude',
    'us.',
    'us.anthropic',
    'us.anthropic.',
    'us.us.anthropic.claude-opus-5',
    'global.us.anthropic.claude-opus-5',
    'anthropic.Claude-Opus-5',
    'anthropic.claude opus',
    'anthropic.claude-opus-5\n',
    'anthropic.claude\0',
    'anthropic.claude?x=1',
    'anthropic.claude#x',
    'anthropic.claude%2e',
    'anthropic..claude',
    'anthropic/claude',
    'anthropic.claude/../x',
    '__proto__',
    'constructor.prototype:__proto__/x',
    'anthropic.clаude-opus-5', // a Cyrillic letter
    'arn:',
    'arn:aws',
    'arn:aws:bedrock:us-east-1',
    'arn:aws:bedrock:us-east-1::foundation-model',
    'arn:aws:bedrock:us-east-1::foundation-model/',
    'arn:aws:bedrock:us-east-1::foundation-model/us.anthropic.claude-opus-5',
    'arn:aws:bedrock:us-east-1:123456789012:foundation-model/amazon.nova-lite-v1:0',
    'arn:aws:bedrock:evil.example.com::foundation-model/amazon.nova-lite-v1:0',
    'arn:aws:bedrock:us-east-1@evil::foundation-model/amazon.nova-lite-v1:0',
    'arn:aws:bedrock::123456789012:provisioned-model/abcdef123456',
    'arn:aws:bedrock:us-east-1:12345:provisioned-model/abcdef123456',
    'arn:aws:bedrock:us-east-1:123456789012:toString/abcdef123456',
    'arn:aws:bedrock:us-east-1:123456789012:provisioned-model/a/b',
    'arn:aws:bedrock:us-east-1:123456789012:custom-model/a/b/c',
    'arn:aws:s3:us-east-1:123456789012:endpoint/x',
    'arn:aws:sagemaker:us-east-1:123456789012:model/x',
    'arn:evil:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0',
  ])('refuses %j', (id) => {
    expect(parseModelId(id)).toBeNull()
  })

  it('reads an id of the longest accepted length class and refuses a longer one', () => {
    expect(parseModelId(`amazon.${'n'.repeat(200)}`)).not.toBeNull()
    expect(parseModelId(`amazon.${'n'.repeat(2_100)}`)).toBeNull()
    expect(parseModelId('arn:'.repeat(12_500))).toBeNull()
    expect(parseModelId('a-'.repeat(25_000))).toBeNull()
  })

  it('never throws, and what it accepts names a region or none', () => {
    const pieces = fc.constantFrom(
      'arn',
      'aws',
      ':',
      '/',
      '.',
      '-',
      'bedrock',
      'us-east-1',
      'us',
      'global',
      'anthropic',
      'claude',
      '123456789012',
      'foundation-model',
      'inference-profile',
      '%',
      '\u0000',
      '__proto__',
      'x',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces, { maxLength: 14 }).map((parts) => parts.join('')),
        ),
        (text) => {
          const parsed = parseModelId(text)
          if (parsed === null) return
          expect(parsed.modelId).toBe(text)
          expect(parsed.region ?? 'us-east-1').toMatch(/^[a-z0-9-]+$/)
        },
      ),
      { numRuns: 2_000 },
    )
  })
})

describe('resolveParsed', () => {
  const resolve = (id: string) => {
    const parsed = parseModelId(id)
    return parsed === null ? 'not an id' : resolveParsed(parsed, 'us-west-2')
  }

  it('takes the region of an ARN before the default', () => {
    expect(resolve(`${ACCOUNT}:inference-profile/eu.amazon.nova-lite-v1:0`)).toEqual({
      modelId: `${ACCOUNT}:inference-profile/eu.amazon.nova-lite-v1:0`,
      kind: 'system_profile',
      baseModel: 'amazon.nova-lite-v1:0',
      routing: 'regional',
      reach: 'geographic',
      region: 'eu-west-1',
    })
    expect(resolve('amazon.nova-lite-v1:0')).toMatchObject({ region: 'us-west-2', routing: 'regional' })
    expect(resolve('global.amazon.nova-2-lite-v1:0')).toMatchObject({ region: 'us-west-2', routing: 'global' })
  })

  it.each([
    `${ACCOUNT}:application-inference-profile/abc123def456`,
    `${ACCOUNT}:provisioned-model/abcdef123456`,
    `${ACCOUNT}:custom-model-deployment/abcdef123456`,
    `${ACCOUNT}:prompt/ABCDEFGHIJ`,
  ])('leaves %s to the upstream', (id) => {
    expect(resolve(id)).toBeNull()
  })

  it.each([
    [`${ACCOUNT}:default-prompt-router/anthropic.claude:1`, 'prompt_router'],
    [`${ACCOUNT}:imported-model/abcdef123456`, 'imported'],
    ['arn:aws:sagemaker:us-east-1:123456789012:endpoint/e', 'marketplace_endpoint'],
  ])('knows that nobody can name the model of %s before the call', (id, kind) => {
    expect(resolve(id)).toMatchObject({ kind, baseModel: null })
  })
})

describe('tiers on the wire', () => {
  it('reads and writes them', () => {
    expect(['default', 'priority', 'flex', 'reserved'].map(tierOfWire)).toEqual([
      'standard',
      'priority',
      'flex',
      'reserved',
    ])
    expect(['', 'standard', 'Priority', 'batch', '__proto__', 'constructor'].map(tierOfWire)).toEqual(
      Array(6).fill(null),
    )
    expect(TIERS.map(wireOfTier)).toEqual(['default', 'priority', 'flex', null, 'reserved', null])
  })
})

describe('matchesModelGlob', () => {
  const profile = 'us.anthropic.claude-opus-5'
  const base = 'anthropic.claude-opus-5'
  const arn = `${ACCOUNT}:inference-profile/us.anthropic.claude-opus-5`

  it.each([
    ['*', profile, base, true],
    ['', profile, base, false],
    ['anthropic.claude-*', profile, base, true],
    ['anthropic.claude-*', base, base, true],
    ['anthropic.claude-*', arn, base, true],
    ['us.*', profile, base, true],
    ['us.*', base, base, false],
    ['us.anthropic.*', arn, base, true],
    ['eu.anthropic.*', arn, base, false],
    ['*opus*', profile, base, true],
    ['anthropic.claude-opus-?', profile, base, true],
    ['anthropic.claude-opus-??', profile, base, false],
    ['anthropic.claude-opus', profile, base, false],
    ['claude-*', profile, base, false],
    ['ANTHROPIC.*', profile, base, false],
    ['anthropic.*', 'arn:aws:bedrock:eu-west-1:123456789012:custom-model/anthropic.x/abc', null, false],
    ['a.b', 'acb', null, false],
    ['[a-z]*', 'abc', null, false],
  ])('%s on %s (%s): %s', (glob, modelId, baseModel, expected) => {
    expect(matchesModelGlob(glob, modelId, baseModel)).toBe(expected)
  })

  it('agrees with a regular expression on short texts', () => {
    const letters = fc.array(fc.constantFrom('a', 'b', '.', '*', '?'), { maxLength: 8 }).map((all) => all.join(''))
    const text = fc.array(fc.constantFrom('a', 'b', '.'), { maxLength: 10 }).map((all) => all.join(''))
    fc.assert(
      fc.property(letters, text, (glob, subject) => {
        const pattern = Array.from(glob, (c) => (c === '*' ? '.*' : c === '?' ? '.' : c === '.' ? '\\.' : c)).join('')
        expect(matchesModelGlob(glob, subject, null)).toBe(new RegExp(`^${pattern}$`).test(subject))
      }),
      { numRuns: 3_000 },
    )
  })

  it('refuses texts beyond its limits, so that hostile ones cost nothing', () => {
    expect(matchesModelGlob('*'.repeat(50_000), 'a', null)).toBe(false)
    expect(matchesModelGlob('*a', 'a'.repeat(50_000), null)).toBe(false)
    expect(matchesModelGlob('*a*a*a*a*a*b', 'a'.repeat(2_000), null)).toBe(false)
  })
})
