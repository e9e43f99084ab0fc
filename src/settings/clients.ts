// How much of the service its clients may take: sizes, times and numbers, and what happens at each.

import { originList, whole } from '../config-checks.ts'
import { setting, type Setting } from '../config-setting.ts'

export const CLIENTS_SETTINGS = {
  maxHeaderBytes: setting(
    'WEIGHBRIDGE_MAX_HEADER_BYTES',
    '32768',
    whole(8_192, 1_048_576),
    'Headers of one request. Larger: 431.',
  ),
  // Bedrock takes bodies of at most 25,000,000 bytes (the API model's constraint on the InvokeModel body); it is the one to refuse them.
  maxBodyBytes: setting(
    'WEIGHBRIDGE_MAX_BODY_BYTES',
    '26000000',
    whole(1_024, 1_000_000_000),
    'Body of one request. Larger: 413.',
  ),
  headersTimeoutMilliseconds: setting(
    'WEIGHBRIDGE_HEADERS_TIMEOUT_MILLISECONDS',
    '20000',
    whole(100, 600_000),
    "Time for a request's headers to arrive. Longer: 408.",
  ),
  bodyTimeoutMilliseconds: setting(
    'WEIGHBRIDGE_BODY_TIMEOUT_MILLISECONDS',
    '120000',
    whole(100, 3_600_000),
    "Time for a request's body to arrive. Longer: 408.",
  ),
  keepAliveTimeoutMilliseconds: setting(
    'WEIGHBRIDGE_KEEP_ALIVE_TIMEOUT_MILLISECONDS',
    '65000',
    whole(100, 3_600_000),
    'Idle time after which a client connection is closed.',
  ),
  writeStallTimeoutMilliseconds: setting(
    'WEIGHBRIDGE_WRITE_STALL_TIMEOUT_MILLISECONDS',
    '60000',
    whole(100, 3_600_000),
    'Time that a client may leave its answer unread; then the answer is broken off, and billed.',
  ),
  maxConnections: setting(
    'WEIGHBRIDGE_MAX_CONNECTIONS',
    '10000',
    whole(1, 1_000_000),
    'Client connections at once. More: closed at once.',
  ),
  // over HTTP/2 one connection brings many calls, so that the one does not follow from the other
  maxConcurrentCalls: setting(
    'WEIGHBRIDGE_MAX_CONCURRENT_CALLS',
    '10000',
    whole(1, 1_000_000),
    'Calls that run at once. More: 503, to be tried again.',
  ),
  drainMaxStreams: setting(
    'WEIGHBRIDGE_DRAIN_MAX_STREAMS',
    '256',
    whole(0, 65_535),
    'Calls that are read to their end after their client left, to learn what they used. More: aborted, usage estimated.',
  ),
  drainMaxSeconds: setting(
    'WEIGHBRIDGE_DRAIN_MAX_SECONDS',
    '120',
    whole(0, 3_600),
    'How long such a call is read on. Longer: aborted, usage estimated.',
  ),
  shutdownDeadlineSeconds: setting(
    'WEIGHBRIDGE_SHUTDOWN_DEADLINE_SECONDS',
    '25',
    whole(0, 3_600),
    'Time for running calls to end after SIGTERM. Longer: broken off, and billed.',
  ),
  explainedRefusedCalls: setting(
    'WEIGHBRIDGE_EXPLAINED_REFUSED_CALLS',
    '10000',
    whole(0, 1_000_000),
    'Refused calls that `wb explain` still knows, the last so many; of callers that are not known, a tenth of it. About 1 kB of memory each.',
  ),
  corsAllowedOrigins: setting(
    'WEIGHBRIDGE_CORS_ALLOWED_ORIGINS',
    '',
    originList(64),
    'Origins of web pages that may call the data plane from a browser, separated by commas, such as https://app.example.com. Unset: none.',
  ),
  maxWebSockets: setting(
    'WEIGHBRIDGE_MAX_WEBSOCKETS',
    '1000',
    whole(0, 1_000_000),
    'WebSockets open at once. More: 503; 0 refuses all.',
  ),
  webSocketMaxCalls: setting(
    'WEIGHBRIDGE_WEBSOCKET_MAX_CALLS',
    '16',
    whole(1, 10_000),
    'Calls that run at once on one WebSocket. More: refused with 429.',
  ),
  webSocketMaxMessageBytes: setting(
    'WEIGHBRIDGE_WEBSOCKET_MAX_MESSAGE_BYTES',
    '8388608',
    whole(1_024, 1_000_000_000),
    'One message of a WebSocket. Larger: the connection is closed (1009).',
  ),
  webSocketMessagesPerSecond: setting(
    'WEIGHBRIDGE_WEBSOCKET_MESSAGES_PER_SECOND',
    '20',
    whole(1, 100_000),
    'Messages of one WebSocket in a second, and twice as many at once. More: the connection is closed (1008).',
  ),
  webSocketIdleSeconds: setting(
    'WEIGHBRIDGE_WEBSOCKET_IDLE_SECONDS',
    '600',
    whole(1, 86_400),
    'Time of a WebSocket without a message and without a running call. Longer: closed (1000).',
  ),
  webSocketPingSeconds: setting(
    'WEIGHBRIDGE_WEBSOCKET_PING_SECONDS',
    '30',
    whole(1, 3_600),
    'Time between two pings of a WebSocket. A client that has not answered one when the next is due is gone.',
  ),
} as const satisfies Record<string, Setting<unknown>>
