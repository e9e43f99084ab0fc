// Writes down what an answer says of its usage, and reads it out once: absurd counts are unknown, what is inside another is taken out of it.

import type { RouterUsage } from '../../core/router.ts'
import { countOrNull, type Dimension, type Usage } from '../../core/usage.ts'

const MOST_NOTES = 16
const HEADER_PREFIX = 'header:'
/** Where answers of models hold generated text; for estimates only. */
const TEXT =
  /"(?:text|content|arguments|thinking|partial_json|generated_text|completion|outputText)"\s*:\s*"((?:[^"\\]|\\.)*)"/g

export class Tally {
  readonly notes: string[] = []
  characters = 0
  readonly #usage: RouterUsage | null
  readonly #isLocal: boolean
  readonly #said = new Map<Dimension, number | null>()

  /** `isLocal`: the gateway answers itself, and nothing is used. */
  constructor(usage: RouterUsage | null, isLocal: boolean) {
    this.#usage = isLocal ? null : usage
    this.#isLocal = isLocal
  }

  /** false: nobody asks what the answer says */
  get reads(): boolean {
    return this.#usage !== null
  }

  headers(headers: readonly string[]): void {
    for (const [dimension, [first = '']] of this.#usage?.paths ?? []) {
      if (!first.startsWith(HEADER_PREFIX)) continue
      const name = first.slice(HEADER_PREFIX.length).toLowerCase()
      const at = headers.findIndex((one, index) => index % 2 === 0 && one === name)
      const text = at === -1 ? undefined : headers[at + 1]
      if (text !== undefined) this.#say(dimension, /^\d{1,15}$/.test(text) ? Number(text) : text)
    }
  }

  /** A JSON text of the answer: all of it, or one event. */
  document(text: string): void {
    for (const [, piece = ''] of text.matchAll(TEXT)) this.characters += piece.length
    const value = parsed(text)
    if (value !== undefined) this.value(value)
  }

  value(value: unknown): void {
    for (const [dimension, steps] of this.#usage?.paths ?? []) {
      const found = valueAt(value, steps)
      if (found !== undefined && found !== null) this.#say(dimension, found)
    }
  }

  note(text: string): void {
    if (this.notes.length < MOST_NOTES && !this.notes.includes(text)) this.notes.push(text)
  }

  /** null: the answer was to say it, and did not */
  usage(): Usage | null {
    if (this.#isLocal) return { quantities: {}, estimated: false }
    if (this.#usage === null) return { quantities: { requests: 1 }, estimated: false }
    if (this.#said.size === 0) return null
    for (const [whole, part] of this.#usage.includes) this.#takeOut(whole, part)
    return { quantities: { ...Object.fromEntries(this.#said), requests: 1 }, estimated: false }
  }

  /** Streams say counts again and again: the last one counts, but a zero erases nothing. */
  #say(dimension: Dimension, value: unknown): void {
    const count = countOrNull(value)
    const before = this.#said.get(dimension)
    if (count === null) {
      this.note(`suspect: ${dimension}: the answer says ${JSON.stringify(value).slice(0, 40)}`)
      if (before === undefined) this.#said.set(dimension, null)
    } else if (count > 0 || before === undefined || before === null) this.#said.set(dimension, count)
  }

  #takeOut(whole: Dimension, part: Dimension): void {
    const [all, some] = [this.#said.get(whole), this.#said.get(part)]
    if (typeof all !== 'number' || typeof some !== 'number') return
    if (some > all) this.note(`suspect: ${whole} ${all} are said to hold ${some} ${part}`)
    this.#said.set(whole, some > all ? null : all - some)
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function valueAt(value: unknown, steps: readonly string[]): unknown {
  let at = value
  for (const step of steps) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined
    at = (at as Record<string, unknown>)[step]
  }
  return at
}
