// The event-stream scanner: the same messages whatever the cuts, every corruption seen, memory bounded; AWS's own codec is the oracle.

import { EventStreamCodec, Int64, type MessageHeaders } from '@smithy/core/event-streams'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createEventStreamScanner,
  encodeEventStreamMessage,
  type EventStreamFault,
  type EventStreamMessage,
} from './event-stream.ts'

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes).toString('utf8'),
  (text) => Buffer.from(text, 'utf8'),
)

describe('createEventStreamScanner', () => {
  it('finds the same messages whatever the cuts', () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryMessage, { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 30 }),
        (messages, cuts) => {
          const stream = Buffer.concat(messages.map((message) => Buffer.from(codec.encode(message))))
          const seen = scan(cutAt(stream, cuts))
          expect(seen.faults).toEqual([])
          expect(seen.ending).toBe('clean')
          expect(seen.messages).toEqual(messages.map(expectation))
        },
      ),
      { numRuns: 400 },
    )
  })

  it('finds the same messages when cut at every offset, and byte by byte', () => {
    const messages = [
      encode('messageStart', '{"role":"assistant"}'),
      encode('ping', ''),
      encode('metadata', '{"usage":{}}'),
    ]
    const stream = Buffer.concat(messages)
    const whole = scan([stream])
    expect(whole.messages.map((message) => message.eventType)).toEqual(['messageStart', 'ping', 'metadata'])
    for (let cut = 0; cut <= stream.length; cut++) {
      expect(scan([stream.subarray(0, cut), stream.subarray(cut)])).toEqual(whole)
    }
    expect(scan(Array.from(stream, (_, index) => stream.subarray(index, index + 1)))).toEqual(whole)
  })

  it('does not copy a message that lies inside one chunk', () => {
    const chunk = Buffer.concat([encode('one', '{"a":1}'), encode('two', '{"b":2}')])
    const buffers: unknown[] = []
    const scanner = createEventStreamScanner({
      onMessage: (message) => buffers.push(message.payload.buffer),
      onFault: unexpected,
    })
    scanner.push(chunk)
    expect(buffers).toEqual([chunk.buffer, chunk.buffer])
    expect(buffers[0]).toBe(chunk.buffer)
  })

  it('notices a flipped bit anywhere, and delivers nothing from the broken message on', () => {
    const first = encode('first', '{"n":1}')
    const second = encode('second', '{"n":2}')
    fc.assert(
      fc.property(fc.nat(second.length * 8 - 1), fc.array(fc.nat(), { maxLength: 5 }), (bit, cuts) => {
        const stream = Buffer.concat([first, second, first])
        const at = first.length + (bit >> 3)
        stream[at] = stream[at]! ^ (1 << (bit & 7))
        const seen = scan(cutAt(stream, cuts))
        expect(seen.messages.map((message) => message.eventType)).toEqual(['first'])
        expect(seen.faults).toHaveLength(1)
        expect(seen.ending).toBe('truncated')
      }),
      { numRuns: 500 },
    )
  })

  it.each<[string, Buffer, EventStreamFault]>([
    ['a total length of 0', prelude(0, 0), 'message_too_short'],
    ['a total length of 15', prelude(15, 0), 'message_too_short'],
    ['a total length of 16 MB', prelude(16_777_216, 0), 'message_too_long'],
    ['a total length of 2^32 - 1', prelude(0xffffffff, 0), 'message_too_long'],
    ['headers longer than the message', prelude(100, 85), 'headers_overrun'],
    ['headers of 2^32 - 1 bytes', prelude(100, 0xffffffff), 'headers_overrun'],
    ['a wrong prelude checksum', Buffer.concat([prelude(100, 0).subarray(0, 11), Buffer.of(0)]), 'prelude_crc'],
    ['a header type that does not exist', withHeaders(Buffer.of(1, 97, 10)), 'unknown_header_type'],
    ['a header name beyond the headers', withHeaders(Buffer.of(9, 97, 7)), 'headers_overrun'],
    ['a header value beyond the headers', withHeaders(Buffer.of(1, 97, 7, 0, 50, 97)), 'headers_overrun'],
    ['a value length beyond the headers', withHeaders(Buffer.of(1, 97, 7)), 'headers_overrun'],
    ['a fixed-size value beyond the headers', withHeaders(Buffer.of(1, 97, 9, 1, 2)), 'headers_overrun'],
  ])('refuses %s, however it is cut, and is silent afterwards', (_name, bytes, reason) => {
    const stream = Buffer.concat([encode('before', '{}'), bytes, encode('after', '{}')])
    for (let cut = 0; cut <= stream.length; cut++) {
      const seen = scan([stream.subarray(0, cut), stream.subarray(cut), encode('later', '{}')])
      expect(seen.faults).toEqual([reason])
      expect(seen.messages.map((message) => message.eventType)).toEqual(['before'])
      expect(seen.ending).toBe('truncated')
    }
  })

  it('takes a message of exactly the limit, and refuses one byte more', () => {
    const message = encode('big', 'x'.repeat(1_000))
    expect(scan([message], message.length).messages).toHaveLength(1)
    expect(scan([message], message.length - 1).faults).toEqual(['message_too_long'])
  })

  it('takes the largest event that Bedrock may send by default', () => {
    const message = encode('chunk', 'x'.repeat(1_000_000))
    expect(scan(cutAt(message, [65_536, 131_072, 700_000])).messages).toHaveLength(1)
  })

  it('tells a stream that ends inside a message from one that ends between two', () => {
    const message = encode('messageStop', '{"stopReason":"end_turn"}')
    for (let length = 1; length < message.length; length++) {
      expect(scan([message, message.subarray(0, length)]).ending).toBe('truncated')
    }
    expect(scan([message, message]).ending).toBe('clean')
    expect(scan([]).ending).toBe('clean')
  })

  it('does not hold what it was not given: a huge announced message costs no more than the limit', () => {
    const scanner = createEventStreamScanner({ maxMessageBytes: 1_000, onMessage: unexpected, onFault: () => {} })
    scanner.push(prelude(1_001, 0))
    expect(scanner.end()).toBe('truncated')
  })
})

