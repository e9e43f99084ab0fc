// Chat completions as Converse takes them, and what is refused or left out.

import { describe, expect, it } from 'vitest'
import { Dropped } from '../converse/dropped.ts'
import { readFields } from '../converse/fields.ts'
import type { ConverseRequest } from '../converse/types.ts'
import { readChatRequest, sayChat } from './chat-request.ts'

const NOVA = 'amazon.nova-lite-v1:0'
const CLAUDE = 'anthropic.claude-sonnet-5-5'
const OLDER_CLAUDE = 'anthropic.claude-haiku-4-5-20251001-v1:0'
const HI = [{ role: 'user', content: 'hi' }]

function said(body: object, baseModel: string | null = NOVA): { request: ConverseRequest; dropped: string } {
  const bytes = Buffer.from(JSON.stringify({ model: 'm', messages: HI, ...body }))
  const dropped = new Dropped()
  const { request } = sayChat(
    readChatRequest(readFields(bytes), () => undefined),
    baseModel,
    dropped,
  )
  return { request, dropped: dropped.headers()[1] ?? '' }
}

const requestOf = (body: object, baseModel: string | null = NOVA): ConverseRequest => said(body, baseModel).request
const droppedOf = (body: object, baseModel: string | null = NOVA): string => said(body, baseModel).dropped

const tool = (name: string, more: object = {}): object => ({ type: 'function', function: { name, ...more } })
const toolCall = (id: string, name: string, args: string): object => ({
  id,
  type: 'function',
  function: { name, arguments: args },
})

describe('messages', () => {
  it('keep who said what, in order', () => {
    const messages = [
      { role: 'system', content: 'be brief' },
      { role: 'developer', content: [{ type: 'text', text: 'be kind' }] },
      { role: 'user', content: 'weather?' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [toolCall('c1', 'look', '{"at":1}'), toolCall('c2', 'look', '')],
      },
      { role: 'tool', tool_call_id: 'c1', content: 'sun' },
      { role: 'tool', tool_call_id: 'c2', content: [{ type: 'text', text: 'rain' }] },
      { role: 'user', content: 'and?' },
      { role: 'assistant', content: 'fine' },
      { role: 'assistant', content: '' },
      { role: 'user', content: 'thanks' },
    ]
    const { request, dropped } = said({ messages, tools: [tool('look')] })
    expect(request.system).toEqual([{ text: 'be brief' }, { text: 'be kind' }])
    expect(request.messages).toEqual([
      { role: 'user', content: [{ text: 'weather?' }] },
      {
        role: 'assistant',
        content: [
          { toolUse: { toolUseId: 'c1', name: 'look', input: { at: 1 } } },
          { toolUse: { toolUseId: 'c2', name: 'look', input: {} } },
        ],
      },
      {
        role: 'user',
        content: [
          { toolResult: { toolUseId: 'c1', content: [{ text: 'sun' }] } },
          { toolResult: { toolUseId: 'c2', content: [{ text: 'rain' }] } },
          { text: 'and?' },
        ],
      },
      { role: 'assistant', content: [{ text: 'fine' }] },
      { role: 'user', content: [{ text: 'thanks' }] },
    ])
    expect(dropped).toBe('')
  })

  it('carry images, files and recordings that stand in them', () => {
    const content = [
      { type: 'text', text: 'see' },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,aGk=', detail: 'high' } },
      { type: 'file', file: { filename: 'my report_1.pdf', file_data: 'data:application/pdf;base64,aGk=' } },
      { type: 'input_audio', input_audio: { data: 'aGk=', format: 'wav' } },
    ]
    const { request, dropped } = said({ messages: [{ role: 'user', content }] })
    expect(request.messages[0]?.content).toEqual([
      { text: 'see' },
      { image: { format: 'png', source: { bytes: 'aGk=' } } },
      { document: { name: 'my report 1 pdf', format: 'pdf', source: { bytes: 'aGk=' } } },
      { audio: { format: 'wav', source: { bytes: 'aGk=' } } },
    ])
    expect(dropped).toBe('')
  })

  it.each([
    [{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }, 'fetches nothing'],
    [{ type: 'image_url', image_url: { url: 'data:image/bmp;base64,aGk=' } }, 'PNG'],
    [{ type: 'image_url', image_url: { url: 'data:image/png;base64,a b' } }, 'not base64'],
    [{ type: 'file', file: { file_id: 'file-1' } }, 'by id'],
    [{ type: 'video', url: 'x' }, 'cannot stand'],
    ['text', 'must be an object'],
  ])('refuse %j', (part, words) => {
    expect(() => said({ messages: [{ role: 'user', content: [part] }] })).toThrow(words)
  })

  it.each([
    [{ role: 'user', content: 7 }, 'messages[0].content must be a list'],
    [{ role: 'robot', content: 'x' }, 'messages[0].role must be one of'],
    [{ content: 'x' }, 'messages[0].role is needed'],
    [{ role: 'tool', content: 'x' }, 'messages[0].tool_call_id is needed'],
    [{ role: 'assistant', tool_calls: [toolCall('c', 'f', '{')] }, 'arguments is not valid JSON'],
    [{ role: 'assistant', tool_calls: [toolCall('c', 'f', '[1]')] }, 'arguments must be an object'],
  ])('refuse %j', (message, words) => {
    expect(() => said({ messages: [message] })).toThrow(words)
  })

  it('say what they held that is not carried', () => {
    const messages = [
      { role: 'user', content: 'a', name: 'ann' },
      { role: 'user', content: [{ type: 'text', text: 'b', x_cache: 1 }] },
      { role: 'system', content: 'late' },
    ]
    const { request, dropped } = said({ messages })
    expect(request.system).toEqual([{ text: 'late' }])
    expect(dropped).toBe('messages[].name, messages[].content[].x_cache, messages[].role.system_in_place')
  })
})

