// Readings of SageMaker answers: exact where the container says usage, unknown else, the same for any cut, and never a throw.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesOf, cutAt, loadFixture, questionOf, readWith, type UsageCase } from '../../../test/fixtures/usage/load.ts'
import { encodeEventStreamMessage } from '../../http/event-stream.ts'
import { createSagemakerTap } from './usage.ts'

const STREAM: UsageCase = {
  name: 'stream',
  operation: 'InvokeEndpointWithResponseStream',
  baseModel: null,
  headers: { 'content-type': 'application/vnd.amazon.eventstream' },
  expect: {},
}

const read = (given: UsageCase, pieces: readonly Buffer[]) =>
  readWith(createSagemakerTap(questionOf(given)), given, pieces)

/** A container's stream, cut into parts at the given places, each part one event. */
function partsOf(text: string, places: readonly number[] = []): Buffer {
  const parts = cutAt(Buffer.from(text), places)
  return Buffer.concat(
    parts.map((part) => encodeEventStreamMessage({ ':event-type': 'PayloadPart', ':message-type': 'event' }, part)),
  )
}

describe('usage of sagemaker', () => {
  for (const given of loadFixture('sagemaker').cases) {
    it(`${given.name}: exact, in any cuts`, () => {
      const bytes = bytesOf(given)
      const whole = read(given, [bytes])
      expect(whole).toMatchObject(given.expect)
      if (given.expect.usage) expect(whole.usage?.quantities).toStrictEqual(given.expect.usage.quantities)
      expect(read(given, cutAt(bytes, [...bytes.keys()]))).toStrictEqual(whole)
    })
  }

  const events = [
    { choices: [{ delta: { content: 'Par' } }], usage: null },
    { choices: [{ delta: { content: 'ïs' } }] },
    { choices: [], usage: { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 } },
  ]
  const sse = `${events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')}data: [DONE]\n\n`

  it('reads server-sent events, however events and bytes are cut', () => {
    const expected = {
      usage: { quantities: { input_tokens: 9, output_tokens: 2 }, estimated: false },
      notes: [],
      streamException: null,
      complete: true,
      outputCharacters: 5,
    }
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 9 }), fc.array(fc.nat(), { maxLength: 9 }), (parts, places) => {
        expect(read(STREAM, cutAt(partsOf(sse, parts), places))).toMatchObject(expected)
      }),
    )
  })

  it('reads lines of TGI without counting the repeated text', () => {
    const lines = [{ token: { text: 'Par' } }, { token: { text: 'is' }, generated_text: 'Paris' }]
    const bytes = partsOf(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
    expect(read(STREAM, [bytes])).toMatchObject({ usage: null, complete: true, outputCharacters: 5 })
  })

  it('names the exception of a stream, and keeps what was read', () => {
    const headers = { ':exception-type': 'ModelStreamError', ':message-type': 'exception' }
    const bytes = Buffer.concat([partsOf(sse), encodeEventStreamMessage(headers, Buffer.from('{"Message":"no"}'))])
    expect(read(STREAM, [bytes])).toMatchObject({
      usage: { quantities: { input_tokens: 9, output_tokens: 2 } },
      streamException: 'ModelStreamError',
      complete: false,
    })
  })

  it('is not complete when cut inside an event', () => {
    const bytes = partsOf(sse)
    expect(read(STREAM, [bytes.subarray(0, -1)]).complete).toBe(false)
  })

  it('does not hold a body or a line that is too large', () => {
    const body = Buffer.from(JSON.stringify({ text: 'x'.repeat(1_100_000), usage: { prompt_tokens: 1 } }))
    const given = { ...STREAM, operation: 'InvokeEndpoint', headers: { 'content-type': 'application/json' } }
    const notes = ['the answer is larger than 1048576 bytes: its usage was not read']
    expect(read(given, [body])).toMatchObject({ usage: null, notes, complete: true, outputCharacters: body.length })
    expect(read(given, [body.subarray(0, 1_060_000)])).toMatchObject({ usage: null, complete: false })
    const line = `data: {"x":"${'y'.repeat(300_000)}","usage":{"prompt_tokens":1}}\n${sse}`
    expect(read(STREAM, [partsOf(line)]).usage?.quantities).toStrictEqual({ input_tokens: 9, output_tokens: 2 })
  })

  it('never throws, whatever comes', () => {
    const operation = fc.constantFrom('InvokeEndpoint', 'InvokeEndpointWithResponseStream', 'InvokeEndpointAsync', '')
    fc.assert(
      fc.property(operation, fc.array(fc.uint8Array()), fc.jsonValue(), (name, pieces, json) => {
        const given = { ...STREAM, operation: name }
        const random = read(
          given,
          pieces.map((piece) => Buffer.from(piece)),
        )
        expect(random.usage).toBeNull()
        const text = JSON.stringify({ usage: json, choices: json })
        for (const quantity of Object.values(
          read(given, [name.endsWith('Stream') ? partsOf(text) : Buffer.from(text)]).usage?.quantities ?? {},
        )) {
          expect(quantity === null || Number.isSafeInteger(quantity)).toBe(true)
        }
      }),
    )
  })
})
