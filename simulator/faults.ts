// The faults that can be asked for: one table with every name, its parameters and what it does; help and checks follow from it.
import { API_ERRORS, isApiErrorName } from './errors.ts'

type Parameter = { default: string; check: (text: string) => boolean; words: string }
type FaultKind = { help: string; parameters: Record<string, Parameter> }

const number = (standard: number, maximum: number, words: string): Parameter => ({
  default: String(standard),
  check: (text) => /^\d+(\.\d+)?$/.test(text) && Number(text) <= maximum,
  words,
})
const oneOf = (standard: string, others: readonly string[], words: string): Parameter => ({
  default: standard,
  check: (text) => text === standard || others.includes(text),
  words: `${words}: ${[standard, ...others].join(', ')}`,
})

const STAGES = ['after_headers', 'mid_event', 'after_stop']
const cutParameters = {
  at: oneOf('mid_event', ['before_headers', 'after_headers', 'after_stop'], 'where'),
  after: number(2, 1_000_000, 'mid_event: whole events before the one that is cut'),
  billed: oneOf('no', ['yes'], 'before_headers: whether the model had run all the same'),
}
const frameParameters = { after: number(2, 1_000_000, 'whole events before it') }

export const FAULTS = {
  delay: { help: 'waits before the response headers', parameters: { ms: number(1000, 3_600_000, 'milliseconds') } },
  slow: { help: 'waits for every generated token', parameters: { ms: number(20, 60_000, 'milliseconds') } },
  throttle: {
    help: 'refuses with ThrottlingException 429; nothing is billed',
    parameters: { retry_after: number(1, 86_400, 'seconds in retry-after; 0 leaves the header out') },
  },
  error: {
    help: 'refuses with one of AWS’s errors; nothing is billed',
    parameters: {
      type: {
        default: 'InternalServerException',
        check: isApiErrorName,
        words: `one of ${Object.keys(API_ERRORS).join(', ')}`,
      },
      retry_after: number(0, 86_400, 'seconds in retry-after; 0 leaves the header out'),
    },
  },
  plain_error: {
    help: 'answers as a load balancer does: HTML, no error type, no request id; nothing is billed',
    parameters: { status: number(502, 599, 'HTTP status') },
  },
  reset: { help: 'resets the connection (RST_STREAM on HTTP/2)', parameters: cutParameters },
  fin: { help: 'closes the connection in an orderly way', parameters: cutParameters },
  stall: {
    help: 'sends nothing more until the client leaves',
    parameters: { ...cutParameters, ms: number(0, 3_600_000, 'milliseconds, then goes on; 0: for ever') },
  },
  end: { help: 'ends the HTTP answer properly although the stream is not complete', parameters: cutParameters },
  exception: {
    help: 'ends a stream with an exception event; what was generated until then is billed',
    parameters: {
      type: oneOf(
        'modelStreamErrorException',
        [
          'throttlingException',
          'internalServerException',
          'validationException',
          'serviceUnavailableException',
          'modelTimeoutException',
          'unmodelledException',
          'ModelStreamError',
          'InternalStreamFailure',
        ],
        'exception type',
      ),
      ...frameParameters,
    },
  },
  error_event: { help: 'ends a stream with an unmodelled error message', parameters: frameParameters },
  truncated_frame: { help: 'half of an event, then the proper end of the HTTP answer', parameters: frameParameters },
  bad_prelude_crc: { help: 'one event with a wrong CRC in its prelude', parameters: frameParameters },
  bad_message_crc: { help: 'one event with a wrong CRC at its end', parameters: frameParameters },
  bad_length: {
    help: 'one event whose total length lies; its prelude CRC is right',
    parameters: { ...frameParameters, length: number(16_777_216, 4_294_967_295, 'the length that it claims') },
  },
  header_overrun: { help: 'one event whose headers are longer than it is', parameters: frameParameters },
  bad_header_type: { help: 'one event with a header of an unknown type', parameters: frameParameters },
  non_json: { help: 'one event whose payload is not JSON; its CRCs are right', parameters: frameParameters },
  non_utf8: { help: 'one event whose payload is not UTF-8; its CRCs are right', parameters: frameParameters },
  unknown_event: {
    help: 'one more event of a type that nobody knows; the answer is whole',
    parameters: frameParameters,
  },
  usage: {
    help: 'lies about usage everywhere in the answer; the bill keeps the truth',
    parameters: {
      kind: oneOf(
        'missing',
        ['zero', 'negative', 'absurd', 'huge', 'string', 'null', 'fraction', 'cache_over_input'],
        'how',
      ),
    },
  },
  truncated_json: { help: 'answers 200 with the first half of the body', parameters: {} },
  empty_body: { help: 'answers 200 with no body', parameters: {} },
  headers: {
    help: 'adds unusual response headers',
    parameters: { kind: oneOf('set_cookie', ['large', 'connection', 'latin1', 'hop_by_hop', 'duplicate'], 'which') },
  },
  extra_bytes: {
    help: 'after the answer, sends another one that nobody asked for on the same connection (HTTP/1.1)',
    parameters: { ms: number(20, 60_000, 'milliseconds after the answer') },
  },
  close_delimited: { help: 'no length, no chunks: the end of the connection ends the body (HTTP/1.1)', parameters: {} },
  split: {
    help: 'sends the body in pieces of so many bytes',
    parameters: { bytes: number(1, 65_536, 'size of a piece') },
  },
  merge: { help: 'sends all events of a stream in one piece', parameters: {} },
  tokens: { help: 'makes the answer so long', parameters: { n: number(500, 1_000_000, 'output tokens') } },
  overrun: {
    help: 'makes the answer of a conversation so long, whatever its cap says',
    parameters: { n: number(2000, 1_000_000, 'output tokens') },
  },
  padding: { help: 'pads every stream event', parameters: { bytes: number(0, 1_000_000, 'length of the member p') } },
  tier: {
    help: 'serves another tier than was asked for',
    parameters: { served: oneOf('default', ['priority', 'flex', 'reserved'], 'tier') },
  },
  latency: { help: 'serves another latency mode', parameters: { served: oneOf('standard', ['optimized'], 'mode') } },
} as const satisfies Record<string, FaultKind>

