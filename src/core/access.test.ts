// Model access: denials, sets and the words of whoever stands nearer to the root.

import { describe, expect, it } from 'vitest'
import {
  checkModel,
  checkPlace,
  joinAccess,
  mayCall,
  NO_ACCESS_POLICY,
  regionFor,
  sentTo,
  tierFor,
  type Access,
  type AccessPolicy,
} from './access.ts'
import { parseModelId, resolveParsed, type ResolvedModel } from './model.ts'

const SOURCE = {
  tenantId: 'team-a',
  keyId: 'k1',
  attribute: (name: string) => (name === 'cost_center' ? '47/11 é' : null),
}

/** From the root to the tenant. */
const joined = (...policies: Partial<AccessPolicy>[]): Access =>
  joinAccess(
    [['*']],
    policies.map((policy) => ({ ...NO_ACCESS_POLICY, ...policy })),
    SOURCE,
  )

const model = (id: string, over: Partial<ResolvedModel> = {}): ResolvedModel => {
  const parsed = parseModelId(id)
  const known = parsed === null ? null : resolveParsed(parsed, 'us-east-1')
  return {
    ...(known ?? {
      modelId: id,
      kind: 'prompt',
      baseModel: null,
      routing: 'regional',
      reach: null,
      region: 'us-east-1',
    }),
    ...over,
  }
}

const OPUS = 'us.anthropic.claude-opus-5'
const PROFILE = 'arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/abc'
const ROUTER = 'arn:aws:bedrock:us-east-1:111122223333:prompt-router/abc'

describe('a denial', () => {
  it.each<[string, Partial<AccessPolicy>[]]>([
    ['of the tenant itself', [{}, { deniedModels: ['anthropic.claude-opus-*'] }]],
    ['of an ancestor', [{ deniedModels: ['us.*'] }, { deniedModels: ['amazon.*'] }]],
  ])('%s goes before every list that allows', (_, policies) => {
    const access = joined(...policies)
    expect(mayCall(access, model(OPUS))).toBe(false)
    expect(() => checkModel(access, 'team-a', model(OPUS))).toThrow(
      `The model "${OPUS}" is denied to the tenant "team-a".`,
    )
    expect(mayCall(access, model('anthropic.claude-sonnet-5'))).toBe(true)
  })

  it('of a model holds for the application profiles of it too', () => {
    const access = joined({ deniedModels: ['anthropic.claude-opus-*'] })
    const profile = { kind: 'application_profile', modelId: PROFILE } as const
    expect(mayCall(access, { ...profile, baseModel: 'anthropic.claude-opus-5' })).toBe(false)
    expect(mayCall(access, { ...profile, baseModel: 'amazon.nova-lite-v1:0' })).toBe(true)
  })

  it('leaves what hides its model only to those who are allowed that very ARN', () => {
    const hidden = model(ROUTER)
    const denying = { ...joined({ deniedModels: ['anthropic.*'] }) }
    expect(() => checkModel(denying, 't', hidden)).toThrow(/hides which model it calls/)
    expect(mayCall({ ...denying, allowLists: [['*'], [ROUTER]] }, hidden)).toBe(false)
    expect(mayCall({ ...denying, allowLists: [[ROUTER, '*']] }, hidden)).toBe(true)
    expect(mayCall(joined(), hidden)).toBe(true)
  })
})

describe('allow lists', () => {
  it('must all have the model; without any the tenant is closed', () => {
    const lists = (...allowLists: string[][]): Access => ({ ...joined(), allowLists })
    expect(mayCall(lists(['anthropic.*'], ['*']), model(OPUS))).toBe(true)
    expect(mayCall(lists(['anthropic.*'], ['amazon.*']), model(OPUS))).toBe(false)
    expect(() => checkModel(lists(), 'team-a', model(OPUS))).toThrow('The tenant "team-a" may not call the model')
  })
})

