// Patterns over short texts, matched in time proportional to text and pattern whatever either holds: states side by side, no backtracking.

/** A pattern stands for whole texts: `.+` is any that is not empty, `Bearer .+` begins with the word. */
export type LinearPattern = { readonly source: string; matches(text: string): boolean }

export const PATTERN_LENGTH_LIMIT = 256
const MOST_STATES = 1_000
const DEEPEST_GROUP = 16
const MOST_REPEATS = 256

/**
 * Letters, `.`, `[a-z]`, `[^a-z]`, `\d \w \s` and their opposites, `( )`, `(?: )`, `|`, `* + ? {n} {n,} {n,m}`, `^` and `$` at the ends,
 * and `(?i)` in front for any case. What else regular expressions have (look-around, references) is refused with a RangeError.
 */
export function linearPattern(source: string): LinearPattern {
  const states = statesOf(source)
  return { source, matches: (text) => states.matches(text) }
}

/** Where a pattern is found: leftmost first, each as long as it can be. */
export type LinearSearch = (text: string, budget: { steps: number }) => readonly Found[]

export type Found = { readonly start: number; readonly end: number }

/** Finds parts of a text. What is taken from `budget` is what it took; at 0 it ends with what it has. */
export function linearSearch(source: string): LinearSearch {
  const states = statesOf(source)
  return (text, budget) => states.findAll(text, budget)
}

function statesOf(source: string): States {
  if (source.length > PATTERN_LENGTH_LIMIT) throw new RangeError(`is longer than ${PATTERN_LENGTH_LIMIT} characters`)
  const anyCase = source.startsWith('(?i)')
  const body = source.slice(anyCase ? 4 : 0).replace(/^\^/, '')
  return new States(new Parser(body, anyCase).parse())
}

type Test = (code: number) => boolean
type Node =
  | { readonly kind: 'one'; readonly test: Test }
  | { readonly kind: 'sequence'; readonly nodes: readonly Node[] }
  | { readonly kind: 'choice'; readonly nodes: readonly Node[] }
  | { readonly kind: 'repeat'; readonly node: Node; readonly from: number; readonly to: number }

const between = (text: string): Test => {
  const [low, high] = [text.charCodeAt(0), text.charCodeAt(text.length - 1)]
  return (code) => code >= low && code <= high
}
const anyOf =
  (...tests: readonly Test[]): Test =>
  (code) =>
    tests.some((test) => test(code))
const not =
  (test: Test): Test =>
  (code) =>
    !test(code)

const DIGIT = between('0-9')
const WORD = anyOf(DIGIT, between('a-z'), between('A-Z'), between('_'))
const SPACE = anyOf(between(' '), between('\t-\r'))
const ANY = not(anyOf(between('\n'), between('\r')))
const ESCAPED: Readonly<Record<string, Test>> = {
  d: DIGIT,
  w: WORD,
  s: SPACE,
  D: not(DIGIT),
  W: not(WORD),
  S: not(SPACE),
  t: between('\t'),
}

class Parser {
  readonly #text: string
  readonly #anyCase: boolean
  #at = 0
  #depth = 0

  constructor(text: string, anyCase: boolean) {
    this.#text = text
    this.#anyCase = anyCase
  }

