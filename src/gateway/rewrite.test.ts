// What a plan writes into a call: it is there, whatever the client wrote, and nothing else changes.

import { describe, expect, it } from 'vitest'
import { joinAccess, NO_ACCESS_POLICY, type AccessPolicy } from '../core/access.ts'
import { rewrite } from './rewrite.ts'
import { readBedrockFacts } from './surfaces/bedrock-facts.ts'
import type { Outgoing } from './surfaces/surface.ts'

const NO_ATTRIBUTES = { tenantId: 'team-a', keyId: 'k1', attribute: () => null }

function call(operation: string, body: string, headers: readonly string[] = []): Outgoing {
  const header = (name: string): string | undefined => {
    const at = headers.indexOf(name)
    return at === -1 ? undefined : headers[at + 1]
  }
  const bytes = Buffer.from(body)
  return {
    operation,
    path: '/model/amazon.nova-lite-v1%3A0/converse?x=/1',
    headers,
    body: bytes,
    streams: operation.endsWith('Stream'),
    facts: readBedrockFacts(header, bytes),
    answer: null,
  }
}

const written = (asked: Outgoing, policy: Partial<AccessPolicy>, renamed: string | null = null): Outgoing =>
  rewrite(asked, {
    access: joinAccess([['*']], [{ ...NO_ACCESS_POLICY, ...policy }], NO_ATTRIBUTES),
    tenantId: 'team-a',
    renamed,
  })

const bodyOf = (outgoing: Outgoing): string => outgoing.body.toString()
const GUARDRAIL = { id: 'gr1', version: '2', trace: 'enabled', streamProcessing: 'async' } as const
const guardrailText = (more = ''): string =>
  `{"guardrailIdentifier":"gr1","guardrailVersion":"2","trace":"enabled"${more}}`

describe('a call of a plan that says nothing', () => {
  it('is the very same', () => {
    const asked = call('Converse', '{ "messages": [] }')
    expect(written(asked, {})).toBe(asked)
  })
})

describe('another model id', () => {
  it.each([
    ['/model/a.b-v1:0/converse', '/model/arn%3Aaws%3Ax%2Fy/converse'],
    ['/model/arn:aws:bedrock:us-east-1:1:provisioned-model/p/converse?a=/b', '/model/arn%3Aaws%3Ax%2Fy/converse?a=/b'],
  ])('%s becomes %s', (path, expected) => {
    expect(written({ ...call('Converse', '{}'), path }, {}, 'arn:aws:x/y').path).toBe(expected)
  })

  it('goes into the body where the body names the model', () => {
    const asked = { ...call('StartAsyncInvoke', '{"modelId": "films","modelInput":{"a":1.0}}'), path: '/async-invoke' }
    const sent = written(asked, {}, 'luma.ray-v2:0')
    expect([sent.path, bodyOf(sent)]).toEqual(['/async-invoke', '{"modelId": "luma.ray-v2:0","modelInput":{"a":1.0}}'])
  })
})

describe('a list of tiers', () => {
  it.each([
    ['{"a":1}', ['standard'], '{"a":1}', 'standard'],
    ['{"serviceTier":{"type":"flex"}}', ['flex', 'standard'], '{"serviceTier":{"type":"flex"}}', 'flex'],
    ['{"serviceTier":{"type":"priority"}}', ['standard'], '{"serviceTier":{"type":"default"}}', 'standard'],
    ['{"serviceTier":{"type":"ultra"}}', ['standard'], '{"serviceTier":{"type":"default"}}', 'standard'],
    ['{"serviceTier":7}', ['flex'], '{"serviceTier":{"type":"flex"}}', 'flex'],
    ['{}', ['flex'], '{"serviceTier":{"type":"flex"}}', 'flex'],
    [
      '{"performanceConfig":{"latency":"optimized"},"serviceTier":{"type":"priority"}}',
      ['standard'],
      '{"performanceConfig":{"latency":"standard"},"serviceTier":{"type":"default"}}',
      'standard',
    ],
    [
      '{"performanceConfig":{"latency":"optimized"},"serviceTier":{"type":"priority"}}',
      ['latency_optimized'],
      '{"performanceConfig":{"latency":"optimized"},"serviceTier":{"type":"default"}}',
      'latency_optimized',
    ],
  ] as const)('makes of %s under %j %s', (body, tiers, expected, tier) => {
    const sent = written(call('Converse', body), { tiers })
    expect([bodyOf(sent), sent.facts.tier]).toEqual([expected, tier])
    expect(sent.facts.tiers).toContain(tier)
  })

  it('is in headers for InvokeModel, whatever the client sent there', () => {
    const headers = ['accept', '*/*', 'x-amzn-bedrock-service-tier', 'priority']
    const sent = written(call('InvokeModel', '{"a": 1}', headers), { tiers: ['flex'] })
    expect(sent.headers).toEqual([
      'accept',
      '*/*',
      'x-amzn-bedrock-service-tier',
      'flex',
      'x-amzn-bedrock-performanceconfig-latency',
      'standard',
    ])
    expect([bodyOf(sent), sent.facts.tier]).toEqual(['{"a": 1}', 'flex'])
  })
})

