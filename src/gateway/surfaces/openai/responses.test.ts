// The responses API by Converse, both ways.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeEventStreamMessage } from '../../../http/event-stream.ts'
import { Dropped } from '../converse/dropped.ts'
import { readFields } from '../converse/fields.ts'
import type { ContentBlock, ConverseRequest, JsonObject } from '../converse/types.ts'
import { assistant, streamOf, USAGE } from '../../../../test/fakes/converse-answers.ts'
import { readResponseRequest, sayResponse } from './responses-request.ts'
import { responseAnswer, type ResponseOf } from './responses.ts'

const CLAUDE = 'anthropic.claude-sonnet-5-5'
const ABOUT: ResponseOf = { requestId: 'r1', created: 7, schemaTool: null, asked: { model: 'm', temperature: 0.5 } }

function said(body: object): { request: ConverseRequest; dropped: string } {
  const bytes = Buffer.from(JSON.stringify({ model: 'm', input: 'hi', ...body }))
  const dropped = new Dropped()
  const { request } = sayResponse(
    readResponseRequest(readFields(bytes), () => undefined),
    CLAUDE,
    dropped,
  )
  return { request, dropped: dropped.headers()[1] ?? '' }
}

const wholeOf = (content: readonly ContentBlock[], stopReason: string, about = ABOUT): JsonObject => {
  const answer = { output: { message: { role: 'assistant', content } }, stopReason, usage: USAGE }
  const { body } = responseAnswer(about, []).whole(200, Buffer.from(JSON.stringify(answer)), [], null)
  return JSON.parse(body.toString()) as JsonObject
}

type Event = JsonObject & { readonly type: string; readonly sequence_number: number }

function eventsIn(sse: string): Event[] {
  return sse
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => {
      const [, name, data = ''] = /^event: (.*)\ndata: (.*)$/.exec(event) ?? []
      const parsed = JSON.parse(data) as Event
      expect(parsed.type).toBe(name)
      return parsed
    })
}

function streamed(bytes: Buffer, cuts: readonly number[], about = ABOUT): Event[] {
  const answer = responseAnswer(about, [])
  const edges = [0, ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length]
  const pushed = edges.slice(1).map((end, index) => answer.push(bytes.subarray(edges[index], end)))
  return eventsIn(Buffer.concat([...pushed, answer.end(null)]).toString())
}

describe('an answer', () => {
  const reasons = fc.constantFrom('end_turn', 'tool_use', 'max_tokens', 'guardrail_intervened')

  it('is the same streamed, however the stream is cut, and every item is told as it grows', () => {
    fc.assert(
      fc.property(assistant, fc.array(fc.nat()), reasons, (content, cuts, stopReason) => {
        const whole = wholeOf(content, stopReason)
        const events = streamed(streamOf(content, stopReason, 3), cuts)
        expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index))
        expect(events.at(-1)).toMatchObject({ type: `response.${whole['status'] as string}`, response: whole })
        const done = events.filter(({ type }) => type === 'response.output_item.done').map(({ item }) => item)
        expect(done).toEqual(whole['output'])
        const deltas = events.filter(({ type }) => type === 'response.output_text.delta')
        expect(deltas.map(({ delta }) => delta as string).join('')).toBe(textIn(content))
      }),
    )
  })

  it('comes back in the next input as what it was', () => {
    fc.assert(
      fc.property(
        assistant.filter((content) => content.length > 0),
        (content) => {
          const { output } = wholeOf(content, 'end_turn')
          const { request, dropped } = said({ input: [{ role: 'user', content: 'hi' }, ...(output as JsonObject[])] })
          expect(request.messages[1]).toEqual(JSON.parse(JSON.stringify({ role: 'assistant', content })))
          expect(dropped).toBe('')
        },
      ),
    )
  })

  it.each([
    ['end_turn', 'completed', null],
    ['stop_sequence', 'completed', null],
    ['max_tokens', 'incomplete', { reason: 'max_output_tokens' }],
    ['content_filtered', 'incomplete', { reason: 'content_filter' }],
    ['constructor', 'completed', null],
  ])('that ended with %s is %s', (stopReason, status, details) => {
    expect(wholeOf([{ text: 'a' }], stopReason)).toMatchObject({ status, incomplete_details: details, store: false })
  })

  it('by a schema is the text that the tool was given', () => {
    const content = [{ toolUse: { toolUseId: 'c', name: 'colours', input: { colour: 'red' } } }]
    const about = { ...ABOUT, schemaTool: 'colours' }
    const whole = wholeOf(content, 'tool_use', about)
    expect(whole['output']).toMatchObject([{ type: 'message', content: [{ text: '{"colour":"red"}' }] }])
    expect(streamed(streamOf(content, 'tool_use', 2), [], about).at(-1)?.['response']).toEqual(whole)
  })

  it('counts cached tokens inside the input, and does not make up what was thought', () => {
    expect(wholeOf([{ text: 'a' }], 'end_turn')['usage']).toEqual({
      input_tokens: 13,
      input_tokens_details: { cached_tokens: 10 },
      output_tokens: 4,
      output_tokens_details: { reasoning_tokens: null },
      total_tokens: 17,
    })
  })

  it('that Bedrock breaks off ends with an error', () => {
    const exception = encodeEventStreamMessage(
      { ':message-type': 'exception', ':exception-type': 'validationException' },
      Buffer.from('{"message":"no"}'),
    )
    expect(responseAnswer(ABOUT, []).push(exception).toString()).toContain('"error":{"message":"no"')
  })
})

