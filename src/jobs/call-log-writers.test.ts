// Each kind of place is written to as it wants it.

import { createHmac } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { WriterDefinition } from '../core/call-log.ts'
import { logWriterOf } from './call-log-writers.ts'

const AT = Date.UTC(2026, 10, 30, 12)
type Received = { readonly url: string; readonly headers: IncomingHttpHeaders; readonly body: string }

let folder: string
let server: Server
let status = 200
const received: Received[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weighbridge-writers-'))
  server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      received.push({ url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() })
      response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})

afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  rmSync(folder, { recursive: true })
})

const origin = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const writerTo = (to: WriterDefinition['to']) => logWriterOf(to, { folder, fetch, now: () => AT })

describe('a file', () => {
  const file = (path: string, more: { mode?: 'append' | 'new' | 'overwrite'; rotateBytes?: number } = {}) =>
    writerTo({ kind: 'file', path, mode: more.mode ?? 'append', rotateBytes: more.rotateBytes ?? 1_000_000, keep: 2 })
  const textOf = (path: string): string => readFileSync(join(folder, path), 'utf8')

  it('is appended to, and only its owner may read it', async () => {
    await file('deep/calls.jsonl').write(['{"a":1}', '{"a":2}'])
    await file('deep/calls.jsonl').write(['{"a":3}'])
    expect(textOf('deep/calls.jsonl')).toBe('{"a":1}\n{"a":2}\n{"a":3}\n')
    expect(statSync(join(folder, 'deep/calls.jsonl')).mode & 0o777).toBe(0o600)
  })

  it('is turned over when it is large, and so many older ones are kept', async () => {
    const writer = file('turned.jsonl', { rotateBytes: 8 })
    for (const number of [1, 2, 3, 4]) await writer.write([`{"a":${number}}`])
    expect([textOf('turned.jsonl.1'), textOf('turned.jsonl.2')]).toEqual(['{"a":4}\n', '{"a":3}\n'])
    expect(existsSync(join(folder, 'turned.jsonl.3'))).toBe(false)
  })

  it('begins anew at each start: beside what there was, or in its place', async () => {
    await file('new.jsonl', { mode: 'new' }).write(['{"a":1}'])
    await file('new.jsonl', { mode: 'new' }).write(['{"a":2}'])
    expect([textOf('new.jsonl.1'), textOf('new.jsonl')]).toEqual(['{"a":1}\n', '{"a":2}\n'])
    await file('over.jsonl', { mode: 'overwrite' }).write(['{"a":1}'])
    const second = file('over.jsonl', { mode: 'overwrite' })
    await second.write(['{"a":2}'])
    await second.write(['{"a":3}'])
    expect(textOf('over.jsonl')).toBe('{"a":2}\n{"a":3}\n')
  })
})

describe('an address', () => {
  it('is posted one record, with the headers of the configuration', async () => {
    status = 201
    const writer = writerTo({ kind: 'http', url: `${origin()}/log`, headers: { 'x-token': 'abc' } })
    expect(writer.batch).toBe(1)
    await writer.write(['{"a":1}'])
    expect(received.at(-1)).toMatchObject({
      url: '/log',
      body: '{"a":1}',
      headers: { 'x-token': 'abc', 'content-type': 'application/json' },
    })
  })

  it.each([
    [302, undefined],
    [400, true],
    [413, true],
    [401, false],
    [404, false],
    [429, false],
    [500, false],
    [503, false],
  ])('that answers %i has not taken it; never will: %s', async (answered, permanent) => {
    status = answered
    const writer = writerTo({ kind: 'http', url: `${origin()}/log`, headers: {} })
    const thrown: unknown = await writer.write(['{}']).catch((one: unknown) => one)
    expect(thrown).toBeInstanceOf(Error)
    expect((thrown as { permanent?: boolean }).permanent).toBe(permanent)
  })
})

describe('Elasticsearch', () => {
  it('is posted documents with basic authentication', async () => {
    status = 201
    const to = { kind: 'elastic', url: `${origin()}/calls/_doc`, username: 'elastic', password: 'p:w' } as const
    await writerTo(to).write(['{"a":1}'])
    expect(received.at(-1)).toMatchObject({ url: '/calls/_doc', body: '{"a":1}' })
    expect(received.at(-1)?.headers.authorization).toBe(`Basic ${Buffer.from('elastic:p:w').toString('base64')}`)
  })
})

describe('Azure Log Analytics', () => {
  it('is posted a list, signed with the key of the workspace', async () => {
    status = 200
    const sharedKey = Buffer.from('a shared key').toString('base64')
    const to = { kind: 'azure', url: origin(), workspaceId: 'w-1', sharedKey, logType: 'gecholog' } as const
    await writerTo(to).write(['{"a":"ü"}', '{"a":2}'])
    const { url, headers, body } = received.at(-1) as Received
    expect([url, body]).toEqual(['/api/logs?api-version=2016-04-01', '[{"a":"ü"},{"a":2}]'])
    const date = 'Mon, 30 Nov 2026 12:00:00 GMT'
    expect([headers['log-type'], headers['x-ms-date']]).toEqual(['gecholog', date])
    // 20 bytes: the umlaut has two
    const signed = createHmac('sha256', 'a shared key')
      .update(`POST\n20\napplication/json\nx-ms-date:${date}\n/api/logs`)
      .digest('base64')
    expect(headers.authorization).toBe(`SharedKey w-1:${signed}`)
  })
})
