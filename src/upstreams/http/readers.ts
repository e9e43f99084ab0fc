// Finds the JSON in an answer by its type: the whole of it, server-sent events, lines, or the frames of Amazon's event streams.

import { createEventStreamScanner } from '../../http/event-stream.ts'
import type { Tally } from './tally.ts'

export type AnswerReader = {
  chunk(bytes: Buffer): void
  end(): void
  /** the answer's own last event was seen: nothing of it goes on before the entry is durable */
  readonly finalSeen: boolean
  /** by the answer's own format */
  readonly isWhole: boolean
  /** type of the exception in an event stream; null: none */
  readonly exception: string | null
}

/** A longer answer is not read: its usage is unknown. */
const MOST_BODY_BYTES = 8_388_608
/** A longer event is passed over. */
const MOST_EVENT_BYTES = 2_097_152

export function readerFor(headers: readonly string[], tally: Tally): AnswerReader | null {
  if (!tally.reads) return null
  const coding = valueOf(headers, 'content-encoding')
  if (coding !== '' && coding !== 'identity') {
    tally.note(`the answer is coded as ${coding.slice(0, 20)}: its usage was not read`)
    return null
  }
  const type = valueOf(headers, 'content-type')
  if (type.startsWith('text/event-stream')) return new LineReader(tally, sseText)
  if (/^application\/(?:x-ndjson|jsonl|stream\+json)/.test(type)) return new LineReader(tally, plainText)
  if (type.startsWith('application/vnd.amazon.eventstream')) return new FrameReader(tally)
  return new BodyReader(tally)
}

function valueOf(headers: readonly string[], name: string): string {
  const at = headers.findIndex((one, index) => index % 2 === 0 && one === name)
  return at === -1 ? '' : (headers[at + 1] ?? '').trim().toLowerCase()
}

class BodyReader implements AnswerReader {
  readonly finalSeen = false
  readonly isWhole = true
  readonly exception = null
  readonly #tally: Tally
  #kept: Buffer[] = []
  #size = 0

  constructor(tally: Tally) {
    this.#tally = tally
  }

  chunk(bytes: Buffer): void {
    this.#size += bytes.length
    if (this.#size <= MOST_BODY_BYTES) this.#kept.push(Buffer.from(bytes))
    else this.#kept = []
  }

  end(): void {
    if (this.#size <= MOST_BODY_BYTES) this.#tally.document(Buffer.concat(this.#kept).toString())
    else this.#tally.note(`the answer is larger than ${MOST_BODY_BYTES} bytes: its usage was not read`)
    this.#kept = []
  }
}

/** null: the line says nothing; FINAL: it says that the answer is over */
type LineText = (line: string) => string | null
const FINAL = '[DONE]'

const plainText: LineText = (line) => (line === '' ? null : line)

/** Every event of models is one line of data. */
const sseText: LineText = (line) => {
  if (line.startsWith('event:')) return FINAL_EVENTS.has(line.slice('event:'.length).trim()) ? FINAL : null
  if (!line.startsWith('data:')) return null
  return line.slice('data:'.length).trim()
}

/** Anthropic's and OpenAI's (Responses). */
const FINAL_EVENTS = new Set(['message_stop', 'response.completed'])

class LineReader implements AnswerReader {
  finalSeen = false
  readonly isWhole = true
  readonly exception = null
  readonly #tally: Tally
  readonly #textOf: LineText
  #rest: Buffer[] = []
  #size = 0

  constructor(tally: Tally, textOf: LineText) {
    this.#tally = tally
    this.#textOf = textOf
  }

  chunk(bytes: Buffer): void {
    let from = 0
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, from)) {
      this.#keep(bytes.subarray(from, end))
      this.end()
      from = end + 1
    }
    this.#keep(bytes.subarray(from))
  }

  end(): void {
    if (this.#size > MOST_EVENT_BYTES) this.#tally.note('an event was too large to be read')
    else if (this.#size > 0) this.#line(Buffer.concat(this.#rest).toString().trim())
    this.#rest = []
    this.#size = 0
  }

  #line(line: string): void {
    const text = this.#textOf(line)
    if (text === FINAL) this.finalSeen = true
    else if (text !== null) this.#tally.document(text)
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.#size += bytes.length
    if (this.#size <= MOST_EVENT_BYTES) this.#rest.push(Buffer.from(bytes))
    else this.#rest = []
  }
}

const NEWLINE = 0x0a
const METRICS = 'amazon-bedrock-invocationMetrics'

/** Of Bedrock: JSON events, or JSON as base64 in the "bytes" of an event. */
class FrameReader implements AnswerReader {
  finalSeen = false
  isWhole = false
  exception: string | null = null
  readonly #tally: Tally
  readonly #scanner

  constructor(tally: Tally) {
    this.#tally = tally
    this.#scanner = createEventStreamScanner({
      maxMessageBytes: MOST_EVENT_BYTES,
      onMessage: (message) => {
        const type = message.header(':event-type')
        if (type === undefined)
          this.exception ??= message.header(':exception-type') ?? message.header(':error-code') ?? 'unknown'
        else this.#event(type, message.payload.toString())
      },
      onFault: (reason) => tally.note(`suspect: the event stream is broken (${reason})`),
    })
  }

  chunk(bytes: Buffer): void {
    this.#scanner.push(bytes)
  }

  end(): void {
    this.isWhole = this.#scanner.end() === 'clean'
  }

  #event(type: string, payload: string): void {
    const bytes = type === 'chunk' ? (/"bytes"\s*:\s*"([A-Za-z0-9+/=]*)"/.exec(payload)?.[1] ?? null) : null
    const text = bytes === null ? payload : Buffer.from(bytes, 'base64').toString()
    this.finalSeen ||= type === 'metadata' || text.includes(METRICS)
    this.#tally.document(text)
  }
}
