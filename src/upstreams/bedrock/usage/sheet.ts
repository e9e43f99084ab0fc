// The tally of one answer: every statement about usage is written down with its source, and read out once as one merged reading.

import type { Tier } from '../../../core/model.ts'
import type { UsageReading } from '../../../core/upstream.ts'
import { countOrNull, type Dimension, type Usage } from '../../../core/usage.ts'

/**
 * Who says it, and whose word counts when they differ. The answer's own usage block comes first, then the response headers, then the
 * invocation metrics of a stream, then what was counted in the answer or in the request (images, documents), and last what was merely
 * asked for (seconds of a film): that is an estimate until the service confirms it. Among equals the later word counts (usage events of
 * a stream are cumulative), except that a zero never erases a count said before it.
 */
const SOURCES = {
  body: 5,
  metadata: 5,
  message_start: 5,
  message_delta: 5,
  chunk: 5,
  header: 4,
  metrics: 3,
  answer: 2,
  request: 2,
  asked: 1,
} as const satisfies Record<string, number>
export type Source = keyof typeof SOURCES

/** Besides the dimensions: sums that are split or checked when the sheet is read. */
export type Fact = Dimension | 'cache_write_tokens' | 'reasoning_tokens' | 'total_tokens'

export type CacheTtl = '5m' | '1h' | '30m'

type Statement = { readonly source: Source; readonly value: number }

/** What is said of one fact. Nearly always that is one statement, and every call makes a few lines: hence no list for one. */
class Line {
  readonly fact: Fact
  absurd = false
  first: Statement | null = null
  more: Statement[] | null = null

  constructor(fact: Fact) {
    this.fact = fact
  }

  add(statement: Statement): void {
    if (this.first === null) this.first = statement
    else (this.more ??= []).push(statement)
  }

  replace(earlier: Statement, later: Statement): void {
    if (this.first === earlier) this.first = later
    else if (this.more !== null) this.more[this.more.indexOf(earlier)] = later
  }

  /** The first statement of that rank; null: none. */
  ofRank(rank: number): Statement | null {
    if (this.first === null || SOURCES[this.first.source] === rank) return this.first
    return this.more?.find((statement) => SOURCES[statement.source] === rank) ?? null
  }

  bySource(source: Source): Statement | null {
    if (this.first === null || this.first.source === source) return this.first
    return this.more?.find((statement) => statement.source === source) ?? null
  }
}

const MAX_NOTES = 32
const MAX_NOTE_CHARACTERS = 200

/** Above these, a count is possible as a number and not as a call: no model reads or writes so much. */
const PLAUSIBLE = { input: 10_000_000, output: 2_000_000, unit: 1_000_000 }

const CACHE_WRITE: Readonly<Record<CacheTtl, Dimension>> = {
  '5m': 'cache_write_5m_tokens',
  '1h': 'cache_write_1h_tokens',
  '30m': 'cache_write_30m_tokens',
}
const CACHE_WRITES: readonly Dimension[] = Object.values(CACHE_WRITE)
const READ: readonly Dimension[] = ['input_tokens', 'cache_read_tokens', ...CACHE_WRITES]

/** What `performanceConfig.latency` and the service tier are called here; `default` on the wire is standard (API_runtime_ServiceTier). */
const TIER_WORDS: Readonly<Record<string, Tier>> = {
  default: 'standard',
  standard: 'standard',
  priority: 'priority',
  flex: 'flex',
  reserved: 'reserved',
  batch: 'batch',
}

export class Sheet {
  /** set by whoever sees the usage statement that comes at the end of an answer */
  ended = false
  /** set by whoever sees the very last event of a stream */
  finalSeen = false
  /** what an error inside a stream calls itself; null: there was none */
  failed: string | null = null
  variant: string | null = null
  /** the beginnings of list elements that a family counts, and how many there were */
  firstHead: string | null = null
  heads = 0
  readonly streaming: boolean
  /** the time to live that cache writes have where the answer does not split them */
  readonly #defaultTtl: CacheTtl
  /** in the order in which the facts were first spoken of; a handful, so looking through them beats a map */
  readonly #lines: Line[] = []
  #provisional: Map<Fact, Statement> | null = null
  #notes: string[] | null = null
  #free = false
  #tier: Tier | null = null
  #optimized = false
  #invokedModelId: string | null = null

  constructor(options: { readonly defaultTtl: CacheTtl; readonly streaming: boolean }) {
    this.streaming = options.streaming
    this.#defaultTtl = options.defaultTtl
  }

