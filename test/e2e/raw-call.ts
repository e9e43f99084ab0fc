// Calls over plain HTTP that note exactly what their client saw, and that may leave at any moment.

import { messagesOf, type StreamMessage } from './event-stream-reader.ts'

/** What makes the calls: a pool of undici's over HTTP/1.1, or the client of http2-client.ts. */
export type Asker = {
  request(options: {
    readonly path: string
    readonly method: 'POST'
    readonly headers: Record<string, string>
    readonly body: Buffer
    readonly signal: AbortSignal
  }): Promise<{
    readonly statusCode: number
    readonly headers: Readonly<Record<string, string | string[] | undefined>>
    readonly body: AsyncIterable<unknown>
  }>
}

/** When the client leaves; null: it stays to the end. */
export type Leave =
  | { readonly at: 'before_first_byte'; readonly afterMilliseconds: number }
  | { readonly at: 'moment'; readonly moment: Promise<void> }
  | { readonly at: 'headers' }
  | { readonly at: 'event'; readonly count: number }
  | null

export type RawCall = {
  readonly path: string
  readonly key: string
  readonly body: Buffer
  readonly headers?: Readonly<Record<string, string>>
  readonly leave?: Leave
  /** Hears, once, that a stream is whole: its final event has come, the HTTP answer may not have ended yet. */
  readonly onFinalEvent?: () => void
  readonly onFirstBytes?: () => void
}

/** What the client of one call saw. */
export type Seen = {
  readonly requestId: string | null
  /** 0: no answer began */
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** events of a stream in order; empty for other answers */
  readonly messages: readonly StreamMessage[]
  /** the HTTP answer came to its proper end */
  readonly ended: boolean
  /** the answer is whole by its own format, whatever became of the connection afterwards */
  readonly whole: boolean
  readonly failure: string | null
}

export async function rawCall(asker: Asker, call: RawCall): Promise<Seen> {
  const client = new RawClient(call)
  const { leave = null } = call
  const timer = leave?.at === 'before_first_byte' ? setTimeout(client.leave, leave.afterMilliseconds) : undefined
  if (leave?.at === 'moment') void leave.moment.then(client.leave)
  try {
    await client.run(asker)
  } catch (thrown) {
    client.failure = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)
  } finally {
    clearTimeout(timer)
  }
  return client.seen()
}

class RawClient {
  failure: string | null = null
  readonly #call: RawCall
  readonly #abort = new AbortController()
  readonly #chunks: Buffer[] = []
  #status = 0
  #headers: Readonly<Record<string, string>> = {}
  #ended = false
  #toldFinal = false
  readonly leave = (): void => this.#abort.abort()

  constructor(call: RawCall) {
    this.#call = call
  }

  async run(asker: Asker): Promise<void> {
    const { path, key, headers, body, leave } = this.#call
    const answer = await asker.request({
      path,
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}`, ...headers },
      body,
      signal: this.#abort.signal,
    })
    this.#status = answer.statusCode
    this.#headers = flat(answer.headers)
    if (leave?.at === 'headers') this.leave()
    for await (const chunk of answer.body) {
      this.#chunks.push(chunk as Buffer)
      this.#look()
    }
    this.#ended = true
  }

  /** After each piece: is it time to leave, or to tell somebody? */
  #look(): void {
    const { leave = null, onFirstBytes, onFinalEvent } = this.#call
    if (this.#chunks.length === 1) onFirstBytes?.()
    const leaveAfter = leave?.at === 'event' ? leave.count : Number.POSITIVE_INFINITY
    if (leaveAfter === Number.POSITIVE_INFINITY && onFinalEvent === undefined) return
    const messages = isEventStream(this.#headers) ? messagesOf(Buffer.concat(this.#chunks)) : []
    if (messages.length >= leaveAfter) this.leave()
    if (messages.some(isFinal)) this.#tellFinal()
  }

  #tellFinal(): void {
    if (this.#toldFinal) return
    this.#toldFinal = true
    this.#call.onFinalEvent?.()
  }

  seen(): Seen {
    const body = Buffer.concat(this.#chunks)
    const messages = isEventStream(this.#headers) ? messagesOf(body) : []
    const head = { requestId: this.#headers['x-weighbridge-request-id'] ?? null, status: this.#status }
    const seen = { ...head, headers: this.#headers, body, messages, ended: this.#ended, failure: this.failure }
    return { ...seen, whole: isWhole(seen) }
  }
}

const isEventStream = (headers: Readonly<Record<string, string>>): boolean =>
  headers['content-type']?.startsWith('application/vnd.amazon.eventstream') ?? false

/**
 * A ConverseStream is whole from its metadata event on, an InvokeModelWithResponseStream from its invocation metrics on; a client may
 * well act on them before the HTTP answer ends.
 */
function isWhole(seen: Omit<Seen, 'whole'>): boolean {
  if (seen.status !== 200) return false
  return isEventStream(seen.headers) ? seen.messages.some(isFinal) : seen.ended
}

function isFinal({ type, payload }: StreamMessage): boolean {
  return type === 'metadata' || (type === 'chunk' && chunkBytes(payload).includes('amazon-bedrock-invocationMetrics'))
}

/** Empty for a damaged payload: faults send such ones. */
function chunkBytes(payload: Buffer): Buffer {
  try {
    const { bytes = '' } = JSON.parse(payload.toString()) as { bytes?: string }
    return Buffer.from(bytes, 'base64')
  } catch {
    return Buffer.alloc(0)
  }
}

function flat(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}