export type FaultName = keyof typeof FAULTS
export type Fault = { name: FaultName; parameters: Readonly<Record<string, string>> }

/** A fault that cannot be played as it was asked for; the message says why. */
export class FaultSyntaxError extends Error {}

/** `name`, `name:key=value,key=value`, and several of them joined by `+`. */
export function parseFaults(text: string): Fault[] {
  return text.split('+').map((part) => parseFault(part.trim()))
}

function parseFault(text: string): Fault {
  const colon = text.indexOf(':')
  const name = colon < 0 ? text : text.slice(0, colon)
  if (!isFaultName(name)) throw new FaultSyntaxError(`There is no fault '${name.slice(0, 64)}'; see --help faults.`)
  const known: Record<string, Parameter> = FAULTS[name].parameters
  const parameters: Record<string, string> = {}
  for (const [key, parameter] of Object.entries(known)) parameters[key] = parameter.default
  for (const pair of colon < 0 ? [] : text.slice(colon + 1).split(',')) {
    const equals = pair.indexOf('=')
    const key = pair.slice(0, Math.max(0, equals)).trim()
    const value = pair.slice(equals + 1).trim()
    const parameter = Object.hasOwn(known, key) ? known[key] : undefined
    if (parameter === undefined)
      throw new FaultSyntaxError(`The fault ${name} has no parameter '${pair.slice(0, 64)}'.`)
    if (!parameter.check(value))
      throw new FaultSyntaxError(`${name}:${key} is ${parameter.words}; not '${value.slice(0, 64)}'.`)
    parameters[key] = value
  }
  return { name, parameters }
}

export const isFaultName = (name: string): name is FaultName => Object.hasOwn(FAULTS, name)

/** As it could have been written: for the bill. */
export const faultText = ({ name, parameters }: Fault): string => {
  const pairs = Object.entries(parameters).map(([key, value]) => `${key}=${value}`)
  return pairs.length === 0 ? name : `${name}:${pairs.join(',')}`
}

/** The stages at which an answer can be cut once its headers are out. */
export type Stage = 'before_headers' | 'after_headers' | 'mid_event' | 'after_stop'
export const isStage = (text: string): text is Stage => text === 'before_headers' || STAGES.includes(text)

export function faultsHelp(): string {
  const rows = Object.entries(FAULTS).flatMap(([name, kind]: [string, FaultKind]) => [
    `  ${name.padEnd(16)} ${kind.help}`,
    ...Object.entries(kind.parameters).map(
      ([key, parameter]) => `${' '.repeat(21)}${key}=${parameter.default.padEnd(12)} ${parameter.words}`,
    ),
  ])
  return `Faults on demand: name, or name:key=value,key=value; several joined by +. They can be asked for
  - by the request header x-simulator-fault: throttle:retry_after=2
  - by the model id: amazon.nova-lite-v1:0~fault=reset:at=after_headers
  - by a rule of a scenario (--scenario <file>, or POST /_simulator/scenario); see --help scenario

${rows.join('\n')}
`
}