describe('settings', () => {
  it('are those of Converse', () => {
    const body = { max_completion_tokens: 9, temperature: 0.5, top_p: 0.9, stop: ['a', 'b'], service_tier: 'flex' }
    expect(droppedOf(body)).toBe('')
    expect(requestOf(body)).toMatchObject({
      inferenceConfig: { maxTokens: 9, temperature: 0.5, topP: 0.9, stopSequences: ['a', 'b'] },
      serviceTier: { type: 'flex' },
    })
    expect(requestOf({ max_tokens: 7, stop: 'x' }).inferenceConfig).toEqual({ maxTokens: 7, stopSequences: ['x'] })
    expect(requestOf({ service_tier: 'auto', max_tokens: null })).toEqual({
      messages: [{ role: 'user', content: [{ text: 'hi' }] }],
    })
  })

  it.each([
    [
      { seed: 1, logit_bias: { 1: 2 }, frequency_penalty: 0.5, presence_penalty: 0 },
      'frequency_penalty, seed, logit_bias',
    ],
    [{ temperature: 1.5 }, 'temperature.above_1'],
    [{ reasoning_effort: 'high' }, 'reasoning_effort'],
    [{ parallel_tool_calls: false, tools: [tool('f')] }, 'parallel_tool_calls'],
    [{ tools: [tool('f', { strict: true })] }, 'tools[].strict'],
    [{ response_format: { type: 'json_object' } }, 'response_format.json_object'],
    [{ store: true, service_tier: 'scale' }, 'service_tier, store'],
    [{ store: false, n: 1, logprobs: false, response_format: { type: 'text' }, modalities: ['text'] }, ''],
    [{ 'evil\r\nx-header: 1': 1 }, 'evil__x-header__1'],
  ])('%j is carried but for "%s"', (body, dropped) => {
    expect(droppedOf(body)).toBe(dropped)
  })

  it.each([
    { n: 2 },
    { logprobs: true },
    { top_logprobs: 3 },
    { functions: [] },
    { modalities: ['text', 'audio'] },
    { web_search_options: {} },
    { temperature: '1' },
    { stop: [1] },
    { messages: [] },
    { tools: [{ type: 'custom', custom: { name: 'f' } }] },
    { metadata: { team: 1 } },
    { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`k${index}`, 'v'])) },
  ])('%j is refused', (body) => {
    expect(() => said(body)).toThrow(expect.objectContaining({ code: 'invalid_request' }))
  })
})

it('more messages than any conversation has are refused', () => {
  const messages = Array.from({ length: 10_001 }, () => HI[0])
  expect(() => said({ messages })).toThrow('at most 10000')
})