describe('a tier inside the body of InvokeModel', () => {
  it.each([
    ['{"service_tier" : "priority", "x": 1.0}', '{"service_tier" : "flex", "x": 1.0}'],
    ['{"service_tier":"auto"}', '{"service_tier":"flex"}'],
    ['{"service_tier":"flex"}', '{"service_tier":"flex"}'],
    ['{"service_tier":"standard_only"}', '{"service_tier":"standard_only"}'],
    ['{"messages":[{"service_tier":"priority"}]}', '{"messages":[{"service_tier":"priority"}]}'],
  ])('%s is sent as %s', (body, expected) => {
    expect(bodyOf(written(call('InvokeModel', body), { tiers: ['flex'] }))).toBe(expected)
  })
})

describe('request metadata', () => {
  const policy = { requestMetadata: { team: 'a', tenant: '{tenant_id}' } }

  it("joins the client's, and wins", () => {
    const sent = written(call('Converse', '{"requestMetadata":{"team":"forged","job":"7"},"x":1.0}'), policy)
    expect(bodyOf(sent)).toBe('{"requestMetadata":{"team":"a","job":"7","tenant":"team-a"},"x":1.0}')
    expect(sent.facts.metadata).toEqual({ team: 'a', job: '7', tenant: 'team-a' })
    expect(bodyOf(written(call('Converse', '{"requestMetadata":null}'), policy))).toBe(
      '{"requestMetadata":{"team":"a","tenant":"team-a"}}',
    )
  })

  it('is a header for InvokeModel', () => {
    const name = 'x-amzn-bedrock-request-metadata'
    const sent = written(call('InvokeModelWithResponseStream', '{}', [name, '{"team":"forged","job":"7"}']), policy)
    expect(sent.headers).toEqual([name, '{"team":"a","job":"7","tenant":"team-a"}'])
    expect(bodyOf(sent)).toBe('{}')
  })

  it.each([
    ['Converse', { 'k?': 15 }, /may have 16 entries, of which the plan adds 2: send at most 14/],
    ['InvokeModel', { 'k?': 15 }, /send at most 14/],
  ])('that leaves no room is refused: %s', (operation, _, words) => {
    const entries = Object.fromEntries(Array.from({ length: 15 }, (__, at) => [`k${at}`, 'v']))
    const asked =
      operation === 'Converse'
        ? call(operation, JSON.stringify({ requestMetadata: entries }))
        : call(operation, '{}', ['x-amzn-bedrock-request-metadata', JSON.stringify(entries)])
    expect(() => written(asked, policy)).toThrow(words)
  })

  it('longer than the header may be is refused', () => {
    const long = Object.fromEntries(Array.from({ length: 14 }, (_, at) => [`k${at}`, 'v'.repeat(700)]))
    const asked = call('InvokeModel', '{}', ['x-amzn-bedrock-request-metadata', JSON.stringify(long)])
    expect(() => written(asked, policy)).toThrow(/longer than 8500 characters/)
  })

  it.each(['{"requestMetadata":"a"}', '{"requestMetadata":[1]}'])('that is none is refused: %s', (body) => {
    expect(() => written(call('Converse', body), policy)).toThrow('must be an object of texts')
  })
})

describe('a guardrail', () => {
  it("takes the place of the client's own", () => {
    const asked = '{"guardrailConfig":{"guardrailIdentifier":"mine","guardrailVersion":"1"}}'
    expect(bodyOf(written(call('Converse', asked), { guardrail: GUARDRAIL }))).toBe(
      `{"guardrailConfig":${guardrailText()}}`,
    )
    expect(bodyOf(written(call('ConverseStream', '{}'), { guardrail: GUARDRAIL }))).toBe(
      `{"guardrailConfig":${guardrailText(',"streamProcessingMode":"async"')}}`,
    )
  })

  it('is three headers for InvokeModel', () => {
    const asked = call('InvokeModel', '{}', ['x-amzn-bedrock-guardrailidentifier', 'mine'])
    expect(written(asked, { guardrail: GUARDRAIL }).headers).toEqual([
      'x-amzn-bedrock-guardrailidentifier',
      'gr1',
      'x-amzn-bedrock-guardrailversion',
      '2',
      'x-amzn-bedrock-trace',
      'ENABLED',
    ])
  })

  it('is part of what the call can cost', () => {
    for (const operation of ['Converse', 'InvokeModel'])
      expect(written(call(operation, '{}'), { guardrail: GUARDRAIL }).facts.isGuarded).toBe(true)
  })

  it.each(['CountTokens', 'ApplyGuardrail', 'StartAsyncInvoke'])('is not for %s', (operation) => {
    const asked = call(operation, '{}')
    expect(written(asked, { guardrail: GUARDRAIL, tiers: ['flex'], requestMetadata: { a: 'b' } })).toBe(asked)
  })
})

it.each(['', '[]', 'null'])('a body that is no object is refused: %j', (body) => {
  const asked = { ...call('Converse', '{}'), body: Buffer.from(body) }
  expect(() => written(asked, { guardrail: GUARDRAIL })).toThrow('The request body is not a JSON object.')
})
