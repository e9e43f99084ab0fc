// Server-sent events are framed so that no text can break out of its event.

import { expect, it } from 'vitest'
import { sseEvent } from './sse.ts'

it('puts every event on one line of data', () => {
  expect(sseEvent(null, { text: 'a\nb\r\u2028' })).toBe('data: {"text":"a\\nb\\r\u2028"}\n\n')
  expect(sseEvent('ping', { type: 'ping' })).toBe('event: ping\ndata: {"type":"ping"}\n\n')
})
