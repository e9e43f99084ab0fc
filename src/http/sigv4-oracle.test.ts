// Signature Version 4 beside the AWS SDK's own signer: the same headers for any request, and what it signs is accepted.

import { createHash, createHmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import * as fc from 'fast-check'
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

describe('createSigner', () => {
  it("signs as the AWS SDK's signer does", async () => {
    const signer = createSigner({ service: 'bedrock' })
    await fc.assert(
      fc.asyncProperty(requestsWith(arbitrarySegment), async (request) => {
        const added = toRecord(signer.sign(request))
        expect(added).toEqual(await oracle(request))
      }),
      { numRuns: 300 },
    )
  })

  it('keeps signing keys apart by key, day, region and secret', async () => {
    const signer = createSigner({ service: 'bedrock', maxKeys: 2 })
    for (const region of ['us-east-1', 'eu-west-1', 'us-east-1', 'ap-south-1']) {
      for (const [accessKeyId, secretAccessKey] of [
        ['AKIA1', 's1'],
        ['AKIA2', 's2'],
        ['AKIA1', 's3'],
      ] as const) {
        for (const day of [1, 2]) {
          const request = {
            ...plainRequest,
            region,
            credentials: { accessKeyId, secretAccessKey },
            now: new Date(Date.UTC(2026, 10, day)),
          }
          expect(toRecord(signer.sign(request))).toEqual(await oracle(request))
        }
      }
    }
  })

  it('takes the hash of the body from a caller who knows it', () => {
    const signer = createSigner({ service: 'bedrock' })
    const bodySha256Hex = sha256Hex(plainRequest.body)
    expect(signer.sign({ ...plainRequest, bodySha256Hex })).toEqual(signer.sign(plainRequest))
  })
})

describe('createVerifier', () => {
  const verifier = createVerifier()

  it("accepts what the AWS SDK's signer signed", async () => {
    await fc.assert(
      fc.asyncProperty(requestsWith(ordinarySegment), async (request) => {
        expect(verifier.verify(asReceived(request, await oracle(request)))).toMatchObject({ ok: true })
      }),
      { numRuns: 200 },
    )
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

const arbitraryText = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/)
const ordinarySegment = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,12}$/),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 6 }).map((text) => encodeURIComponent(`x${text}`)),
  fc.constantFrom('arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.meta.llama', 'a:b'),
)
/** Verified paths must be free of the segments that signers leave out. */
const arbitrarySegment = fc.oneof(ordinarySegment, fc.constantFrom('.', '..', '', '.a', '...'))

const requestsWith = (segment: fc.Arbitrary<string>): fc.Arbitrary<RequestToSign> =>
  fc
    .record({
      method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
      host: fc.constantFrom('127.0.0.1:18080', 'bedrock-runtime.eu-central-1.amazonaws.com'),
      segments: fc.array(segment, { maxLength: 5 }),
      query: fc.dictionary(
        fc.string({ unit: 'binary', minLength: 1, maxLength: 5 }),
        fc.string({ unit: 'binary', maxLength: 5 }),
        { maxKeys: 4, noNullPrototype: true },
      ),
      headers: fc.dictionary(
        fc.stringMatching(/^(x-amz-meta|accept|content-type|amz-sdk|user-agent)[a-z-]{0,4}$/),
        arbitraryText,
        { maxKeys: 5, noNullPrototype: true },
      ),
      body: fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
      region: fc.constantFrom('us-east-1', 'eu-central-1'),
      accessKeyId: fc.constantFrom('AKIDEXAMPLE', 'ASIAOTHER'),
      secretAccessKey: fc.constantFrom(SECRET, 'short'),
      sessionToken: fc.option(fc.constant('IQoJb3JpZ2luX2VjEXAMPLE/+=='), { nil: undefined }),
      now: fc.date({ min: new Date('2015-01-01'), max: new Date('2035-01-01'), noInvalidDate: true }),
    })
    .map(({ segments, query, headers, accessKeyId, secretAccessKey, sessionToken, ...rest }) => {
      const pairs = Object.entries(query).map(
        ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
      )
      return {
        ...rest,
        path: `/${segments.join('/')}${pairs.length > 0 ? `?${pairs.join('&')}` : ''}`,
        headers: Object.entries(headers).flat(),
        credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
      }
    })

/** The headers that the AWS SDK's own signer adds to the same request. */
async function oracle(request: RequestToSign): Promise<Record<string, string>> {
  const signer = new SignatureV4({
    service: 'bedrock',
    region: request.region,
    credentials: request.credentials,
    applyChecksum: true,
    sha256: Sha256,
  })
  const [path = '', query = ''] = request.path.split('?')
  const headers = toRecord([...request.headers, 'host', request.host])
  const signed = await signer.sign(
    {
      method: request.method,
      protocol: 'https:',
      hostname: request.host,
      path,
      query: Object.fromEntries(new URLSearchParams(query)),
      headers,
      body: request.body,
    },
    { signingDate: request.now },
  )
  const wanted = ['x-amz-date', 'x-amz-content-sha256', 'x-amz-security-token', 'authorization']
  return Object.fromEntries(Object.entries(signed.headers).filter(([name]) => wanted.includes(name)))
}

class Sha256 {
  private readonly digester

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    const key = secret === undefined || typeof secret === 'string' ? secret : new Uint8Array(toBytes(secret))
    this.digester = key === undefined ? createHash('sha256') : createHmac('sha256', key)
  }

  update(data: Uint8Array): void {
    this.digester.update(data)
  }

  async digest(): Promise<Uint8Array> {
    return this.digester.digest()
  }

  reset(): void {}
}

function toBytes(data: ArrayBuffer | ArrayBufferView): Uint8Array {
  return data instanceof ArrayBuffer
    ? new Uint8Array(data)
    : new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

function toRecord(flat: readonly string[]): Record<string, string> {
  const record: Record<string, string> = {}
  for (let index = 0; index < flat.length; index += 2) record[flat[index]!] = flat[index + 1]!
  return record
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
