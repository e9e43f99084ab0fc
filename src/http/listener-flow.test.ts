// How answers leave: in order and whole, no faster than the client reads, ending once; and how the listener closes.

import { afterEach, describe, expect, it } from 'vitest'
import { PROTOCOLS } from './clients.fixture.ts'
import type { HttpExchange, HttpFault } from './exchange.ts'
import type { ListenerLimits } from './limits.ts'
import { connectRaw, eventually, type Running, startListener } from './raw-client.fixture.ts'

const running: Running[] = []

async function start(
  onRequest: (exchange: HttpExchange) => void,
  limits: Partial<ListenerLimits> = {},
): Promise<Running> {
  const one = await startListener({ limits, onRequest })
  running.push(one)
  return one
}

afterEach(async () => {
  await Promise.all(running.splice(0).map(({ listener }) => listener.close(0)))
})

const HOST = 'host: gateway.example\r\n'
const GET = `GET / HTTP/1.1\r\n${HOST}\r\n`
const CHUNK = Buffer.alloc(65_536, 'x')

describe.each(PROTOCOLS)('an answer over %s', (_protocol, createClients) => {
  const clients = createClients()
  afterEach(() => clients.close())

  it('leaves in order and whole, whatever the sizes of its chunks', async () => {
    const sizes = [1, 15, 16, 255, 256, 4_095, 16_384, 16_385, 65_536, 200_000, 3]
    const { port } = await start((exchange) => {
      exchange.startResponse(200, ['content-type', 'application/octet-stream'])
      for (const size of sizes.slice(0, -1)) exchange.write(Buffer.alloc(size, size & 0xff))
      exchange.write(Buffer.alloc(0))
      exchange.end(Buffer.alloc(sizes.at(-1)!, sizes.at(-1)! & 0xff))
    })
    const answer = await clients.fetchWhole(port)
    expect(answer.equals(Buffer.concat(sizes.map((size) => Buffer.alloc(size, size & 0xff))))).toBe(true)
  })

  it('is finished once it is complete, whatever its form, on kept and on fresh connections', async () => {
    const finished: boolean[] = []
    const { port, seen } = await start((exchange) => {
      exchange.onClose((complete) => finished.push(complete))
      exchange.readBody(100, 5_000).then(
        () => {
          if (seen.length % 3 === 0) return exchange.respond(200, [])
          if (seen.length % 3 === 1) return exchange.respond(200, ['x-a', 'b'], Buffer.from('small'))
          exchange.startResponse(200, [])
          exchange.write(Buffer.from('one'))
          exchange.end(Buffer.from('two'))
        },
        () => exchange.destroy(),
      )
    })
    for (const body of ['', 'a body']) {
      for (const fresh of [true, false]) await clients.askOften(port, { fresh, body, times: 30 })
    }
    await eventually(() => finished.length === 120)
    expect(finished.filter((complete) => !complete)).toEqual([])
    expect(seen.filter((exchange) => exchange.closedBy !== null)).toEqual([])
  })

  it('sends its head before its body begins', async () => {
    const begun: HttpExchange[] = []
    const { port } = await start((exchange) => {
      exchange.startResponse(200, ['x-early', 'yes'])
      begun.push(exchange)
    })
    const status = clients.status(port)
    expect(await status).toBe(200)
    expect(begun).toHaveLength(1)
    expect(begun[0]!.headersSent).toBe(true)
  })

  it('waits for a client that does not read, in bounded memory, and is whole when it reads again', async () => {
    const state = { written: 0, finished: [] as boolean[] }
    const { port } = await start((exchange) => pump(exchange, 50_000_000, state))
    const reader = clients.read(port)
    reader.pause()
    await settledAt(() => state.written)
    // what the kernel's two socket buffers and one window hold; never what is still to come
    expect(state.written).toBeLessThan(20_000_000)
    expect(state.finished).toEqual([])
    reader.resume()
    await eventually(() => reader.ended())
    await eventually(() => state.finished.length > 0)
    expect(state.finished).toEqual([true])
    expect(state.written).toBeGreaterThanOrEqual(50_000_000)
    expect(reader.received()).toBeGreaterThanOrEqual(state.written)
  })

  it('is broken off when its client reads nothing for the write-stall time', async () => {
    const state = { written: 0, finished: [] as boolean[] }
    const { port, seen } = await start((exchange) => pump(exchange, 100_000_000, state), {
      writeStallMilliseconds: 200,
    })
    const reader = clients.read(port)
    reader.pause()
    await eventually(() => state.finished.length > 0)
    expect(state.finished).toEqual([false])
    expect(seen[0]!.closedBy).toBe('stall')
    reader.leave()
  })

  it('given away in one piece is broken off too when nobody reads it', async () => {
    const finished: boolean[] = []
    const { port, seen } = await start(
      (exchange) => {
        exchange.onClose((whole) => finished.push(whole))
        exchange.respond(200, [], Buffer.alloc(30_000_000))
      },
      { writeStallMilliseconds: 200 },
    )
    const reader = clients.read(port)
    reader.pause()
    await eventually(() => finished.length > 0)
    expect(finished).toEqual([false])
    expect(seen[0]!.closedBy).toBe('stall')
    reader.leave()
  })

  it('given away in one piece goes on while its client reads slowly', async () => {
    const finished: boolean[] = []
    const { port } = await start(
      (exchange) => {
        exchange.onClose((whole) => finished.push(whole))
        exchange.respond(200, [], Buffer.alloc(30_000_000))
      },
      { writeStallMilliseconds: 400 },
    )
    const reader = clients.read(port)
    for (let turn = 0; turn < 8; turn++) {
      reader.pause()
      await new Promise((resolve) => setTimeout(resolve, 150))
      const before = reader.received()
      reader.resume()
      await eventually(() => reader.received() > before || reader.ended())
    }
    await eventually(() => reader.ended())
    expect(reader.received()).toBeGreaterThanOrEqual(30_000_000)
    await eventually(() => finished.length > 0)
    expect(finished).toEqual([true])
  })

  it('ends once, as unfinished, when its client leaves in the middle; and everything after is silent', async () => {
    const state = { written: 0, finished: [] as boolean[] }
    const { port, seen } = await start((exchange) => {
      state.finished.length = 0
      exchange.onClose((whole) => state.finished.push(whole))
      exchange.startResponse(200, [])
      exchange.write(Buffer.from('first'))
    })
    const reader = clients.read(port)
    await eventually(() => reader.received() > 0)
    reader.leave()
    await eventually(() => state.finished.length > 0)
    const exchange = seen[0]!
    expect(exchange.write(CHUNK)).toBe(true)
    exchange.end(CHUNK)
    exchange.respond(500, [], CHUNK)
    exchange.startResponse(500, [])
    exchange.destroy()
    await expect(exchange.readBody(1, 1)).rejects.toMatchObject({ code: 'client_closed', status: 499 })
    const late: boolean[] = []
    exchange.onClose((whole) => late.push(whole))
    await eventually(() => late.length > 0)
    expect([state.finished, late, exchange.closedBy]).toEqual([[false], [false], 'client'])
  })

  it('ends as unfinished when its client leaves before it begins', async () => {
    const finished: boolean[] = []
    const { port, seen } = await start((exchange) => exchange.onClose((whole) => finished.push(whole)))
    const reader = clients.read(port)
    await eventually(() => seen.length > 0)
    reader.leave()
    await eventually(() => finished.length > 0)
    expect(finished).toEqual([false])
    seen[0]!.respond(200, [], CHUNK)
    expect(seen[0]!.closedBy).toBe('client')
  })

  it('ends as unfinished when its client leaves with the end still unread', async () => {
    const finished: boolean[] = []
    const { port, seen } = await start((exchange) => {
      exchange.onClose((whole) => finished.push(whole))
      exchange.respond(200, [], Buffer.alloc(30_000_000))
    })
    const reader = clients.read(port)
    await eventually(() => reader.received() > 0)
    reader.pause()
    reader.leave()
    await eventually(() => finished.length > 0)
    expect([finished, seen[0]!.closedBy]).toEqual([[false], 'client'])
  })

  it('that is broken off cannot be taken for complete', async () => {
    const { port, seen } = await start((exchange) => {
      exchange.startResponse(200, [])
      exchange.write(Buffer.from('half'))
      setTimeout(() => exchange.destroy(), 20)
    })
    await expect(clients.fetchWhole(port)).rejects.toBeInstanceOf(Error)
    expect(seen[0]!.closedBy).toBe('gateway')
  })

  it('breaks off when its handler throws, and nothing else does', async () => {
    let first = true
    const { port } = await start((exchange) => {
      if (!first) return exchange.respond(200, [], Buffer.from('ok'))
      first = false
      throw new Error('a fault of the handler')
    })
    await expect(clients.fetchWhole(port)).rejects.toBeInstanceOf(Error)
    expect((await clients.fetchWhole(port)).toString()).toBe('ok')
  })
})