  /** Missing and null say nothing; an absurd value is noted and makes the fact unknown unless another source knows it. */
  say(source: Source, fact: Fact, value: unknown): void {
    if (value === undefined || value === null) return
    const count = countOrNull(value)
    const line = this.#line(fact)
    if (count === null) {
      line.absurd = true
      this.note(`suspect: ${fact}: ${source} says ${inWords(value)}`)
      return
    }
    const earlier = line.ofRank(SOURCES[source])
    if (earlier === null) line.add({ source, value: count })
    else this.#sayAgain(line, earlier, { source, value: count })
  }

  /** A count that a stream gives before there is anything to count: unknown if nothing better follows. */
  sayProvisional(source: Source, fact: Fact, value: unknown): void {
    const count = countOrNull(value)
    if (count !== null) (this.#provisional ??= new Map()).set(fact, { source, value: count })
  }

  /** Adds to what the same source said of the fact: several parts of one answer, each billed. */
  add(source: Source, fact: Fact, value: unknown): void {
    const count = countOrNull(value)
    if (count === null) {
      this.say(source, fact, value)
      return
    }
    const line = this.#line(fact)
    const earlier = line.bySource(source)
    const sum = (earlier?.value ?? 0) + count
    if (!Number.isSafeInteger(sum)) this.say(source, fact, sum)
    else if (earlier === null) line.add({ source, value: sum })
    else line.replace(earlier, { source, value: sum })
  }

  /** The fact is part of the call and nobody says how much. */
  unknown(fact: Fact, note: string): void {
    this.#line(fact)
    this.note(note)
  }

  /** What was first said of a fact, while the answer still goes on; 0: nobody said anything. */
  soFar(fact: Fact): number {
    return this.#found(fact)?.first?.value ?? 0
  }

  isSaid(fact: Fact): boolean {
    return this.#found(fact) !== null
  }

  /** The call is one that uses nothing billable. */
  nothing(): void {
    this.#free = true
  }

  countHead(head: string): void {
    this.firstHead ??= head
    this.heads++
  }

  note(text: string): void {
    const note = text.slice(0, MAX_NOTE_CHARACTERS)
    const notes = (this.#notes ??= [])
    if (notes.length < MAX_NOTES && !notes.includes(note)) notes.push(note)
  }

  servedTier(word: unknown): void {
    if (typeof word !== 'string') return
    const tier = Object.hasOwn(TIER_WORDS, word) ? (TIER_WORDS[word] ?? null) : null
    if (tier === null) this.note(`service tier ${inWords(word)} is not known`)
    else if (this.#tier !== null && this.#tier !== tier) this.note(`service tier: ${this.#tier} and ${tier}`)
    else this.#tier = tier
  }

  latency(word: unknown): void {
    if (word === 'optimized') this.#optimized = true
  }

  invokedModel(id: unknown): void {
    if (typeof id === 'string' && id.length > 0 && id.length <= 2048) this.#invokedModelId = id
  }

  read(): Pick<UsageReading, 'usage' | 'servedTier' | 'invokedModelId' | 'notes'> {
    const quantities: Record<string, number | null> = {}
    const estimated = this.#chooseAll(quantities)
    this.#splitCacheWrites(quantities)
    const reasoning = this.#reasoning(quantities)
    this.#checkTotal(quantities)
    this.#checkPlausible(quantities)
    const silent = !this.#free && isEmpty(quantities)
    const usage: Usage = {
      quantities,
      ...(reasoning === null ? {} : { reasoningTokens: reasoning }),
      ...(this.variant === null ? {} : { variant: this.variant }),
      estimated,
    }
    return {
      usage: silent ? null : usage,
      servedTier: this.#served(),
      invokedModelId: this.#invokedModelId,
      notes: this.#notes ?? NO_NOTES,
    }
  }

  /** Fills in all facts that are a dimension as they stand; true when any of them is only what was asked for. */
  #chooseAll(quantities: Record<string, number | null>): boolean {
    let estimated = false
    this.#takeInProvisional()
    for (const line of this.#lines) {
      const { fact } = line
      if (fact === 'reasoning_tokens' || fact === 'total_tokens' || isCacheWrite(fact)) continue
      const chosen = this.#choose(line)
      quantities[fact] = chosen?.value ?? null
      if (chosen?.source === 'asked') estimated = true
    }
    return estimated
  }

  #found(fact: Fact): Line | null {
    for (const line of this.#lines) if (line.fact === fact) return line
    return null
  }

  #line(fact: Fact): Line {
    const known = this.#found(fact)
    if (known !== null) return known
    const line = new Line(fact)
    this.#lines.push(line)
    return line
  }

  #sayAgain(line: Line, earlier: Statement, later: Statement): void {
    if (later.value === earlier.value) return
    const erases = later.value === 0
    if (!erases) line.replace(earlier, later)
    const growing = later.source === earlier.source && later.value > earlier.value
    if (!growing) this.note(`${line.fact}: ${earlier.source} ${earlier.value}, ${later.source} ${later.value}`)
  }

