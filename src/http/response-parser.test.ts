// The responses that a connection brings: the same however its bytes are cut, and nothing but HTTP that has one meaning.

import { describe, expect, it } from 'vitest'
import { ResponseParser, type ResponseFault } from './response-parser.ts'

type Heard = { said: string[]; fault: ResponseFault | null; ended: ResponseFault | null }

/** Pushes the pieces in order; `ends`: then the connection ends. */
function hear(pieces: readonly Buffer[], { method = 'POST', ends = false } = {}): Heard {
  const heard: Heard = { said: [], fault: null, ended: null }
  let body = ''
  const parser = new ResponseParser(
    {
      onHead: ({ status, headers, keepsAlive }) => heard.said.push(`${status} ${headers.join('|')} ${keepsAlive}`),
      onBody(bytes) {
        body += bytes.toString('latin1')
      },
      onWhole: () => heard.said.push(`whole ${body}`),
    },
    1_000,
  )
  parser.expect(method)
  for (const piece of pieces) heard.fault ??= parser.push(piece)
  if (ends && heard.fault === null) heard.ended = parser.end()
  if (heard.said.at(-1)?.startsWith('whole') !== true && body !== '') heard.said.push(`part ${body}`)
  return heard
}

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')
const inOne = (text: string, options: Parameters<typeof hear>[1] = {}): Heard => hear([bytes(text)], options)

const LONG = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A:  b \r\n\r\nhello'
const CHUNKED =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\nA\r\n, and more\r\n0\r\nX-Trailer: t\r\n\r\n'
const CONTINUED = `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${LONG}`

describe('a whole response', () => {
  it.each([
    ['with a length', LONG, ['200 content-length|5|x-a|b true', 'whole hello']],
    ['in chunks', CHUNKED, ['200 transfer-encoding|chunked true', 'whole hello, and more']],
    ['after interim ones', CONTINUED, ['200 content-length|5|x-a|b true', 'whole hello']],
    ['without a body', 'HTTP/1.1 204 No Content\r\n\r\n', ['204  true', 'whole ']],
    ['of no length', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', ['200 content-length|0 true', 'whole ']],
  ])('%s is heard the same at every cut', (_, text, said) => {
    const all = bytes(text)
    for (let cut = 0; cut <= all.length; cut += 1) {
      expect(hear([all.subarray(0, cut), all.subarray(cut)])).toEqual({ said, fault: null, ended: null })
    }
    expect(hear([...all].map((byte) => Buffer.of(byte)))).toEqual({ said, fault: null, ended: null })
  })

  it('may end with its connection, where nothing else says its length', () => {
    const said = ['200 x|y false', 'whole abc']
    expect(inOne('HTTP/1.1 200 OK\r\nx: y\r\n\r\nabc', { ends: true })).toEqual({ said, fault: null, ended: null })
  })

  it.each([
    ['HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n', false],
    ['HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n', false],
    ['HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n', true],
  ])('%j keeps its connection: %s', (text, keeps) => {
    expect(inOne(text).said[0]?.endsWith(` ${keeps}`)).toBe(true)
  })

  it('of HEAD has no body, whatever its length says', () => {
    expect(inOne('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n', { method: 'HEAD' }).said.at(-1)).toBe('whole ')
  })

  it('is followed by nothing: a second one is nobody’s', () => {
    expect(inOne(LONG + LONG)).toMatchObject({ said: [expect.anything(), 'whole hello'], fault: 'unasked' })
  })
})

describe('what is no response', () => {
  const head = (lines: string): string => `HTTP/1.1 200 OK\r\n${lines}\r\n\r\n`
  it.each([
    ['another protocol', 'SSH-2.0-x\r\n\r\n'],
    ['an upgrade', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
    ['a length beside chunks', head('content-length: 5\r\ntransfer-encoding: chunked')],
    ['two lengths', head('content-length: 5\r\ncontent-length: 5')],
    ['a list of lengths', head('content-length: 5, 5')],
    ['a signed length', head('content-length: +5')],
    ['a length beyond counting', head('content-length: 9999999999999999')],
    ['another coding', head('transfer-encoding: gzip, chunked')],
    ['two codings', head('transfer-encoding: chunked\r\ntransfer-encoding: chunked')],
    ['a folded line', head('x: a\r\n b')],
    ['a blank before the colon', head('x : a')],
    ['no colon', head('x')],
    ['a bare line feed', head('x: a\ny: b')],
    ['a bare carriage return', head('x: a\ry: b')],
    ['a zero byte', head('x: a\0')],
    ['no chunk size', `${head('transfer-encoding: chunked')}\r\nhello`],
    ['a chunk size that is none', `${head('transfer-encoding: chunked')}0x5\r\nhello\r\n`],
    ['a chunk size beyond counting', `${head('transfer-encoding: chunked')}fffffffffffffff\r\nhello\r\n`],
    ['a chunk that is longer than its size', `${head('transfer-encoding: chunked')}2\r\nhello\r\n`],
    ['a bare line feed after a size', `${head('transfer-encoding: chunked')}5\nhello\r\n`],
    ['an endless extension', `${head('transfer-encoding: chunked')}5;${'x'.repeat(2_000)}`],
    ['endless trailers', `${head('transfer-encoding: chunked')}0\r\n${'x: y\r\n'.repeat(300)}`],
    ['endless interim responses', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(17)],
  ])('%s', (_, text) => {
    expect(inOne(text).fault).toBe('not_http')
    expect(hear([...bytes(text)].map((byte) => Buffer.of(byte))).fault).toBe('not_http')
  })

  it('a head that does not end is given up', () => {
    expect(inOne(head(`x: ${'y'.repeat(2_000)}`)).fault).toBe('head_too_large')
    expect(inOne(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(2_000)}`).fault).toBe('head_too_large')
  })

  it.each([
    ['in its head', 'HTTP/1.1 200 OK\r\nx: '],
    ['in a body with a length', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell'],
    ['between chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n'],
    ['before the end of its trailers', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n'],
  ])('one that is cut off %s', (_, text) => {
    const { said, ended } = inOne(text, { ends: true })
    expect(ended).toBe('cut_off')
    expect(said.some((one) => one.startsWith('whole'))).toBe(false)
  })
})
