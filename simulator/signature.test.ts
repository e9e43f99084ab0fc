// Signatures made by AWS's own signer pass; whatever is changed after signing, or signed at the wrong time or place, does not.
import { SignatureV4 } from '@smithy/signature-v4'
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { authenticate } from './authenticate.ts'
import { ApiError } from './errors.ts'
import { createSessions } from './sessions.ts'
import { readAuthorization, type SignedRequest, verifySignature } from './signature.ts'

const NOW = Date.parse('2026-11-20T12:00:00Z')
const PAIR = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' }
const CREDENTIALS = { keyPairs: [PAIR], bearerKeys: ['good-key'], allowAny: false, sessions: createSessions() }

class Sha256 {
  readonly #hash: Hash | Hmac
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    const key = ArrayBuffer.isView(secret) ? Buffer.from(secret.buffer, secret.byteOffset, secret.byteLength) : secret
    this.#hash =
      key === undefined
        ? createHash('sha256')
        : createHmac('sha256', typeof key === 'string' ? key : new Uint8Array(key))
  }
  update(data: Uint8Array): void {
    this.#hash.update(data)
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(this.#hash.digest()))
  }
  reset(): void {}
}

type Parts = { path?: string; query?: Record<string, string>; body?: string; headers?: Record<string, string> }

async function signed(
  parts: Parts = {},
  options: { at?: number; service?: string; applyChecksum?: boolean } = {},
): Promise<SignedRequest> {
  const { path = '/model/amazon.nova-lite-v1%3A0/converse', query = {}, body = '{"a":1}', headers = {} } = parts
  const signer = new SignatureV4({
    credentials: PAIR,
    region: 'us-west-2',
    service: options.service ?? 'bedrock',
    sha256: Sha256,
    applyChecksum: options.applyChecksum ?? true,
  })
  const request = await signer.sign(
    {
      method: 'POST',
      protocol: 'http:',
      hostname: 'simulator',
      path,
      query,
      headers: { host: 'simulator', 'content-type': 'application/json', ...headers },
      body,
    },
    { signingDate: new Date(options.at ?? NOW) },
  )
  const search = new URLSearchParams(query).toString()
  return {
    method: 'POST',
    target: search === '' ? path : `${path}?${search}`,
    headers: request.headers,
    body: Buffer.from(body),
  }
}

const check = (request: SignedRequest) => authenticate(request, 'bedrock', CREDENTIALS, NOW)

function refusalOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof ApiError) return `${error.status} ${error.errorType}: ${error.message}`
    throw error
  }
  return 'passed'
}

describe('a signature of AWS’s signer', () => {
  it.each<Parts>([
    {},
    { body: '' },
    { path: '/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aapplication-inference-profile%2Fab/converse' },
    { path: '/model/us.anthropic.claude-v1:0/invoke' },
    { path: '/inference-profiles', query: { type: 'SYSTEM_DEFINED', nextToken: 'a+b/c=' } },
    { headers: { 'x-amzn-bedrock-request-metadata': '{"team":  "a"}' } },
  ])('of %j passes and tells the region', async (parts) => {
    expect(check(await signed(parts))).toMatchObject({ accessKeyId: PAIR.accessKeyId, region: 'us-west-2' })
  })

  it('passes without x-amz-content-sha256, as boto3 signs', async () => {
    const request = await signed({}, { applyChecksum: false })
    expect(request.headers).not.toHaveProperty('x-amz-content-sha256')
    expect(refusalOf(() => check(request))).toBe('passed')
    expect(refusalOf(() => check({ ...request, body: Buffer.from('{}') }))).toContain('does not match')
  })

  it('is the one of AWS’s published example get-vanilla', () => {
    const request = {
      method: 'GET',
      target: '/',
      headers: { host: 'example.amazonaws.com', 'x-amz-date': '20150830T123600Z' },
      body: Buffer.alloc(0),
    }
    const scope = 'Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date'
    const hash = '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'
    const signature = readAuthorization(`AWS4-HMAC-SHA256 ${scope}, Signature=${hash}`)
    const at = Date.parse('2015-08-30T12:36:00Z')
    const secret = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
    expect(() => verifySignature(request, signature, secret, 'service', at)).not.toThrow()
    const other = { ...signature, signature: `${hash.slice(1)}0` }
    expect(() => verifySignature(request, other, secret, 'service', at)).toThrow('does not match')
  })
})

