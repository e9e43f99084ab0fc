// The events of a ConverseStream, decoded one by one.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeEventStreamMessage } from '../../../http/event-stream.ts'
import { createConverseEvents } from './events.ts'
import type { ConverseEvent } from './types.ts'

const frame = (type: string, payload: unknown): Buffer =>
  encodeEventStreamMessage({ ':message-type': 'event', ':event-type': type }, Buffer.from(JSON.stringify(payload)))

const BYTES = Buffer.concat([
  frame('messageStart', { role: 'assistant', p: 'abc' }),
  frame('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'größer\n"' }, p: 'ab' }),
  encodeEventStreamMessage(
    { ':message-type': 'exception', ':exception-type': 'throttlingException' },
    Buffer.from('{"message":"slow down"}'),
  ),
])

describe('the events of a ConverseStream', () => {
  it('are the same however the bytes are cut', () => {
    const read = (cuts: readonly number[]): ConverseEvent[] => {
      const events = createConverseEvents()
      const edges = [0, ...[...cuts].sort((a, b) => a - b), BYTES.length]
      return edges.slice(1).flatMap((end, index) => events.push(BYTES.subarray(edges[index], end)))
    }
    const whole = read([])
    expect(whole).toMatchObject([
      { type: 'messageStart', role: 'assistant' },
      { type: 'contentBlockDelta', contentBlockIndex: 0, delta: { text: 'größer\n"' } },
      { type: 'exception', exception: 'throttlingException', message: 'slow down' },
    ])
    fc.assert(
      fc.property(fc.array(fc.nat(BYTES.length)), (cuts) => {
        expect(read(cuts)).toEqual(whole)
      }),
    )
  })

  it('end where a frame is broken, and are refused where a payload is not JSON', () => {
    const broken = Buffer.from(BYTES)
    broken[20] = 0xff
    expect(createConverseEvents().push(broken)).toEqual([])
    const wrong = encodeEventStreamMessage({ ':event-type': 'messageStart' }, Buffer.from('{'))
    expect(() => createConverseEvents().push(wrong)).toThrow(expect.objectContaining({ code: 'upstream_failed' }))
  })

  it('are of the type that their header says, whatever the payload says', () => {
    expect(createConverseEvents().push(frame('messageStart', { type: 'metadata', role: 'user' }))).toMatchObject([
      { type: 'messageStart' },
    ])
  })
})
