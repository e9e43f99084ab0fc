// Usage of SageMaker endpoints: OpenAI's block if the model server says one, else unknown, with the length of the generated text.

import type { TapQuestion, UsageReading, UsageTap } from '../../core/upstream.ts'
import { countOrNull, type Dimension } from '../../core/usage.ts'
import { createEventStreamScanner } from '../../http/event-stream.ts'

/** A longer answer is not parsed: its usage is unknown. */
const MAX_BODY_BYTES = 1024 * 1024
/** A longer line of a stream is not parsed. */
const MAX_LINE_BYTES = 256 * 1024
/** More than a part of a stream can be (InvokeEndpointWithResponseStream, PayloadPart). */
const MAX_MESSAGE_BYTES = 2 * 1024 * 1024
const MAX_NOTES = 16

/**
 * What an endpoint answers is up to the container behind it; vLLM, TGI and DJL speak OpenAI's shapes or nearly so. An endpoint is
 * billed by the hour of its instances, so tokens serve limits and allocation and are never a price.
 */
export function createSagemakerTap(question: TapQuestion): UsageTap {
  const sheet = new Sheet()
  return question.operation === 'InvokeEndpointWithResponseStream' ? streamTap(sheet) : bodyTap(sheet)
}

function bodyTap(sheet: Sheet): UsageTap {
  const pieces: Buffer[] = []
  let size = 0
  let last = 0
  return new Tap(sheet, {
    chunk(bytes) {
      size += bytes.length
      // outside JSON's strings the last byte that is no space tells whether a body too large to parse came to its end
      for (const byte of bytes.subarray(-8)) if (byte > 0x20) last = byte
      if (size <= MAX_BODY_BYTES) pieces.push(Buffer.from(bytes))
      else pieces.length = 0
    },
    end(isJson) {
      if (size > MAX_BODY_BYTES) {
        sheet.note(`the answer is larger than ${MAX_BODY_BYTES} bytes: its usage was not read`)
        return { characters: size, complete: !isJson || last === CLOSE_OBJECT || last === CLOSE_ARRAY }
      }
      const body = parsed(Buffer.concat(pieces).toString())
      if (body === undefined) return { characters: size, complete: !isJson }
      sheet.read(member(body, 'usage'))
      return { characters: textLength(body, 0), complete: true }
    },
  })
}

/** Parts hold the container's own stream, cut anywhere: lines of JSON, or the same as server-sent events. */
function streamTap(sheet: Sheet): UsageTap {
  const lines = new Lines((line) => readLine(sheet, line))
  let exception: string | null = null
  const scanner = createEventStreamScanner({
    maxMessageBytes: MAX_MESSAGE_BYTES,
    onMessage(message) {
      if (message.header(':event-type') === 'PayloadPart') lines.push(message.payload)
      else exception ??= message.header(':exception-type') ?? message.header(':error-code') ?? null
    },
    onFault: (reason) => sheet.note(`suspect: the event stream is broken (${reason})`),
  })
  return new Tap(sheet, {
    chunk: (bytes) => scanner.push(bytes),
    end() {
      const whole = scanner.end() === 'clean'
      lines.end()
      return { characters: sheet.characters, complete: whole && exception === null, exception }
    },
  })
}

function readLine(sheet: Sheet, bytes: Buffer): void {
  const line = bytes.toString().trim()
  const text = line.startsWith('data:') ? line.slice('data:'.length).trim() : line
  if (text === '' || text === '[DONE]') return
  const document = text.startsWith('{') ? parsed(text) : undefined
  if (document === undefined) {
    sheet.characters += text.length
    return
  }
  sheet.read(member(document, 'usage'))
  // TGI repeats the whole text beside the last token
  sheet.characters += textLength(member(document, 'token') ?? document, 0)
}

type Ending = { readonly characters: number; readonly complete: boolean; readonly exception?: string | null }

type Parts = {
  readonly chunk: (bytes: Buffer) => void
  readonly end: (isJson: boolean) => Ending
}

class Tap implements UsageTap {
  /** No event of these answers is known to be the last one. */
  readonly finalSeen = false
  readonly outputTokensSoFar = 0
  readonly inputTokensSoFar = 0
  readonly #sheet: Sheet
  readonly #parts: Parts
  #success = false
  #isJson = true
  #failed = false
  #reading: UsageReading | null = null

  constructor(sheet: Sheet, parts: Parts) {
    this.#sheet = sheet
    this.#parts = parts
  }

  headers(status: number, headers: readonly string[]): void {
    this.#success = status >= 200 && status < 300
    const type = headers.findIndex((name, index) => index % 2 === 0 && name === 'content-type')
    this.#isJson = type === -1 || /json/i.test(headers[type + 1] ?? '')
  }

