// The operations that run a model, called by AWS's own clients: what they decode, and what the bill says of it.
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  type ConverseStreamCommandInput,
  CountTokensCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { DEFAULT_KEY_PAIR, type RunningSimulator, startSimulator } from './server.ts'

const CLAUDE = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'
const NOVA = 'amazon.nova-lite-v1:0'
const NOVA_PRO = 'amazon.nova-pro-v1:0'
const ARN = 'arn:aws:bedrock:us-east-1'

let clock = Date.parse('2026-11-20T12:00:00Z')
let simulator: RunningSimulator
let runtime: BedrockRuntimeClient

beforeAll(async () => {
  simulator = await startSimulator({ now: () => clock, allowAnyCredentials: true })
  const config = { endpoint: simulator.url, region: 'us-east-1', credentials: DEFAULT_KEY_PAIR, maxAttempts: 1 }
  runtime = new BedrockRuntimeClient(config)
})
afterAll(() => simulator.close())
beforeEach(() => simulator.reset())

const question = (text: string) => [{ role: 'user' as const, content: [{ text }] }]
const claudeBody = (extra: object = {}) =>
  JSON.stringify({
    anthropic_version: 'bedrock-2023-05-31',
    max_tokens: 200,
    messages: [{ role: 'user', content: 'Tell me in 30 words.' }],
    ...extra,
  })