const textIn = (content: readonly ContentBlock[]): string =>
  content.map((block) => ('text' in block ? block.text : '')).join('')

describe('a request', () => {
  it('is a call of Converse', () => {
    const { request, dropped } = said({
      instructions: 'be brief',
      input: [
        { role: 'developer', content: 'be kind' },
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'see' },
            { type: 'input_image', image_url: 'data:image/png;base64,aGk=', detail: 'auto' },
            { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,aGk=' },
          ],
        },
        { type: 'function_call', id: 'fc_1', call_id: 'c1', name: 'look', arguments: '{"at":1}', status: 'completed' },
        { type: 'function_call_output', call_id: 'c1', output: 'sun' },
      ],
      tools: [{ type: 'function', name: 'look', parameters: { type: 'object' }, strict: true }],
      tool_choice: { type: 'function', name: 'look' },
      max_output_tokens: 9,
      reasoning: { effort: 'low', summary: 'auto' },
      text: { format: { type: 'json_schema', name: 'answer', schema: { type: 'object' } } },
      include: ['reasoning.encrypted_content'],
      service_tier: 'flex',
    })
    expect(dropped).toBe('')
    expect(request).toEqual({
      system: [{ text: 'be brief' }, { text: 'be kind' }],
      messages: [
        {
          role: 'user',
          content: [
            { text: 'see' },
            { image: { format: 'png', source: { bytes: 'aGk=' } } },
            { document: { name: 'a pdf', format: 'pdf', source: { bytes: 'aGk=' } } },
          ],
        },
        { role: 'assistant', content: [{ toolUse: { toolUseId: 'c1', name: 'look', input: { at: 1 } } }] },
        { role: 'user', content: [{ toolResult: { toolUseId: 'c1', content: [{ text: 'sun' }] } }] },
      ],
      inferenceConfig: { maxTokens: 9 },
      toolConfig: {
        tools: [{ toolSpec: { name: 'look', inputSchema: { json: { type: 'object' } }, strict: true } }],
        toolChoice: { tool: { name: 'look' } },
      },
      outputConfig: {
        textFormat: {
          type: 'json_schema',
          structure: { jsonSchema: { name: 'answer', schema: '{"type":"object"}' } },
        },
        effort: 'low',
      },
      additionalModelRequestFields: { thinking: { type: 'adaptive' } },
      serviceTier: { type: 'flex' },
    })
  })

  it('may allow some of its tools', () => {
    const tools = ['look', 'go'].map((name) => ({ type: 'function', name, parameters: {} }))
    const choice = { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'go' }] }
    const { toolConfig } = said({ tools, tool_choice: choice }).request
    expect(toolConfig?.tools).toMatchObject([{ toolSpec: { name: 'go' } }])
    expect(toolConfig?.toolChoice).toEqual({ any: {} })
  })

  it.each([
    [{ store: true, truncation: 'auto' }, 'truncation, store'],
    [{ max_tool_calls: 3, text: { verbosity: 'low' } }, 'text.verbosity, max_tool_calls'],
    [{ include: ['file_search_call.results'] }, 'include.file_search_call.results'],
    [
      {
        input: [
          { role: 'user', content: 'a' },
          { type: 'reasoning', summary: [] },
        ],
      },
      'input[].reasoning',
    ],
    [
      {
        input: [
          { role: 'user', content: 'a' },
          { type: 'reasoning', encrypted_content: 'gAAA' },
        ],
      },
      'input[].reasoning',
    ],
    [{ store: false, truncation: 'disabled', background: false, previous_response_id: null }, ''],
  ])('%j is carried but for "%s"', (body, dropped) => {
    expect(said(body).dropped).toBe(dropped)
  })

  it.each([
    { previous_response_id: 'resp_1' },
    { conversation: 'c' },
    { background: true },
    { prompt: { id: 'p' } },
    { top_logprobs: 2 },
    { tools: [{ type: 'web_search' }] },
    { input: [] },
    { input: [{ type: 'item_reference', id: 'x' }] },
    { input: [{ type: 'constructor' }] },
    { input: [{ type: 'reasoning', encrypted_content: Buffer.from('{"text":1}').toString('base64') }] },
    { input: [{ type: 'function_call_output', call_id: 'c', output: 7 }] },
  ])('%j is refused', (body) => {
    expect(() => said(body)).toThrow(expect.objectContaining({ code: 'invalid_request' }))
  })
})
