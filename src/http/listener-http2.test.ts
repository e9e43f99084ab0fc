// HTTP/2 on the listener, in cleartext and over TLS: exchanges, refusals and limits, by node's client and by raw frames.

import {
  type ClientHttp2Session,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { connect as connectTls } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import type { ListenerLimits } from './limits.ts'
import type { ListenerOptions } from './listener.ts'
import { connectRaw, eventually, type Running, startListener } from './raw-client.fixture.ts'
import { TLS_FOR_TESTS } from './tls.fixture.ts'

const running: Running[] = []
const sessions: ClientHttp2Session[] = []

async function start(limits: Partial<ListenerLimits> = {}, options: Partial<ListenerOptions> = {}): Promise<Running> {
  const one = await startListener({ limits, ...options })
  running.push(one)
  return one
}

afterEach(async () => {
  for (const session of sessions.splice(0)) session.destroy()
  await Promise.all(running.splice(0).map(({ listener }) => listener.close(0)))
})

describe('an exchange over HTTP/2', () => {
  it('has the raw path, the headers in lower case and the body', async () => {
    const { port, seen } = await start()
    const path = '/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fx/converse?a=%2F&a=b'
    const answer = await ask(open(port), { ':path': path, 'x-two': ['1', '2'], 'X-Case': 'Kept' }, 'hello')
    expect(answer).toMatchObject({ status: 200, body: 'hello', code: 0 })
    expect(answer.headers['content-length']).toBe('5')
    const exchange = seen[0]!
    expect([exchange.method, exchange.path, exchange.protocol, exchange.remoteAddress]).toEqual([
      'POST',
      path,
      '2',
      '127.0.0.1',
    ])
    expect(exchange.header('x-two')).toBe('1, 2')
    expect(exchange.header('x-case')).toBe('Kept')
    expect(exchange.header('x-none')).toBeUndefined()
    expect(exchange.header(':authority')).toBe(`127.0.0.1:${port}`)
    expect(exchange.header('host')).toBe(`127.0.0.1:${port}`)
    expect([...exchange.headerEntries()]).toEqual([
      ['x-two', '1'],
      ['x-two', '2'],
      ['x-case', 'Kept'],
    ])
  })

  it('is the same over TLS, which offers both protocols', async () => {
    const { port, seen } = await start({}, { tls: TLS_FOR_TESTS })
    const session = connect(`https://127.0.0.1:${port}`, { ca: TLS_FOR_TESTS.cert })
    sessions.push(session)
    expect(await ask(session, {}, 'over h2')).toMatchObject({ status: 200, body: 'over h2' })
    expect(await askHttps(port, 'over h1')).toEqual({ status: 200, body: 'over h1' })
    expect(seen.map((exchange) => exchange.protocol)).toEqual(['2', '1.1'])
  })

  it('over TLS leaves silent clients the time for headers, and no more', async () => {
    const { port, listener } = await start({ headersMilliseconds: 100 }, { tls: TLS_FOR_TESTS })
    const inHandshake = connectRaw(port)
    const afterHandshake = connectTls({ port, host: '127.0.0.1', ca: TLS_FOR_TESTS.cert })
    afterHandshake.on('error', () => {})
    afterHandshake.resume()
    await Promise.all([inHandshake.closed(), new Promise((resolve) => afterHandshake.on('close', resolve))])
    await eventually(() => listener.connections === 0)
    expect(afterHandshake.destroyed).toBe(true)
  })

  it('over TLS does not let a handshake hold up the closing', async () => {
    const { port, listener } = await start({}, { tls: TLS_FOR_TESTS })
    const client = connectRaw(port, '\x16\x03\x01')
    await eventually(() => client.socket.bytesWritten === 3)
    await listener.close(50)
    expect(await client.closed()).toBe('')
  })

  it('answers many at once on one connection, each its own', async () => {
    const { port } = await start()
    const session = open(port)
    const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => ask(session, {}, `body ${index}`)))
    expect(answers.map((answer) => answer.body)).toEqual(Array.from({ length: 200 }, (_, index) => `body ${index}`))
  })

  it('carries a large body both ways', async () => {
    const { port } = await start()
    const body = 'x'.repeat(900_000)
    const answer = await ask(open(port), {}, body)
    expect(answer.body === body).toBe(true)
  })

  it('answers HEAD, 204 and an empty body without one', async () => {
    const { port } = await start(
      {},
      { onRequest: (exchange) => exchange.respond(Number(exchange.path.slice(1)), [], Buffer.from('body')) },
    )
    expect(await ask(open(port), { ':method': 'HEAD', ':path': '/200' })).toMatchObject({
      status: 200,
      body: '',
      code: 0,
    })
    expect(await ask(open(port), { ':method': 'GET', ':path': '/204' })).toMatchObject({
      status: 204,
      body: '',
      code: 0,
    })
  })

  it('sends repeated headers one by one, and leaves out what HTTP/2 forbids instead of failing', async () => {
    const headers = [
      'set-cookie',
      'a=1',
      'set-cookie',
      'b=2',
      'connection',
      'x-foo',
      'transfer-encoding',
      'chunked',
      'x-bad',
      'a\r\nb',
      'x-good',
      'ü',
    ]
    const { port } = await start({}, { onRequest: (exchange) => exchange.respond(200, headers, Buffer.from('ok')) })
    const answer = await ask(open(port), { ':method': 'GET' })
    expect(answer).toMatchObject({ status: 200, body: 'ok' })
    expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2'])
    expect(
      Object.keys(answer.headers).filter((name) => ['connection', 'transfer-encoding', 'x-bad'].includes(name)),
    ).toEqual([])
  })
})

