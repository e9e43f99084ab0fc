// The sign of life in Anthropic's streams: after their first event, and in long silences.

import { sseEvent } from '../../../http/sse.ts'

export const PING = Buffer.from(sseEvent('ping', { type: 'ping' }))