describe.each(PROTOCOLS)('bodies over %s', (_protocol, createClients) => {
  const clients = createClients()
  afterEach(() => clients.close())

  it('are refused when all together are too large, and taken again when others have ended', async () => {
    const results: string[] = []
    const { port } = await start(
      (exchange) => {
        exchange.readBody(1_000, 5_000).then(
          (body) => {
            results.push(`${body.length}`)
            exchange.respond(200, [])
          },
          (fault: HttpFault) => {
            results.push(fault.code)
            exchange.respond(fault.status, [])
          },
        )
      },
      { bodyBytesUnderWay: 1_500 },
    )
    const half = connectRaw(port, `POST / HTTP/1.1\r\n${HOST}content-length: 900\r\n\r\n${'x'.repeat(800)}`)
    await eventually(() => half.socket.bytesWritten > 800)
    await settledAt(() => half.socket.bytesWritten)
    await clients.askOften(port, { fresh: true, body: 'x'.repeat(701), times: 1 })
    await clients.askOften(port, { fresh: true, body: 'x'.repeat(700), times: 1 })
    half.write('x'.repeat(100))
    await eventually(() => results.length === 3)
    await clients.askOften(port, { fresh: true, body: 'x'.repeat(1_000), times: 1 })
    half.socket.destroy()
    expect(results).toEqual(['overloaded', '700', '900', '1000'])
  })
})

