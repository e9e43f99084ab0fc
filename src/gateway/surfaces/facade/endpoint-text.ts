// Reads the text out of an endpoint's stream, however its parts are cut: lines of JSON or events as containers send them, or plain text.

import { StringDecoder } from 'node:string_decoder'
import { GatewayError } from '../../../core/errors.ts'
import { createEventStreamScanner, type EventStreamMessage } from '../../../http/event-stream.ts'
import { refusalWords } from '../converse/call.ts'
import type { Json } from '../converse/types.ts'
import type { Said } from './stream.ts'
import { at } from './text-formats.ts'

export type EndpointText = {
  /** What is said in these bytes: pieces of text, and why the stream ended where it did. */
  push(bytes: Buffer): readonly Said[]
  /** The rest, when the stream is over. */
  end(): string
}

/** More than a part can be (InvokeEndpointWithResponseStream, PayloadPart). */
const MAX_MESSAGE_BYTES = 2_097_152
/** What is kept while its line, or a whole document, is not there yet. */
const MOST_WAITING_CHARACTERS = 16_777_216

export function createEndpointText(): EndpointText {
  const pieces = new Pieces()
  let found: Said[] = []
  const scanner = createEventStreamScanner({
    maxMessageBytes: MAX_MESSAGE_BYTES,
    onMessage(message) {
      if (message.header(':event-type') === 'PayloadPart') found.push(pieces.push(message.payload))
      else found.push(failureOf(message))
    },
    // the meter says of a broken stream that it is
    onFault: () => undefined,
  })
  return {
    push(bytes) {
      found = []
      scanner.push(bytes)
      return found
    },
    end: () => pieces.end(),
  }
}

function failureOf(message: EventStreamMessage): Said {
  const exception = message.header(':exception-type') ?? message.header(':error-code') ?? 'InternalStreamFailure'
  return { exception, message: message.header(':error-message') ?? refusalWords(message.payload) }
}

/**
 * unknown: nothing was said yet → plain: text as it is · lines: JSON or server-sent events, one a line, or a document that is whole at the
 * end only.
 */
class Pieces {
  readonly #decoder = new StringDecoder('utf8')
  #form: 'unknown' | 'plain' | 'lines' = 'unknown'
  #waiting = ''
  /** what the stream has said is not said again where its last line repeats it all */
  #hasSaid = false

  push(payload: Buffer): string {
    const text = this.#decoder.write(payload)
    if (this.#form === 'unknown') {
      this.#waiting += text
      const begun = this.#waiting.trimStart()
      if (begun.length < LONGEST_MARK && MARKS.some((mark) => mark.startsWith(begun))) return ''
      this.#form = MARKS.some((mark) => begun.startsWith(mark)) ? 'lines' : 'plain'
      return this.#form === 'plain' ? this.#taken() : this.#lines()
    }
    if (this.#form === 'plain') return text
    this.#waiting += text
    return this.#lines()
  }

  end(): string {
    this.#waiting += this.#decoder.end()
    const rest = this.#taken()
    if (this.#form === 'plain' || rest.trim() === '') return ''
    const said = this.#line(rest)
    if (said !== null) return said
    const whole = repaired(rest)
    return this.#hasSaid || whole === null ? '' : (generatedText(whole) ?? '')
  }

  #taken(): string {
    const text = this.#waiting
    this.#waiting = ''
    return text
  }

  #lines(): string {
    if (this.#waiting.length > MOST_WAITING_CHARACTERS)
      throw new GatewayError('upstream_failed', { message: 'The endpoint streams a line that is too long to be read.' })
    let said = ''
    for (let end = this.#waiting.indexOf('\n'); end !== -1; end = this.#waiting.indexOf('\n')) {
      const piece = this.#line(this.#waiting.slice(0, end))
      // a document that is written over several lines is whole at the end only
      if (piece === null) break
      said += piece
      this.#waiting = this.#waiting.slice(end + 1)
    }
    return said
  }

  /** Null: the line is no JSON by itself. */
  #line(line: string): string | null {
    const isEvent = line.startsWith('data:')
    const text = (isEvent ? line.slice('data:'.length) : line).trim()
    if (text === '' || text === '[DONE]' || /^(?:event|id|retry)?:/.test(text)) return ''
    const document = parsedOrNull(text)
    if (document === null) return isEvent ? '' : null
    const said = pieceOf(document, this.#hasSaid)
    this.#hasSaid ||= said !== ''
    return said
  }
}

const MARKS = ['{', '[', 'data:', 'event:', 'id:', 'retry:', ':'] as const
const LONGEST_MARK = Math.max(...MARKS.map(({ length }) => length))

/** TGI's tokens, OpenAI's chunks; the last line of TGI has the whole text beside its token. */
function pieceOf(document: Json, hasSaid: boolean): string {
  const token = at(document, 'token')
  if (token !== undefined) return at(token, 'special') === true ? '' : texted(at(token, 'text'))
  const choice = at(document, 'choices', 0)
  const delta = at(choice, 'delta')
  if (delta !== undefined) return texted(at(delta, 'content'))
  if (choice !== undefined) return texted(at(choice, 'text') ?? at(choice, 'message', 'content'))
  return hasSaid ? '' : (generatedText(document) ?? '')
}

const texted = (value: Json | undefined): string => (typeof value === 'string' ? value : '')

/** Where containers have it: TGI and DJL in a list or alone, OpenAI's shapes in their choices. Null: nowhere. */
export function generatedText(answer: Json): string | null {
  const first = at(answer, 0) ?? answer
  const choice = at(answer, 'choices', 0)
  const found = at(first, 'generated_text') ?? at(choice, 'message', 'content') ?? at(choice, 'text')
  if (typeof found !== 'string') return null
  return choice === undefined ? found : found.trim()
}

/** What may be missing at the end of a document that was cut where its container ended it. */
const ENDINGS = ['', '}', ']', '}]', '"}', '"}]', '"]'] as const

function repaired(text: string): Json | null {
  for (const ending of ENDINGS) {
    const document = parsedOrNull(text + ending)
    if (document !== null) return document
  }
  return null
}

function parsedOrNull(text: string): Json | null {
  try {
    return JSON.parse(text) as Json
  } catch {
    return null
  }
}
