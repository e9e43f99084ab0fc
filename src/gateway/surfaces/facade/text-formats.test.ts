// Each family's own format of prompts, with the defaults that clients of the samples rely on.

import { describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '../converse/types.ts'
import { joinedText, textFormatOf } from './text-formats.ts'

const PARAMETERS = { temperature: 0.5 }

describe('a prompt', () => {
  it.each<[string, JsonObject]>([
    ['anthropic.claude-v2:1', { max_tokens_to_sample: 256, temperature: 0.5, prompt: '\n\nHuman: Hi\n\nAssistant:' }],
    [
      'anthropic.claude-instant-v1',
      { max_tokens_to_sample: 256, temperature: 0.5, prompt: '\n\nHuman: Hi\n\nAssistant:' },
    ],
    [
      'anthropic.claude-3-sonnet-20240229-v1:0',
      {
        anthropic_version: 'bedrock-2023-05-31',
        max_tokens: 1_000,
        temperature: 0.5,
        messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
      },
    ],
    ['amazon.titan-text-express-v1', { inputText: 'Hi', textGenerationConfig: PARAMETERS }],
    ['amazon.titan-tg1-large', { inputText: 'Hi', textGenerationConfig: PARAMETERS }],
    ['ai21.j2-mid-v1', { temperature: 0.5, prompt: 'Hi' }],
    ['cohere.command-text-v14', { temperature: 0.5, prompt: 'Hi' }],
    ['meta.llama2-13b-chat-v1', { temperature: 0.5, prompt: 'Hi' }],
    ['mistral.mixtral-8x7b-instruct-v0:1', { temperature: 0.5, prompt: 'Hi' }],
  ])('for %s has its format', (model, body) => {
    expect(textFormatOf(model)?.body('Hi', PARAMETERS)).toEqual(body)
  })

  it.each(['amazon.nova-pro-v1:0', 'cohere.command-r-v1:0', 'ai21.jamba-1-5-mini-v1:0', 'deepseek.r1-v1:0', 'nobody'])(
    'for %s has none',
    (model) => {
      expect(textFormatOf(model)).toBeNull()
    },
  )

  it.each([
    ['Hi', '\n\nHuman: Hi\n\nAssistant:'],
    ['Human: Hi', '\n\nHuman: Hi\n\nAssistant:'],
    ['\n\nHuman: Hi\n\nAssistant: Well', '\n\nHuman: Hi\n\nAssistant: Well'],
    ['What is Human: capital?', '\n\nHuman: What is Human: capital?\n\nAssistant:'],
  ])('of %j is a dialogue for Claude 2', (prompt, dialogue) => {
    expect(textFormatOf('anthropic.claude-v2')?.body(prompt, {})).toMatchObject({ prompt: dialogue })
  })

  it('keeps the limit that callers of Claude 2 set, for Claude 3 too', () => {
    const body = textFormatOf('anthropic.claude-3-haiku-20240307-v1:0')?.body('Hi', { max_tokens_to_sample: 7 })
    expect(body).toMatchObject({ max_tokens: 7 })
    expect(body).not.toHaveProperty('max_tokens_to_sample')
  })

  it('is not overridden by a parameter of the same name', () => {
    expect(textFormatOf('meta.llama3-8b-instruct-v1:0')?.body('Hi', { prompt: 'Ho' })).toEqual({ prompt: 'Hi' })
  })
})

describe('an answer', () => {
  it.each<[string, Json]>([
    ['anthropic.claude-v2', { completion: 'Ho' }],
    [
      'anthropic.claude-3-haiku-20240307-v1:0',
      { content: [{ text: 'H' }, { type: 'tool_use', input: {} }, { text: 'o' }] },
    ],
    ['amazon.titan-text-lite-v1', { results: [{ outputText: 'Ho' }] }],
    ['ai21.j2-ultra-v1', { completions: [{ data: { text: 'Ho' } }] }],
    ['cohere.command-light-text-v14', { generations: [{ text: 'Ho' }] }],
    ['meta.llama3-70b-instruct-v1:0', { generation: 'Ho' }],
    ['mistral.mistral-large-2402-v1:0', { outputs: [{ text: 'Ho' }] }],
  ])('of %s is found', (model, answer) => {
    expect(textFormatOf(model)?.text(answer)).toBe('Ho')
  })

  it.each<Json>([null, 'text', [], {}, { results: {} }, { results: [null] }, { __proto__: 1 }])(
    'that is %j has none',
    (answer) => {
      expect(textFormatOf('amazon.titan-text-lite-v1')?.text(answer)).toBeUndefined()
      expect(textFormatOf('anthropic.claude-3-haiku-20240307-v1:0')?.text(answer)).toBeUndefined()
    },
  )

  it('of a tool alone is empty, not a failure', () => {
    expect(joinedText([{ toolUse: { name: 'x' } }])).toBe('')
  })
})