describe('a request that is refused over HTTP/2', () => {
  it.each<[string, OutgoingHttpHeaders, number]>([
    ['a compressed body', { 'content-encoding': 'gzip' }, 415],
    ['an unknown expectation', { expect: 'much' }, 417],
    ['two credentials', { authorization: ['a', 'b'] as unknown as string }, 400],
    ['a host beside another authority', { ':authority': 'gateway.example', host: 'other.example' }, 400],
    ['a fragment', { ':path': '/a#b' }, 400],
    ['a header of 20 KB', { 'x-large': 'a'.repeat(20_000) }, 431],
    ['130 headers', Object.fromEntries(Array.from({ length: 130 }, (_, index) => [`x-${index}`, 'a'])), 431],
    ['a body that is announced too large', { 'content-length': 1_000_001 }, 413],
  ])('%s', async (_name, headers, status) => {
    const { port } = await start()
    const session = open(port)
    expect(await ask(session, headers, status === 413 ? undefined : 'body')).toMatchObject({ status })
    expect(await ask(session, {}, 'the connection goes on')).toMatchObject({ status: 200 })
  })

  it.each(['http://other.example/', '', '*', 'x'])('the path %j resets the stream', async (path) => {
    const { port, seen } = await start()
    expect(await ask(open(port), { ':path': path }, 'body')).toMatchObject({ status: null })
    expect(seen).toEqual([])
  })

  it('headers far beyond the limit reset the stream', async () => {
    const { port, seen } = await start()
    const answer = await ask(open(port), { 'x-a': 'a'.repeat(40_000), 'x-b': 'a'.repeat(40_000) }, 'body')
    expect(answer.status).toBeNull()
    expect(seen).toEqual([])
  })

  it('CONNECT', async () => {
    const { port, seen } = await start()
    const answer = await ask(open(port), {
      ':method': 'CONNECT',
      ':authority': 'other.example:443',
      ':path': undefined,
    })
    expect(answer).toMatchObject({ status: null, code: constants.NGHTTP2_REFUSED_STREAM })
    expect(seen).toEqual([])
  })

  it('a body that turns out too large, while it is still being sent', async () => {
    const { port } = await start()
    const answer = await ask(open(port), {}, 'x'.repeat(3_000_000))
    expect(answer).toMatchObject({ status: 413, body: 'The request body is too large.' })
  })

  it('a body that comes too slowly', async () => {
    const { port } = await start(
      {},
      { onRequest: (exchange) => void exchange.readBody(100, 50).catch((fault) => exchange.respond(fault.status, [])) },
    )
    expect(await ask(open(port), { 'content-length': 10 }, undefined)).toMatchObject({ status: 408 })
  })

  it('a broken preface, after it looked like HTTP/2', async () => {
    const { port, seen } = await start()
    const answer = await connectRaw(port, 'PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n').closed()
    expect(answer).not.toContain('HTTP/1.1')
    expect(seen).toEqual([])
  })

  it('a preface that arrives byte by byte is understood', async () => {
    const { port } = await start()
    const client = connectRaw(port)
    client.socket.setNoDelay(true)
    for (const byte of 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n') {
      client.write(byte)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    client.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]))
    // its own SETTINGS frame, and the acknowledgement of ours: length 0, type 4, flag 1
    await client.until('\x00\x00\x00\x04\x01\x00\x00\x00\x00')
    expect(client.socket.destroyed).toBe(false)
    client.socket.destroy()
  })
})

