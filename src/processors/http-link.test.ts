// A processor behind an address is spoken to within bounds: what it does wrong is its own failure, told in words that quote nothing.

import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHttpLink } from './http-link.ts'
import { ProcessorFailure, type ProcessorLink } from './processor.ts'

const CONTEXT = { transactionId: 't', requestId: 'r', tenantId: null, keyId: null }
const SECRET = 'sekret-words'

let server: Server
const links: ProcessorLink[] = []
const received: { readonly path: string; readonly type: string | undefined; readonly body: string }[] = []
let answer: (response: ServerResponse) => void = (response) => void response.end('{}')

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      received.push({ path: request.url ?? '', type: request.headers['x-own'] as string | undefined, body })
      answer(response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})

afterAll(async () => {
  await Promise.all(links.map((link) => link.close()))
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const urlOf = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/filter?a=b`

function linkTo(url = urlOf()): ProcessorLink {
  const link = createHttpLink({ url, headers: { 'x-own': 'yes' }, connections: 4 })
  links.push(link)
  return link
}

const asked = (link: ProcessorLink, milliseconds = 5_000, fields: object = { a: 1 }): Promise<unknown> =>
  link
    .call({ fields: fields as Record<string, unknown>, context: CONTEXT }, AbortSignal.timeout(milliseconds))
    .catch((thrown: unknown) => thrown)

describe('a processor behind an address', () => {
  it('is posted the fields, and its answer is what it writes', async () => {
    answer = (response) => void response.end('{"note": {"deep": [1]}}')
    expect(await asked(linkTo())).toEqual({ note: { deep: [1] } })
    expect(received.at(-1)).toEqual({ path: '/filter?a=b', type: 'yes', body: '{"a":1}' })
  })

  it.each([
    ['204', (response: ServerResponse) => void response.writeHead(204).end()],
    ['an empty answer', (response: ServerResponse) => void response.end()],
    ['null', (response: ServerResponse) => void response.end('null')],
  ])('writes nothing with %s', async (_, how) => {
    answer = how
    expect(await asked(linkTo())).toBeNull()
  })

  const FAILURES: readonly (readonly [string, (response: ServerResponse) => void, string])[] = [
    ['500 and words', (response) => void response.writeHead(500).end(SECRET), 'answered 500'],
    [
      'a redirect',
      (response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
      'answered 302',
    ],
    ['garbage', (response) => void response.end(`<html>${SECRET}`), 'not a JSON object (syntax)'],
    ['a list', (response) => void response.end('[1]'), 'answered no JSON object'],
    ['two documents', (response) => void response.end('{} {}'), 'trailing_bytes'],
    ['JSON a million deep', (response) => void response.end('['.repeat(1_000_000)), 'too_deep'],
    ['bytes that are no text', (response) => void response.end(Buffer.from([0x7b, 0xff])), 'invalid_utf8'],
    ['10 MB', (response) => void response.end(`{"a":"${'x'.repeat(10_000_000)}"}`), 'more than 1048576 bytes'],
    ['an end before its length', (response) => breakOff(response), 'broke off'],
    ['an endless head', (response) => void response.writeHead(200, { 'x-a': 'a'.repeat(60_000) }).end(), 'broke off'],
  ]

  it.each(FAILURES)('fails with %s', async (_, how, words) => {
    answer = how
    const failure = await asked(linkTo())
    expect(failure).toBeInstanceOf(ProcessorFailure)
    expect(String(failure)).toContain(words)
    expect(String(failure)).not.toContain(SECRET)
    expect(String(failure)).not.toContain('127.0.0.1')
  })

  it('fails where nobody listens', async () => {
    expect(String(await asked(linkTo('http://127.0.0.1:1/')))).toContain('cannot be reached')
  })

  it('that hangs lets go of its connection when its time is up', async () => {
    let closed = false
    answer = (response) => void response.on('close', () => (closed = true))
    expect(await asked(linkTo(), 50)).toBeInstanceOf(ProcessorFailure)
    await expect.poll(() => closed).toBe(true)
  })

  it('is not sent more than it is given', async () => {
    const before = received.length
    expect(String(await asked(linkTo(), 5_000, { a: 'x'.repeat(5_000_000) }))).toContain('4194304 bytes')
    expect(received).toHaveLength(before)
  })
})

function breakOff(response: ServerResponse): void {
  response.writeHead(200, { 'content-length': '100' })
  response.write('{"a":')
  setTimeout(() => response.destroy(), 20)
}