describe('tools', () => {
  const look = tool('look', { description: 'Looks.', parameters: { type: 'object', properties: { at: {} } } })

  it('are offered as they are', () => {
    expect(requestOf({ tools: [look, tool('go')] }).toolConfig).toEqual({
      tools: [
        {
          toolSpec: {
            name: 'look',
            description: 'Looks.',
            inputSchema: { json: { type: 'object', properties: { at: {} } } },
          },
        },
        { toolSpec: { name: 'go', inputSchema: { json: { type: 'object', properties: {} } } } },
      ],
    })
  })

  it.each([
    ['required', { any: {} }],
    [{ type: 'function', function: { name: 'go' } }, { tool: { name: 'go' } }],
    ['auto', undefined],
  ])('are chosen by %j', (choice, chosen) => {
    expect(requestOf({ tools: [look], tool_choice: choice }).toolConfig?.toolChoice).toEqual(chosen)
  })

  it('that are not allowed are not offered', () => {
    const allowed_tools = { mode: 'required', tools: [tool('go')] }
    const { toolConfig } = requestOf({
      tools: [look, tool('go')],
      tool_choice: { type: 'allowed_tools', allowed_tools },
    })
    expect(toolConfig).toMatchObject({ tools: [{ toolSpec: { name: 'go' } }], toolChoice: { any: {} } })
    expect(toolConfig?.tools).toHaveLength(1)
  })

  it('that may not be called are left out, unless the conversation has called them', () => {
    expect(requestOf({ tools: [look], tool_choice: 'none' }).toolConfig).toBeUndefined()
    const messages = [
      ...HI,
      { role: 'assistant', tool_calls: [toolCall('c', 'look', '{}')] },
      { role: 'tool', tool_call_id: 'c', content: 'x' },
    ]
    const body = { messages, tools: [look, tool('go')], tool_choice: 'none' }
    expect(requestOf(body, CLAUDE)).toMatchObject({
      toolConfig: { tools: [{ toolSpec: { name: 'look' } }] },
      additionalModelRequestFields: { tool_choice: { type: 'none' } },
    })
    expect(droppedOf(body)).toBe('tool_choice')
    expect(requestOf({ messages }).toolConfig?.tools).toMatchObject([{ toolSpec: { name: 'look' } }])
  })

  it('are called one at a time where the model can be told', () => {
    const body = { tools: [look], parallel_tool_calls: false }
    expect(requestOf(body, CLAUDE).additionalModelRequestFields).toEqual({
      tool_choice: { type: 'auto', disable_parallel_tool_use: true },
    })
    expect(requestOf({ ...body, tool_choice: 'required' }, CLAUDE).additionalModelRequestFields).toEqual({
      tool_choice: { type: 'any', disable_parallel_tool_use: true },
    })
  })
})

describe('an answer by a schema', () => {
  const schema = { type: 'object', properties: { colour: { type: 'string' } } }
  const response_format = { type: 'json_schema', json_schema: { name: 'colours', schema, strict: true } }

  it('is asked for as Converse does, where the model has it', () => {
    expect(requestOf({ response_format }, CLAUDE)).toMatchObject({
      outputConfig: {
        textFormat: {
          type: 'json_schema',
          structure: { jsonSchema: { name: 'colours', schema: JSON.stringify(schema) } },
        },
      },
    })
  })

  it('is the input of a tool elsewhere', () => {
    expect(requestOf({ response_format }).toolConfig).toEqual({
      tools: [{ toolSpec: { name: 'colours', description: 'Gives the answer.', inputSchema: { json: schema } } }],
      toolChoice: { tool: { name: 'colours' } },
    })
    expect(requestOf({ response_format, tools: [tool('colours')] }).toolConfig).toMatchObject({
      tools: [{ toolSpec: { name: 'colours' } }, { toolSpec: { name: 'colours_answer' } }],
      toolChoice: { any: {} },
    })
  })

  it.each([{ json_schema: { name: 'a b', schema } }, { json_schema: { name: 'a' } }, {}])('%j is refused', (format) => {
    expect(() => said({ response_format: { type: 'json_schema', ...format } })).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    )
  })
})

describe('effort', () => {
  it.each([
    [
      CLAUDE,
      'high',
      { additionalModelRequestFields: { thinking: { type: 'adaptive' } }, outputConfig: { effort: 'high' } },
    ],
    [CLAUDE, 'none', { additionalModelRequestFields: { thinking: { type: 'disabled' } } }],
    [OLDER_CLAUDE, 'low', { additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 2_048 } } }],
    [
      'amazon.nova-2-lite-v1:0',
      'xhigh',
      { additionalModelRequestFields: { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'high' } } },
    ],
    ['openai.gpt-oss-120b-1:0', 'minimal', { additionalModelRequestFields: { reasoning_effort: 'low' } }],
    [null, 'none', {}],
  ])('%s, %s', (baseModel, reasoning_effort, asked) => {
    const { request, dropped } = said({ reasoning_effort }, baseModel)
    expect(request).toMatchObject(asked)
    expect(dropped).toBe('')
  })

  it('leaves room for the answer, at the only temperature that thinking has', () => {
    const body = { reasoning_effort: 'high', max_tokens: 4_000, temperature: 0.2 }
    const { request, dropped } = said(body, OLDER_CLAUDE)
    expect(request.additionalModelRequestFields).toEqual({ thinking: { type: 'enabled', budget_tokens: 2_000 } })
    expect(request.inferenceConfig).toEqual({ maxTokens: 4_000 })
    expect(dropped).toBe('temperature')
    expect(droppedOf({ ...body, max_tokens: 500 }, OLDER_CLAUDE)).toBe('reasoning_effort')
  })
})
