// Clients that build on OpenAI's dialect, unmodified: the AI SDK's provider and LangChain's, chat and responses, whole and streamed.

import { createOpenAI, type OpenAIProvider } from '@ai-sdk/openai'
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai'
import { embed, generateText, jsonSchema, Output, streamText, type LanguageModel } from 'ai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CLAUDE, NOVA, PROMPT, startOpenaiWorld, weather, type OpenaiWorld } from './openai-world.ts'

let world: OpenaiWorld

beforeAll(async () => {
  world = await startOpenaiWorld()
})

afterAll(() => world.close())

describe('@ai-sdk/openai', () => {
  const provider = (): OpenAIProvider =>
    createOpenAI({ baseURL: `${world.url}/openai/v1`, apiKey: world.tenant.secret })
  const ways: readonly (readonly [string, (id: string) => LanguageModel])[] = [
    ['chat', (id) => provider().chat(id)],
    ['responses', (id) => provider().responses(id)],
  ]

  describe.each(ways)('%s', (_way, modelOf) => {
    it('generates and streams the same text, with the usage of the ledger', async () => {
      const whole = await generateText({ model: modelOf(NOVA), prompt: PROMPT, maxRetries: 0 })
      expect(whole.finishReason).toBe('stop')
      await world.assertBilled('Converse')
      const entry = await world.lastEntry()
      expect(whole.usage).toMatchObject({
        inputTokens: entry.usage?.['input_tokens'],
        outputTokens: entry.usage?.['output_tokens'],
      })
      const streamed = streamText({ model: modelOf(NOVA), prompt: PROMPT, maxRetries: 0 })
      let text = ''
      for await (const piece of streamed.textStream) text += piece
      expect([text, await streamed.finishReason]).toEqual([whole.text, 'stop'])
      await world.assertBilled('ConverseStream')
    })

    it('calls a tool', async () => {
      const { description, parameters } = weather.function
      const tools = { weather: { description, inputSchema: jsonSchema(parameters as never) } }
      const { toolCalls, finishReason } = await generateText({
        model: modelOf(CLAUDE),
        prompt: PROMPT,
        tools,
        toolChoice: 'required',
        maxRetries: 0,
      })
      expect(toolCalls).toMatchObject([{ toolName: 'weather', input: { place: expect.any(String) } }])
      expect(finishReason).toBe('tool-calls')
    })

    it('answers by a schema', async () => {
      const schema = jsonSchema({ type: 'object', properties: { place: { type: 'string' } }, required: ['place'] })
      const output = Output.object({ schema })
      const { output: said } = await generateText({ model: modelOf(CLAUDE), prompt: PROMPT, output, maxRetries: 0 })
      expect(said).toEqual({ place: expect.any(String) })
    })
  })

  it('embeds', async () => {
    const model = provider().embedding('cohere.embed-v4:0')
    const { embedding } = await embed({ model, value: 'the sea', maxRetries: 0 })
    expect(embedding).toHaveLength(1_536)
  })

  it('hears a refusal with its status', async () => {
    const model = createOpenAI({ baseURL: `${world.url}/openai/v1`, apiKey: 'wb_no_key' }).chat(NOVA)
    await expect(generateText({ model, prompt: PROMPT, maxRetries: 0 })).rejects.toMatchObject({ statusCode: 401 })
  })
})

describe('@langchain/openai', () => {
  const chat = (model: string) =>
    new ChatOpenAI({
      model,
      apiKey: world.tenant.secret,
      maxRetries: 0,
      configuration: { baseURL: `${world.url}/openai/v1` },
    })

  it('invokes and streams the same text', async () => {
    const whole = await chat(NOVA).invoke(PROMPT)
    let text = ''
    for await (const chunk of await chat(NOVA).stream(PROMPT)) text += chunk.text
    expect(text).toBe(whole.text)
    expect(text.length).toBeGreaterThan(20)
    await world.assertBilled('ConverseStream')
  })

  it('calls a tool', async () => {
    const bound = chat(CLAUDE).bindTools([weather], { tool_choice: 'required' })
    expect((await bound.invoke(PROMPT)).tool_calls).toMatchObject([{ name: 'weather' }])
  })

  it('embeds', async () => {
    const embeddings = new OpenAIEmbeddings({
      model: 'cohere.embed-v4:0',
      apiKey: world.tenant.secret,
      maxRetries: 0,
      configuration: { baseURL: `${world.url}/openai/v1` },
    })
    expect(await embeddings.embedDocuments(['the sea', 'a ship'])).toMatchObject([{ length: 1_536 }, { length: 1_536 }])
  })
})
