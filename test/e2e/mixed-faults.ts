// Which faults the mixed traffic meets, and which of them leave the usage of a call unknowable for whoever only sees the answer.

import type { BilledCall } from '../../simulator/bill.ts'
import { LEAVES } from './mixed-traffic.ts'

/** Nothing was billed; the gateway may try again. */
const REFUSALS = [
  'throttle:retry_after=0',
  'throttle:retry_after=1',
  'error:type=InternalServerException',
  'error:type=ServiceUnavailableException',
  'error:type=ModelNotReadyException',
  'error:type=ModelTimeoutException',
  'error:type=ModelErrorException',
  'error:type=AccessDeniedException',
  'error:type=ValidationException',
  'error:type=ServiceQuotaExceededException',
  'plain_error:status=502',
  'reset:at=before_headers',
  'fin:at=before_headers',
]

/** The answer breaks: where it says its usage only at its end, nobody but the biller knows it. */
const BREAKS = [
  ...['reset', 'fin', 'end'].flatMap((name) =>
    ['after_headers', 'mid_event', 'after_stop'].map((at) => `${name}:at=${at}`),
  ),
  'reset:at=before_headers,billed=yes',
  'exception',
  'exception:type=throttlingException,after=3',
  'exception:type=validationException,after=1',
  'error_event',
  'truncated_frame',
  'bad_prelude_crc',
  'bad_message_crc',
  'bad_length',
  'bad_length:length=4294967295',
  'header_overrun',
  'bad_header_type',
  'truncated_json',
  'empty_body',
  'headers:kind=large',
]

const LIES = ['missing', 'zero', 'negative', 'absurd', 'huge', 'string', 'null', 'fraction', 'cache_over_input'].map(
  (kind) => `usage:kind=${kind}`,
)

/** The answer is unusual and whole: its usage must be exact. */
const HARMLESS = [
  'delay:ms=20',
  'slow:ms=1',
  'stall:at=mid_event,ms=50',
  'non_json',
  'non_utf8',
  'unknown_event',
  'headers:kind=set_cookie',
  'headers:kind=connection',
  'headers:kind=latin1',
  'headers:kind=hop_by_hop',
  'headers:kind=duplicate',
  'close_delimited',
  'split:bytes=7',
  'split:bytes=1000',
  'merge',
  'merge+slow:ms=1',
  'tokens:n=700',
  'padding:bytes=64',
  'tier:served=default',
]

/** A stall that never ends costs the whole idle time, so there are few. */
const STALLS = [
  'stall:at=mid_event,after=3',
  'stall:at=after_headers',
  'stall:at=after_stop',
  'stall:at=before_headers',
]

export function faultRules(key: string): object[] {
  const slow = (faults: string): string => `slow:ms=1+${faults}`
  return [
    {
      match: { request_metadata: { [key]: `*${LEAVES}` } },
      one_of: ['slow:ms=1', 'slow:ms=1', 'slow:ms=1', 'slow:ms=2', slow('exception:after=6'), slow('reset:after=6')],
    },
    { probability: 0.002, one_of: STALLS },
    { probability: 0.1, one_of: REFUSALS },
    { probability: 0.1, one_of: BREAKS },
    { probability: 0.02, one_of: LIES },
    { probability: 0.15, one_of: HARMLESS },
  ]
}

const STREAMS = new Set(['ConverseStream', 'InvokeModelWithResponseStream'])

/** Faults after which usage cannot be known, by where they have an effect. */
const UNKNOWABLE: Readonly<Record<string, 'all' | 'streams' | 'plain'>> = {
  reset: 'all',
  fin: 'all',
  end: 'all',
  stall: 'all',
  usage: 'all',
  exception: 'streams',
  error_event: 'streams',
  truncated_frame: 'streams',
  bad_prelude_crc: 'streams',
  bad_message_crc: 'streams',
  bad_length: 'streams',
  header_overrun: 'streams',
  bad_header_type: 'streams',
  truncated_json: 'plain',
  empty_body: 'plain',
}

/** Was the call billed with a fault that leaves its usage unknowable? */
export function leavesUsageUnknown({ faults = [], operation }: BilledCall): boolean {
  const streams = STREAMS.has(operation)
  return faults.some((text) => {
    const [name = ''] = text.split(':')
    // a stream goes on after a stall with an end, a whole answer is cut by it
    if (name === 'stall' && !/\bms=0\b/.test(text)) return !streams
    if (name === 'headers') return text.includes('kind=large')
    const where = UNKNOWABLE[name]
    return where === 'all' || where === (streams ? 'streams' : 'plain')
  })
}

/** The answer was made to say another usage than the bill's; a plausible lie (zero, cached tokens made up) cannot be told from the truth. */
export const liesAboutUsage = ({ faults = [] }: BilledCall): boolean => faults.some((text) => text.startsWith('usage:'))

/**
 * Every count of tokens in the answer is a negative, a fraction, a text, or more than there can be. In the headers of InvokeModel a text
 * is what a count is, so there `string` lies about nothing.
 */
export function saysAbsurdUsage({ faults = [], usage, operation }: BilledCall): boolean {
  const kinds =
    operation === 'InvokeModel' ? /^(?:negative|absurd|huge|fraction)$/ : /^(?:negative|absurd|huge|fraction|string)$/
  return 'input_tokens' in usage && faults.some((text) => kinds.test(/^usage:kind=(.*)$/.exec(text)?.[1] ?? ''))
}