  #takeInProvisional(): void {
    if (this.#provisional === null) return
    for (const [fact, statement] of this.#provisional) {
      const line = this.#line(fact)
      if (line.first === null && !line.absurd) {
        this.note(`${fact}: ${statement.source} said ${statement.value} before generation, no final count came`)
      }
    }
  }

  #choose({ fact, first, more }: Line): Statement | null {
    if (first === null || more === null) return first
    let chosen = first
    for (const statement of more) if (SOURCES[statement.source] > SOURCES[chosen.source]) chosen = statement
    for (const other of [first, ...more]) {
      if (other.value === chosen.value) continue
      this.note(`${fact}: ${other.source} ${other.value}, ${chosen.source} ${chosen.value}`)
    }
    return chosen
  }

  #chosenOf(fact: Fact): Statement | null {
    const line = this.#found(fact)
    return line === null ? null : this.#choose(line)
  }

  /** Cache writes are priced by time to live, but only some sources say it: the rest of the sum goes to the default. */
  #splitCacheWrites(quantities: Record<string, number | null>): void {
    const parts = this.#cacheWriteParts(quantities)
    const dimension = CACHE_WRITE[this.#defaultTtl]
    const total = this.#chosenOf('cache_write_tokens')
    if (total === null) {
      if (parts === null && this.isSaid('cache_write_tokens')) quantities[dimension] = null
      return
    }
    const rest = total.value - (parts ?? 0)
    if (rest < 0) this.note(`cache_write_tokens: ${total.source} ${total.value}, its parts ${parts}`)
    if (rest > 0) {
      this.note(`${dimension}: ${rest} written tokens without a time to live are counted as ${this.#defaultTtl}`)
    }
    // a part that is there and unknown stays unknown: nobody knows that the rest is its
    if ((rest > 0 || parts === null) && quantities[dimension] !== null) {
      quantities[dimension] = (quantities[dimension] ?? 0) + rest
    }
  }

  /** The parts that a source named, and their sum; null when none was named. */
  #cacheWriteParts(quantities: Record<string, number | null>): number | null {
    let sum: number | null = null
    for (const dimension of CACHE_WRITES) {
      const line = this.#found(dimension)
      if (line === null) continue
      const value = this.#choose(line)?.value ?? null
      quantities[dimension] = value
      sum = (sum ?? 0) + (value ?? 0)
    }
    return sum
  }

  #reasoning(quantities: Record<string, number | null>): number | null {
    const chosen = this.#chosenOf('reasoning_tokens')
    if (chosen === null) return null
    const output = quantities['output_tokens'] ?? null
    if (output !== null && chosen.value > output) {
      this.note(`suspect: reasoning_tokens ${chosen.value} are more than output_tokens ${output}`)
    }
    return chosen.value
  }

  /** Whether cached tokens are inside the total differs by model, so both sums pass. */
  #checkTotal(quantities: Record<string, number | null>): void {
    const total = this.#chosenOf('total_tokens')
    if (total === null) return
    for (const name in quantities) if (quantities[name] === null) return
    const written = quantities['output_tokens'] ?? 0
    const plain = (quantities['input_tokens'] ?? 0) + written
    const whole = sumOfRead(quantities) + written
    if (total.value !== plain && total.value !== whole) {
      this.note(`total_tokens: ${total.source} ${total.value}, sum of the parts ${whole}`)
    }
  }

  #checkPlausible(quantities: Record<string, number | null>): void {
    const read = sumOfRead(quantities)
    if (read > PLAUSIBLE.input) this.note(`suspect: ${read} tokens read are more than any model reads`)
    const written = quantities['output_tokens'] ?? 0
    if (written > PLAUSIBLE.output) this.note(`suspect: output_tokens ${written} are more than any model writes`)
    for (const dimension in quantities) {
      const value = quantities[dimension] ?? 0
      if (value <= PLAUSIBLE.unit || dimension.endsWith('_tokens')) continue
      this.note(`suspect: ${dimension} ${value} are more than one call can use`)
    }
  }

  #served(): Tier | null {
    if (!this.#optimized) return this.#tier
    if (this.#tier !== null && this.#tier !== 'standard') {
      this.note(`service tier ${this.#tier} and optimized latency at once`)
      return this.#tier
    }
    return 'latency_optimized'
  }
}

const NO_NOTES: readonly string[] = []

function sumOfRead(quantities: Record<string, number | null>): number {
  let sum = 0
  for (const dimension of READ) sum += quantities[dimension] ?? 0
  return sum
}

function isEmpty(quantities: Record<string, number | null>): boolean {
  for (const _ in quantities) return false
  return true
}

function isCacheWrite(fact: Fact): boolean {
  return fact.startsWith('cache_write_')
}

/** A value from outside, short enough for a note. */
function inWords(value: unknown): string {
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40))
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`
}
