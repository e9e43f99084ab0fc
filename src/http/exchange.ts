// One request and its answer, the same over HTTP/1.1 and HTTP/2: raw path and headers in, bytes with backpressure out, one ending.

/**
 * What a caller of the listener works with. Every method of the answer is a silent no-op once the exchange has closed, so that a
 * client that leaves can never make the answering side throw.
 */
export interface HttpExchange {
  readonly method: string
  /** the request target as it was sent: raw, never decoded or normalised, with the query string; always begins with "/" */
  readonly path: string
  /** '1.1' stands for HTTP/1.0 too */
  readonly protocol: '1.1' | '2'
  readonly remoteAddress: string
  /**
   * Value of a header by its lower-case name; several lines of one name are joined with ", ". Over HTTP/2 the pseudo headers have their
   * own names (":authority"), and "host" answers with ":authority" when the client sent no host header.
   */
  header(name: string): string | undefined
  /**
   * The header lines as they came, flat: name, value, name, value; names in lower case, with the pseudo headers of HTTP/2. For the hot path
   * and for signatures; do not change it.
   */
  readonly rawHeaders: readonly string[]
  /** Every header line in the order of arrival, names in lower case, without the pseudo headers of HTTP/2. */
  headerEntries(): Iterable<[string, string]>
  /** Call at most once. Rejects with HttpFault: body_too_large, request_timeout, client_closed, overloaded. */
  readBody(maxBytes: number, timeoutMilliseconds: number): Promise<Buffer>

  /** True from the moment that the head of the answer was given away: no other answer can be given. */
  readonly headersSent: boolean
  /** A complete answer in one write. Adds content-length when it is missing. `headers` is flat: name, value, name, value. */
  respond(status: number, headers: readonly string[], body?: Buffer): void
  /** Only the head; the body follows by write() and end(). Do not pass hop-by-hop headers. */
  startResponse(status: number, headers: readonly string[]): void
  /** False: the client reads too slowly; wait for onDrain before writing more. */
  write(chunk: Buffer): boolean
  /** The callback (one; a later call replaces it) runs each time the output has drained after write() said false. */
  onDrain(callback: () => void): void
  end(lastChunk?: Buffer): void
  /** Breaks the answer off so that the client can see that it is not whole (TCP reset, RST_STREAM). */
  destroy(): void

  /** Runs once; `finished`: the whole answer was handed to the kernel. Called soon after when the exchange has already closed. */
  onClose(callback: (finished: boolean) => void): void
  /** Why the exchange closed before its answer was complete; null while it is open and after a complete answer. */
  readonly closedBy: ClosedBy | null
}

/**
 * client: it left or broke the protocol · stall: it did not read for the write-stall time · gateway: destroy() was called ·
 * shutdown: the listener's closing deadline passed
 */
export type ClosedBy = 'client' | 'stall' | 'gateway' | 'shutdown'

/** Everything that HTTP itself can refuse, with the status that says so. */
export const HTTP_FAULTS = {
  malformed_request: { status: 400, message: 'The request is not valid HTTP.' },
  invalid_target: { status: 400, message: 'The request target must be a plain path that begins with "/".' },
  duplicate_header: { status: 400, message: 'A header that may appear once appears more than once.' },
  request_timeout: { status: 408, message: 'The request took too long to arrive.' },
  body_too_large: { status: 413, message: 'The request body is too large.' },
  unsupported_encoding: { status: 415, message: 'Compressed request bodies are not accepted.' },
  expectation_failed: { status: 417, message: 'The only expectation that is supported is 100-continue.' },
  headers_too_large: { status: 431, message: 'The request headers are too large.' },
  client_closed: { status: 499, message: 'The client left before its request had arrived.' },
  no_tunnels: {
    status: 501,
    message: 'No tunnels are opened here (CONNECT). Let the client forward its https requests to this proxy instead.',
  },
  overloaded: { status: 503, message: 'Too much is being received at once; try again shortly.' },
} as const satisfies Record<string, { status: number; message: string }>

export type HttpFaultCode = keyof typeof HTTP_FAULTS

export class HttpFault extends Error {
  readonly code: HttpFaultCode
  readonly status: number

  constructor(code: HttpFaultCode, message?: string) {
    super(message ?? HTTP_FAULTS[code].message)
    this.name = 'HttpFault'
    this.code = code
    this.status = HTTP_FAULTS[code].status
  }
}
