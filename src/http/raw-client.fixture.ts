// For tests of the listener: a listener that remembers what reached it, and a client that sends any bytes at all.

import { connect, type Socket } from 'node:net'
import type { HttpExchange, HttpFault } from './exchange.ts'
import { createListener, type Listener, type ListenerOptions } from './listener.ts'

export type Running = { port: number; listener: Listener; seen: HttpExchange[]; refused: HttpFault[] }

/** Answers every request with its own body unless told otherwise; every limit can be made small. */
export async function startListener(options: Partial<ListenerOptions> = {}): Promise<Running> {
  const seen: HttpExchange[] = []
  const refused: HttpFault[] = []
  const answer = options.onRequest ?? echo
  const listener = createListener({
    ...options,
    onRequest: (exchange) => {
      seen.push(exchange)
      answer(exchange)
    },
    onRefused: (exchange, fault) => {
      refused.push(fault)
      exchange.respond(fault.status, ['x-fault', fault.code], Buffer.from(fault.message))
    },
  })
  const { port } = await listener.listen(0, '127.0.0.1')
  return { port, listener, seen, refused }
}

export function echo(exchange: HttpExchange): void {
  exchange.readBody(1_000_000, 5_000).then(
    (body) => exchange.respond(200, ['x-echo', 'yes'], body),
    (fault: HttpFault) => exchange.respond(fault.status, ['x-fault', fault.code], Buffer.from(fault.message)),
  )
}

export interface RawClient {
  readonly socket: Socket
  write(text: string | Buffer): void
  /** Everything received so far. */
  text(): string
  /** Waits until what has been received contains the text. */
  until(text: string): Promise<string>
  /** Waits until the server has closed the connection; everything received. */
  closed(): Promise<string>
}

export function connectRaw(port: number, first: string | Buffer = ''): RawClient {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: false })
  const chunks: Buffer[] = []
  let isClosed = false
  const waiting = new Set<() => void>()
  const notify = (): void => {
    for (const check of waiting) check()
  }
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    notify()
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    isClosed = true
    notify()
  })
  const text = (): string => Buffer.concat(chunks).toString('latin1')
  const when = (condition: () => boolean, what: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        if (!condition() && !isClosed) return
        waiting.delete(check)
        if (condition()) resolve(text())
        else reject(new Error(`closed before ${what}; received ${JSON.stringify(text())}`))
      }
      waiting.add(check)
      check()
    })
  if (first.length > 0) socket.write(first)
  return {
    socket,
    write: (more) => void socket.write(more),
    text,
    until: (wanted) => when(() => text().includes(wanted), wanted),
    closed: () => when(() => isClosed, 'the end'),
  }
}

/** Resolves when the condition holds; the test's own time limit is the only one. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}
