// Signature Version 4 both ways: AWS's published test suite, and every part of a request tampered with.

import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  createSigner,
  createVerifier,
  parseSigV4Authorization,
  sha256Hex,
  type RequestToSign,
  type RequestToVerify,
} from './sigv4.ts'

const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
const SUITE_NOW = Date.UTC(2015, 7, 30, 12, 36, 0)

describe("AWS's Signature Version 4 test suite", () => {
  const host = ['host', 'example.amazonaws.com']
  const date = ['x-amz-date', '20150830T123600Z']
  const form = ['content-type', 'application/x-www-form-urlencoded']
  const token =
    'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=='

  it.each<[string, string, string, string[], string, string]>([
    ['get-vanilla', 'GET', '/', [], '', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    [
      'get-vanilla-query-order-key-case',
      'GET',
      '/?Param2=value2&Param1=value1',
      [],
      '',
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
    [
      'get-vanilla-empty-query-key',
      'GET',
      '/?Param1=value1',
      [],
      '',
      'a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb',
    ],
    [
      'get-vanilla-query-unreserved',
      'GET',
      '/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
      [],
      '',
      '9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197',
    ],
    [
      'get-unreserved',
      'GET',
      '/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
      [],
      '',
      '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f',
    ],
    ['get-utf8', 'GET', '/ሴ', [], '', '8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85'],
    [
      'get-header-value-trim',
      'GET',
      '/',
      ['my-header1', ' value1', 'my-header2', ' "a   b   c"'],
      '',
      'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
    ],
    [
      'get-header-key-duplicate',
      'GET',
      '/',
      ['my-header1', 'value2', 'my-header1', 'value2', 'my-header1', 'value1'],
      '',
      'c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea',
    ],
    ['post-vanilla', 'POST', '/', [], '', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
    [
      'post-vanilla-query',
      'POST',
      '/?Param1=value1',
      [],
      '',
      '28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11',
    ],
    [
      'post-header-key-sort',
      'POST',
      '/',
      ['my-header1', 'value1'],
      '',
      'c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c',
    ],
    [
      'post-x-www-form-urlencoded',
      'POST',
      '/',
      form,
      'Param1=value1',
      'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
    ],
    [
      'post-sts-header-before',
      'POST',
      '/',
      ['x-amz-security-token', token],
      '',
      '85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead',
    ],
  ])('%s', (_name, method, path, headers, body, signature) => {
    const rawHeaders = [...host, ...headers, ...date]
    const names = [...new Set(rawHeaders.filter((_, index) => index % 2 === 0))].toSorted().join(';')
    const authorization = `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${names}, Signature=${signature}`
    const verification = createVerifier().verify({
      parsed: parseSigV4Authorization(authorization)!,
      secretAccessKey: SECRET,
      method,
      path,
      rawHeaders: [...rawHeaders, 'authorization', authorization],
      body: Buffer.from(body),
      now: SUITE_NOW,
    })
    expect(verification).toEqual({ ok: true, bodySha256Hex: sha256Hex(body) })
  })
})

describe('parseSigV4Authorization', () => {
  const good = `AWS4-HMAC-SHA256 Credential=AKID/20261120/us-east-1/bedrock/aws4_request, SignedHeaders=:authority;x-amz-date, Signature=${'a'.repeat(64)}`

  it('reads the parts, with and without spaces after the commas', () => {
    const parts = {
      accessKeyId: 'AKID',
      date: '20261120',
      region: 'us-east-1',
      service: 'bedrock',
      signedHeaders: [':authority', 'x-amz-date'],
      signature: 'a'.repeat(64),
    }
    expect(parseSigV4Authorization(good)).toEqual(parts)
    expect(parseSigV4Authorization(good.replaceAll(', ', ','))).toEqual(parts)
  })

  it.each([
    'Bearer wb_1_2',
    '',
    'AWS4-HMAC-SHA256',
    'AWS4-HMAC-SHA256 ',
    good.replace('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256'),
    good.replace('aws4_request', 'aws5_request'),
    good.replace('/us-east-1', ''),
    good.replace('AKID', ''),
    good.replace('AKID', 'A'.repeat(129)),
    good.replace('20261120', '2026112x'),
    good.replace('us-east-1', 'US EAST'),
    good.replace(':authority;x-amz-date', ''),
    good.replace(':authority;', 'Host;'),
    good.replace('x-amz-date', 'x-amz-date\nx'),
    good.replace(/a{64}$/, 'a'.repeat(63)),
    good.replace(/a{64}$/, 'A'.repeat(64)),
    `${good}, Signature=${'b'.repeat(64)}`,
    `${good}, Credential=OTHER/20261120/us-east-1/bedrock/aws4_request`,
    'AWS4-HMAC-SHA256 Credential,SignedHeaders,Signature',
    'AWS4-HMAC-SHA256 __proto__=x, Credential=x',
  ])('refuses %j', (value) => {
    expect(parseSigV4Authorization(value)).toBeNull()
  })

  it('reads 16 KB of nonsense in linear time', () => {
    expect(parseSigV4Authorization(`AWS4-HMAC-SHA256 ${'a=,'.repeat(5_000)}`)).toBeNull()
    expect(parseSigV4Authorization(`AWS4-HMAC-SHA256 SignedHeaders=${'a;'.repeat(8_000)}`)).toBeNull()
  })
})

describe('createVerifier', () => {
  const body = Buffer.from('{"messages":[{"role":"user","content":[{"text":"hi"}]}]}')
  const now = Date.UTC(2026, 10, 20, 11, 5, 23)
  const path = '/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse?b=2&a=1'
  const base = signedRequest({ path, body, now: new Date(now) })
  const verifier = createVerifier()

  it('accepts what the signer signed', () => {
    expect(verifier.verify(base)).toEqual({ ok: true, bodySha256Hex: sha256Hex(body) })
  })

  it('takes :authority for host and host for :authority, as proxies between the protocols rename them', () => {
    expect(verifier.verify({ ...base, rawHeaders: renamed(base.rawHeaders, 'host', ':authority') })).toMatchObject({
      ok: true,
    })
  })

  it.each<[string, Partial<RequestToVerify>, string]>([
    ['another secret', { secretAccessKey: 'another' }, 'signature'],
    ['another method', { method: 'PUT' }, 'signature'],
    ['another model', { path: path.replace('sonnet', 'opus') }, 'signature'],
    ['a decoded path', { path: path.replace('%3A', ':') }, 'signature'],
    ['a differently encoded path', { path: path.replace('%3A', '%3a') }, 'signature'],
    ['a dot segment', { path: path.replace('/converse', '/x/../converse') }, 'signature'],
    ['an empty segment', { path: path.replace('/converse', '//converse') }, 'signature'],
    ['another query', { path: path.replace('a=1', 'a=2') }, 'signature'],
    ['no query', { path: path.replace(/\?.*/, '') }, 'signature'],
    ['another body', { body: Buffer.from(body.toString().replace('hi', 'ho')) }, 'payload_hash'],
    ['an empty body', { body: Buffer.alloc(0) }, 'payload_hash'],
    ['five minutes and a second later', { now: now + 301_000 }, 'skew'],
    ['five minutes and a second earlier', { now: now - 301_000 }, 'skew'],
    ['another host', { rawHeaders: changed(base.rawHeaders, 'host', 'other.example') }, 'signature'],
    ['another content type', { rawHeaders: changed(base.rawHeaders, 'content-type', 'text/plain') }, 'signature'],
    [
      'another time within the skew',
      { rawHeaders: changed(base.rawHeaders, 'x-amz-date', '20261120T110524Z') },
      'signature',
    ],
    ['another day than the scope', { rawHeaders: changed(base.rawHeaders, 'x-amz-date', '20261121T000000Z') }, 'date'],
    ['a malformed time', { rawHeaders: changed(base.rawHeaders, 'x-amz-date', '2026-11-20T11:05:23Z') }, 'date'],
    ['no time', { rawHeaders: without(base.rawHeaders, 'x-amz-date') }, 'date'],
    ['no host', { rawHeaders: without(base.rawHeaders, 'host') }, 'unsigned_header'],
    ['a signed header that is gone', { rawHeaders: without(base.rawHeaders, 'content-type') }, 'unsigned_header'],
    ['a signed header that comes twice', { rawHeaders: [...base.rawHeaders, 'accept', 'text/plain'] }, 'signature'],
    ['an unsigned x-amz header', { rawHeaders: [...base.rawHeaders, 'x-amz-target', 'Other'] }, 'unsigned_header'],
    [
      'an unsigned service tier',
      { rawHeaders: [...base.rawHeaders, 'x-amzn-bedrock-service-tier', 'flex'] },
      'unsigned_header',
    ],
    [
      'an unsigned payload',
      { rawHeaders: changed(base.rawHeaders, 'x-amz-content-sha256', 'UNSIGNED-PAYLOAD') },
      'payload_hash',
    ],
    [
      'a streamed payload',
      { rawHeaders: changed(base.rawHeaders, 'x-amz-content-sha256', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD') },
      'payload_hash',
    ],
    [
      'another payload hash',
      { rawHeaders: changed(base.rawHeaders, 'x-amz-content-sha256', sha256Hex('other')) },
      'signature',
    ],
    [
      'another key id',
      { parsed: { ...base.parsed, accessKeyId: 'OTHER' }, secretAccessKey: 'of another key' },
      'signature',
    ],
    ['another region', { parsed: { ...base.parsed, region: 'eu-west-1' } }, 'signature'],
    ['another service', { parsed: { ...base.parsed, service: 's3' } }, 'signature'],
    ['another day in the scope', { parsed: { ...base.parsed, date: '20261119' } }, 'date'],
    [
      'fewer signed headers',
      { parsed: { ...base.parsed, signedHeaders: base.parsed.signedHeaders.filter((name) => name !== 'accept') } },
      'signature',
    ],
    [
      'an unsigned host',
      { parsed: { ...base.parsed, signedHeaders: base.parsed.signedHeaders.filter((name) => name !== 'host') } },
      'unsigned_header',
    ],
    ['a zero signature', { parsed: { ...base.parsed, signature: '0'.repeat(64) } }, 'signature'],
  ])('refuses %s', (_name, change, reason) => {
    expect(verifier.verify({ ...base, ...change })).toEqual({ ok: false, reason })
    expect(verifier.verify(base)).toMatchObject({ ok: true })
  })

  it('refuses an unsigned payload even when its declaration is signed', () => {
    const payload = 'UNSIGNED-PAYLOAD'
    const request = signedByHand({ payload, body })
    expect(verifier.verify(request)).toEqual({ ok: false, reason: 'payload_hash' })
  })

  it('refuses every flipped bit of the signature', () => {
    const { signature } = base.parsed
    for (let index = 0; index < 64; index++) {
      const flipped = (Number.parseInt(signature[index]!, 16) ^ 1).toString(16)
      const parsed = { ...base.parsed, signature: signature.slice(0, index) + flipped + signature.slice(index + 1) }
      expect(verifier.verify({ ...base, parsed })).toEqual({ ok: false, reason: 'signature' })
    }
  })

  it('lets through what load balancers add after signing', () => {
    const rawHeaders = [
      ...base.rawHeaders,
      'x-amzn-trace-id',
      'Root=1-2-3',
      'x-amz-cf-id',
      'abc',
      'x-forwarded-for',
      '10.0.0.1',
    ]
    expect(verifier.verify({ ...base, rawHeaders })).toMatchObject({ ok: true })
  })

  it('hashes the body itself when the client did not declare its hash, as boto3 does not', () => {
    const request = signedByHand({ payload: null, body })
    expect(verifier.verify(request)).toMatchObject({ ok: true })
    expect(verifier.verify({ ...request, body: Buffer.from('{}') })).toEqual({ ok: false, reason: 'signature' })
  })

  it('does not verify with a secret that has been replaced', () => {
    expect(verifier.verify(base)).toMatchObject({ ok: true })
    expect(verifier.verify({ ...base, secretAccessKey: 'rotated' })).toEqual({ ok: false, reason: 'signature' })
  })
})

const plainRequest: RequestToSign = {
  method: 'POST',
  host: 'bedrock-runtime.us-east-1.amazonaws.com',
  path: '/model/amazon.nova-lite-v1%3A0/converse',
  headers: ['content-type', 'application/json', 'accept', 'application/json', 'user-agent', 'never signed'],
  body: Buffer.from('{}'),
  region: 'us-east-1',
  credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: SECRET },
  now: new Date('2026-11-20T11:05:23.456Z'),
}

function toRecord(flat: readonly string[]): Record<string, string> {
  const record: Record<string, string> = {}
  for (let index = 0; index < flat.length; index += 2) record[flat[index]!] = flat[index + 1]!
  return record
}

function signedRequest(part: Partial<RequestToSign>): RequestToVerify {
  const request = { ...plainRequest, ...part }
  return asReceived(request, toRecord(createSigner({ service: 'bedrock' }).sign(request)))
}

function asReceived(request: RequestToSign, added: Record<string, string>): RequestToVerify {
  return {
    parsed: parseSigV4Authorization(added['authorization']!)!,
    secretAccessKey: request.credentials.secretAccessKey,
    method: request.method,
    path: request.path,
    rawHeaders: [
      'host',
      request.host,
      ...request.headers,
      ...Object.entries(added).flat(),
      'content-length',
      String(request.body.length),
    ],
    body: request.body,
    now: request.now.getTime(),
  }
}

/** A request whose payload hash is declared as given, or (null) not at all; everything is signed properly. */
function signedByHand({ payload, body }: { payload: string | null; body: Buffer }): RequestToVerify {
  const headers = [
    'host',
    'gateway.example',
    ...(payload === null ? [] : ['x-amz-content-sha256', payload]),
    'x-amz-date',
    '20261120T110523Z',
  ]
  const names = headers.filter((_, index) => index % 2 === 0)
  const lines = names.map((name, index) => `${name}:${headers[2 * index + 1]}\n`).join('')
  const canonical = `POST\n/model/x/converse\n\n${lines}\n${names.join(';')}\n${payload ?? sha256Hex(body)}`
  let key: string | Buffer = `AWS4${SECRET}`
  for (const part of ['20261120', 'us-east-1', 'bedrock', 'aws4_request'])
    key = createHmac('sha256', key).update(part).digest()
  const toSign = `AWS4-HMAC-SHA256\n20261120T110523Z\n20261120/us-east-1/bedrock/aws4_request\n${sha256Hex(canonical)}`
  return {
    parsed: {
      accessKeyId: 'AKIDEXAMPLE',
      date: '20261120',
      region: 'us-east-1',
      service: 'bedrock',
      signedHeaders: names,
      signature: createHmac('sha256', key).update(toSign).digest('hex'),
    },
    secretAccessKey: SECRET,
    method: 'POST',
    path: '/model/x/converse',
    rawHeaders: headers,
    body,
    now: Date.UTC(2026, 10, 20, 11, 5, 23),
  }
}

function changed(raw: readonly string[], name: string, value: string): string[] {
  return raw.map((text, index) => (index % 2 === 1 && raw[index - 1] === name ? value : text))
}

function without(raw: readonly string[], name: string): string[] {
  return raw.filter((_, index) => raw[index - (index % 2)] !== name)
}

function renamed(raw: readonly string[], from: string, to: string): string[] {
  return raw.map((text, index) => (index % 2 === 0 && text === from ? to : text))
}