describe('what was changed after signing is refused:', () => {
  it.each<[string, (request: SignedRequest) => Partial<SignedRequest>]>([
    ['the body', () => ({ body: Buffer.from('{"a":2}') })],
    ['the path', () => ({ target: '/model/amazon.nova-pro-v1%3A0/converse' })],
    ['the encoding of the path', () => ({ target: '/model/amazon.nova-lite-v1:0/converse' })],
    ['the query', (request) => ({ target: `${request.target}?a=b` })],
    ['the method', () => ({ method: 'GET' })],
    ['a signed header', (request) => ({ headers: { ...request.headers, 'content-type': 'text/plain' } })],
    ['the host', (request) => ({ headers: { ...request.headers, host: 'other' } })],
    [
      'metadata added unsigned',
      (request) => ({ headers: { ...request.headers, 'x-amzn-bedrock-request-metadata': '{"team":"b"}' } }),
    ],
  ])('%s', async (_what, change) => {
    const request = await signed()
    expect(refusalOf(() => check({ ...request, ...change(request) }))).toMatch(
      /^403 InvalidSignatureException: The request signature we calculated does not match/,
    )
  })
})

describe('time, scope and credentials', () => {
  it.each([
    [-4, 'passed'],
    [4, 'passed'],
    [
      -6,
      '403 InvalidSignatureException: Signature expired: 20261120T115400Z is now earlier than 20261120T115500Z ' +
        '(20261120T120000Z - 5 min.)',
    ],
    [
      6,
      '403 InvalidSignatureException: Signature not yet current: 20261120T120600Z is still later than 20261120T120500Z ' +
        '(20261120T120000Z + 5 min.)',
    ],
  ])('signed %i minutes off', async (minutes, verdict) => {
    const request = await signed({}, { at: NOW + minutes * 60_000 })
    expect(refusalOf(() => check(request))).toBe(verdict)
  })

  it('signed for another service', async () => {
    const request = await signed({}, { service: 'sagemaker' })
    expect(refusalOf(() => check(request))).toContain("scoped to correct service: 'bedrock'")
    expect(authenticate(request, 'sagemaker', CREDENTIALS, NOW)).toMatchObject({ region: 'us-west-2' })
  })

  it.each([
    [undefined, '403 MissingAuthenticationTokenException'],
    ['Bearer good-key', 'passed'],
    ['bearer good-key', 'passed'],
    ['Bearer bad-key', '403 AccessDeniedException'],
    ['Basic abc', '400 IncompleteSignatureException'],
    ['AWS4-HMAC-SHA256 Credential=a/b', '400 IncompleteSignatureException'],
    [
      'AWS4-HMAC-SHA256 Credential=AKIAOTHER/20261120/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=00',
      '403 UnrecognizedClientException',
    ],
  ])('%s', (authorization, verdict) => {
    const headers: Record<string, string> = authorization === undefined ? { host: 'x' } : { host: 'x', authorization }
    const request = { method: 'POST', target: '/', headers, body: Buffer.alloc(0) }
    expect(refusalOf(() => check(request)).split(':')[0]).toBe(verdict)
  })

  it('SageMaker takes no bearer key', () => {
    const request = {
      method: 'POST',
      target: '/',
      headers: { authorization: 'Bearer good-key' },
      body: Buffer.alloc(0),
    }
    expect(refusalOf(() => authenticate(request, 'sagemaker', CREDENTIALS, NOW))).toContain(
      'IncompleteSignatureException',
    )
  })
})