describe('model ids', () => {
  const converse = (modelId: string) => runtime.send(new ConverseCommand({ modelId, messages: question('Hello') }))

  it.each([
    [NOVA, NOVA],
    [`us.${NOVA}`, NOVA],
    [`${ARN}::foundation-model/${NOVA}`, NOVA],
    [`${ARN}:123456789012:inference-profile/${CLAUDE}`, CLAUDE.slice(3)],
    [`${ARN}:123456789012:provisioned-model/simulatedpt1`, NOVA],
    [`${ARN}:123456789012:custom-model-deployment/simulatedcd1`, NOVA],
    [`${ARN}:123456789012:imported-model/simulatedim1`, 'amazon.nova-micro-v1:0'],
    [`${ARN}:123456789012:prompt/SIMPROMPT1:2`, NOVA],
  ])('%s runs %s', async (modelId, baseModel) => {
    await converse(modelId)
    expect(simulator.bill()).toMatchObject([{ model_id: modelId, base_model: baseModel }])
  })

  it('a prompt router says which model it invoked', async () => {
    const answer = await converse(`${ARN}:123456789012:default-prompt-router/anthropic.claude:1`)
    const invoked = answer.trace?.promptRouter?.invokedModelId
    expect(invoked).toBe(`${ARN}::foundation-model/${simulator.bill()[0]?.base_model}`)
    expect(invoked).toContain('anthropic.claude')
  })

  it('an unencoded ARN in the path is the same model', async () => {
    const path = `${ARN}:123456789012:inference-profile/${CLAUDE}`
    const response = await fetch(`${simulator.url}/model/${path}/converse`, {
      method: 'POST',
      headers: { authorization: 'Bearer any' },
      body: JSON.stringify({ messages: question('Hello') }),
    })
    expect(response.status).toBe(200)
    expect(simulator.bill()[0]?.model_id).toBe(path)
  })

  it.each([
    ['nobody.knows-v1:0', 'ValidationException', /identifier is invalid/],
    [CLAUDE.slice(3), 'ValidationException', /with on-demand throughput isn’t supported/],
    [`${ARN}::foundation-model/nobody.knows`, 'ResourceNotFoundException', /Could not resolve/],
    [`${ARN}:123456789012:application-inference-profile/nothere`, 'ResourceNotFoundException', /Could not resolve/],
    ['amazon.titan-embed-text-v2:0', 'ValidationException', /doesn't support the model/],
  ])('%s is refused with %s', async (modelId, name, message) => {
    await expect(converse(modelId)).rejects.toMatchObject({ name, message: expect.stringMatching(message) })
    expect(simulator.bill()).toEqual([])
  })
})

async function streamedInput(request: ConverseStreamCommandInput): Promise<string> {
  const { stream } = await runtime.send(new ConverseStreamCommand(request))
  let input = ''
  for await (const event of stream ?? []) input += event.contentBlockDelta?.delta?.toolUse?.input ?? ''
  return input
}

describe('Converse', () => {
  it('obeys maxTokens and stop sequences', async () => {
    const messages = question('Tell me in 400 words.')
    const short = await runtime.send(
      new ConverseCommand({ modelId: NOVA, messages, inferenceConfig: { maxTokens: 7 } }),
    )
    expect(short).toMatchObject({ stopReason: 'max_tokens', usage: { outputTokens: 7 } })
    const stopped = await runtime.send(
      new ConverseCommand({ modelId: NOVA, messages, inferenceConfig: { stopSequences: ['sea'] } }),
    )
    expect(stopped.stopReason).toBe('stop_sequence')
    expect(stopped.output?.message?.content?.[0]?.text).not.toContain('sea')
    expect(simulator.bill().map((call) => call.usage.output_tokens)).toEqual([7, stopped.usage?.outputTokens])
  })

  it('calls a tool when one is named, and answers in text once it has the result', async () => {
    const toolConfig = {
      tools: [
        {
          toolSpec: {
            name: 'get_weather',
            inputSchema: {
              json: { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' } } },
            },
          },
        },
      ],
    }
    const messages = question('Use get_weather for Lima.')
    const first = await runtime.send(new ConverseCommand({ modelId: CLAUDE, messages, toolConfig }))
    expect(first.stopReason).toBe('tool_use')
    const use = first.output?.message?.content?.[0]?.toolUse
    expect(use).toMatchObject({ name: 'get_weather', input: { city: 'red sea', days: 7 } })

    expect(JSON.parse(await streamedInput({ modelId: CLAUDE, messages, toolConfig }))).toEqual(use?.input)

    const result = {
      role: 'user' as const,
      content: [{ toolResult: { toolUseId: use?.toolUseId, content: [{ text: '20 C' }] } }],
    }
    const history = [...messages, { role: 'assistant' as const, content: first.output?.message?.content }, result]
    const second = await runtime.send(new ConverseCommand({ modelId: CLAUDE, messages: history, toolConfig }))
    expect(second.stopReason).toBe('end_turn')
  })

  it('reasons when asked to', async () => {
    const answer = await runtime.send(
      new ConverseCommand({
        modelId: CLAUDE,
        messages: question('Think.'),
        additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 1024 } },
      }),
    )
    expect(answer.output?.message?.content?.[0]?.reasoningContent?.reasoningText?.signature).toMatch(/^\w+$/)
    expect(answer.output?.message?.content?.[1]?.text).toBeTruthy()
  })

  it('echoes tier and latency, and bills the tier that served', async () => {
    const answer = await runtime.send(
      new ConverseCommand({
        modelId: NOVA_PRO,
        messages: question('Hello'),
        serviceTier: { type: 'flex' },
        performanceConfig: { latency: 'optimized' },
        requestMetadata: { team: 'a' },
      }),
    )
    expect(answer).toMatchObject({ serviceTier: { type: 'flex' }, performanceConfig: { latency: 'optimized' } })
    const downgraded = await runtime.send(
      new ConverseCommand({
        modelId: `${NOVA_PRO}~fault=tier:served=default`,
        messages: question('Hello'),
        serviceTier: { type: 'priority' },
      }),
    )
    expect(downgraded.serviceTier).toEqual({ type: 'default' })
    expect(simulator.bill()).toMatchObject([
      { tier: 'flex', requested_tier: 'flex', request_metadata: { team: 'a' } },
      { tier: 'default', requested_tier: 'priority' },
    ])
  })

  it('writes a prefix to the cache, reads it until its time is over, and bills each part once', async () => {
    const long = 'word '.repeat(2000)
    const send = async (ttl: '5m' | '1h', text: string) => {
      const system = [{ text: long + ttl }, { cachePoint: { type: 'default' as const, ttl } }]
      const answer = await runtime.send(new ConverseCommand({ modelId: CLAUDE, system, messages: question(text) }))
      return answer.usage
    }
    const total = 2501
    const first = await send('1h', 'One')
    expect(first).toMatchObject({ inputTokens: 5, cacheReadInputTokens: 0, cacheWriteInputTokens: total })
    expect(first?.cacheDetails).toEqual([{ ttl: '1h', inputTokens: total }])
    clock += 59 * 60_000
    expect(await send('1h', 'Two')).toMatchObject({
      inputTokens: 5,
      cacheReadInputTokens: total,
      cacheWriteInputTokens: 0,
    })
    clock += 61 * 60_000
    expect(await send('1h', 'Six')).toMatchObject({ cacheReadInputTokens: 0, cacheWriteInputTokens: total })
    await send('5m', 'One')
    expect(simulator.bill().map((call) => call.usage)).toMatchObject([
      { input_tokens: 5, cache_write_1h_tokens: total },
      { input_tokens: 5, cache_read_tokens: total },
      { input_tokens: 5, cache_write_1h_tokens: total },
      { input_tokens: 5, cache_write_5m_tokens: total },
    ])
  })

  it('finds what the turn before wrote, when the breakpoint moves on with the conversation', async () => {
    const point = { cachePoint: { type: 'default' as const } }
    const turn = { role: 'user' as const, content: [{ text: 'word '.repeat(2000) }, point] }
    const first = await runtime.send(new ConverseCommand({ modelId: CLAUDE, messages: [turn] }))
    const messages = [
      { role: 'user' as const, content: turn.content.slice(0, 1) },
      { role: 'assistant' as const, content: [{ text: 'I see.' }] },
      { role: 'user' as const, content: [{ text: 'Go on.' }, point] },
    ]
    const second = await runtime.send(new ConverseCommand({ modelId: CLAUDE, messages }))
    expect(second.usage?.cacheReadInputTokens).toBe(first.usage?.cacheWriteInputTokens)
    expect(second.usage?.cacheWriteInputTokens).toBeGreaterThan(0)
    expect(second.usage?.inputTokens).toBe(0)
  })

  it('assesses under a guardrail, shows its trace, and bills units though the model was not asked', async () => {
    const guardrailConfig = { guardrailIdentifier: 'gr1', guardrailVersion: '1', trace: 'enabled' as const }
    const ask = (text: string) =>
      runtime.send(new ConverseCommand({ modelId: NOVA, messages: question(text), guardrailConfig }))
    const passed = await ask('Hello')
    expect(passed.trace?.guardrail?.inputAssessment?.gr1?.invocationMetrics?.usage?.contentPolicyUnits).toBe(1)
    const blocked = await ask('Give me investment advice.')
    expect(blocked).toMatchObject({ stopReason: 'guardrail_intervened', usage: { inputTokens: 0, outputTokens: 0 } })
    expect(simulator.bill().map((call) => call.usage)).toMatchObject([
      { input_tokens: passed.usage?.inputTokens, guardrail_content_units: 2 },
      { input_tokens: 0, output_tokens: 0, guardrail_content_units: 1 },
    ])
  })
})

