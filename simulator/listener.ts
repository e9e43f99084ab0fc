// One TCP port that speaks HTTP/1.1 and HTTP/2 in cleartext: the first bytes of a connection tell which.
import { createServer as createHttp1, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttp2 } from 'node:http2'
import { createServer, type Socket } from 'node:net'
import { type Wire, wireOfHttp1, wireOfHttp2 } from './wire.ts'

const PREFACE = Buffer.from('PRI * HTTP/2.0')

export type Listener = { port: number; close(): Promise<void> }

/** Takes an HTTP/1.1 request before it becomes a wire, or leaves it. */
export type Shortcut = (request: IncomingMessage, response: ServerResponse) => boolean

export async function listen(
  host: string,
  port: number,
  handle: (wire: Wire) => void,
  shortcut: Shortcut = () => false,
): Promise<Listener> {
  const http1 = createHttp1(
    { maxHeaderSize: 65_536, keepAliveTimeout: 60_000 },
    (request, response) => void (shortcut(request, response) || handle(wireOfHttp1(request, response))),
  )
  const http2 = createHttp2({ settings: { maxConcurrentStreams: 1000 } })
  http2.on('stream', (stream, headers) => handle(wireOfHttp2(stream, headers)))
  http2.on('sessionError', () => {})
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    sniff(socket, (isHttp2) => (isHttp2 ? http2 : http1).emit('connection', socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve())
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        http1.close()
        for (const socket of sockets) socket.destroy()
      }),
  }
}

function sniff(socket: Socket, decide: (isHttp2: boolean) => void): void {
  let seen: Buffer = Buffer.alloc(0)
  socket.on('data', function onData(part: Buffer) {
    seen = seen.length === 0 ? part : Buffer.concat([seen, part])
    const length = Math.min(seen.length, PREFACE.length)
    const matches = seen.compare(PREFACE, 0, length, 0, length) === 0
    if (matches && length < PREFACE.length) return
    socket.off('data', onData)
    socket.pause()
    socket.unshift(seen)
    decide(matches)
    // An HTTP/2 session takes the handle over and reads by itself; only the HTTP/1.1 parser needs the stream to flow again.
    if (!matches) socket.resume()
  })
}
