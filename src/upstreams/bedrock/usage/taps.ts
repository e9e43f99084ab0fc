// The taps themselves: how the bytes of a body, of a Converse stream and of an Invoke stream reach the readers.

import type { UsageReading, UsageTap } from '../../../core/upstream.ts'
import {
  createEventStreamScanner,
  type EventStreamMessage,
  type EventStreamScanner,
} from '../../../http/event-stream.ts'
import { readHeaders } from './headers.ts'
import { compilePaths, visitParsed, type PathNode } from './json-paths.ts'
import { JsonScanner, type ScanProblem } from './json-scanner.ts'
import type { Sheet } from './sheet.ts'

/** Twice the largest event of Bedrock (PayloadPart, 1,000,000 bytes) in base64: more is not its. */
const MAX_MESSAGE_BYTES = 3_000_000

export type TapPlan = {
  readonly sheet: Sheet
  /** where the answer's JSON says usage: that of the body, of the `metadata` event, or of each decoded chunk */
  readonly paths: PathNode<Sheet>
  /** runs once, after an answer with a success status ended */
  readonly finish: (sheet: Sheet, whole: boolean) => void
}

/**
 * Up to this a body is kept and parsed when it is whole: one native parse costs a third of following the bytes. A larger one is
 * followed as it passes, in bounded memory.
 */
const PARSED_BYTES = 16_384
const NO_PATHS = compilePaths<Sheet>([])

/** Reads one JSON body. `complete` is exact: every bracket is closed, and nothing follows. */
export const createBodyTap = (plan: TapPlan): UsageTap => new BodyTap(plan)

/** False: the bytes are no JSON object or array; nothing was visited. */
function visitWhole(paths: PathNode<Sheet>, kept: readonly Buffer[], sheet: Sheet): boolean {
  const [first, ...more] = kept
  if (first === undefined) return false
  let value: unknown
  try {
    value = JSON.parse((more.length === 0 ? first : Buffer.concat(kept)).toString())
  } catch {
    return false
  }
  if (typeof value !== 'object' || value === null) return false
  visitParsed(paths, value, sheet)
  return true
}

/** Measures the text of a body whose usage was visited already. */
function textBytesOf(kept: readonly Buffer[]): number {
  const scanner = new JsonScanner<null>(compilePaths<null>([]), null, ignore)
  for (const bytes of kept) scanner.feed(bytes)
  return scanner.textBytes
}

/** Reads ConverseStream: deltas are only measured, the `metadata` event is read. */
export function createConverseStreamTap({ sheet, paths, finish }: TapPlan): UsageTap {
  const deltas = new JsonScanner<null>(compilePaths<null>([]), null, ignore)
  const metadata = new JsonScanner(paths, sheet, (problem) => noteProblem(sheet, problem))
  return new StreamTap({
    sheet,
    finish,
    characters: () => deltas.textBytes,
    event(type, payload) {
      if (type === 'contentBlockDelta' || type === 'contentBlockStart') {
        deltas.reset()
        deltas.feed(payload)
      } else if (type === 'metadata') {
        metadata.reset()
        metadata.feed(payload)
        if (metadata.closed) sheet.finalSeen = true
        else sheet.note('suspect: the metadata event is not JSON')
      }
    },
  })
}

/**
 * Reads InvokeModelWithResponseStream: every `chunk` event holds base64 of one JSON document, `{"bytes":"…","p":"padding"}`. The last one
 * carries the invocation metrics.
 */
export function createInvokeStreamTap({ sheet, paths, finish }: TapPlan): UsageTap {
  const scanner = new JsonScanner(paths, sheet, (problem) => noteProblem(sheet, problem))
  return new StreamTap({
    sheet,
    finish,
    characters: () => scanner.textBytes,
    event(type, payload) {
      if (type !== 'chunk') return
      scanner.reset()
      scanner.feed(decodeChunk(payload))
      if (!scanner.closed) sheet.note('suspect: a chunk is not JSON')
    },
  })
}

