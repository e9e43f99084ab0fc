// The program of listener-process.ts: a listener whose paths say how it answers, and that tells its parent how it is.

import type { HttpExchange } from '../../src/http/exchange.ts'
import { createListener } from '../../src/http/listener.ts'

/** What the process says of itself when its parent asks; a process that does not turn any more says nothing. */
export type Condition = {
  readonly port: number
  readonly begun: number
  readonly closed: number
  readonly closedTwice: number
  readonly connections: number
}

await serve()

async function serve(): Promise<void> {
  let [begun, closed, closedTwice] = [0, 0, 0]
  const listener = createListener({
    onRequest(exchange) {
      begun += 1
      let isClosed = false
      exchange.onClose(() => {
        if (isClosed) closedTwice += 1
        isClosed = true
        closed += 1
      })
      answer(exchange)
    },
    // long enough for clients on a busy machine, unless it is asked for less
    limits: { writeStallMilliseconds: Number(process.argv[2] ?? 60_000), headersMilliseconds: 60_000 },
  })
  const { port } = await listener.listen(0, '127.0.0.1')
  const tell = (): void => {
    const { connections } = listener
    process.send?.({ port, begun, closed, closedTwice, connections } satisfies Condition)
  }
  process.on('message', tell)
  process.on('disconnect', () => process.exit())
  tell()
}

/** /<way>/<bytes> */
function answer(exchange: HttpExchange): void {
  const [, way = '', size = '0'] = exchange.path.split('/')
  const bytes = Number(size)
  switch (way) {
    case 'whole':
      return exchange.respond(200, [], Buffer.alloc(bytes, 'a'))
    case 'echo':
      return void exchange.readBody(1_000_000, 5_000).then(
        (body) => exchange.respond(200, [], body),
        () => exchange.respond(400, [], Buffer.from('no')),
      )
    case 'pieces':
      exchange.startResponse(200, [])
      return writePieces(exchange, bytes)
    case 'break':
      exchange.startResponse(200, [])
      exchange.write(Buffer.alloc(bytes, 'a'))
      return void setImmediate(() => exchange.destroy())
    case 'break-at-once':
      exchange.startResponse(200, [])
      exchange.write(Buffer.alloc(bytes, 'a'))
      return exchange.destroy()
    case 'break-after-end':
      exchange.respond(200, [], Buffer.alloc(bytes, 'a'))
      return void setImmediate(() => exchange.destroy())
    case 'throw':
      throw new Error('planned')
    default:
      return exchange.respond(404, [])
  }
}

/** 16 KB at a time, as far as the client reads. */
function writePieces(exchange: HttpExchange, bytes: number): void {
  let left = bytes
  const more = (): void => {
    while (left > 0) {
      left -= 16_384
      if (!exchange.write(Buffer.alloc(16_384, 'a'))) return
    }
    exchange.end()
  }
  exchange.onDrain(more)
  more()
}