describe('sets', () => {
  it('are cut with those above, never widened', () => {
    const access = joined({ regions: ['us-east-1', 'eu-west-1'] }, {}, { regions: ['eu-west-1', 'ap-south-1'] })
    expect(access.regions).toEqual(['eu-west-1'])
    expect(regionFor(access, 'us-east-1')).toBe('eu-west-1')
    expect(() => checkPlace(access, 'team-a', model(OPUS))).toThrow(
      'The region us-east-1 is not open to the tenant "team-a"; its regions are: eu-west-1.',
    )
    expect(() => checkPlace(access, 'team-a', model(OPUS, { region: 'eu-west-1' }))).not.toThrow()
  })

  it('that leave nothing refuse everything', () => {
    const none = joined(
      { regions: ['us-east-1'], routing: ['global'], tiers: ['flex'] },
      { regions: ['eu-west-1'], routing: ['in_region'], tiers: ['priority'] },
    )
    expect(() => checkPlace(none, 't', model(OPUS))).toThrow(/its regions are: none/)
    expect(() => checkPlace({ ...none, regions: null }, 't', model(OPUS))).toThrow(/No routing is left/)
    expect(() => tierFor(none, 't', 'flex')).toThrow(/No service tier is left/)
  })

  it.each([
    ['amazon.nova-lite-v1:0', 'in_region'],
    ['us.amazon.nova-lite-v1:0', 'geographic'],
    ['global.amazon.nova-2-lite-v1:0', 'global'],
  ] as const)('of routing: %s is %s', (id, reach) => {
    expect(() => checkPlace(joined({ routing: [reach] }), 't', model(id))).not.toThrow()
    const others = (['in_region', 'geographic', 'global'] as const).filter((other) => other !== reach)
    expect(() => checkPlace(joined({ routing: others }), 't', model(id))).toThrow(`"${id}" routes ${reach}`)
  })

  it('of routing refuse what nobody can tell', () => {
    expect(() => checkPlace(joined({ routing: ['in_region'] }), 't', model(ROUTER))).toThrow(/cannot be known/)
  })
})

describe('tiers', () => {
  it.each([
    [null, 'priority', 'priority'],
    [['standard', 'flex'], 'flex', 'flex'],
    [['standard', 'flex'], 'priority', 'standard'],
    [['flex'], 'standard', 'flex'],
    [['standard'], 'latency_optimized', 'standard'],
  ] as const)('of %j make of %s: %s', (tiers, asked, sent) => {
    expect(tierFor(joined({ tiers }), 't', asked)).toBe(sent)
  })
})

describe('what can be only one thing', () => {
  it('is what the outermost says', () => {
    const guardrail = { id: 'outer', version: '1', trace: 'enabled', streamProcessing: 'sync' } as const
    const access = joined(
      { requestMetadata: { owner: 'root' }, sendTo: { 'amazon.*': 'arn:1' } },
      { guardrail },
      {
        guardrail: { ...guardrail, id: 'inner' },
        requestMetadata: { owner: 'me', mine: '1' },
        sendTo: { 'amazon.nova-lite-v1:0': 'arn:2', 'anthropic.*': 'arn:3' },
      },
    )
    expect(access.guardrail?.id).toBe('outer')
    expect(access.requestMetadata).toEqual({ owner: 'root', mine: '1' })
    expect(sentTo(access, model('amazon.nova-lite-v1:0'))).toBe('arn:1')
    expect(sentTo(access, model(OPUS))).toBe('arn:3')
    expect(sentTo(access, model('meta.llama3-8b-instruct-v1:0'))).toBeNull()
  })

  it('is written with what the templates name', () => {
    const access = joined({
      requestMetadata: { who: '{tenant_id}/{key_id}', cost: 'cc {attribute.cost_center}', none: '{attribute.none}' },
    })
    expect(access.requestMetadata).toEqual({ who: 'team-a/k1', cost: 'cc 47/11 _' })
  })

  it('is a role with a session of the tenant', () => {
    const roleArn = 'arn:aws:iam::111122223333:role/silo'
    const role = { roleArn, externalId: 'x1', sessionTags: { cost_center: '{attribute.cost_center}' } }
    expect(joined({ assumeRole: role }, { assumeRole: { ...role, roleArn: 'other' } }).credentials).toEqual({
      id: expect.stringContaining('team-a') as string,
      roleArn,
      externalId: 'x1',
      sessionName: 'team-a',
      sessionTags: { cost_center: '47/11 é' },
    })
  })
})
