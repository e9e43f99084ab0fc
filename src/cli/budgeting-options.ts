// The options of a plan that say how its budgets hold, as the admin API takes them.

import { flag, text } from './command.ts'
import { usage } from './failure.ts'
import type { Json } from './client.ts'
import { wholeNumber } from './whole-number.ts'

export const BUDGETING_OPTIONS = {
  'input-bound': text('strict|estimate', 'what calls hold for what they read: what it can be, or what it usually is'),
  'cap-output': flag('lower the output cap of a call that does not fit, instead of refusing it'),
  'min-output-tokens': text('n', 'the shortest answer that is worth asking for'),
  'cut-stream': flag('end a streamed answer that outgrows what was held for it'),
  'limit-headers': flag('say in answers what is left of the limits'),
  'fallback-price': text('input/output', 'USD for 1M tokens that budgets assume of a model without a price: 3/15'),
}

type Given = {
  readonly 'input-bound'?: string | undefined
  readonly 'cap-output': boolean
  readonly 'min-output-tokens'?: string | undefined
  readonly 'cut-stream': boolean
  readonly 'limit-headers': boolean
  readonly 'fallback-price'?: string | undefined
}

/** Empty: none was given. */
export function budgetingOf(options: Given): { budgeting?: Json } {
  const least = options['min-output-tokens']
  const budgeting: Json = {
    ...(options['input-bound'] === undefined ? {} : { input_bound: options['input-bound'] }),
    ...(options['cap-output'] ? { cap_output: true } : {}),
    ...(least === undefined ? {} : { min_output_tokens: wholeNumber(least, 'min-output-tokens') }),
    ...(options['cut-stream'] ? { cut_stream: true } : {}),
    ...(options['limit-headers'] ? { limit_headers: true } : {}),
    ...fallbackOf(options['fallback-price']),
  }
  return Object.keys(budgeting).length === 0 ? {} : { budgeting }
}

function fallbackOf(written: string | undefined): { fallback_price?: Json } {
  if (written === undefined) return {}
  const [, input, output] = /^([\d.]+)\/([\d.]+)$/.exec(written) ?? []
  if (input === undefined || output === undefined)
    throw usage('--fallback-price is USD for 1M tokens in and out, with a slash between them, such as 3/15.')
  return { fallback_price: { input, output } }
}

export function budgetingText(found: Json | undefined): string {
  if (found === undefined) return ''
  const { fallback_price: fallback, ...rest } = found
  const words = Object.entries(rest).map(([name, value]) => `${name}=${String(value)}`)
  if (typeof fallback === 'object' && fallback !== null && 'input' in fallback && 'output' in fallback)
    words.push(`fallback_price=${String(fallback.input)}/${String(fallback.output)}`)
  return words.join(' ')
}