describe.each(PROTOCOLS)('closing over %s', (_protocol, createClients) => {
  const clients = createClients()
  afterEach(() => clients.close())

  it('lets running answers end, takes no more, and closes idle connections at once', async () => {
    const exchanges: HttpExchange[] = []
    const finished: boolean[] = []
    const { port, listener } = await start((exchange) => {
      if (exchange.header('x-idle') !== undefined) return exchange.respond(200, [])
      exchanges.push(exchange)
      exchange.onClose((whole) => finished.push(whole))
      exchange.startResponse(200, [])
      exchange.write(Buffer.from('begun '))
    })
    const silent = connectRaw(port)
    const idle = connectRaw(port, `GET / HTTP/1.1\r\n${HOST}x-idle: 1\r\n\r\n`)
    await idle.until('200 OK')
    const reader = clients.read(port)
    await eventually(() => reader.received() > 0 && listener.connections === 3)
    let isClosed = false
    const closing = listener.close(60_000).then(() => (isClosed = true))
    await Promise.all([silent.closed(), idle.closed()])
    const late = connectRaw(port, GET)
    expect(await late.closed()).toBe('')
    expect(isClosed).toBe(false)
    exchanges[0]!.end(Buffer.from('and ended'))
    await closing
    await eventually(() => reader.ended())
    expect(finished).toEqual([true])
    expect(exchanges).toHaveLength(1)
  })

  it('breaks off at the deadline what has not ended', async () => {
    const finished: boolean[] = []
    const { port, listener, seen } = await start((exchange) => {
      exchange.onClose((whole) => finished.push(whole))
      exchange.startResponse(200, [])
      exchange.write(Buffer.from('begun '))
    })
    const reader = clients.read(port)
    await eventually(() => reader.received() > 0)
    await listener.close(50)
    expect(finished).toEqual([false])
    expect(seen[0]!.closedBy).toBe('shutdown')
    expect(listener.connections).toBe(0)
  })
})

/** Writes as fast as the exchange takes it, and no faster. */
function pump(exchange: HttpExchange, bytes: number, state: { written: number; finished: boolean[] }): void {
  const more = (): void => {
    while (state.written < bytes) {
      state.written += CHUNK.length
      if (!exchange.write(CHUNK)) return
    }
    exchange.end()
  }
  exchange.onClose((whole) => state.finished.push(whole))
  exchange.onDrain(more)
  exchange.startResponse(200, [])
  more()
}

/** Resolves when a number has not moved for a while. */
async function settledAt(value: () => number): Promise<void> {
  for (let last = -1; last !== value() || last === 0; ) {
    last = value()
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}
