// HTTP/1.1 on the listener: what is refused and how, limits, smuggling, keep-alive; by raw sockets, since clients would not send it.

import { afterEach, describe, expect, it } from 'vitest'
import type { HttpExchange } from './exchange.ts'
import type { ListenerLimits } from './limits.ts'
import type { ListenerOptions } from './listener.ts'
import { connectRaw, eventually, type Running, startListener } from './raw-client.fixture.ts'

const running: Running[] = []

async function start(limits: Partial<ListenerLimits> = {}, options: Partial<ListenerOptions> = {}): Promise<Running> {
  const one = await startListener({ limits, ...options })
  running.push(one)
  return one
}

afterEach(async () => {
  await Promise.all(running.splice(0).map(({ listener }) => listener.close(0)))
})

const HOST = 'host: gateway.example\r\n'

describe('a request that is refused', () => {
  it.each<[string, string, number]>([
    [
      'length and chunked coding',
      `POST /x HTTP/1.1\r\n${HOST}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ['two lengths', `POST /x HTTP/1.1\r\n${HOST}content-length: 5\r\ncontent-length: 6\r\n\r\nhello!`, 400],
    ['two equal lengths', `POST /x HTTP/1.1\r\n${HOST}content-length: 5\r\ncontent-length: 5\r\n\r\nhello`, 400],
    ['a negative length', `POST /x HTTP/1.1\r\n${HOST}content-length: -5\r\n\r\nhello`, 400],
    ['a length with a sign', `POST /x HTTP/1.1\r\n${HOST}content-length: +5\r\n\r\nhello`, 400],
    ['an unknown transfer coding', `POST /x HTTP/1.1\r\n${HOST}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n`, 400],
    [
      'chunked followed by another coding',
      `POST /x HTTP/1.1\r\n${HOST}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ['a folded header', `GET /x HTTP/1.1\r\n${HOST}x-a: b\r\n c\r\n\r\n`, 400],
    ['a space before the colon', `GET /x HTTP/1.1\r\n${HOST}x-a : b\r\n\r\n`, 400],
    ['bare line feeds', `GET /x HTTP/1.1\n${HOST.replace('\r', '')}\n`, 400],
    ['a bare carriage return', `GET /x HTTP/1.1\r\n${HOST}x-a: b\rc\r\n\r\n`, 400],
    ['a NUL in a header', `GET /x HTTP/1.1\r\n${HOST}x-a: b\0c\r\n\r\n`, 400],
    ['no host', 'GET /x HTTP/1.1\r\n\r\n', 400],
    ['two hosts', `GET /x HTTP/1.1\r\n${HOST}host: other.example\r\n\r\n`, 400],
    ['two equal hosts', `GET /x HTTP/1.1\r\n${HOST}${HOST}\r\n`, 400],
    ['two credentials', `GET /x HTTP/1.1\r\n${HOST}authorization: a\r\nAuthorization: b\r\n\r\n`, 400],
    ['an absolute target', `GET http://other.example/x HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['an asterisk target', `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['a target with a fragment', `GET /x#y HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    [
      'a chunk size that overflows',
      `POST /x HTTP/1.1\r\n${HOST}transfer-encoding: chunked\r\n\r\nfffffffffffffffffff\r\n`,
      400,
    ],
    ['a header of 20 KB', `GET /x HTTP/1.1\r\n${HOST}x-a: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
    ['a target of 20 KB', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n${HOST}\r\n`, 431],
    ['129 headers', `GET /x HTTP/1.1\r\n${HOST}${'a: b\r\n'.repeat(128)}\r\n`, 431],
    ['2,500 headers', `GET /x HTTP/1.1\r\n${HOST}${'a: b\r\n'.repeat(2_500)}\r\n`, 431],
    ['a compressed body', `POST /x HTTP/1.1\r\n${HOST}content-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc`, 415],
    ['an unknown expectation', `POST /x HTTP/1.1\r\n${HOST}expect: 200-maybe\r\ncontent-length: 3\r\n\r\nabc`, 417],
  ])('%s', async (_name, bytes, status) => {
    const { port, seen } = await start()
    const answer = await connectRaw(port, Buffer.from(bytes, 'latin1')).closed()
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(answer.toLowerCase()).toContain('connection: close')
    // a body that breaks off is noticed only after its head has been handed on
    expect(seen.filter((exchange) => exchange.closedBy !== 'client')).toEqual([])
  })

  it('a CONNECT is refused with a sentence', async () => {
    const { port, seen } = await start()
    const answer = await connectRaw(
      port,
      `CONNECT other.example:443 HTTP/1.1\r\n${HOST}\r\nGET / HTTP/1.1\r\n\r\n`,
    ).closed()
    expect(answer).toMatch(/^HTTP\/1\.1 501 Not Implemented\r\n/)
    expect(answer).toContain('No tunnels are opened here')
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1)
    expect(seen).toEqual([])
  })

  it('does not let a second request through behind a refused one', async () => {
    const { port, seen, refused } = await start()
    const smuggled = `POST /admin HTTP/1.1\r\n${HOST}content-length: 0\r\n\r\n`
    const client = connectRaw(port, `GET http://other.example/ HTTP/1.1\r\n${HOST}\r\n${smuggled}`)
    const answer = await client.closed()
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 400'])
    expect(refused.map((fault) => fault.code)).toEqual(['invalid_target'])
    expect(seen).toEqual([])
  })

  it('does not let a second request through behind a length and a chunked coding', async () => {
    const { port, seen } = await start()
    const smuggled = `POST /admin HTTP/1.1\r\n${HOST}content-length: 0\r\n\r\n`
    const head = `POST /x HTTP/1.1\r\n${HOST}transfer-encoding: chunked\r\ncontent-length: ${smuggled.length}\r\n\r\n`
    const answer = await connectRaw(port, `${head}0\r\n\r\n${smuggled}`).closed()
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 400'])
    expect(seen).toEqual([])
  })
})

describe('a body', () => {
  it('comes back whole by length and chunked', async () => {
    const { port } = await start()
    const client = connectRaw(port, `POST /a?b=%2F HTTP/1.1\r\n${HOST}content-length: 5\r\n\r\nhello`)
    expect(await client.until('hello')).toMatch(/^HTTP\/1\.1 200 OK\r\nx-echo: yes\r\ncontent-length: 5\r\n/)
    client.write(`POST / HTTP/1.1\r\n${HOST}transfer-encoding: chunked\r\n\r\n3\r\nfoo\r\n4;ext=1\r\nbar!\r\n0\r\n\r\n`)
    await client.until('foobar!')
    client.socket.destroy()
  })

  it('that is announced too large is refused before it arrives', async () => {
    const { port } = await start()
    const answer = await connectRaw(port, `POST / HTTP/1.1\r\n${HOST}content-length: 1000001\r\n\r\n`).closed()
    expect(answer).toMatch(/^HTTP\/1\.1 413 .*x-fault: body_too_large/s)
    expect(answer).toContain('Connection: close')
  })

  it('that turns out too large is refused while it arrives, and the client can read that', async () => {
    const { port } = await start()
    const client = connectRaw(port, `POST / HTTP/1.1\r\n${HOST}transfer-encoding: chunked\r\n\r\n`)
    for (let sent = 0; sent < 40; sent++) client.write(`10000\r\n${'x'.repeat(65_536)}\r\n`)
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 413 .*x-fault: body_too_large/s)
  })

  it('that comes too slowly is refused with 408', async () => {
    const { port } = await start({}, { onRequest: readWithin(50) })
    const client = connectRaw(port, `POST / HTTP/1.1\r\n${HOST}content-length: 10\r\n\r\nhalf`)
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 408 /)
  })

  it('that the client breaks off is told to the reader', async () => {
    const codes: string[] = []
    const { port } = await start(
      {},
      { onRequest: (exchange) => void exchange.readBody(100, 5_000).catch((fault) => codes.push(fault.code)) },
    )
    const client = connectRaw(port, `POST / HTTP/1.1\r\n${HOST}content-length: 10\r\n\r\nhalf`)
    setTimeout(() => client.socket.destroy(), 20)
    await eventually(() => codes.length > 0)
    expect(codes).toEqual(['client_closed'])
  })

  it('is asked for when the client waits for 100-continue, and not when it is too large', async () => {
    const { port } = await start()
    const head = (length: number) =>
      `POST / HTTP/1.1\r\n${HOST}expect: 100-continue\r\ncontent-length: ${length}\r\n\r\n`
    const client = connectRaw(port, head(5))
    await client.until('HTTP/1.1 100 Continue\r\n\r\n')
    client.write('hello')
    await client.until('\r\n\r\nhello')
    client.socket.destroy()
    expect(await connectRaw(port, head(2_000_000)).closed()).toMatch(/^HTTP\/1\.1 413 /)
  })

  it('that nobody reads is thrown away when it is small, and the connection goes on', async () => {
    const { port } = await start({}, { onRequest: (exchange) => exchange.respond(403, [], Buffer.from('no')) })
    const client = connectRaw(port, `POST /1 HTTP/1.1\r\n${HOST}content-length: 5\r\n\r\nhel`)
    await client.until('no')
    client.write(`loGET /2 HTTP/1.1\r\n${HOST}\r\n`)
    expect(await client.until('noHTTP/1.1 403')).not.toContain('Connection: close')
    client.socket.destroy()
  })

  it('that nobody reads costs the connection when it is large', async () => {
    const { port } = await start(
      { discardedBodyBytes: 10 },
      { onRequest: (exchange) => exchange.respond(403, [], Buffer.from('no')) },
    )
    const answer = await connectRaw(
      port,
      `POST /1 HTTP/1.1\r\n${HOST}content-length: 11\r\n\r\nhello worldGET / HTTP/1.1\r\n${HOST}\r\n`,
    ).closed()
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 403'])
  })
})

describe('time', () => {
  it('limits the wait for the first byte', async () => {
    const { port } = await start({ headersMilliseconds: 100 })
    expect(await connectRaw(port).closed()).toBe('')
  })

  it('is not waited for when the client leaves before it says enough', async () => {
    const { port, listener } = await start()
    for (const first of ['', 'P', 'PR']) {
      const client = connectRaw(port, first)
      await eventually(() => listener.connections === 1)
      client.socket.end()
      await eventually(() => listener.connections === 0)
      expect(await client.closed()).toBe('')
    }
  })

  it('limits the wait for the rest of a preface', async () => {
    const { port } = await start({ headersMilliseconds: 100 })
    expect(await connectRaw(port, 'PR').closed()).toBe('')
  })

  it('limits the headers, with 408', async () => {
    const { port } = await start({ headersMilliseconds: 100 })
    expect(await connectRaw(port, `GET / HTTP/1.1\r\nx-slow: `).closed()).toMatch(/^HTTP\/1\.1 408 /)
  })

  it('limits a whole request, with 408, when nobody reads its body', async () => {
    const { port } = await start({ headersMilliseconds: 50, requestMilliseconds: 100 }, { onRequest: () => {} })
    const client = connectRaw(port, `POST / HTTP/1.1\r\n${HOST}content-length: 10\r\n\r\nhalf`)
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 408 /)
  })

  it('closes an idle connection', async () => {
    const { port } = await start({ keepAliveIdleMilliseconds: 100 })
    expect(await connectRaw(port, `GET / HTTP/1.1\r\n${HOST}\r\n`).closed()).toMatch(/^HTTP\/1\.1 200 /)
  })
})

describe('a connection', () => {
  it('takes a request that arrives byte by byte', async () => {
    const { port } = await start()
    const client = connectRaw(port)
    client.socket.setNoDelay(true)
    for (const byte of `POST / HTTP/1.1\r\n${HOST}content-length: 2\r\n\r\nok`) {
      client.write(byte)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await client.until('\r\n\r\nok')).toMatch(/^HTTP\/1\.1 200 /)
    client.socket.destroy()
  })

  it('answers pipelined requests in order, one at a time', async () => {
    let underWay = 0
    let most = 0
    const { port } = await start(
      {},
      {
        onRequest: (exchange) => {
          most = Math.max(most, ++underWay)
          setTimeout(() => {
            underWay--
            exchange.respond(200, [], Buffer.from(exchange.path))
          }, 5)
        },
      },
    )
    const client = connectRaw(port, ['/1', '/2', '/3'].map((path) => `GET ${path} HTTP/1.1\r\n${HOST}\r\n`).join(''))
    await client.until('/3')
    expect(client.text().match(/\/\d$|\/\d(?=HTTP)/g)).toEqual(['/1', '/2', '/3'])
    expect(most).toBe(1)
    client.socket.destroy()
  })

  it('is closed when too many requests wait on it', async () => {
    const { port, seen } = await start({ pipelinedRequests: 2 }, { onRequest: () => {} })
    await connectRaw(port, `GET / HTTP/1.1\r\n${HOST}\r\n`.repeat(4)).closed()
    expect(seen).toHaveLength(1)
  })

  it('ends after its last request, with the announcement', async () => {
    const { port, seen } = await start({ requestsPerConnection: 2 })
    const client = connectRaw(port, `GET / HTTP/1.1\r\n${HOST}\r\n`.repeat(3))
    const answer = await client.closed()
    expect(answer.match(/Connection: [a-z-]+/g)).toEqual(['Connection: keep-alive', 'Connection: close'])
    expect(seen).toHaveLength(2)
  })

  it('answers HEAD and 204 without a body, and goes on', async () => {
    const { port } = await start(
      {},
      { onRequest: (exchange) => exchange.respond(Number(exchange.path.slice(1)), [], Buffer.from('body')) },
    )
    const client = connectRaw(
      port,
      `HEAD /200 HTTP/1.1\r\n${HOST}\r\nGET /204 HTTP/1.1\r\n${HOST}\r\nGET /404 HTTP/1.1\r\n${HOST}\r\n`,
    )
    const answer = await client.until('body')
    expect(answer.match(/HTTP\/1\.1 \d+|content-length: \d+|body/g)).toEqual([
      'HTTP/1.1 200',
      'content-length: 4',
      'HTTP/1.1 204',
      'HTTP/1.1 404',
      'content-length: 4',
      'body',
    ])
    client.socket.destroy()
  })

  it('carries every byte unchanged, in one piece and in chunks, small and large', async () => {
    const bytes = Buffer.from(Array.from({ length: 20_000 }, (_, index) => index & 0xff))
    const { port } = await start(
      {},
      {
        onRequest: (exchange) => {
          const body = bytes.subarray(0, Number(exchange.path.slice(2)))
          if (exchange.path[1] === 'r') return exchange.respond(200, [], body)
          exchange.startResponse(200, [])
          exchange.end(body)
        },
      },
    )
    for (const target of ['r256', 'r8192', 'r8193', 'r20000', 's256', 's16384', 's20000']) {
      const response = await fetch(`http://127.0.0.1:${port}/${target}`)
      const body = Buffer.from(await response.arrayBuffer())
      expect(body.equals(bytes.subarray(0, Number(target.slice(1))))).toBe(true)
    }
  })

  it.each<[string, (exchange: HttpExchange) => void]>([
    ['one byte too few', (exchange) => exchange.end(Buffer.from('nin'))],
    ['one byte too many at the end', (exchange) => exchange.end(Buffer.from('nines'))],
    ['one byte too many before the end', (exchange) => void exchange.write(Buffer.from('nines'))],
    ['nothing', (exchange) => exchange.end()],
  ])('ends rather than carry a body of another length than announced: %s', async (_name, rest) => {
    const onRequest = (exchange: HttpExchange): void => {
      exchange.startResponse(200, ['Content-Length', '9'])
      exchange.write(Buffer.from('four '))
      rest(exchange)
    }
    const { port, seen } = await start({}, { onRequest })
    const client = connectRaw(port, `GET /1 HTTP/1.1\r\n${HOST}\r\nGET /2 HTTP/1.1\r\n${HOST}\r\n`)
    await client.closed()
    expect(seen.map((exchange) => [exchange.path, exchange.closedBy])).toEqual([['/1', 'gateway']])
  })

  it('sends the length that a whole answer has, whatever its headers say', async () => {
    const headers = ['Content-Length', '2', 'Transfer-Encoding', 'chunked', 'x-a', 'b']
    const { port } = await start({}, { onRequest: (exchange) => exchange.respond(200, headers, Buffer.from('four')) })
    const client = connectRaw(port, `GET / HTTP/1.1\r\n${HOST}\r\n`)
    const answer = (await client.until('four')).toLowerCase()
    expect(answer.match(/content-length: \d+|transfer-encoding/g)).toEqual(['content-length: 4'])
    client.socket.destroy()
  })

  it('ignores an upgrade', async () => {
    const { port } = await start()
    const head = `GET / HTTP/1.1\r\n${HOST}connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n\r\n`
    expect(await connectRaw(port, head).until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /)
  })

  it('beyond the limit is not taken', async () => {
    const { port } = await start({ connections: 1 })
    const first = connectRaw(port, `GET / HTTP/1.1\r\n${HOST}\r\n`)
    await first.until('200 OK')
    expect(await connectRaw(port, `GET / HTTP/1.1\r\n${HOST}\r\n`).closed()).toBe('')
    first.socket.destroy()
  })

  it('speaks HTTP/1.0, and closes at the end', async () => {
    const { port } = await start({}, { onRequest: streamThree })
    const answer = await connectRaw(port, `GET / HTTP/1.0\r\n${HOST}\r\n`).closed()
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(answer.endsWith('\r\n\r\nonetwothree')).toBe(true)
  })
})

function readWithin(milliseconds: number): ListenerOptions['onRequest'] {
  return (exchange) => {
    exchange.readBody(1_000, milliseconds).catch((fault) => exchange.respond(fault.status, []))
  }
}

const streamThree: ListenerOptions['onRequest'] = (exchange) => {
  exchange.startResponse(200, [])
  exchange.write(Buffer.from('one'))
  exchange.write(Buffer.from('two'))
  exchange.end(Buffer.from('three'))
}
