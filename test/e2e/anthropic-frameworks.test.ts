// Frameworks over Anthropic's dialect, unmodified, with only address and key set: on Claude and on a model that is spoken to by Converse.

import { createAnthropic } from '@ai-sdk/anthropic'
import { ChatAnthropic } from '@langchain/anthropic'
import { generateText, jsonSchema, streamText } from 'ai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestTenant } from './admin-client.ts'
import { startHarness, type Harness } from './harness.ts'

const MODELS = ['us.anthropic.claude-haiku-4-5-20251001-v1:0', 'amazon.nova-lite-v1:0']

let harness: Harness
let tenant: TestTenant

beforeAll(async () => {
  harness = await startHarness()
  tenant = await harness.tenant('team-a')
})
afterAll(() => harness.close())

const weather = {
  name: 'weather',
  description: 'Tells the weather of a place.',
  input_schema: { type: 'object' as const, properties: { place: { type: 'string' } } },
}

describe('@ai-sdk/anthropic', () => {
  const model = (id: string) => createAnthropic({ baseURL: `${harness.url}/anthropic/v1`, apiKey: tenant.secret })(id)

  it.each(MODELS)('%s generates, streams and calls a tool', async (id) => {
    const prompt = 'Tell me of the sea in 30 words.'
    const whole = await generateText({ model: model(id), prompt, maxRetries: 0 })
    const streamed = streamText({ model: model(id), prompt, maxRetries: 0 })
    expect(await streamed.text).toBe(whole.text)
    expect(await streamed.usage).toMatchObject({ outputTokens: whole.usage.outputTokens })
    const tools = {
      weather: { description: weather.description, inputSchema: jsonSchema(weather.input_schema as object) },
    }
    const called = await generateText({ model: model(id), prompt, tools, toolChoice: 'required', maxRetries: 0 })
    expect(called).toMatchObject({ finishReason: 'tool-calls', toolCalls: [{ toolName: 'weather' }] })
  })
})

describe('@langchain/anthropic', () => {
  const chat = (model: string): ChatAnthropic =>
    new ChatAnthropic({ model, apiKey: tenant.secret, anthropicApiUrl: `${harness.url}/anthropic`, maxRetries: 0 })

  it.each(MODELS)('%s invokes, streams and calls a tool', async (id) => {
    const prompt = 'Tell me of the sea in 30 words.'
    const whole = await chat(id).invoke(prompt)
    let streamed = ''
    for await (const chunk of await chat(id).stream(prompt)) streamed += chunk.text
    expect(streamed).toBe(whole.text)
    const called = await chat(id).bindTools([weather], { tool_choice: 'any' }).invoke(prompt)
    expect(called.tool_calls).toMatchObject([{ name: 'weather' }])
  })
})