describe('encodeEventStreamMessage', () => {
  it('writes what the AWS codec reads', () => {
    const headers = {
      ':message-type': 'exception',
      ':exception-type': 'throttlingException',
      ':content-type': 'application/json',
    }
    const payload = Buffer.from('{"message":"zu viele Anfragen – später"}')
    const decoded = codec.decode(encodeEventStreamMessage(headers, payload))
    expect(Buffer.from(decoded.body)).toEqual(payload)
    expect(decoded.headers).toEqual(
      Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, { type: 'string', value }])),
    )
  })

  it('writes the same bytes as the AWS codec', () => {
    fc.assert(
      fc.property(arbitraryStrings, fc.uint8Array({ maxLength: 300 }), (strings, body) => {
        const headers: MessageHeaders = {}
        for (const [name, value] of Object.entries(strings)) headers[name] = { type: 'string', value }
        expect(encodeEventStreamMessage(strings, Buffer.from(body))).toEqual(
          Buffer.from(codec.encode({ headers, body })),
        )
      }),
    )
  })

  it('refuses a header that does not fit its length field', () => {
    expect(() => encodeEventStreamMessage({ ['n'.repeat(256)]: '' }, Buffer.alloc(0))).toThrow(RangeError)
    expect(() => encodeEventStreamMessage({ n: 'v'.repeat(32_768) }, Buffer.alloc(0))).toThrow(RangeError)
  })
})

type Seen = {
  eventType: string | undefined
  messageType: string | undefined
  absent: string | undefined
  payload: string
}

function scan(chunks: Buffer[], maxMessageBytes?: number) {
  const messages: Seen[] = []
  const faults: EventStreamFault[] = []
  const scanner = createEventStreamScanner({
    ...(maxMessageBytes === undefined ? {} : { maxMessageBytes }),
    onMessage: (message) => messages.push(see(message)),
    onFault: (reason) => faults.push(reason),
  })
  for (const chunk of chunks) scanner.push(chunk)
  return { messages, faults, ending: scanner.end() }
}

