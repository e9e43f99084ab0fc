// The admin API as a whole: its door, what it says of failures, and clients that leave.

import { connect } from 'node:http2'
import { request, type IncomingMessage } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, type FakeAdmin } from '../../test/fakes/admin.ts'
import { twoTenants } from '../../test/fakes/admin-requests.ts'
import { createListener, type Listener } from '../http/listener.ts'
import type { RollupRow } from '../core/rollup.ts'
import { picoUsd } from '../core/money.ts'

type Served = { readonly world: FakeAdmin; readonly port: number }
type Asked = {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}
type Heard = { readonly status: number; readonly headers: Readonly<Record<string, unknown>>; readonly text: string }

const open: { listener: Listener; world: FakeAdmin }[] = []

afterEach(async () => {
  for (const { listener, world } of open.splice(0)) {
    await listener.close(1_000)
    await world.admin.close()
  }
})

async function serve(changed: Parameters<typeof twoTenants>[0] = {}): Promise<Served> {
  const world = await twoTenants(changed)
  const listener = createListener({ onRequest: (exchange) => void world.admin.handle(exchange) })
  const { port } = await listener.listen(0, '127.0.0.1')
  open.push({ listener, world })
  return { world, port }
}

const BEARER = { authorization: `Bearer ${ADMIN_TOKEN}` }

/** The path goes out as it stands, which fetch would not do. */
function overHttp1(port: number, { method = 'GET', path, headers = BEARER, body }: Asked): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, method, path, headers, agent: false }, (answer: IncomingMessage) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('end', () => {
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: Buffer.concat(chunks).toString() })
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

function overHttp2(port: number, { method = 'GET', path, headers = BEARER, body }: Asked): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://127.0.0.1:${port}`)
    session.on('error', reject)
    const stream = session.request({ ':method': method, ':path': path, ...headers })
    const chunks: Buffer[] = []
    let head: Record<string, unknown> = {}
    stream.on('response', (received) => {
      head = received
    })
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('error', reject)
    stream.on('end', () => {
      session.close()
      resolve({ status: Number(head[':status']), headers: head, text: Buffer.concat(chunks).toString() })
    })
    stream.end(body)
  })
}

describe.each([
  ['HTTP/1.1', overHttp1],
  ['HTTP/2', overHttp2],
])('over %s', (_, ask) => {
  it('answers, never to be cached, with a request id', async () => {
    const { port } = await serve()
    const answer = await ask(port, { path: '/admin/v1/tenants/alpha' })
    expect(answer).toMatchObject({
      status: 200,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'cache-control': 'no-store',
        'x-weighbridge-request-id': expect.stringMatching(/^request-/) as string,
      },
    })
    expect(JSON.parse(answer.text)).toMatchObject({ id: 'alpha' })
  })

  it('takes a body', async () => {
    const { port } = await serve()
    const headers = { ...BEARER, 'content-type': 'application/json' }
    const answer = await ask(port, { method: 'POST', path: '/admin/v1/tenants', headers, body: '{"id":"new"}' })
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([201, { id: 'new' }])
  })

  it('refuses who has no token before it reads the body', async () => {
    const { port } = await serve()
    const headers = { 'content-type': 'application/json' }
    const answer = await ask(port, { method: 'POST', path: '/admin/v1/tenants', headers, body: 'x'.repeat(50_000) })
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toBe('Bearer')
    expect(JSON.parse(answer.text)).toMatchObject({ error: { code: 'missing_credential' } })
  })

  it('refuses a body of more than a megabyte', async () => {
    const { port } = await serve()
    const headers = { ...BEARER, 'content-type': 'application/json', 'content-length': '1048577' }
    const body = 'x'.repeat(1_048_577)
    const answer = await ask(port, { method: 'POST', path: '/admin/v1/tenants', headers, body })
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([413, { error: { code: 'body_too_large' } }])
  })

  it.each([
    '/admin/v1/tenants/../plans',
    '/admin/v1/tenants/%2e%2e/plans',
    '/admin/v1/./plans',
    '/admin/v1//plans',
    '/admin/v1/tenants/alpha/%2E',
    '/admin/v1/tenants\\alpha',
  ])('does not tidy the path %s up', async (path) => {
    const { port } = await serve()
    const answer = await ask(port, { path })
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([400, { error: { code: 'invalid_path' } }])
  })

  it.each(['PURGE', 'OPTIONS'])('does not know the method %s', async (method) => {
    const { port } = await serve()
    expect((await ask(port, { method, path: '/admin/v1/tenants' })).status).toBe(405)
  })

  it('sends a report of megabytes whole', async () => {
    const rows = Array.from({ length: 50_000 }, (_unused, index) => rowOf(`tenant-${String(index).padStart(6, '0')}`))
    const { port, world } = await serve({
      rollups: { query: async () => rows, rebuild: () => Promise.reject(new Error()) },
    })
    const path = '/admin/v1/reports/daily?date=2026-11-19&format=csv'
    const answer = await ask(port, { path })
    expect(answer.status).toBe(200)
    expect(answer.headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8; header=present',
      'content-disposition': 'attachment; filename="daily.csv"',
      'cache-control': 'no-store',
    })
    const lines = answer.text.split('\n')
    expect(lines).toHaveLength(50_002)
    expect(lines[50_000]).toBe('tenant-049999,m,1,2,0.000000000003,0.000000000004,5,2026-11-19')
    expect(answer.text).toBe((await world.ask('GET', path.slice('/admin/v1/'.length))).text)
  })
})

