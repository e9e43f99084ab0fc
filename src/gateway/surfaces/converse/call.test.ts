// A call of another dialect as it goes out, and the words of what comes back.

import { describe, expect, it } from 'vitest'
import { outgoingConverse, parseConverseAnswer, refusalWords } from './call.ts'

const ANSWER = { headers: [], whole: () => never(), push: () => never(), end: () => never() }
const never = (): never => {
  throw new Error('not asked for here')
}

describe('a translated call', () => {
  it('goes out as the native one, and is bounded by what it says', () => {
    const call = {
      modelId: 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc',
      request: {
        messages: [{ role: 'user' as const, content: [{ text: 'hi' }] }],
        inferenceConfig: { maxTokens: 7 },
        serviceTier: { type: 'flex' },
        requestMetadata: { team: 'sent' },
      },
      metadata: { user: 'kept' },
      answer: ANSWER,
    }
    const outgoing = outgoingConverse({ ...call, streams: true })
    expect(outgoing).toMatchObject({
      operation: 'ConverseStream',
      path: '/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc/converse-stream',
      facts: {
        caps: new Map([['inferenceConfig.maxTokens', 7]]),
        tier: 'flex',
        answers: 1,
        metadata: { user: 'kept' },
      },
    })
    expect(JSON.parse(outgoing.body.toString())).toEqual(call.request)
    expect(outgoingConverse({ ...call, streams: false }).path).toMatch(/\/converse$/)
  })
})

describe('a native answer', () => {
  it.each(['', '{', '[]', 'null', '{}', '{"output":1,"usage":{}}'])('%j is none', (text) => {
    expect(() => parseConverseAnswer(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'upstream_failed' }))
  })

  it.each([
    ['{"message":"no"}', 'no'],
    ['{"Message":"no"}', 'no'],
    ['<html>', 'Bedrock refused the call without saying why.'],
  ])('%j refuses with words', (text, words) => {
    expect(refusalWords(Buffer.from(text))).toBe(words)
  })
})