/** For operations whose answers say nothing of usage and cost nothing. */
export function createPassiveTap(sheet: Sheet): UsageTap {
  sheet.nothing()
  return new PassiveTap(sheet)
}

type StreamParts = {
  readonly sheet: Sheet
  readonly finish: (sheet: Sheet, whole: boolean) => void
  readonly characters: () => number
  readonly event: (type: string, payload: Buffer) => void
}

/** No token is longer in the answer's JSON, escapes included, on the average of many. */
const LONGEST_TOKEN_BYTES = 16

export type Ending = Pick<UsageReading, 'streamException' | 'complete'> & {
  /** only estimates ask for it, so it is measured when it is asked for */
  readonly outputCharacters: () => number
}

/** The tap's promise not to throw, kept in one place: a reader that fails is noted and hears nothing more. */
export abstract class GuardedTap implements UsageTap {
  protected readonly sheet: Sheet
  protected status = 0
  #failed = false
  #reading: UsageReading | null = null

  constructor(sheet: Sheet) {
    this.sheet = sheet
  }

  protected abstract take(bytes: Buffer): void
  /** how many pieces of an answer have passed: each is a token at least */
  protected pieces = 0
  protected abstract close(): Ending

  /** One piece more, of so many bytes of text. */
  protected count(bytes: number): void {
    if (bytes > 0) this.pieces += Math.max(1, Math.floor(bytes / LONGEST_TOKEN_BYTES))
  }

  get outputTokensSoFar(): number {
    return Math.max(this.pieces, this.sheet.soFar('output_tokens'))
  }

  get inputTokensSoFar(): number {
    const { sheet } = this
    const written = sheet.soFar('cache_write_tokens')
    const byTime = sheet.soFar('cache_write_5m_tokens') + sheet.soFar('cache_write_1h_tokens')
    return sheet.soFar('input_tokens') + Math.max(written, byTime)
  }

  get finalSeen(): boolean {
    return this.sheet.finalSeen
  }

  headers(status: number, headers: readonly string[]): void {
    try {
      this.status = status
      readHeaders(this.sheet, headers)
    } catch (error) {
      this.#fail(error)
    }
  }

  chunk(bytes: Buffer): void {
    if (this.#failed) return
    try {
      this.take(bytes)
    } catch (error) {
      this.#fail(error)
    }
  }

  end(): UsageReading {
    this.#reading ??= new Reading(this.#ending(), this.sheet)
    return this.#reading
  }

  #ending(): Ending {
    try {
      const ending = this.close()
      return this.#failed ? { ...ending, complete: false } : ending
    } catch (error) {
      this.#fail(error)
      return { streamException: null, complete: false, outputCharacters: nothing }
    }
  }

  #fail(error: unknown): void {
    this.#failed = true
    this.sheet.note(`suspect: reading usage failed (${error instanceof Error ? error.name : typeof error})`)
  }
}

class BodyTap extends GuardedTap {
  readonly #plan: TapPlan
  #kept: Buffer[] = []
  #keptBytes = 0
  #scanner: JsonScanner<Sheet> | null = null

  constructor(plan: TapPlan) {
    super(plan.sheet)
    this.#plan = plan
  }

  protected override take(bytes: Buffer): void {
    this.#kept.push(bytes)
    this.#keptBytes += bytes.length
    if (this.#scanner !== null || this.#keptBytes > PARSED_BYTES) this.#follow()
  }

  protected override close(): Ending {
    const { paths, finish } = this.#plan
    const { sheet } = this
    const success = isSuccess(this.status)
    const kept = this.#kept
    if (success && this.#scanner === null && !paths.wantsText && visitWhole(paths, kept, sheet)) {
      finish(sheet, true)
      return { streamException: null, complete: true, outputCharacters: () => textBytesOf(kept) }
    }
    const { closed, textBytes } = this.#follow()
    if (success) finish(sheet, closed)
    return { streamException: null, complete: closed, outputCharacters: () => (success ? textBytes : 0) }
  }

  #follow(): JsonScanner<Sheet> {
    const { sheet } = this
    // an error's JSON says no usage, whatever it looks like
    const paths = isSuccess(this.status) ? this.#plan.paths : NO_PATHS
    const scanner = (this.#scanner ??= new JsonScanner(paths, sheet, (problem) => noteProblem(sheet, problem)))
    for (const bytes of this.#kept) scanner.feed(bytes)
    this.#kept = []
    return scanner
  }
}

class StreamTap extends GuardedTap {
  readonly #parts: StreamParts
  readonly #scanner: EventStreamScanner
  #exception: string | null = null

  constructor(parts: StreamParts) {
    super(parts.sheet)
    this.#parts = parts
    this.#scanner = createEventStreamScanner({
      maxMessageBytes: MAX_MESSAGE_BYTES,
      onMessage: (message) => this.#message(message),
      onFault: (reason) => parts.sheet.note(`suspect: the event stream is broken (${reason})`),
    })
  }

