// A double of Amazon S3 for uploads: put, get, list and delete by path style, conditional puts, checksums in headers and in trailers, refused as S3 refuses.
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { crc32 } from 'node:zlib'

export type StoredObject = { body: Buffer; contentType: string; puts: number }

export type ObjectStore = {
  url: string
  /** by `bucket/key` */
  objects: Map<string, StoredObject>
  /** statuses that the next requests are answered with, whatever they ask; 0: the connection is broken off after the object was stored */
  failures: number[]
  close(): Promise<void>
}

/** Buckets that there are. */
export async function startObjectStore(buckets: readonly string[]): Promise<ObjectStore> {
  const objects = new Map<string, StoredObject>()
  const failures: number[] = []
  const server = createServer((request, response) => {
    void answer({ buckets, objects, failures }, request).then(
      (answered) => give(request, response, answered),
      () => give(request, response, refusal(500, 'InternalError', 'We encountered an internal error.')),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    objects,
    failures,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

type World = { buckets: readonly string[]; objects: Map<string, StoredObject>; failures: number[] }
type Answer = { status: number; headers: Record<string, string>; body: Buffer; broken?: boolean }

async function answer({ buckets, objects, failures }: World, request: IncomingMessage): Promise<Answer> {
  const bytes = await bytesOf(request)
  const failure = failures.shift()
  if (failure !== undefined && failure !== 0) return refusal(failure, 'SlowDown', 'Please reduce your request rate.')
  const url = new URL(request.url ?? '/', 'http://s3')
  const name = decodeURIComponent(url.pathname.slice(1)).replace(/\/$/, '')
  const bucket = name.split('/', 1)[0] ?? ''
  if (!/^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/[\w-]+\/s3\/aws4_request/.test(request.headers.authorization ?? ''))
    return refusal(403, 'AccessDenied', 'Access Denied')
  if (!buckets.includes(bucket)) return refusal(404, 'NoSuchBucket', 'The specified bucket does not exist')
  if (request.method === 'PUT') return { ...put(objects, name, request, bytes), broken: failure === 0 }
  if (request.method === 'DELETE') {
    objects.delete(name)
    return { status: 204, headers: {}, body: Buffer.alloc(0) }
  }
  return name.includes('/') ? get(objects, name) : list(objects, bucket, url.searchParams.get('prefix') ?? '')
}

function put(objects: World['objects'], name: string, request: IncomingMessage, bytes: Buffer): Answer {
  const decoded = decode(request, bytes)
  if (decoded === null) return refusal(400, 'IncompleteBody', 'The request body terminated unexpectedly')
  const declared = request.headers['x-amz-checksum-crc32'] ?? decoded.trailers.get('x-amz-checksum-crc32')
  if (declared !== undefined && declared !== checksum(decoded.body))
    return refusal(400, 'BadDigest', 'The CRC32 you specified did not match the calculated checksum.')
  const digest = request.headers['x-amz-content-sha256']
  if (/^[0-9a-f]{64}$/.test(String(digest)) && digest !== createHash('sha256').update(bytes).digest('hex'))
    return refusal(
      400,
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    )
  const there = objects.get(name)
  // the only condition that puts take beside If-Match (API reference, PutObject, read 2026-11)
  if (request.headers['if-none-match'] === '*' && there !== undefined)
    return refusal(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold')
  const contentType = request.headers['content-type'] ?? 'binary/octet-stream'
  objects.set(name, { body: decoded.body, contentType, puts: (there?.puts ?? 0) + 1 })
  return { status: 200, headers: { etag: etagOf(decoded.body) }, body: Buffer.alloc(0) }
}

function get(objects: World['objects'], name: string): Answer {
  const object = objects.get(name)
  if (object === undefined) return refusal(404, 'NoSuchKey', 'The specified key does not exist.')
  const headers = { 'content-type': object.contentType, etag: etagOf(object.body) }
  return { status: 200, headers, body: object.body }
}

function list(objects: World['objects'], bucket: string, prefix: string): Answer {
  const keys = [...objects.keys()]
    .filter((name) => name.startsWith(`${bucket}/${prefix}`))
    .map((name) => name.slice(bucket.length + 1))
    .toSorted()
  const contents = keys.map((key) => `<Contents><Key>${key}</Key></Contents>`).join('')
  return xml(
    200,
    `<ListBucketResult><Name>${bucket}</Name><KeyCount>${keys.length}</KeyCount>${contents}</ListBucketResult>`,
  )
}

/** null: the body is not what was announced. */
function decode(request: IncomingMessage, bytes: Buffer): { body: Buffer; trailers: Map<string, string> } | null {
  if (!(request.headers['content-encoding'] ?? '').includes('aws-chunked')) return { body: bytes, trailers: new Map() }
  const chunks = chunksOf(bytes)
  if (chunks === null) return null
  const trailers = new Map<string, string>()
  for (const line of chunks.rest.toString('latin1').split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) trailers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim())
  }
  const announced = request.headers['x-amz-decoded-content-length']
  return announced !== undefined && Number(announced) !== chunks.body.length ? null : { body: chunks.body, trailers }
}

/** aws-chunked: chunks with their lengths in hex, then trailers (Signature Version 4, "transferring payload in multiple chunks"). */
function chunksOf(bytes: Buffer): { body: Buffer; rest: Buffer } | null {
  const chunks: Buffer[] = []
  let at = 0
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd === -1) return null
    const length = Number.parseInt(bytes.toString('latin1', at, lineEnd).split(';', 1)[0] ?? '', 16)
    at = lineEnd + 2
    if (!Number.isInteger(length) || at + length > bytes.length) return null
    if (length === 0) return { body: Buffer.concat(chunks), rest: bytes.subarray(at) }
    chunks.push(bytes.subarray(at, at + length))
    at += length + 2
  }
}

function checksum(body: Buffer): string {
  const value = Buffer.alloc(4)
  value.writeUInt32BE(crc32(body))
  return value.toString('base64')
}

const etagOf = (body: Buffer): string => `"${createHash('md5').update(body).digest('hex')}"`

const refusal = (status: number, code: string, message: string): Answer =>
  xml(status, `<Error><Code>${code}</Code><Message>${message}</Message></Error>`)

const xml = (status: number, text: string): Answer => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${text}`),
})

function give(request: IncomingMessage, response: ServerResponse, { status, headers, body, broken }: Answer): void {
  if (broken === true) request.socket.destroy()
  else response.writeHead(status, { ...headers, 'content-length': body.length }).end(body)
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
