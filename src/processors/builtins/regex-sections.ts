// Runs in a worker thread: sections of a payload's texts that a pattern finds, each parsed where it is JSON.

import { linearSearch, type LinearSearch } from '../../core/linear-pattern.ts'
import { textsAt } from '../../core/payload-texts.ts'
import type { SectionsOptions } from '../../core/processor-definition.ts'
import type { CallFields } from '../../core/processor.ts'

const MOST_CHARACTERS = 262_144
const MOST_SECTIONS = 100
/** A character of the text and a state of the pattern each: a few seconds at most, in a thread of its own, and within its time. */
const MOST_STEPS = 5_000_000

const PAYLOADS = ['egress_payload', 'outbound_payload', 'inbound_payload', 'ingress_payload']

/** Writes "regex" into the payload, where that is an object, and as a field of its own: what it may write of them counts. */
export function processor(fields: CallFields, { options }: { readonly options: SectionsOptions }): CallFields {
  const name = PAYLOADS.find((one) => Object.hasOwn(fields, one))
  if (name === undefined) throw named('NoPayload')
  const payload = fields[name]
  const texts = typeof payload === 'string' ? [payload] : textsAt(payload, options.textPaths)
  const sections = sectionsIn(texts, linearSearch(options.pattern), options)
  const regex = { match: sections.length > 0, sections }
  return { regex, ...(isObject(payload) ? { [name]: { ...payload, regex } } : {}) }
}

/** Of an error a thread tells the name alone. */
const named = (name: string): Error => Object.assign(new Error(name), { name })

function sectionsIn(
  texts: readonly string[],
  search: LinearSearch,
  { withoutStart, withoutEnd }: SectionsOptions,
): readonly { readonly text: string; readonly object: unknown }[] {
  const characters = texts.reduce((sum, text) => sum + text.length, 0)
  if (characters > MOST_CHARACTERS) throw named('TextTooLong')
  const budget = { steps: MOST_STEPS }
  const sections: { text: string; object: unknown }[] = []
  for (const text of texts) {
    for (const { start, end } of search(text, budget)) {
      if (sections.length >= MOST_SECTIONS) return sections
      const found = trimmed(text.slice(start, end), withoutStart, withoutEnd)
      sections.push({ text: found, object: jsonOf(found) })
    }
    if (budget.steps <= 0) throw named('PatternTooSlow')
  }
  return sections
}

function trimmed(text: string, start: string, end: string): string {
  const from = text.startsWith(start) ? start.length : 0
  const to =
    end !== '' && text.endsWith(end) && text.length - end.length >= from ? text.length - end.length : text.length
  return text.slice(from, to).trim()
}

/** null: it is no JSON object or list. */
function jsonOf(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' ? value : null
  } catch {
    return null
  }
}

const isObject = (value: unknown): value is CallFields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
