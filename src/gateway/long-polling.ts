// Calls whose answer is fetched later: the client gets an id at once, the call runs to its end whoever asks, and its answer is read once.

import type { Member } from '../core/directory.ts'
import { GatewayError } from '../core/errors.ts'
import { TooManyResults, type PolledAnswer, type PollResults } from '../core/poll-results.ts'
import type { HttpExchange } from '../http/exchange.ts'
import { REQUEST_ID_HEADER } from './headers.ts'
import { InnerExchange } from './inner-exchange.ts'

export type LongPolling = {
  /** Starts the call with an exchange that keeps its answer, and answers the client with the id. Rejects as `start` does: then nothing is kept. */
  begin<Call>(
    exchange: HttpExchange,
    call: { readonly requestId: string; readonly member: Member },
    start: (to: HttpExchange) => Promise<Call>,
  ): Promise<Call>
  /** Answers a poll for an earlier call of the same key. */
  answer(
    exchange: HttpExchange,
    poll: { readonly requestId: string; readonly polledId: string | undefined; readonly member: Member },
  ): Promise<void>
}

export type LongPollingDependencies = {
  readonly pollResults: PollResults
  readonly log: (level: 'warn' | 'error', words: string, fields: Readonly<Record<string, unknown>>) => void
}

/** The answer says how the call stands; who sends the header is also told that an answer is gone, by status. */
export const POLL_STATE_HEADER = 'x-weighbridge-poll-state'
const LONGEST_ID = 128
const MOST_ANSWER_BYTES = 16_777_216

export function createLongPolling({ pollResults, log }: LongPollingDependencies): LongPolling {
  const onFailure = (thrown: unknown): void =>
    log('error', 'an answer that is fetched later could not be kept', { detail: String(thrown) })
  return {
    async begin(exchange, { requestId, member }, start) {
      const name = nameOf(member, requestId)
      await pollResults.open(name).catch((thrown: unknown) => {
        const words = thrown instanceof TooManyResults ? `${thrown.message}.` : 'The answer could not be kept.'
        throw new GatewayError('overloaded', { message: words, detail: String(thrown), retryAfterSeconds: 5 })
      })
      const parked = new ParkedExchange(exchange, (answer) => void pollResults.answer(name, answer).catch(onFailure))
      try {
        const call = await start(parked)
        exchange.respond(200, headersOf(requestId, 'pending'), idBody(requestId))
        return call
      } catch (thrown) {
        await pollResults.forget(name).catch(onFailure)
        throw thrown
      }
    },
    async answer(exchange, { requestId, polledId = '', member }) {
      if (polledId.length > LONGEST_ID) throw new GatewayError('invalid_request', { message: 'requestId is too long.' })
      const look = await pollResults.look(nameOf(member, polledId))
      if (look.state === 'pending') {
        exchange.respond(200, headersOf(requestId, 'pending'), idBody(polledId))
        return
      }
      if (look.state === 'gone') {
        if (exchange.header(POLL_STATE_HEADER) === undefined)
          exchange.respond(200, headersOf(requestId, 'gone'), idBody(polledId))
        else exchange.respond(410, headersOf(requestId, 'gone'), textBody(GONE))
        return
      }
      // an answer counts as read when all of it was handed over; else the next poll has it
      exchange.onClose((finished) => void look.settle(finished).catch(onFailure))
      if (look.state === 'lost') exchange.respond(500, headersOf(requestId, 'failed'), textBody(LOST))
      else if (look.answer.status >= 400)
        exchange.respond(500, headersOf(requestId, 'failed'), textBody(sentenceOf(look.answer.body)))
      else exchange.respond(200, headersOf(requestId, 'done'), Buffer.from(look.answer.body))
    },
  }
}

const LOST = 'The gateway stopped while the call ran; what it used is recorded, its answer is lost. Send it again.'
const GONE = 'There is no such answer (any more): it was read, it was kept for too long, or it is not of this key.'

/** Another key, even of the same tenant, finds nothing. */
const nameOf = (member: Member, requestId: string): string => `${member.principal.key.id} ${requestId}`

const headersOf = (requestId: string, state: string): string[] => [
  'content-type',
  'application/json',
  'cache-control',
  'no-store',
  POLL_STATE_HEADER,
  state,
  REQUEST_ID_HEADER,
  requestId,
]

const idBody = (requestId: string): Buffer => Buffer.from(JSON.stringify([{ request_id: requestId }]))
const textBody = (text: string): Buffer => Buffer.from(JSON.stringify([{ generated_text: text }]))

/** Whatever shape the refusal had, a poll says its sentence in the place where the text would be. */
function sentenceOf(body: string): string {
  try {
    const said = JSON.parse(body) as unknown
    const item: unknown = Array.isArray(said) ? said[0] : said
    const { generated_text: text, reason, message } = item as Record<string, unknown>
    const sentence = text ?? reason ?? message
    if (typeof sentence === 'string') return sentence
  } catch {
    // it is no JSON, or holds no object: the sentence below is all there is to say
  }
  return 'The call failed.'
}

const BROKEN: PolledAnswer = { status: 502, body: JSON.stringify([{ generated_text: 'The answer broke off.' }]) }

/** The client's side of a call that no client waits for: it never leaves, never reads slowly, and what it is given is kept. */
class ParkedExchange extends InnerExchange {
  readonly #keep: (answer: PolledAnswer) => void
  #status = 0
  #chunks: Buffer[] = []
  #bytes = 0

  constructor(exchange: HttpExchange, keep: (answer: PolledAnswer) => void) {
    const { method, path, protocol, remoteAddress, rawHeaders } = exchange
    const headers = new Map(exchange.headerEntries())
    // its body was read before it was parked
    super({ method, path, protocol, remoteAddress, rawHeaders, headers, body: NOTHING })
    this.#keep = keep
  }

  startResponse(status: number): void {
    this.headersSent = true
    this.#status = status
  }

  write(chunk: Buffer): boolean {
    this.#bytes += chunk.length
    if (this.#bytes <= MOST_ANSWER_BYTES) this.#chunks.push(chunk)
    return true
  }

  onDrain(): void {}

  end(lastChunk?: Buffer): void {
    if (lastChunk !== undefined) this.write(lastChunk)
    const whole = this.#bytes <= MOST_ANSWER_BYTES
    this.#close(whole ? { status: this.#status, body: Buffer.concat(this.#chunks).toString('utf8') } : BROKEN, true)
  }

  destroy(): void {
    this.headersSent = true
    this.closedBy = 'gateway'
    this.#close(BROKEN, false)
  }

  #close(answer: PolledAnswer, finished: boolean): void {
    if (this.isClosed) return
    this.#chunks = []
    this.#keep(answer)
    this.closed(finished)
  }
}

const NOTHING = Buffer.alloc(0)
