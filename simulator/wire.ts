// One request and its answer on a socket, the same for HTTP/1.1 and HTTP/2, down to cutting the connection.
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import type { Readable, Writable } from 'node:stream'

export interface Wire {
  readonly protocol: 'HTTP/1.1' | 'HTTP/2'
  readonly method: string
  /** path and query exactly as they came */
  readonly target: string
  /** lower-case names; `:authority` among them on HTTP/2 */
  readonly headers: Readonly<Record<string, string>>
  /** the client closed before the answer was complete */
  readonly gone: boolean
  onGone(listener: () => void): void
  readonly headSent: boolean
  /** the whole body, or null when it is longer than the limit */
  readBody(limitBytes: number): Promise<Buffer | null>
  head(status: number, headers: OutgoingHttpHeaders): void
  /** sends the headers now, before there is a body */
  flush(): void
  /** resolves when more may be written, or when the client is gone */
  write(bytes: Buffer | string): Promise<void>
  end(bytes?: Buffer | string): void
  /** TCP reset, or RST_STREAM on HTTP/2 */
  reset(): void
  /** an orderly close of the connection in the middle of whatever was being sent */
  finish(): void
  /** bytes straight onto the connection, outside any answer; HTTP/1.1 only */
  inject(bytes: Buffer | string): void
  /** HTTP/1.1: no length and no chunks, the end of the connection is the end of the body */
  closeDelimited(): void
}

export function wireOfHttp1(request: IncomingMessage, response: ServerResponse): Wire {
  const presence = presenceOf(response, () => response.writableFinished)
  const { socket } = request
  let flatHeaders: Record<string, string> | undefined
  return {
    protocol: 'HTTP/1.1',
    method: request.method ?? 'GET',
    target: request.url ?? '/',
    get headers() {
      return (flatHeaders ??= flat(request.headers))
    },
    get gone() {
      return presence.gone
    },
    onGone: presence.onGone,
    get headSent() {
      return response.headersSent
    },
    readBody: (limitBytes) => readAll(request, limitBytes),
    head: (status, answerHeaders) => void response.writeHead(status, answerHeaders),
    flush: () => response.flushHeaders(),
    write: (bytes) => writeWithPressure(response, bytes, presence),
    end: (bytes) => void response.end(bytes),
    reset: () => void socket.resetAndDestroy(),
    finish: () => void socket.end(),
    inject: (bytes) => void (socket.destroyed || socket.write(bytes)),
    closeDelimited() {
      response.shouldKeepAlive = false
      response.useChunkedEncodingByDefault = false
      response.removeHeader('transfer-encoding')
    },
  }
}

export function wireOfHttp2(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Wire {
  // A client may close its session before the last frame's write is reported; then it was sent whole, unless it was reset.
  const presence = presenceOf(
    stream,
    () => stream.writableFinished || (stream.writableEnded && stream.writableLength === 0 && stream.rstCode === 0),
  )
  stream.on('error', () => {})
  let flatHeaders: Record<string, string> | undefined
  return {
    protocol: 'HTTP/2',
    method: headers[':method'] ?? 'GET',
    target: headers[':path'] ?? '/',
    get headers() {
      return (flatHeaders ??= flat(headers))
    },
    get gone() {
      return presence.gone
    },
    onGone: presence.onGone,
    get headSent() {
      return stream.headersSent
    },
    readBody: (limitBytes) => readAll(stream, limitBytes),
    head(status, answerHeaders) {
      if (!stream.destroyed && !stream.headersSent) stream.respond({ ':status': status, ...answerHeaders })
    },
    flush: () => {},
    write: (bytes) => writeWithPressure(stream, bytes, presence),
    end: (bytes) => void (stream.destroyed || stream.end(bytes)),
    reset: () => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
    finish: () => stream.session?.destroy(),
    inject: () => {},
    closeDelimited: () => {},
  }
}

type Presence = { gone: boolean; onGone: (listener: () => void) => void }

function presenceOf(output: Writable, sentWhole: () => boolean): Presence {
  const listeners: (() => void)[] = []
  const presence: Presence = {
    gone: false,
    onGone: (listener) => void (presence.gone ? listener() : listeners.push(listener)),
  }
  output.once('close', () => {
    if (sentWhole()) return
    presence.gone = true
    for (const listener of listeners) listener()
  })
  return presence
}

function writeWithPressure(output: Writable, bytes: Buffer | string, presence: Presence): Promise<void> {
  if (presence.gone || output.destroyed || bytes.length === 0) return Promise.resolve()
  if (output.write(bytes)) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      output.off('drain', done)
      output.off('close', done)
      resolve()
    }
    output.on('drain', done)
    output.on('close', done)
  })
}

function readAll(input: Readable, limitBytes: number): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let length = 0
    input.on('data', (part: Buffer) => {
      length += part.length
      if (length <= limitBytes) parts.push(part)
      else parts.length = 0
    })
    input.on('end', () => resolve(length > limitBytes ? null : joined(parts)))
    input.on('error', reject)
    input.on(
      'close',
      () => void (input.readableEnded || reject(new Error('the client closed while its body was arriving'))),
    )
  })
}

function joined(parts: readonly Buffer[]): Buffer {
  const [first] = parts
  return first !== undefined && parts.length === 1 ? first : Buffer.concat(parts)
}

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const result: Record<string, string> = {}
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined) result[name] = Array.isArray(value) ? value.join(',') : value
  }
  return result
}
