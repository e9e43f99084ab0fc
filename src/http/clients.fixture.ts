// For tests of the listener: clients over HTTP/1.1 and HTTP/2 that read, pause, leave, and notice an answer that is not whole.

import { Agent, ClientRequest, get as httpGet, request as httpRequest } from 'node:http'
import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2 } from 'node:http2'
import { connectRaw } from './raw-client.fixture.ts'

/** A client that asks once and then reads, or not, until it is told to leave. */
export type Reader = { pause(): void; resume(): void; leave(): void; received(): number; ended(): boolean }

export type Asking = { fresh: boolean; body: string; times: number }

export interface Clients {
  read(port: number): Reader
  /** The status, as soon as the head of an answer has come. */
  status(port: number): Promise<number | undefined>
  /** The whole body; rejects when it is not whole. */
  fetchWhole(port: number): Promise<Buffer>
  askOften(port: number, asking: Asking): Promise<void>
  close(): void
}

export const PROTOCOLS: readonly [string, () => Clients][] = [
  ['HTTP/1.1', createHttp1Clients],
  ['HTTP/2', createHttp2Clients],
]

function createHttp1Clients(): Clients {
  return {
    read(port) {
      const client = connectRaw(port, 'GET / HTTP/1.1\r\nhost: gateway.example\r\nconnection: close\r\n\r\n')
      return {
        pause: () => void client.socket.pause(),
        resume: () => void client.socket.resume(),
        leave: () => void client.socket.destroy(),
        received: () => client.socket.bytesRead,
        ended: () => client.socket.closed,
      }
    },
    status: (port) =>
      new Promise((resolve, reject) => {
        const request = httpGet({ port, host: '127.0.0.1' }, (response) => {
          resolve(response.statusCode)
          request.destroy()
        })
        request.on('error', reject)
      }),
    fetchWhole: (port) =>
      new Promise((resolve, reject) => {
        const chunks: Buffer[] = []
        httpGet({ port, host: '127.0.0.1' }, (response) => {
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () => resolve(Buffer.concat(chunks)))
        }).on('error', reject)
      }),
    async askOften(port, { fresh, body, times }) {
      const agent = new Agent({ keepAlive: !fresh })
      for (let time = 0; time < times; time++) await answered(httpRequest({ port, agent, method: 'POST' }), body)
      agent.destroy()
    },
    close: () => {},
  }
}

function createHttp2Clients(): Clients {
  const sessions: ClientHttp2Session[] = []
  const open = (port: number): ClientHttp2Session => {
    const session = connectHttp2(`http://127.0.0.1:${port}`)
    session.on('error', () => {})
    sessions.push(session)
    return session
  }
  const get = (port: number): ClientHttp2Stream => {
    const stream = open(port).request({ ':path': '/' })
    stream.on('error', () => {})
    return stream
  }
  return {
    read(port) {
      const stream = get(port)
      let received = 0
      stream.on('data', (chunk: Buffer) => (received += chunk.length))
      return {
        pause: () => void stream.pause(),
        resume: () => void stream.resume(),
        leave: () => stream.session?.destroy(),
        received: () => received,
        ended: () => stream.readableEnded || stream.closed,
      }
    },
    status: (port) => new Promise((resolve) => get(port).once('response', (headers) => resolve(headers[':status']))),
    fetchWhole: (port) =>
      new Promise((resolve, reject) => {
        const chunks: Buffer[] = []
        const stream = get(port)
        stream.on('data', (chunk: Buffer) => chunks.push(chunk))
        stream.on('error', reject)
        stream.on('end', () => stream.rstCode === 0 && resolve(Buffer.concat(chunks)))
      }),
    async askOften(port, { fresh, body, times }) {
      let session = open(port)
      for (let time = 0; time < times; time++) {
        if (fresh && time > 0) {
          session.close()
          session = open(port)
        }
        await answered(session.request({ ':method': 'POST' }), body)
      }
      session.close()
    },
    close: () => {
      for (const session of sessions.splice(0)) session.destroy()
    },
  }
}

function answered(request: ClientRequest | ClientHttp2Stream, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (request instanceof ClientRequest) request.on('response', (response) => response.resume().on('end', resolve))
    else request.resume().on('end', resolve)
    request.on('error', reject)
    request.end(body)
  })
}
