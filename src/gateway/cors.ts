// Which pages may call the gateway from a browser: those of origins that the operator named, letter by letter, and never with cookies.

import type { ClosedBy, HttpExchange } from '../http/exchange.ts'

export type Cors = {
  readonly allows: (origin: string) => boolean
  /** True: the exchange was a browser's question whether it may call, and has been answered. */
  answersPreflight(exchange: HttpExchange): boolean
  /** The exchange with answers that the page behind it may read; the same one where no page asks, or none that may. */
  readable(exchange: HttpExchange): HttpExchange
}

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE'
const ALLOWED_SECONDS = '3600'
/** Names of headers with commas between them (RFC 9110, 5.6.2). */
const NAMES = /^[\w!#$%&'*+.^`|~-]+(?: *, *[\w!#$%&'*+.^`|~-]+)*$/
const LONGEST_NAMES = 4_096

export function createCors(origins: readonly string[]): Cors {
  const allowed = new Set(origins)
  const originOf = (exchange: HttpExchange): string | null => {
    const origin = allowed.size === 0 ? undefined : exchange.header('origin')
    return origin !== undefined && allowed.has(origin) ? origin : null
  }
  return {
    allows: (origin) => allowed.has(origin),
    answersPreflight(exchange) {
      if (exchange.method !== 'OPTIONS' || allowed.size === 0) return false
      const asked = exchange.header('access-control-request-method')
      if (asked === undefined || exchange.header('origin') === undefined) return false
      const origin = originOf(exchange)
      if (origin === null) exchange.respond(403, REFUSED_HEADERS, REFUSED)
      else exchange.respond(204, preflightHeaders(origin, exchange.header('access-control-request-headers') ?? ''))
      return true
    },
    readable(exchange) {
      const origin = originOf(exchange)
      return origin === null ? exchange : new ReadableExchange(exchange, origin)
    },
  }
}

const REFUSED_HEADERS = ['content-type', 'application/json', 'vary', 'Origin']
const REFUSED = Buffer.from(
  JSON.stringify({
    message: 'Pages of this origin may not call the gateway: it is not in WEIGHBRIDGE_CORS_ALLOWED_ORIGINS.',
  }),
)

/** Clients send headers of their own by the dozen; which of them are read, each surface decides. */
function preflightHeaders(origin: string, asked: string): string[] {
  const headers = [
    'access-control-allow-origin',
    origin,
    'access-control-allow-methods',
    METHODS,
    'access-control-max-age',
    ALLOWED_SECONDS,
    'vary',
    'Origin, Access-Control-Request-Headers',
  ]
  const names = asked.length <= LONGEST_NAMES && NAMES.test(asked)
  return names ? [...headers, 'access-control-allow-headers', asked] : headers
}

/** Hands everything on, and says in the head of the answer who may read it, and which of its headers. */
class ReadableExchange implements HttpExchange {
  readonly #exchange: HttpExchange
  readonly #origin: string

  constructor(exchange: HttpExchange, origin: string) {
    this.#exchange = exchange
    this.#origin = origin
  }

  get method(): string {
    return this.#exchange.method
  }
  get path(): string {
    return this.#exchange.path
  }
  get protocol(): '1.1' | '2' {
    return this.#exchange.protocol
  }
  get remoteAddress(): string {
    return this.#exchange.remoteAddress
  }
  get rawHeaders(): readonly string[] {
    return this.#exchange.rawHeaders
  }
  get headersSent(): boolean {
    return this.#exchange.headersSent
  }
  get closedBy(): ClosedBy | null {
    return this.#exchange.closedBy
  }
  header(name: string): string | undefined {
    return this.#exchange.header(name)
  }
  headerEntries(): Iterable<[string, string]> {
    return this.#exchange.headerEntries()
  }
  readBody(maxBytes: number, timeoutMilliseconds: number): Promise<Buffer> {
    return this.#exchange.readBody(maxBytes, timeoutMilliseconds)
  }
  respond(status: number, headers: readonly string[], body?: Buffer): void {
    this.#exchange.respond(status, this.#withOwn(headers), body)
  }
  startResponse(status: number, headers: readonly string[]): void {
    this.#exchange.startResponse(status, this.#withOwn(headers))
  }
  write(chunk: Buffer): boolean {
    return this.#exchange.write(chunk)
  }
  onDrain(callback: () => void): void {
    this.#exchange.onDrain(callback)
  }
  end(lastChunk?: Buffer): void {
    this.#exchange.end(lastChunk)
  }
  destroy(): void {
    this.#exchange.destroy()
  }
  onClose(callback: (finished: boolean) => void): void {
    this.#exchange.onClose(callback)
  }

  #withOwn(headers: readonly string[]): string[] {
    const names = headers.filter((_, at) => at % 2 === 0)
    return [
      ...headers,
      'access-control-allow-origin',
      this.#origin,
      'access-control-expose-headers',
      names.join(', '),
      'vary',
      'Origin',
    ]
  }
}
