// Messages by InvokeModel: nearly byte for byte, both ways.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeEventStreamMessage } from '../../../http/event-stream.ts'
import type { AnswerTranslator } from '../surface.ts'
import { anthropicSurface } from './index.ts'
import { outgoing, translatorOf } from './outgoing.fixture.ts'

const MODEL = 'us.anthropic.claude-sonnet-5-5'
const translator = (): AnswerTranslator => translatorOf(MODEL, {})

const chunk = (event: unknown): Buffer => {
  const bytes = Buffer.from(JSON.stringify(event)).toString('base64')
  const headers = { ':message-type': 'event', ':event-type': 'chunk', ':content-type': 'application/json' }
  return encodeEventStreamMessage(headers, Buffer.from(JSON.stringify({ bytes, p: 'abcd' })))
}

describe('paths', () => {
  it.each(['/anthropic/v1/messages', '/v1/messages', '/v1/messages?beta=true', '/bedrock/v1/messages'])(
    '%s',
    (path) => {
      expect(anthropicSurface.match('POST', path)).toMatchObject({ operation: 'Messages', kind: 'call' })
    },
  )

  it('under its own name are refused in its own shape where they are none of its', () => {
    const route = anthropicSurface.match('POST', '/anthropic/v1/messages/batches')!
    expect(() => anthropicSurface.prepare(route, () => undefined, Buffer.from('{"model":"a"}'))).toThrow(
      expect.objectContaining({ code: 'unknown_route' }),
    )
  })

  it.each(['/v1/messages/', '/x/v1/messages', '/v1/messages/batches', '/v1/messagesx', '//v1/messages'])(
    '%s is none of its',
    (path) => {
      expect(anthropicSurface.match('POST', path)).toBeNull()
    },
  )
})

describe('what goes out', () => {
  it('is the native body: no model, no stream, the native version, the betas of header and body once', () => {
    const call = outgoing(
      MODEL,
      { anthropic_beta: ['a'], metadata: { user_id: 'ann' }, service_tier: 'auto', messages: [] },
      { 'anthropic-beta': 'a, b', 'x-claude-code-session-id': 's1', 'x-amzn-bedrock-service-tier': 'flex' },
    )
    expect(JSON.parse(call.body.toString())).toEqual({
      anthropic_version: 'bedrock-2023-05-31',
      anthropic_beta: ['a', 'b'],
      max_tokens: 9,
      messages: [],
      metadata: { user_id: 'ann' },
    })
    expect(call).toMatchObject({ operation: 'InvokeModel', path: `/model/${MODEL}/invoke`, streams: false })
    expect(call.facts).toMatchObject({
      caps: new Map([['max_tokens', 9]]),
      tier: 'flex',
      metadata: { user_id: 'ann', claude_code_session_id: 's1' },
    })
    expect(call.answer?.headers).toEqual(['request-id', 'r1', 'x-weighbridge-dropped', 'service_tier'])
  })

  it.each([
    '{"model":"a","model":"b"}',
    '{"model":1}',
    '{"messages":[]}',
    '{"model":"a","stream":"yes"}',
    '[]',
    '"a"',
    '',
    '{"model":"a"',
    `{"model":"a","messages":${'['.repeat(500)}${']'.repeat(500)}}`,
    JSON.stringify({ model: 'a', anthropic_beta: Array.from({ length: 65 }, (_, index) => `beta-${index}`) }),
  ])('%s is refused', (text) => {
    const route = anthropicSurface.match('POST', '/v1/messages')!
    expect(() => anthropicSurface.prepare(route, () => undefined, Buffer.from(text))).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    )
  })
})

describe('what comes back', () => {
  it('whole is passed byte for byte', () => {
    const body = Buffer.from('{ "content" : [] , "n": 1.0 }')
    expect(translator().whole(200, body, [], null)).toEqual({
      status: 200,
      headers: ['content-type', 'application/json'],
      body,
    })
  })

  it.each([
    [400, 400, 'invalid_request_error'],
    [403, 403, 'permission_error'],
    [424, 500, 'api_error'],
    [429, 429, 'rate_limit_error'],
    [500, 500, 'api_error'],
    [503, 529, 'overloaded_error'],
  ])('refused with %i is %i %s in Bedrock’s words', (status, wanted, type) => {
    const said = translator().whole(status, Buffer.from('{"message":"in its own words"}'), [], null)
    expect(said.status).toBe(wanted)
    expect(JSON.parse(said.body.toString())).toEqual({
      type: 'error',
      error: { type, message: 'in its own words' },
      request_id: 'r1',
    })
  })

  const STREAM = Buffer.concat([
    chunk({ type: 'message_start', message: { id: 'm' } }),
    chunk({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'größer\n\n"' } }),
    chunk({ index: 0, type: 'content_block_stop' }),
    chunk({ type: 'message_stop', 'amazon-bedrock-invocationMetrics': { inputTokenCount: 1 } }),
    encodeEventStreamMessage(
      { ':message-type': 'exception', ':exception-type': 'throttlingException' },
      Buffer.from('{"message":"slow down"}'),
    ),
  ])

  it('streamed is unwrapped, the same however the bytes are cut', () => {
    const read = (cuts: readonly number[]): string => {
      const answer = translator()
      const edges = [0, ...[...cuts].sort((a, b) => a - b), STREAM.length]
      return edges
        .slice(1)
        .map((end, index) => answer.push(STREAM.subarray(edges[index], end)).toString())
        .join('')
    }
    const whole = read([])
    expect(whole).toBe(
      [
        'event: message_start\ndata: {"type":"message_start","message":{"id":"m"}}\n\n',
        'event: ping\ndata: {"type":"ping"}\n\n',
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"größer\\n\\n\\""}}\n\n',
        'event: content_block_stop\ndata: {"index":0,"type":"content_block_stop"}\n\n',
        'event: message_stop\ndata: {"type":"message_stop"}\n\n',
        'event: error\ndata: {"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}\n\n',
      ].join(''),
    )
    fc.assert(
      fc.property(fc.array(fc.nat(STREAM.length)), (cuts) => {
        expect(read(cuts)).toBe(whole)
      }),
    )
  })

  it.each([[{ type: 'a\nb' }], [{ index: 1 }], [7]])('streamed %j is no event', (event) => {
    expect(() => translator().push(chunk(event))).toThrow('no event of the Messages API')
  })
})