  protected override take(bytes: Buffer): void {
    if (isSuccess(this.status) || this.status === 0) this.#scanner.push(bytes)
  }

  protected override close(): Ending {
    const { finish, characters } = this.#parts
    const { sheet } = this
    const whole = this.#scanner.end() === 'clean'
    const complete = whole && this.#exception === null && (sheet.finalSeen || sheet.ended)
    if (isSuccess(this.status)) finish(sheet, complete)
    return { streamException: this.#exception, complete, outputCharacters: characters }
  }

  #message(message: EventStreamMessage): void {
    const type = message.header(':event-type')
    if (type === undefined) this.#exception ??= exceptionType(message)
    else {
      const { characters, event } = this.#parts
      const before = characters()
      event(type, message.payload)
      this.count(characters() - before)
    }
  }
}

class PassiveTap extends GuardedTap {
  protected override take(): void {}

  protected override close(): Ending {
    return { streamException: null, complete: this.status !== 0, outputCharacters: nothing }
  }
}

class Reading implements UsageReading {
  readonly usage: UsageReading['usage']
  readonly servedTier: UsageReading['servedTier']
  readonly invokedModelId: string | null
  readonly notes: readonly string[]
  readonly streamException: string | null
  readonly complete: boolean
  readonly #measure: () => number

  constructor(ending: Ending, sheet: Sheet) {
    const read = sheet.read()
    this.usage = read.usage
    this.servedTier = read.servedTier
    this.invokedModelId = read.invokedModelId
    this.notes = read.notes
    this.streamException = ending.streamException
    this.complete = ending.complete
    this.#measure = ending.outputCharacters
  }

  get outputCharacters(): number {
    return this.#measure()
  }
}

const nothing = (): number => 0

function ignore(): void {}

export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}

export function noteProblem(sheet: Sheet, { path, problem }: ScanProblem): void {
  sheet.note(`suspect: ${path} is ${problem === 'too_large' ? 'too large to be read' : 'not JSON'}`)
}

/** ':exception-type' names a modelled exception, ':error-code' an unmodelled error (smithy.io event stream specification). */
function exceptionType(message: EventStreamMessage): string | null {
  const name = message.header(':exception-type') ?? message.header(':error-code')
  return name === undefined ? null : name.slice(0, 128)
}

const BYTES_MEMBER = Buffer.from('"bytes":"')

function decodeChunk(payload: Buffer): Buffer {
  // the other member is padding in letters and digits: the name in quotes stands only where the member is
  const start = payload.indexOf(BYTES_MEMBER)
  const end = start === -1 ? -1 : payload.indexOf(0x22, start + BYTES_MEMBER.length)
  if (end === -1) return decodeSlowly(payload)
  return Buffer.from(payload.toString('latin1', start + BYTES_MEMBER.length, end), 'base64')
}

function decodeSlowly(payload: Buffer): Buffer {
  try {
    const bytes: unknown = (JSON.parse(payload.toString()) as { bytes?: unknown } | null)?.bytes
    return typeof bytes === 'string' ? Buffer.from(bytes, 'base64') : Buffer.alloc(0)
  } catch {
    return Buffer.alloc(0)
  }
}
