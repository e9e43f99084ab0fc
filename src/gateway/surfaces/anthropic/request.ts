// A Messages request as far as every way upstream needs it: checked, its model and its stream known, its bytes untouched.

import { GatewayError } from '../../../core/errors.ts'
import { createJsonGuard, type JsonScan } from '../../../http/json-guard.ts'
import { flawWords } from '../bedrock-facts.ts'
import { bedrockHeaders } from '../bedrock-headers.ts'
import { clientMetadata, type Header } from '../client-metadata.ts'
import { Dropped } from '../converse/dropped.ts'

export type MessagesRequest = {
  readonly body: Buffer
  readonly scan: JsonScan<string> & { readonly ok: true }
  /** as the client named it: its answers name it so too */
  readonly modelId: string
  readonly streams: boolean
  /** of the API, as the header names it */
  readonly version: string
  /** of the header and of the body, each once */
  readonly betas: readonly string[]
  /** what the client said of whom and what the call is for */
  readonly metadata: Readonly<Record<string, string>>
  /** what of it could not be carried, collected while it is translated */
  readonly dropped: Dropped
  /** headers that Bedrock has a meaning for and that may stand beside a translated body too, flat */
  readonly headers: readonly string[]
}

const WATCHED = ['model', 'stream', 'anthropic_version', 'anthropic_beta', 'service_tier', 'max_tokens', 'metadata']
const GUARD = createJsonGuard({ watch: WATCHED })

/** What clients send that name none: the version of all clients before 2026-10. */
const USUAL_VERSION = '2023-06-01'
const BETA_HEADER = 'anthropic-beta'
const MOST_BETAS = 64
const LONGEST_USER = 256

export function readMessagesRequest(header: Header, body: Buffer): MessagesRequest {
  const scan = scanned(body)
  const read = (name: string): unknown => {
    const text = scan.text(name)
    return text === undefined ? undefined : JSON.parse(text)
  }
  const modelId = read('model')
  if (typeof modelId !== 'string' || modelId === '') throw invalid('model: Field required')
  const stream = read('stream') ?? false
  if (typeof stream !== 'boolean') throw invalid('stream: Input should be a valid boolean')
  return {
    body,
    scan,
    modelId,
    streams: stream,
    version: header('anthropic-version') ?? USUAL_VERSION,
    betas: betasOf(header(BETA_HEADER), read('anthropic_beta')),
    metadata: { ...clientMetadata(header), ...userOf(read('metadata')) },
    dropped: new Dropped(),
    headers: bedrockHeaders(header),
  }
}

/** The same request with other bytes. */
export const withBody = (request: MessagesRequest, body: Buffer): MessagesRequest => ({
  ...request,
  body,
  scan: scanned(body),
})

function scanned(body: Buffer): MessagesRequest['scan'] {
  const scan = GUARD.scan(body)
  if (!scan.ok) throw new GatewayError('invalid_request', { message: flawWords(scan.flaw, scan.offset, scan.key) })
  assertObject(body)
  return scan
}

export const invalid = (message: string): GatewayError => new GatewayError('invalid_request', { message })

function betasOf(header: string | undefined, inBody: unknown): string[] {
  const named = (header ?? '').split(',').map((name) => name.trim())
  const listed = Array.isArray(inBody) ? inBody.filter((name) => typeof name === 'string') : []
  const betas = [...new Set([...named, ...listed])].filter((name) => name !== '')
  if (betas.length > MOST_BETAS) throw invalid(`anthropic-beta: at most ${MOST_BETAS} names are accepted`)
  return betas
}

function userOf(metadata: unknown): Readonly<Record<string, string>> {
  if (typeof metadata !== 'object' || metadata === null || !Object.hasOwn(metadata, 'user_id')) return {}
  const userId = (metadata as Record<string, unknown>)['user_id']
  return typeof userId === 'string' ? { user_id: userId.slice(0, LONGEST_USER) } : {}
}

const JSON_SPACES = [0x20, 0x0a, 0x0d, 0x09]
const OPEN_OBJECT = 0x7b

/** The body is one JSON object; anything else was refused by the guard, or is refused here. */
function assertObject(body: Buffer): void {
  if (body.find((byte) => !JSON_SPACES.includes(byte)) === OPEN_OBJECT) return
  throw new GatewayError('invalid_request', { message: 'The request body must be a JSON object.' })
}