  chunk(bytes: Buffer): void {
    if (!this.#success || this.#failed) return
    try {
      this.#parts.chunk(bytes)
    } catch {
      this.#fail()
    }
  }

  end(): UsageReading {
    this.#reading ??= this.#read()
    return this.#reading
  }

  #read(): UsageReading {
    const { characters, complete, exception = null } = this.#ending()
    return {
      ...this.#sheet.usage(),
      servedTier: null,
      invokedModelId: null,
      notes: this.#sheet.notes,
      streamException: exception,
      complete: complete && this.#success && !this.#failed,
      outputCharacters: this.#success ? characters : 0,
    }
  }

  #ending(): Ending {
    try {
      return this.#parts.end(this.#isJson)
    } catch {
      this.#fail()
      return { characters: 0, complete: false }
    }
  }

  #fail(): void {
    this.#failed = true
    this.#sheet.note('suspect: reading usage failed')
  }
}

/** The last usage block counts: blocks of a stream are cumulative. */
class Sheet {
  characters = 0
  readonly notes: string[] = []
  #quantities: Partial<Record<Dimension, number | null>> | null = null
  #reasoning: number | null = null

  read(block: unknown): void {
    const input = member(block, 'prompt_tokens') ?? member(block, 'input_tokens')
    const output = member(block, 'completion_tokens') ?? member(block, 'output_tokens')
    if (isMissing(input) && isMissing(output)) return
    const details = member(block, 'prompt_tokens_details') ?? member(block, 'input_tokens_details')
    const cached = member(details, 'cached_tokens')
    const counts = {
      input_tokens: this.#count('input_tokens', input),
      output_tokens: this.#count('output_tokens', output),
      cache_read_tokens: this.#count('cache_read_tokens', cached),
    }
    this.#quantities = Object.fromEntries(Object.entries(counts).filter(([, value]) => value !== undefined))
    this.#takeOutCached(counts.input_tokens, counts.cache_read_tokens)
    const outputDetails = member(block, 'completion_tokens_details') ?? member(block, 'output_tokens_details')
    this.#reasoning = countOrNull(member(outputDetails, 'reasoning_tokens'))
  }

  usage(): Pick<UsageReading, 'usage'> {
    if (this.#quantities === null) return { usage: null }
    const reasoning = this.#reasoning === null ? {} : { reasoningTokens: this.#reasoning }
    return { usage: { quantities: this.#quantities, ...reasoning, estimated: false } }
  }

  note(text: string): void {
    if (this.notes.length < MAX_NOTES && !this.notes.includes(text)) this.notes.push(text)
  }

  /** OpenAI's prompt count includes the cached tokens; our dimensions are disjoint. */
  #takeOutCached(input: number | null | undefined, cached: number | null | undefined): void {
    if (typeof input !== 'number' || typeof cached !== 'number' || this.#quantities === null) return
    this.#quantities.input_tokens = cached <= input ? input - cached : null
    if (cached > input) this.note(`suspect: body says ${input} prompt tokens, ${cached} of them cached`)
  }

  #count(dimension: Dimension, value: unknown): number | null | undefined {
    if (isMissing(value)) return undefined
    const count = countOrNull(value)
    if (count === null) this.note(`suspect: ${dimension}: body says ${JSON.stringify(value).slice(0, 40)}`)
    return count
  }
}

class Lines {
  readonly #onLine: (line: Buffer) => void
  #rest: Buffer[] = []
  #size = 0

  constructor(onLine: (line: Buffer) => void) {
    this.#onLine = onLine
  }

  push(bytes: Buffer): void {
    let from = 0
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, from)) {
      this.#keep(bytes.subarray(from, end))
      this.end()
      from = end + 1
    }
    this.#keep(bytes.subarray(from))
  }

  end(): void {
    if (this.#size > 0 && this.#size <= MAX_LINE_BYTES) this.#onLine(Buffer.concat(this.#rest))
    this.#rest = []
    this.#size = 0
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.#size += bytes.length
    if (this.#size <= MAX_LINE_BYTES) this.#rest.push(Buffer.from(bytes))
    else this.#rest = []
  }
}

const NEWLINE = 0x0a
const CLOSE_OBJECT = 0x7d
const CLOSE_ARRAY = 0x5d
const MAX_TEXT_DEPTH = 8

/** Where chat, completion, TGI and DJL answers hold generated text. */
const TEXT_KEYS = new Set(['text', 'content', 'generated_text', 'reasoning_content', 'arguments'])

function textLength(value: unknown, depth: number): number {
  if (typeof value !== 'object' || value === null || depth > MAX_TEXT_DEPTH) return 0
  let length = 0
  for (const [key, inner] of Object.entries(value)) {
    if (typeof inner === 'string') length += TEXT_KEYS.has(key) ? inner.length : 0
    else length += textLength(inner, depth + 1)
  }
  return length
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Record<string, unknown>)[name]
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
