// Limits as one word of a command line: "cost:25/month", "tokens:100000/minute,burst=200000", "concurrency:10,soft".

import { usage } from './failure.ts'
import { cellText } from './table.ts'

export const LIMIT_FORM = 'kind:amount/period'
export const LIMIT_WORDS =
  'a limit: requests, tokens or cost (USD) per second, minute, hour, day, week, month or ever; or concurrency:<n>. ",burst=<n>" makes a token bucket, ",soft" only warns'

const LIMIT = /^(\w+):([\d.]+)(?:\/(\w+))?((?:,[\w=]+)*)$/

/** As the control plane takes it, which also judges it. */
export function limitOf(text: string): Record<string, unknown> {
  const match = LIMIT.exec(text)
  if (match === null)
    throw usage(`--limit "${text.slice(0, 80)}" is not of the form ${LIMIT_FORM}, such as cost:25/month.`)
  const [, kind = '', amount = '', per, extras = ''] = match
  const limit: Record<string, unknown> = { kind, amount: kind === 'cost' ? amount : Number(amount) }
  if (per !== undefined) limit.per = per === 'ever' ? null : per
  for (const extra of extras.split(',').filter(Boolean)) {
    if (extra === 'soft' || extra === 'hard') limit.mode = extra
    else if (/^burst=\d+$/.test(extra)) limit.burst = Number(extra.slice('burst='.length))
    else throw usage(`--limit "${text.slice(0, 80)}": "${extra}" is neither soft, hard nor burst=<n>.`)
  }
  return limit
}

/** The inverse, for tables. */
export function limitText(limit: unknown): string {
  if (typeof limit !== 'object' || limit === null) return ''
  const { kind, amount, per, burst, mode } = limit as Record<string, unknown>
  const period = kind === 'concurrency' ? '' : `/${per === null ? 'ever' : cellText(per)}`
  return `${cellText(kind)}:${cellText(amount)}${period}${typeof burst === 'number' ? `,burst=${burst}` : ''}${mode === 'soft' ? ',soft' : ''}`
}

export const limitsText = (limits: unknown): string => (Array.isArray(limits) ? limits.map(limitText).join(' ') : '')