  parse(): Node {
    const node = this.#choice()
    if (this.#at < this.#text.length) throw new RangeError(`has a ")" too many, at ${this.#at + 1}`)
    return node
  }

  #choice(): Node {
    const nodes = [this.#sequence()]
    while (this.#take('|')) nodes.push(this.#sequence())
    return nodes.length === 1 ? (nodes[0] as Node) : { kind: 'choice', nodes }
  }

  #sequence(): Node {
    const nodes: Node[] = []
    while (this.#at < this.#text.length && !'|)'.includes(this.#peek())) {
      if (this.#peek() === '$' && this.#at === this.#text.length - 1) this.#at += 1
      else nodes.push(this.#repeated(this.#atom()))
    }
    return { kind: 'sequence', nodes }
  }

  #repeated(node: Node): Node {
    if (this.#take('*')) return this.#repeat(node, 0, Number.POSITIVE_INFINITY)
    if (this.#take('+')) return this.#repeat(node, 1, Number.POSITIVE_INFINITY)
    if (this.#take('?')) return this.#repeat(node, 0, 1)
    const counted = /^\{(\d{1,3})(?:(,)(\d{1,3})?)?\}/.exec(this.#text.slice(this.#at, this.#at + 12))
    if (counted === null) return node
    this.#at += counted[0].length
    const from = Number(counted[1])
    const to = counted[2] === undefined ? from : Number(counted[3] ?? Number.POSITIVE_INFINITY)
    if (from > to || from > MOST_REPEATS || (Number.isFinite(to) && to > MOST_REPEATS))
      throw new RangeError(`repeats out of bounds (0 to ${MOST_REPEATS}), at ${this.#at}`)
    return this.#repeat(node, from, to)
  }

  #repeat(node: Node, from: number, to: number): Node {
    if (this.#at < this.#text.length && '*+?'.includes(this.#peek()))
      throw new RangeError(`repeats a repetition, at ${this.#at + 1}`)
    return { kind: 'repeat', node, from, to }
  }

  #atom(): Node {
    const char = this.#next()
    if (char === '(') return this.#group()
    if (char === '[') return { kind: 'one', test: this.#cased(this.#class()) }
    if (char === '.') return { kind: 'one', test: ANY }
    if (char === '\\') return { kind: 'one', test: this.#escaped() }
    if ('*+?{}^$]'.includes(char)) throw new RangeError(`has a "${char}" that means nothing there, at ${this.#at}`)
    return { kind: 'one', test: this.#cased(between(char)) }
  }

  #group(): Node {
    if (this.#take('?') && !this.#take(':'))
      throw new RangeError(`has a group of a kind that is not known, at ${this.#at}`)
    this.#depth += 1
    if (this.#depth > DEEPEST_GROUP) throw new RangeError(`has groups more than ${DEEPEST_GROUP} deep`)
    const node = this.#choice()
    if (!this.#take(')')) throw new RangeError('has a "(" without its ")"')
    this.#depth -= 1
    return node
  }

  #class(): Test {
    const negated = this.#take('^')
    const tests: Test[] = []
    while (!this.#take(']')) tests.push(this.#range())
    return negated ? not(anyOf(...tests)) : anyOf(...tests)
  }

  #range(): Test {
    const first = this.#next()
    if (first === '\\') return this.#escaped()
    const isRange = this.#peek() === '-' && this.#at + 1 < this.#text.length && this.#text[this.#at + 1] !== ']'
    if (!isRange) return between(first)
    this.#at += 1
    const last = this.#next()
    if (last === '\\' || last < first) throw new RangeError(`has a range that ends before it begins, at ${this.#at}`)
    return between(`${first}${last}`)
  }

  #escaped(): Test {
    const char = this.#next()
    const test = Object.hasOwn(ESCAPED, char) ? ESCAPED[char] : undefined
    if (test !== undefined) return test
    if (/[A-Za-z0-9]/.test(char)) throw new RangeError(`has an escape that is not known, "\\${char}"`)
    return between(char)
  }

  #cased(test: Test): Test {
    if (!this.#anyCase) return test
    return (code) => test(code) || test(otherCase(code))
  }

  #peek(): string {
    return this.#text[this.#at] ?? ''
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false
    this.#at += 1
    return true
  }

  #next(): string {
    const char = this.#text[this.#at]
    if (char === undefined) throw new RangeError('ends too early')
    this.#at += 1
    return char
  }
}

function otherCase(code: number): number {
  const isLetter = (code >= 65 && code <= 90) || (code >= 97 && code <= 122)
  return isLetter ? code ^ 32 : code
}

/** `test` null: goes on to all of `out` without taking a character. */
type State = { readonly test: Test | null; readonly out: number[] }

/** A way through the states, by where in the text it began. */
type Thread = { readonly id: number; readonly begun: number }

class States {
  readonly #states: State[] = [{ test: null, out: [] }]
  readonly #start: number

  constructor(node: Node) {
    this.#start = this.#build(node, END)
  }

  matches(text: string): boolean {
    let current = this.#closure([this.#start])
    for (let at = 0; at < text.length && current.length > 0; at++) {
      const code = text.charCodeAt(at)
      const next: number[] = []
      for (const id of current) {
        const { test, out } = this.#states[id] as State
        if (test?.(code) === true) next.push(...out)
      }
      current = this.#closure(next)
    }
    return current.includes(END)
  }

  findAll(text: string, budget: { steps: number }): readonly Found[] {
    const all: Found[] = []
    for (let from = 0; from <= text.length && budget.steps > 0; ) {
      const found = this.#find(text, from, budget)
      if (found === null) break
      if (found.end > found.start) all.push(found)
      from = Math.max(found.end, found.start + 1)
    }
    return all
  }

  /** All beginnings at once: each state is held by the leftmost of those that have reached it. */
  #find(text: string, from: number, budget: { steps: number }): Found | null {
    let found: Found | null = null
    let current: Thread[] = []
    for (let at = from; at <= text.length && budget.steps > 0; at++) {
      if (found === null) current.push({ id: this.#start, begun: at })
      current = this.#closureOf(current)
      budget.steps -= current.length + 1
      const ended = current.find(({ id }) => id === END)
      if (ended !== undefined && (found === null || ended.begun <= found.start)) {
        found = { start: ended.begun, end: at }
        current = current.filter(({ begun }) => begun <= ended.begun)
      }
      if (found !== null && current.every(({ id }) => id === END)) break
      current = at < text.length ? this.#after(current, text.charCodeAt(at)) : []
    }
    return found
  }

  #after(threads: readonly Thread[], code: number): Thread[] {
    return threads.flatMap(({ id, begun }) => {
      const { test, out } = this.#states[id] as State
      return test?.(code) === true ? out.map((next) => ({ id: next, begun })) : []
    })
  }

  /** Those that began first come first, and stay so. */
  #closureOf(threads: readonly Thread[]): Thread[] {
    const seen = new Map<number, number>()
    for (const { id, begun } of threads) {
      const open = [id]
      for (let next = open.pop(); next !== undefined; next = open.pop()) {
        if (seen.has(next)) continue
        seen.set(next, begun)
        const { test, out } = this.#states[next] as State
        if (test === null) open.push(...out)
      }
    }
    return Array.from(seen, ([id, begun]) => ({ id, begun }))
  }

  /** All states that are reached without a character, each once. */
  #closure(ids: readonly number[]): number[] {
    const seen = new Set(ids)
    for (const id of seen) {
      const { test, out } = this.#states[id] as State
      if (test === null) for (const next of out) seen.add(next)
    }
    return [...seen]
  }

  /** The state in which the node begins, when `after` is where it goes on. */
  #build(node: Node, after: number): number {
    if (node.kind === 'one') return this.#add(node.test, [after])
    if (node.kind === 'sequence') return node.nodes.reduceRight((start, part) => this.#build(part, start), after)
    if (node.kind === 'choice')
      return this.#add(
        null,
        node.nodes.map((part) => this.#build(part, after)),
      )
    let start = Number.isFinite(node.to) ? after : this.#loop(node.node, after)
    for (let optional = node.from; Number.isFinite(node.to) && optional < node.to; optional++)
      start = this.#add(null, [this.#build(node.node, start), after])
    for (let needed = 0; needed < node.from; needed++) start = this.#build(node.node, start)
    return start
  }

  #loop(node: Node, after: number): number {
    const loop = this.#add(null, [after])
    this.#states[loop]?.out.push(this.#build(node, loop))
    return loop
  }

  #add(test: Test | null, out: number[]): number {
    if (this.#states.length >= MOST_STATES) throw new RangeError('is too large once its repetitions are written out')
    return this.#states.push({ test, out }) - 1
  }
}

const END = 0