describe('a connection over HTTP/2', () => {
  it('is closed when it brings no request in time', async () => {
    const { port, listener } = await start({ headersMilliseconds: 100 })
    const session = open(port)
    await new Promise((resolve) => session.once('close', resolve))
    await eventually(() => listener.connections === 0)
    expect(session.destroyed).toBe(true)
  })

  it('is closed when it has been idle', async () => {
    const { port } = await start({ keepAliveIdleMilliseconds: 100 })
    const session = open(port)
    expect(await ask(session, {}, 'x')).toMatchObject({ status: 200 })
    await new Promise((resolve) => session.once('close', resolve))
    expect(session.destroyed).toBe(true)
  })

  it('is told to go away after its last request', async () => {
    const { port } = await start({ requestsPerConnection: 3 })
    const session = open(port)
    const goaway = new Promise((resolve) => session.once('goaway', resolve))
    for (let index = 0; index < 3; index++) expect(await ask(session, {}, 'x')).toMatchObject({ status: 200 })
    expect(await goaway).toBe(constants.NGHTTP2_NO_ERROR)
  })

  it('ends when its client resets streams without end', async () => {
    const { port, seen } = await start({ streamResetBurst: 50, streamResetsPerSecond: 1 }, { onRequest: () => {} })
    const session = open(port)
    session.on('error', () => {})
    const closed = new Promise((resolve) => session.once('close', resolve))
    const attack = setInterval(() => {
      for (let index = 0; index < 20 && !session.destroyed && !session.closed; index++) {
        const stream = session.request({ ':path': '/' })
        stream.on('error', () => {})
        stream.close(constants.NGHTTP2_CANCEL)
      }
    }, 1)
    await closed
    clearInterval(attack)
    expect(seen.length).toBeLessThan(1_000)
  })

  it('frees every connection of clients that open one for each request', async () => {
    const { port, listener } = await start()
    for (let index = 0; index < 20; index++) {
      const session = open(port)
      expect(await ask(session, {}, 'x')).toMatchObject({ status: 200 })
      session.close()
    }
    await eventually(() => listener.connections === 0)
    expect(listener.connections).toBe(0)
  })
})

/** Lets node's client send what a server must refuse. */
const LENIENT = { maxSessionMemory: 10, strictSingleValueFields: false }

type Answer = { status: number | null; headers: IncomingHttpHeaders; body: string; code: number }

function open(port: number): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`, LENIENT)
  session.on('error', () => {})
  sessions.push(session)
  return session
}

/** A body of undefined announces one and never sends it. */
function ask(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  ...[body]: (string | undefined)[]
): Promise<Answer> {
  return new Promise((resolve) => {
    const endStream = headers[':method'] === 'GET' || headers[':method'] === 'HEAD'
    const stream = session.request({ ':method': 'POST', ':path': '/', ...headers }, { endStream })
    let answered: IncomingHttpHeaders & { ':status'?: number | undefined } = {}
    let text = ''
    stream.setEncoding('utf8')
    stream.on('response', (received) => (answered = received))
    stream.on('data', (chunk: string) => (text += chunk))
    stream.on('error', () => {})
    stream.on('end', () => stream.close())
    stream.on('close', () =>
      resolve({ status: answered[':status'] ?? null, headers: answered, body: text, code: stream.rstCode ?? 0 }),
    )
    if (!endStream && body !== undefined) stream.end(body)
  })
}

function askHttps(port: number, body: string): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest({ port, host: '127.0.0.1', method: 'POST', ca: TLS_FOR_TESTS.cert }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode, body: text }))
    })
    request.on('error', reject)
    request.end(body)
  })
}
