// What a processor of path routers may see of a call and may write to it, and what becomes of what it answers.

/** The fields of one side of a call, by the names of the call log: `ingress_payload`, `outbound_headers`, `egress_payload` … */
export type CallFields = Readonly<Record<string, unknown>>

export type ProcessorSide = 'request' | 'response'

export type ProcessorRights = {
  readonly name: string
  /** true: may replace fields that there are, and add others · false: may only add */
  readonly modifier: boolean
  /** without its answer the call fails */
  readonly required: boolean
  /** it runs when the answer was given, and only writes to the call log */
  readonly async: boolean
  /** empty: all */
  readonly inputFieldsInclude: readonly string[]
  readonly inputFieldsExclude: readonly string[]
  readonly outputFieldsWrite: readonly string[]
}

/** What a processor said, as it stands in the call log. */
export type ProcessorResult = {
  readonly name: string
  readonly details: {
    readonly required: boolean
    readonly completed: boolean
    readonly timestamp: Timer
    /** what was dropped of its answer, or why it has none */
    readonly notes?: readonly string[]
  }
}

/** Times as ISO 8601; `duration` in milliseconds. */
export type Timer = { readonly start: string; readonly stop: string; readonly duration: number }

export const timerOf = (startedAt: number, stoppedAt: number): Timer => ({
  start: new Date(startedAt).toISOString(),
  stop: new Date(Math.max(startedAt, stoppedAt)).toISOString(),
  duration: Math.max(0, Math.round(stoppedAt - startedAt)),
})

export const FIELD_NAME = /^[a-z][a-z0-9_]{0,63}$/

/** A request processor that writes this ends the call: it is the answer. */
export const CONTROL_FIELD = 'control'

type FieldCheck = (value: unknown) => string | null

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const anyJson: FieldCheck = () => null
const text: FieldCheck = (value) => (typeof value === 'string' && value.length <= 2_048 ? null : 'must be a text')
const object: FieldCheck = (value) => (isRecord(value) ? null : 'must be an object')
const status: FieldCheck = (value) =>
  Number.isInteger(value) && (value as number) >= 200 && (value as number) <= 599
    ? null
    : 'must be a status from 200 to 599'

const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/
// what HTTP lets stand in a value: no control characters, so that no value can begin a header of its own
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]{0,8192}$/

const headers: FieldCheck = (value) => {
  const isHeader = ([name, values]: [string, unknown]): boolean =>
    HEADER_NAME.test(name) &&
    Array.isArray(values) &&
    values.every((one) => typeof one === 'string' && HEADER_VALUE.test(one))
  return isRecord(value) && Object.entries(value).every(isHeader)
    ? null
    : 'must be an object from header names to lists of texts'
}

const parameters: FieldCheck = (value) => {
  const isParameter = (one: unknown): boolean =>
    isRecord(one) &&
    typeof one['name'] === 'string' &&
    Array.isArray(one['details']) &&
    one['details'].every((detail) => typeof detail === 'string')
  return Array.isArray(value) && value.every(isParameter) ? null : 'must be a list of {name, details: [text]}'
}

/** Fields that mean something to the gateway, and what they must hold; any other name is a note of the processor's own. */
export const MEANT_FIELDS = {
  request: {
    gl_path: text,
    outbound_payload: anyJson,
    outbound_headers: headers,
    outbound_subpath: text,
    outbound_query_parameters: parameters,
    control: object,
    control_status: status,
    control_headers: headers,
  },
  response: { egress_payload: anyJson, egress_headers: headers, egress_status_code: status },
} as const satisfies Record<ProcessorSide, Record<string, FieldCheck>>

/** What the gateway itself says of a call: nobody else may. */
const OWN_FIELDS: Readonly<Record<ProcessorSide, ReadonlySet<string>>> = {
  request: new Set([
    'original_gl_path',
    'ingress_headers',
    'ingress_subpath',
    'ingress_query_parameters',
    'ingress_payload',
    'outbound_headers_removed',
    'outbound_headers_discarded',
    'outbound_query_parameters_overwritten',
    'outbound_query_parameters_discarded',
    'url_path',
    'url',
    'ingress_outbound_timer',
    'processors',
    'processors_async',
    'error',
  ]),
  response: new Set([
    'gl_path',
    'inbound_headers',
    'inbound_payload',
    'inbound_status_code',
    'egresss_headers_removed',
    'egresss_headers_discarded',
    'outbound_inbound_timer',
    'inbound_egress_timer',
    'processors',
    'processors_async',
    'error',
    'request',
  ]),
}

export const mayBeWritten = (side: ProcessorSide, field: string): boolean =>
  FIELD_NAME.test(field) && !OWN_FIELDS[side].has(field)

/** Of the fields of a side: those that are named (none are: all), without those that are excluded. */
export function selectFields(fields: CallFields, include: readonly string[], exclude: readonly string[]): CallFields {
  const names = include.length === 0 ? Object.keys(fields) : include.filter((name) => Object.hasOwn(fields, name))
  return Object.fromEntries(names.filter((name) => !exclude.includes(name)).map((name) => [name, fields[name]]))
}

export type ProcessorOutput = {
  readonly rights: ProcessorRights
  /** null: it failed, or had nothing to say */
  readonly output: CallFields | null
}

export type MergedRow = {
  readonly fields: CallFields
  /** by the processor's place in the row: what of its answer was dropped, and why */
  readonly notes: readonly (readonly string[])[]
}

/**
 * What the members of one row answered, put into the fields. They all saw the same call, so two may have written the same field: the one
 * that is listed first counts, and the other is told so.
 */
export function mergeRow(side: ProcessorSide, fields: CallFields, answered: readonly ProcessorOutput[]): MergedRow {
  const merged = new Map(Object.entries(fields))
  const writers = new Map<string, string>()
  const notes = answered.map(({ rights, output }) =>
    Object.entries(output ?? {}).flatMap(([field, value]) => {
      const problem = problemOf(side, { rights, field, value, writer: writers.get(field), exists: merged.has(field) })
      if (problem !== null) return [`${JSON.stringify(field.slice(0, 80))} was dropped: ${problem}`]
      merged.set(field, value)
      writers.set(field, rights.name)
      return []
    }),
  )
  return { fields: Object.fromEntries(merged), notes: notes.map((told) => told.slice(0, MOST_NOTES)) }
}

const MOST_NOTES = 20

function problemOf(
  side: ProcessorSide,
  written: {
    readonly rights: ProcessorRights
    readonly field: string
    readonly value: unknown
    readonly writer: string | undefined
    readonly exists: boolean
  },
): string | null {
  const { rights, field, value, writer, exists } = written
  if (!rights.outputFieldsWrite.includes(field) || !mayBeWritten(side, field)) return 'it may not write that'
  if (writer !== undefined) return `"${writer}" beside it wrote it too, and is listed first`
  if (exists && !rights.modifier) return 'it is there already, and an annotator may only add'
  const meant: Readonly<Record<string, FieldCheck>> = MEANT_FIELDS[side]
  return Object.hasOwn(meant, field) ? (meant[field]?.(value) ?? null) : null
}
