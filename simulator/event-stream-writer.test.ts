// Every message that is written is read back, whole, by AWS's own decoder.
import { EventStreamCodec } from '@smithy/core/event-streams'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { errorEvent, eventMessage, exceptionEvent, jsonEvent } from './event-stream-writer.ts'

const codec = new EventStreamCodec(
  (bytes) => (typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString()),
  (text) => Buffer.from(text),
)
const read = (message: Buffer) => {
  const { headers, body } = codec.decode(message)
  const values = Object.entries(headers).map(([name, header]) => [name, header.value])
  return { headers: Object.fromEntries(values) as unknown, body: Buffer.from(body).toString('latin1') }
}

it('events, exceptions and errors', () => {
  expect(read(jsonEvent('chunk', '{"bytes":"é"}'))).toEqual({
    headers: { ':event-type': 'chunk', ':content-type': 'application/json', ':message-type': 'event' },
    body: Buffer.from('{"bytes":"é"}').toString('latin1'),
  })
  expect(read(exceptionEvent('throttlingException', '{}')).headers).toMatchObject({
    ':exception-type': 'throttlingException',
    ':message-type': 'exception',
  })
  expect(read(errorEvent('InternalFailure', 'sorry')).headers).toEqual({
    ':error-code': 'InternalFailure',
    ':error-message': 'sorry',
    ':message-type': 'error',
  })
})

it('any headers and any payload', () => {
  const name = fc.string({ minLength: 1, maxLength: 40 }).filter((text) => text !== '__proto__')
  fc.assert(
    fc.property(
      fc.dictionary(name, fc.string({ maxLength: 300 })),
      fc.uint8Array({ maxLength: 5000 }),
      (headers, payload) => {
        const message = eventMessage(headers, Buffer.from(payload))
        expect(message.readUInt32BE(0)).toBe(message.length)
        expect(read(message)).toEqual({ headers: { ...headers }, body: Buffer.from(payload).toString('latin1') })
      },
    ),
  )
})

it('refuses a header that has no room', () => {
  expect(() => eventMessage({ ['x'.repeat(256)]: 'y' }, Buffer.alloc(0))).toThrow(RangeError)
  expect(() => eventMessage({ x: 'y'.repeat(65_536) }, Buffer.alloc(0))).toThrow('too long')
})
