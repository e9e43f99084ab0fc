// The client against servers that do as they please: whose answer is whose, what is kept, how long anything may take.

import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { afterEach, expect, it } from 'vitest'
import type { ClientCall, ClientFailure } from './client-call.ts'
import { createHttpClient, type HttpClient, type HttpClientOptions } from './http-client.ts'
import { TLS_FOR_TESTS } from './tls.fixture.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

type World = { client: HttpClient; origin: string; sockets: Socket[]; requests: string[] }

/** `answer` is given each request with its socket; requests here are small and come in one piece. */
async function world(
  answer: (socket: Socket, request: string, count: number) => void,
  options: Partial<HttpClientOptions['limits']> & { connections?: number; encrypted?: boolean } = {},
): Promise<World> {
  const { connections = 10, encrypted = false, ...limits } = options
  const sockets: Socket[] = []
  const requests: string[] = []
  const take = (socket: Socket): void => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.on('data', (bytes) => {
      requests.push(bytes.toString('latin1'))
      answer(socket, bytes.toString('latin1'), requests.length)
    })
  }
  const server: Server = encrypted ? createTlsServer(TLS_FOR_TESTS, take) : createServer(take)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const client = createHttpClient({
    connections,
    certificates: encrypted ? [TLS_FOR_TESTS.cert] : null,
    limits: {
      connectTimeoutMilliseconds: 2_000,
      headersTimeoutMilliseconds: 2_000,
      idleTimeoutMilliseconds: 2_000,
      maxHeaderBytes: 16_384,
      ...limits,
    },
  })
  closing.push(() => {
    client.close()
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { client, origin: `${encrypted ? 'https' : 'http'}://127.0.0.1:${port}`, sockets, requests }
}

type Answer = { status: number; body: string } | ClientFailure

function ask({ client, origin }: World, name = 'one', seen?: (call: ClientCall) => void): Promise<Answer> {
  return new Promise((resolve) => {
    let status = 0
    let body = ''
    const request = { method: 'POST', path: `/${name}`, headers: ['x-name', name], body: Buffer.from(name) }
    const call: ClientCall = client.send(origin, request, {
      onSending: () => undefined,
      onHeaders(said) {
        status = said
      },
      onData(chunk) {
        body += chunk.toString()
        seen?.(call)
        return true
      },
      onComplete: () => resolve({ status, body }),
      onFailure: resolve,
    })
  })
}

const ok = (body: string, more = ''): string =>
  `HTTP/1.1 200 OK\r\n${more}content-length: ${body.length}\r\n\r\n${body}`
const nameIn = (request: string): string => /POST \/(\w+)/.exec(request)?.[1] ?? ''
const soon = (milliseconds = 30): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

it.each([false, true])(
  'sends a request and hears its answer, one after another on one connection (TLS: %s)',
  async (encrypted) => {
    const the = await world((socket, request) => socket.write(ok(nameIn(request))), { encrypted })
    expect(await ask(the, 'first')).toEqual({ status: 200, body: 'first' })
    expect(await ask(the, 'second')).toEqual({ status: 200, body: 'second' })
    expect(the.sockets).toHaveLength(1)
    const host = the.origin.slice(the.origin.indexOf('//') + 2)
    expect(the.requests[0]).toBe(
      `POST /first HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\nx-name: first\r\ncontent-length: 5\r\n\r\nfirst`,
    )
  },
)

it('does not believe a certificate that nobody it trusts has signed', async () => {
  const the = await world((socket) => socket.write(ok('x')), { encrypted: true })
  const client = createHttpClient({
    connections: 1,
    certificates: null,
    limits: {
      connectTimeoutMilliseconds: 2_000,
      headersTimeoutMilliseconds: 2_000,
      idleTimeoutMilliseconds: 2_000,
      maxHeaderBytes: 1_000,
    },
  })
  closing.push(() => client.close())
  expect(await ask({ ...the, client })).toMatchObject({ kind: 'unreachable', sent: false })
})

it('opens no more connections than it may; the rest waits', async () => {
  const the = await world((socket, request) => setTimeout(() => socket.write(ok(nameIn(request))), 5), {
    connections: 3,
  })
  const names = Array.from({ length: 20 }, (_, index) => `call${index}`)
  const answers = await Promise.all(names.map((name) => ask(the, name)))
  expect(answers).toEqual(names.map((body) => ({ status: 200, body })))
  expect(the.sockets).toHaveLength(3)
})

it('never takes bytes that nobody asked for as the next answer', async () => {
  const the = await world((socket, request, count) => {
    socket.write(ok(nameIn(request)))
    if (count === 1) setTimeout(() => socket.write(ok('stolen')), 10)
  })
  expect(await ask(the, 'first')).toEqual({ status: 200, body: 'first' })
  await soon()
  expect(await ask(the, 'second')).toEqual({ status: 200, body: 'second' })
  expect(the.sockets).toHaveLength(2)
})

it('sees what waits at an idle connection before it sends on it', async () => {
  const the = await world((socket, request, count) => {
    socket.write(ok(nameIn(request)) + (count === 1 ? ok('stolen') : ''))
  })
  expect(await ask(the, 'first')).toEqual({ status: 200, body: 'first' })
  expect(await ask(the, 'second')).toEqual({ status: 200, body: 'second' })
})

it('goes to another connection where one was closed before anything was sent on it', async () => {
  const the = await world((socket, request) => socket.end(ok(nameIn(request))))
  for (const name of ['a', 'b', 'c']) {
    expect(await ask(the, name)).toEqual({ status: 200, body: name })
    await soon()
  }
  expect(the.sockets).toHaveLength(3)
})

it('does not keep a connection that says it will close, nor one longer than it says', async () => {
  const the = await world((socket, request, count) => {
    socket.write(ok(nameIn(request), count === 1 ? 'connection: close\r\n' : 'keep-alive: timeout=1\r\n'))
  })
  for (const name of ['a', 'b', 'c']) expect(await ask(the, name)).toEqual({ status: 200, body: name })
  expect(the.sockets).toHaveLength(3)
})

it.each<[string, string, ClientFailure['kind']]>([
  ['resets', '', 'broken'],
  ['answers no HTTP', 'what?\r\n\r\n', 'broken'],
  ['ends in the middle', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf', 'broken'],
])('a server that %s fails the call, and says that it was sent', async (_, text, kind) => {
  const the = await world((socket) => (text === '' ? socket.resetAndDestroy() : socket.end(text)))
  expect(await ask(the)).toMatchObject({ kind, sent: true })
})

it.each<[string, string]>([
  ['does not begin', ''],
  ['does not go on', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf'],
])('an answer that %s has its time', async (_, text) => {
  const limits = { headersTimeoutMilliseconds: 60, idleTimeoutMilliseconds: 60 }
  const the = await world((socket) => void socket.write(text), limits)
  expect(await ask(the)).toMatchObject({ kind: 'timeout', sent: true })
})

it('a pause of ours is no silence of the server', async () => {
  const the = await world((socket) => socket.write(ok('whole')), { idleTimeoutMilliseconds: 40 })
  const heard = await new Promise<string>((resolve) => {
    const request = { method: 'GET', path: '/', headers: [], body: null }
    let body = ''
    const call = the.client.send(the.origin, request, {
      onSending: () => undefined,
      onHeaders: () => undefined,
      onData(chunk) {
        body += chunk.toString()
        setTimeout(() => call.resume(), 200)
        return false
      },
      onComplete: () => resolve(body),
      onFailure: ({ kind }) => resolve(kind),
    })
  })
  expect(heard).toBe('whole')
})

it('a server that is not there is unreachable, and nothing was sent', async () => {
  const the = await world(() => undefined)
  const { client } = the
  expect(await ask({ ...the, client, origin: 'http://127.0.0.1:1' })).toMatchObject({
    kind: 'unreachable',
    sent: false,
  })
})

it('a call that is given up ends at once, waiting, sent or answered; those behind it go on', async () => {
  const the = await world(
    (socket, request) => void socket.write(nameIn(request) === 'last' ? ok('last') : ok('x').slice(0, -1)),
    {
      connections: 1,
    },
  )
  const failures: ClientFailure[] = []
  const listen = {
    onSending: () => undefined,
    onHeaders: () => undefined,
    onData: () => true,
    onComplete: () => undefined,
  }
  const send = (): ClientCall =>
    the.client.send(
      the.origin,
      { method: 'POST', path: '/held', headers: [], body: null },
      {
        ...listen,
        onFailure: (failure) => failures.push(failure),
      },
    )
  const [running, waiting] = [send(), send()]
  const last = ask(the, 'last')
  await expect.poll(() => the.requests.length).toBe(1)
  waiting?.abort()
  running?.abort()
  running?.abort()
  expect(failures.map(({ kind, sent }) => [kind, sent])).toEqual([
    ['aborted', false],
    ['aborted', true],
  ])
  expect(await last).toEqual({ status: 200, body: 'last' })
})

it.each([
  ['a header that ends its line', { headers: ['x', 'a\r\ny: b'] }],
  ['a header that is not latin1', { headers: ['x', '…'] }],
  ['a path with a blank', { path: '/a b' }],
  ['a path that ends its line', { path: '/a\r\nx: y' }],
])('%s is refused before anything is sent', async (_, part) => {
  const the = await world((socket) => socket.write(ok('x')))
  const request = { method: 'POST', path: '/', headers: [], body: null, ...part }
  const listener = {
    onSending: () => undefined,
    onHeaders: () => undefined,
    onData: () => true,
    onComplete: () => undefined,
    onFailure: () => undefined,
  }
  expect(() => the.client.send(the.origin, request, listener)).toThrow(TypeError)
  expect(the.sockets).toHaveLength(0)
})

it('everything ends when the client is closed', async () => {
  const the = await world(() => undefined, { connections: 1 })
  const calls = [ask(the, 'a'), ask(the, 'b')]
  await expect.poll(() => the.requests.length).toBe(1)
  the.client.close()
  expect(await Promise.all(calls)).toMatchObject([
    { kind: 'broken', sent: true },
    { kind: 'unreachable', sent: false },
  ])
})