const rowOf = (tenant: string): RollupRow => ({
  group: { tenant, model: 'm', day: '2026-11-19' },
  calls: 5n,
  unpricedCalls: 0n,
  estimatedCalls: 0n,
  quantities: { input_tokens: 1n, output_tokens: 2n },
  inputCost: picoUsd(3n),
  outputCost: picoUsd(4n),
})

describe('who has no token', () => {
  it('is refused before the body has arrived', async () => {
    const { port } = await serve()
    const status = await new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': '60000000' }
      const path = '/admin/v1/prices/import?dry_run=true'
      const sent = request({ port, method: 'POST', path, headers, agent: false }, (answer) => {
        resolve(answer.statusCode)
        sent.destroy()
      })
      sent.on('error', reject)
      sent.write('{')
    })
    expect(status).toBe(401)
  })
})

describe('a failure inside', () => {
  it('is told to the log with the request id, and to the caller as nothing but that id', async () => {
    const { port, world } = await serve({
      rollups: {
        query: () => Promise.reject(new Error('table rollups is gone: /var/lib/secret')),
        rebuild: () => Promise.reject(new Error()),
      },
    })
    const answer = await overHttp1(port, { path: '/admin/v1/reports/daily' })
    expect(answer.status).toBe(500)
    expect(JSON.parse(answer.text)).toEqual({ error: { code: 'internal', message: expect.any(String) as string } })
    expect(answer.text).not.toContain('rollups')
    expect(world.heard.failures).toMatchObject([{ message: 'table rollups is gone: /var/lib/secret' }])
  })
})

describe('a client that leaves in the middle of a large answer', () => {
  it('leaves nothing running behind', async () => {
    const rows = Array.from({ length: 100_000 }, (_unused, index) => rowOf(`tenant-${index}`))
    const { port } = await serve({ rollups: { query: async () => rows, rebuild: () => Promise.reject(new Error()) } })
    await new Promise<void>((resolve, reject) => {
      const path = '/admin/v1/reports/daily?format=csv'
      const sent = request({ port, path, headers: BEARER, agent: false }, (answer) => {
        answer.once('data', () => {
          answer.destroy()
          resolve()
        })
        answer.on('error', () => undefined)
      })
      sent.on('error', reject)
      sent.end()
    })
    expect((await overHttp1(port, { path: '/admin/v1/tenants' })).status).toBe(200)
  })
})
