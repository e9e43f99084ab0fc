// Which paths are of OpenAI's dialect, how bodies are read and refusals worded.

import { describe, expect, it } from 'vitest'
import { ERRORS, GatewayError, type ErrorCode } from '../../../core/errors.ts'
import { InvalidField } from '../converse/fields.ts'
import { openaiSurface } from './index.ts'

const CODES = Object.keys(ERRORS) as ErrorCode[]

describe('paths', () => {
  it.each(['/openai/v1/chat/completions', '/v1/chat/completions', '/v1/chat/completions?x=1', '/v1/whatever'])(
    '%s is of this dialect',
    (path) => expect(openaiSurface.match('POST', path)).not.toBeNull(),
  )

  it.each(['/', '/v1', '/v2/chat/completions', '/openai/chat/completions', '/x/v1/models', '/model/a/converse'])(
    '%s is not',
    (path) => expect(openaiSurface.match('POST', path)).toBeNull(),
  )

  it.each([
    ['POST', '/v1/constructor'],
    ['GET', '/v1/chat/completions'],
    ['POST', '/v1/chat/completions/'],
    ['POST', '/v1/audio/speech'],
  ])('%s %s is refused in its shape', (method, path) => {
    const route = openaiSurface.match(method, path)!
    expect(() => openaiSurface.prepare(route, () => undefined, Buffer.from('{}'))).toThrow(
      expect.objectContaining({ code: 'unknown_route' }),
    )
  })
})

describe('bodies', () => {
  const route = openaiSurface.match('POST', '/v1/chat/completions')!
  const deep = 100_000

  it.each([
    '',
    '[]',
    '"x"',
    '{',
    '{} {}',
    '\ufeff{}',
    '{"model":"a","model":"b"}',
    '{"messages":[]}',
    '{"model":7}',
    '{"model":"a","stream":"yes"}',
    `{"model":"a","x":${'['.repeat(deep)}${']'.repeat(deep)}}`,
  ])('%.40j is refused', (body) => {
    expect(() => openaiSurface.prepare(route, () => undefined, Buffer.from(body))).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    )
  })
})

describe('refusals', () => {
  const rendered = (error: GatewayError) => {
    const { status, headers, body } = openaiSurface.renderError(error, 'r1')
    return {
      status,
      headers: headers.join(' '),
      ...(JSON.parse(body.toString()) as { error: Record<string, unknown> }),
    }
  }

  it.each(CODES)('%s has the shape that clients read', (code) => {
    const { error, headers } = rendered(new GatewayError(code, { message: 'words' }))
    expect(error).toMatchObject({ message: 'words', type: expect.any(String), param: null })
    expect(headers).toContain('x-request-id r1')
    expect(headers.includes('x-should-retry false')).toBe(!ERRORS[code].retryable)
    const event = openaiSurface.renderStreamError(new GatewayError(code, { message: 'words' }))?.toString()
    expect(JSON.parse(event?.slice('data: '.length) ?? '')).toEqual({ error })
  })

  it.each([
    ['missing_credential', 401, 'invalid_api_key'],
    ['invalid_credential', 401, 'invalid_api_key'],
    ['model_not_allowed', 403, 'model_not_allowed'],
    ['unknown_model', 404, 'model_not_found'],
    ['rate_limited', 429, 'rate_limit_exceeded'],
    ['budget_exceeded', 429, 'insufficient_quota'],
    ['invalid_request', 400, null],
    ['ledger_unavailable', 503, null],
  ] as const)('%s is %i %s', (code, status, name) => {
    expect(rendered(new GatewayError(code))).toMatchObject({ status, error: { code: name } })
  })

  it('name the member that is wrong, and when to come again', () => {
    expect(rendered(new InvalidField('messages[0].role', 'is needed.')).error).toMatchObject({
      message: 'messages[0].role is needed.',
      param: 'messages[0].role',
    })
    expect(rendered(new GatewayError('rate_limited', { retryAfterSeconds: 3 })).headers).toContain('retry-after 3')
  })
})