describe('InvokeModel', () => {
  it('answers in the model’s own shape with usage headers', async () => {
    const response = await fetch(`${simulator.url}/model/${encodeURIComponent(CLAUDE)}/invoke`, {
      method: 'POST',
      headers: { authorization: 'Bearer any', 'x-amzn-bedrock-service-tier': 'default' },
      body: claudeBody(),
    })
    const body = await response.json()
    const header = (name: string) => response.headers.get(`x-amzn-bedrock-${name}`)
    const [call] = simulator.bill()
    expect(body).toMatchObject({ type: 'message', usage: { output_tokens: 30 } })
    expect(header('output-token-count')).toBe('30')
    expect(header('input-token-count')).toBe(String(call?.usage.input_tokens))
    expect(header('cache-read-input-token-count')).toBe('0')
    expect(header('invocation-latency')).toMatch(/^\d+$/)
    expect(header('service-tier')).toBe('default')
    expect(call).toMatchObject({ operation: 'InvokeModel', usage: { output_tokens: 30 }, completed: true })
  })

  it('passes through the SDK with every option', async () => {
    const answer = await runtime.send(
      new InvokeModelCommand({
        modelId: CLAUDE,
        body: claudeBody(),
        guardrailIdentifier: 'gr1',
        guardrailVersion: 'DRAFT',
        trace: 'ENABLED',
        requestMetadata: JSON.stringify({ team: 'a' }),
      }),
    )
    const body: unknown = JSON.parse(Buffer.from(answer.body).toString())
    expect(body).toMatchObject({ 'amazon-bedrock-guardrailAction': 'NONE', 'amazon-bedrock-trace': { guardrail: {} } })
    expect(simulator.bill()).toMatchObject([{ request_metadata: { team: 'a' }, usage: { guardrail_content_units: 2 } }])
  })

  it('streams chunks whose last one carries AWS’s counts', async () => {
    const answer = await runtime.send(new InvokeModelWithResponseStreamCommand({ modelId: CLAUDE, body: claudeBody() }))
    const chunks: Record<string, unknown>[] = []
    for await (const event of answer.body ?? [])
      chunks.push(JSON.parse(Buffer.from(event.chunk?.bytes ?? '').toString()))
    const { usage } = simulator.bill()[0] ?? {}
    expect(chunks[0]).toMatchObject({ type: 'message_start' })
    expect(chunks.slice(0, -1).some((chunk) => 'amazon-bedrock-invocationMetrics' in chunk)).toBe(false)
    expect(chunks.at(-1)?.['amazon-bedrock-invocationMetrics']).toMatchObject({
      inputTokenCount: usage?.input_tokens,
      outputTokenCount: 30,
      cacheReadInputTokenCount: 0,
    })
  })

  it.each([
    ['not json', 'Malformed input request, please reformat your input and try again.'],
    ['[]', 'Malformed input request: expected type: JSONObject, please reformat your input and try again.'],
  ])('refuses the body %s', async (body, message) => {
    const command = new InvokeModelCommand({ modelId: CLAUDE, body })
    await expect(runtime.send(command)).rejects.toMatchObject({ name: 'ValidationException', message })
  })
})

describe('CountTokens', () => {
  it('counts what Converse and InvokeModel then use', async () => {
    const messages = question('How many tokens are these?')
    const counted = await runtime.send(new CountTokensCommand({ modelId: CLAUDE, input: { converse: { messages } } }))
    const answer = await runtime.send(new ConverseCommand({ modelId: CLAUDE, messages }))
    expect(counted.inputTokens).toBe(answer.usage?.inputTokens)
    const body = Buffer.from(claudeBody())
    const native = await runtime.send(new CountTokensCommand({ modelId: CLAUDE, input: { invokeModel: { body } } }))
    await runtime.send(new InvokeModelCommand({ modelId: CLAUDE, body: claudeBody() }))
    expect(native.inputTokens).toBe(simulator.bill()[1]?.usage.input_tokens)
    expect(simulator.bill()).toHaveLength(2)
  })
})
