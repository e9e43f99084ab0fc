// Everything that the listener takes has a limit; these are the limits, with their defaults.

export const DEFAULT_LIMITS = {
  /** all header lines of one request together; more: 431 */
  headerBytes: 16_384,
  /** header lines of one request; more: 431, and over HTTP/2 a reset stream from twice as many on */
  headerCount: 128,
  /** from the first byte of a connection or request to the end of its headers; longer: 408, or the connection is closed */
  headersMilliseconds: 15_000,
  /** a whole request, whatever the caller's own body limit; longer: 408 */
  requestMilliseconds: 300_000,
  /** a connection without a request, then it is closed; longer than the 60 seconds of common load balancers */
  keepAliveIdleMilliseconds: 75_000,
  /** an answer of which the client takes nothing, then it is broken off */
  writeStallMilliseconds: 30_000,
  /** open connections; further ones are closed at once */
  connections: 12_000,
  /** requests on one connection, then it is closed after the last answer */
  requestsPerConnection: 100_000,
  /** requests under way at once on one HTTP/2 connection; further ones are refused */
  concurrentStreams: 256,
  /** requests that wait on an HTTP/1.1 connection for the answer before them; more: the connection is closed */
  pipelinedRequests: 16,
  /** streams that an HTTP/2 client may reset in one go, and then each second; more: the connection is closed */
  streamResetBurst: 1_000,
  streamResetsPerSecond: 33,
  /** an unread request body up to this size is taken in and thrown away; a larger one costs the connection (or stream) */
  discardedBodyBytes: 262_144,
  /** how long a refused client may go on sending before its connection is closed, so that it can read the refusal */
  lingerMilliseconds: 2_000,
  /** receive window of an HTTP/2 connection and of each of its streams: how much of its bodies may be under way unread */
  windowBytes: 1_048_576,
  /** request bodies that are being received, all together; beyond: 503 */
  bodyBytesUnderWay: 268_435_456,
} as const satisfies Record<string, number>

export type ListenerLimits = { readonly [Limit in keyof typeof DEFAULT_LIMITS]: number }
