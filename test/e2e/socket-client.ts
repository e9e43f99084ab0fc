// A client of the façade's WebSocket: sends calls, keeps what comes back by call, and says how the connection ended.

import { once } from 'node:events'
import { WebSocket } from 'ws'

export type Said = Readonly<Record<string, unknown>> & { readonly id: string | null; readonly type: string }

export type SocketClient = {
  readonly socket: WebSocket
  readonly send: (message: unknown) => void
  /** Everything that was said of a call, once `type` was among it. */
  until(id: string | null, ...types: string[]): Promise<Said[]>
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
}

export async function openSocket(
  url: string,
  headers: Readonly<Record<string, string>>,
  protocols: string[] = [],
): Promise<SocketClient> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`, protocols, { headers })
  const said: Said[] = []
  const waiting = new Set<() => void>()
  socket.on('message', (data) => {
    said.push(JSON.parse((data as Buffer).toString()) as Said)
    for (const tell of waiting) tell()
  })
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.on('close', (code, reason) => resolve({ code, reason: String(reason) })),
  )
  socket.on('error', () => undefined)
  await once(socket, 'open')
  return {
    socket,
    closed,
    send: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    async until(id, ...types) {
      for (;;) {
        const ofCall = said.filter((each) => each.id === id)
        if (ofCall.some(({ type }) => types.includes(type))) return ofCall
        await Promise.race([closed.then(gone), new Promise<void>((resolve) => waiting.add(resolve))])
      }
    },
  }
}

function gone({ code, reason }: { code: number; reason: string }): never {
  throw new Error(`the connection was closed: ${code} ${reason}`)
}

/** The status and body that a handshake was refused with. */
export async function refusedHandshake(
  url: string,
  headers: Readonly<Record<string, string>>,
  path = '/ws',
): Promise<{ readonly status: number; readonly body: string }> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}${path}`, { headers })
  socket.on('error', () => undefined)
  const [, response] = (await once(socket, 'unexpected-response')) as [
    unknown,
    NodeJS.ReadableStream & { statusCode: number },
  ]
  let body = ''
  for await (const chunk of response) body += String(chunk)
  return { status: response.statusCode, body }
}
