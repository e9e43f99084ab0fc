// Calls over plain HTTP that note exactly what their client saw, and that may leave at any moment.

import type { Dispatcher } from 'undici'
import { messagesOf, type StreamMessage } from './event-stream-reader.ts'

/** When the client leaves; null: it stays to the end. */
export type Leave =
  | { readonly at: 'before_first_byte'; readonly afterMilliseconds: number }
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

export async function rawCall(dispatcher: Dispatcher, call: RawCall): Promise<Seen> {
  const abort = new AbortController()
  const seen = { requestId: null as string | null, status: 0, headers: {} as Record<string, string>, ended: false }
  const chunks: Buffer[] = []
  let failure: string | null = null
  const { leave = null } = call
  const timer = leave?.at === 'before_first_byte' ? setTimeout(() => abort.abort(), leave.afterMilliseconds) : undefined
  try {
    const answer = await dispatcher.request({
      path: call.path,
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${call.key}`, ...call.headers },
      body: call.body,
      signal: abort.signal,
    })
    seen.status = answer.statusCode
    seen.headers = flat(answer.headers)
    seen.requestId = seen.headers['x-weighbridge-request-id'] ?? null
    if (leave?.at === 'headers') abort.abort()
    const watch = watcherOf(call, seen.headers, () => abort.abort())
    for await (const chunk of answer.body) {
      chunks.push(chunk as Buffer)
      if (chunks.length === 1) call.onFirstBytes?.()
      watch?.(chunks)
    }
    seen.ended = true
  } catch (thrown) {
    failure = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)
  } finally {
    clearTimeout(timer)
  }
  const body = Buffer.concat(chunks)
  const streams = isEventStream(seen.headers)
  const messages = streams ? messagesOf(body) : []
  return { ...seen, body, messages, whole: isWhole(seen, messages, streams), failure }
}

/** Looks at what has arrived after each piece; null where nobody waits for anything. */
function watcherOf(
  { leave = null, onFinalEvent }: RawCall,
  headers: Readonly<Record<string, string>>,
  leaveNow: () => void,
): ((chunks: readonly Buffer[]) => void) | null {
  if (!isEventStream(headers) || (leave?.at !== 'event' && onFinalEvent === undefined)) return null
  let told = false
  return (chunks) => {
    const messages = messagesOf(Buffer.concat(chunks))
    if (leave?.at === 'event' && messages.length >= leave.count) leaveNow()
    if (!told && messages.some(isFinal)) {
      told = true
      onFinalEvent?.()
    }
  }
}

const isEventStream = (headers: Readonly<Record<string, string>>): boolean =>
  headers['content-type']?.startsWith('application/vnd.amazon.eventstream') ?? false

/**
 * A ConverseStream is whole from its metadata event on, an InvokeModelWithResponseStream from its invocation metrics on; a client may
 * well act on them before the HTTP answer ends.
 */
function isWhole(
  seen: { status: number; ended: boolean },
  messages: readonly StreamMessage[],
  streams: boolean,
): boolean {
  if (seen.status !== 200) return false
  return streams ? messages.some(isFinal) : seen.ended
}

function isFinal({ type, payload }: StreamMessage): boolean {
  if (type === 'metadata') return true
  if (type !== 'chunk') return false
  const { bytes } = JSON.parse(payload.toString()) as { bytes?: string }
  return Buffer.from(bytes ?? '', 'base64').includes('amazon-bedrock-invocationMetrics')
}

function flat(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}