function see(message: EventStreamMessage): Seen {
  return {
    eventType: message.header(':event-type'),
    messageType: message.header(':message-type'),
    absent: message.header(':event-typ'),
    payload: message.payload.toString('hex'),
  }
}

type Written = { headers: MessageHeaders; body: Uint8Array }

function expectation({ headers, body }: Written): Seen {
  const text = (name: string): string | undefined => {
    const header = headers[name]
    return header?.type === 'string' ? header.value : undefined
  }
  return {
    eventType: text(':event-type'),
    messageType: text(':message-type'),
    absent: undefined,
    payload: Buffer.from(body).toString('hex'),
  }
}

const arbitraryStrings = fc.dictionary(
  fc.stringMatching(/^[:a-z-]{1,20}$/),
  fc.string({ unit: 'binary', maxLength: 40 }),
  {
    maxKeys: 5,
    noNullPrototype: true,
  },
)

const arbitraryHeader = fc.oneof(
  fc.record({ type: fc.constant('boolean' as const), value: fc.boolean() }),
  fc.record({ type: fc.constant('byte' as const), value: fc.integer({ min: -128, max: 127 }) }),
  fc.record({ type: fc.constant('short' as const), value: fc.integer({ min: -32_768, max: 32_767 }) }),
  fc.record({ type: fc.constant('integer' as const), value: fc.integer() }),
  fc.record({ type: fc.constant('long' as const), value: fc.integer().map((value) => Int64.fromNumber(value)) }),
  fc.record({ type: fc.constant('binary' as const), value: fc.uint8Array({ maxLength: 30 }) }),
  fc.record({ type: fc.constant('string' as const), value: fc.string({ unit: 'binary', maxLength: 30 }) }),
  fc.record({ type: fc.constant('timestamp' as const), value: fc.date({ noInvalidDate: true }) }),
  fc.record({ type: fc.constant('uuid' as const), value: fc.uuid() }),
)

const arbitraryName = fc.oneof(
  fc.constantFrom(':event-type', ':message-type', ':exception-type', ':content-type'),
  fc.stringMatching(/^[:A-Za-z-]{1,30}$/).filter((name) => name !== ':event-typ'),
)

const arbitraryMessage: fc.Arbitrary<Written> = fc.record({
  headers: fc.dictionary(arbitraryName, arbitraryHeader, { maxKeys: 6, noNullPrototype: true }),
  body: fc.uint8Array({ maxLength: 200 }),
})

function encode(eventType: string, payload: string): Buffer {
  const headers: MessageHeaders = {
    ':event-type': { type: 'string', value: eventType },
    ':message-type': { type: 'string', value: 'event' },
  }
  return Buffer.from(codec.encode({ headers, body: Buffer.from(payload) }))
}

function cutAt(bytes: Buffer, cuts: number[]): Buffer[] {
  const offsets = [...cuts.map((cut) => cut % (bytes.length + 1)), 0, bytes.length].toSorted((a, b) => a - b)
  return offsets.slice(1).map((offset, index) => bytes.subarray(offsets[index], offset))
}

function prelude(total: number, headerBytes: number): Buffer {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt32BE(total, 0)
  bytes.writeUInt32BE(headerBytes, 4)
  bytes.writeUInt32BE(slowCrc(bytes.subarray(0, 8)), 8)
  return bytes
}

function withHeaders(headers: Buffer): Buffer {
  const total = 16 + headers.length
  const message = Buffer.concat([prelude(total, headers.length), headers, Buffer.alloc(4)])
  message.writeUInt32BE(slowCrc(message.subarray(0, total - 4)), total - 4)
  return message
}

function slowCrc(bytes: Buffer): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  return (crc ^ 0xffffffff) >>> 0
}

function unexpected(): never {
  throw new Error('not expected here')
}
