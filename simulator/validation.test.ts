// Requests that Bedrock refuses are refused here, in its form and its words; nothing of them is billed.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEFAULT_BEARER_KEY, type RunningSimulator, startSimulator } from './server.ts'

const NOVA = 'amazon.nova-lite-v1:0'
let simulator: RunningSimulator
beforeAll(async () => {
  simulator = await startSimulator()
})
afterAll(() => simulator.close())

async function post(path: string, body: string, headers: Record<string, string> = {}) {
  const response = await fetch(simulator.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${DEFAULT_BEARER_KEY}`, ...headers },
    body,
  })
  const { message }: { message?: string } = JSON.parse(await response.text())
  const type = response.headers.get('x-amzn-errortype')?.split(':')[0]
  expect(response.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/)
  return `${response.status} ${type}: ${message}`
}

const user = (content: unknown = [{ text: 'Hello' }]) => ({ role: 'user', content })
const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`key${index}`, 'x']))

describe('Converse refuses', () => {
  it.each<[string, unknown, RegExp]>([
    ['no messages', {}, /Value at 'messages' failed to satisfy constraint: Member must not be null/],
    ['an empty list', { messages: [] }, /A conversation must start with a user message/],
    [
      'the assistant first',
      { messages: [{ role: 'assistant', content: [{ text: 'x' }] }] },
      /must start with a user message/,
    ],
    ['two of one role', { messages: [user(), user()] }, /must alternate between user and assistant roles/],
    ['an unknown role', { messages: [{ role: 'tool', content: [] }] }, /enum value set: \[user, assistant, system\]/],
    ['no content', { messages: [user([])] }, /content field in the Message object at messages.0 is empty/],
    [
      'blank text',
      { messages: [user([{ text: ' ' }])] },
      /text field in the ContentBlock object at messages.0.content.0 is blank/,
    ],
    ['an unknown block', { messages: [user([{ song: {} }])] }, /must set one of the following keys: text, image/],
    ['two kinds in a block', { messages: [user([{ text: 'a', image: {} }])] }, /must set one of the following keys/],
    [
      'an odd cache lifetime',
      { messages: [user([{ cachePoint: { type: 'default', ttl: '2h' } }])] },
      /enum value set: \[1h, 5m\]/,
    ],
    [
      'no tokens',
      { messages: [user()], inferenceConfig: { maxTokens: 0 } },
      /Value '0' at 'inferenceConfig.maxTokens'/,
    ],
    [
      'too many tokens',
      { messages: [user()], inferenceConfig: { maxTokens: 10_000_000 } },
      /exceeds the model limit of \d+/,
    ],
    ['a hot temperature', { messages: [user()], inferenceConfig: { temperature: 1.5 } }, /less than or equal to 1/],
    [
      'too many stops',
      { messages: [user()], inferenceConfig: { stopSequences: Array(2501).fill('x') } },
      /equal to 2500/,
    ],
    ['no tools', { messages: [user()], toolConfig: { tools: [] } }, /toolConfig.tools/],
    [
      'a bad tool name',
      { messages: [user()], toolConfig: { tools: [{ toolSpec: { name: 'a b' } }] } },
      /\[a-zA-Z0-9_-\]\+/,
    ],
    ['a long effort', { messages: [user()], outputConfig: { effort: 'x'.repeat(17) } }, /less than or equal to 16/],
    ['no such tier', { messages: [user()], serviceTier: { type: 'cheap' } }, /\[priority, default, flex, reserved\]/],
    [
      'a tier it lacks',
      { messages: [user()], serviceTier: { type: 'reserved' } },
      /'reserved' is not supported for this model/,
    ],
    ['no such latency', { messages: [user()], performanceConfig: { latency: 'instant' } }, /\[optimized, standard\]/],
    ['half a guardrail', { messages: [user()], guardrailConfig: { guardrailIdentifier: 'a' } }, /guardrailVersion/],
    [
      'version 0',
      { messages: [user()], guardrailConfig: { guardrailIdentifier: 'a', guardrailVersion: '0' } },
      /guardrailVersion/,
    ],
    ['empty metadata', { messages: [user()], requestMetadata: {} }, /greater than or equal to 1/],
    ['17 entries', { messages: [user()], requestMetadata: many(17) }, /less than or equal to 16/],
    ['a metadata mark', { messages: [user()], requestMetadata: { a: 'b;c' } }, /regular expression pattern/],
    ['long metadata', { messages: [user()], requestMetadata: { a: 'b'.repeat(257) } }, /less than or equal to 256/],
    ['11 field paths', { messages: [user()], additionalModelResponseFieldPaths: Array(11).fill('/a') }, /equal to 10/],
  ])('%s', async (_what, body, message) => {
    const refusal = await post(`/model/${NOVA}/converse`, JSON.stringify(body))
    expect(refusal).toMatch(/^400 ValidationException: /)
    expect(refusal).toMatch(message)
  })

  it('what is not JSON', async () => {
    expect(await post(`/model/${NOVA}/converse`, '{"messages":')).toMatch(/^400 SerializationException: /)
    expect(await post(`/model/${NOVA}/converse`, '[1]')).toMatch(/^400 SerializationException: /)
  })

  it('a body above 25,000,000 bytes', async () => {
    const refusal = await post(`/model/${NOVA}/converse`, 'x'.repeat(25_000_001))
    expect(refusal).toMatch(/^413 RequestEntityTooLargeException/)
  })

  it('accepts 16 entries of metadata with every allowed mark', async () => {
    const requestMetadata = { ...many(15), 'a b:_@$#=/+,-.': 'Z 9:_@$#=/+,-.' }
    const body = JSON.stringify({ messages: [user()], requestMetadata })
    expect(await post(`/model/${NOVA}/converse`, body)).toMatch(/^200 /)
  })
})

describe('InvokeModel refuses', () => {
  const body = JSON.stringify({ messages: [user()] })
  it.each<[Record<string, string>, RegExp]>([
    [{ 'x-amzn-bedrock-request-metadata': '{"a"' }, /not valid JSON/],
    [{ 'x-amzn-bedrock-request-metadata': JSON.stringify(many(17)) }, /less than or equal to 16/],
    [{ 'x-amzn-bedrock-request-metadata': JSON.stringify({ a: 'b'.repeat(8500) }) }, /less than or equal to 8500/],
    [{ 'x-amzn-bedrock-service-tier': 'cheap' }, /serviceTier/],
    [{ 'x-amzn-bedrock-performanceconfig-latency': 'instant' }, /latency/],
    [{ 'x-amzn-bedrock-trace': 'yes' }, /ENABLED, DISABLED/],
    [{ 'x-amzn-bedrock-guardrailidentifier': 'a' }, /guardrailVersion must be set/],
    [{ 'x-amzn-bedrock-guardrailidentifier': 'A B', 'x-amzn-bedrock-guardrailversion': '1' }, /guardrailIdentifier/],
  ])('%j', async (headers, message) => {
    const refusal = await post(`/model/${NOVA}/invoke`, body, headers)
    expect(refusal).toMatch(/^400 ValidationException: /)
    expect(refusal).toMatch(message)
  })

  it('an unknown guardrail with 404', async () => {
    const headers = { 'x-amzn-bedrock-guardrailidentifier': 'missing1', 'x-amzn-bedrock-guardrailversion': '1' }
    expect(await post(`/model/${NOVA}/invoke`, body, headers)).toMatch(/^404 ResourceNotFoundException/)
  })
})

it('an unknown operation is 404, and a path that is no percent-encoding 400', async () => {
  expect(await post('/model/x/dance', '{}')).toMatch(/^404 UnknownOperationException/)
  expect(await post('/model/%E0%A4%A/converse', '{}')).toMatch(/^400 ValidationException/)
})
