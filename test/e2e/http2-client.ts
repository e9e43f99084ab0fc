// A client of one HTTP/2 connection at a time on node's own sessions; its calls can be cancelled at any moment, and it opens a new connection
// when the old one is told to go away.

import { once } from 'node:events'
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import type { Asker } from './raw-call.ts'

export type Http2Client = Asker & { destroy(): Promise<void> }

/** Not undici's: that one can be made to write without end by a call that is cancelled (docs/adr/0017-no-http2-outwards.md). */
export function createHttp2Client(url: string): Http2Client {
  let session: ClientHttp2Session | null = null
  const current = (): ClientHttp2Session => {
    if (session === null || session.closed || session.destroyed) {
      session = connect(url)
      session.on('error', () => {})
      // the socket of a session that was destroyed may still hear of a reset
      session.once('connect', (_session, socket) => socket.on('error', () => {}))
    }
    return session
  }
  return {
    async request({ path, method, headers, body, signal }) {
      signal.throwIfAborted()
      const stream = current().request({ ':path': path, ':method': method, ...headers })
      const cancel = (): void => stream.close(constants.NGHTTP2_CANCEL)
      signal.addEventListener('abort', cancel, { once: true })
      const closed = new Promise<never>((_resolve, reject) => {
        stream.once('close', () => reject(new Error(`the stream was closed, code ${stream.rstCode}`)))
      })
      closed.catch(() => {})
      stream.end(body)
      const [answered] = await Promise.race([once(stream, 'response'), closed])
      const { ':status': statusCode, ...rest } = answered as Record<string, string>
      return { statusCode: Number(statusCode), headers: rest, body: chunksOf(stream, signal) }
    },
    async destroy() {
      if (session === null || session.destroyed) return
      const gone = once(session, 'close')
      session.destroy()
      await gone
    },
  }
}

/** Throws when the answer is not whole: a stream that is reset or left may end as if it were. */
async function* chunksOf(stream: ClientHttp2Stream, signal: AbortSignal): AsyncGenerator<Buffer> {
  for await (const chunk of stream) yield chunk as Buffer
  signal.throwIfAborted()
  if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) throw new Error(`the stream was reset, code ${stream.rstCode}`)
}
