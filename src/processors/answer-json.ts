// Reads what a processor answered: one JSON object within bounds, or nothing; everything else is that processor's failure.

import type { CallFields } from '../core/processor.ts'
import { createJsonGuard } from '../http/json-guard.ts'
import { PROCESSOR_BYTES, ProcessorFailure } from './processor.ts'

// as deep as a call log can be written and read again by anybody
const guard = createJsonGuard({ watch: [], maxDepth: 100 })

/** Null: it said nothing. Throws ProcessorFailure. */
export function fieldsFrom(answer: Buffer): CallFields | null {
  if (answer.length === 0) return null
  if (answer.length > PROCESSOR_BYTES.output) throw tooLarge()
  const scan = guard.scan(answer)
  if (!scan.ok) throw new ProcessorFailure(`answered something that is not a JSON object (${scan.flaw})`)
  const value: unknown = JSON.parse(answer.toString())
  if (value === null) return null
  if (typeof value !== 'object' || Array.isArray(value)) throw new ProcessorFailure('answered no JSON object')
  return value as CallFields
}

export const tooLarge = (): ProcessorFailure =>
  new ProcessorFailure(`answered more than ${PROCESSOR_BYTES.output} bytes`)

/** Throws ProcessorFailure for more than a processor is given. */
export function inputJson(fields: CallFields): string {
  const text = JSON.stringify(fields)
  if (text.length > PROCESSOR_BYTES.input || Buffer.byteLength(text) > PROCESSOR_BYTES.input)
    throw new ProcessorFailure(`the call has more than the ${PROCESSOR_BYTES.input} bytes that a processor is given`)
  return text
}
