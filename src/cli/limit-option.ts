// Limits as one word of a command line: "cost:25/month", "tokens:100000/minute,burst=200000", "concurrency:10,soft".

import { usage } from './failure.ts'
import { cellText } from './table.ts'

export const LIMIT_FORM = 'kind:amount/period'
export const LIMIT_WORDS =
  'a limit: requests, tokens or cost (USD) per second, minute, hour, day, week, month, quarter, year or ever; or concurrency:<n>. ",burst=<n>" makes a token bucket, ",soft" only warns, ",shadow" only counts what it would refuse; also ",id=", ",time-zone=", ",fiscal-start=<month>", ",counts=input|output", ",burn-down", ",model=", ",tier=", ",surface=", ",metadata.<key>=", ",split-by=", ",rollover=<cap>", ",on-change=reset", ",allow-exceed"'

const LIMIT = /^(\w+):([\d.]+)(?:\/(\w+))?((?:,[^,]+)*)$/

type Written = Record<string, unknown>

/** As the control plane takes it, which also judges it. */
export function limitOf(text: string): Written {
  const match = LIMIT.exec(text)
  if (match === null)
    throw usage(`--limit "${text.slice(0, 80)}" is not of the form ${LIMIT_FORM}, such as cost:25/month.`)
  const [, kind = '', amount = '', per, extras = ''] = match
  const limit: Written = { kind, amount: amountOf(kind, amount) }
  if (per !== undefined) limit.per = per === 'ever' ? null : per
  for (const extra of extras.split(',').filter(Boolean)) {
    if (!addExtra(limit, extra))
      throw usage(`--limit "${text.slice(0, 80)}": "${extra.slice(0, 40)}" is nothing that a limit has.`)
  }
  return limit
}

/** False: there is no such extra. */
function addExtra(limit: Written, extra: string): boolean {
  const word = WORDS[extra]
  if (word !== undefined) Object.assign(limit, word)
  if (word !== undefined) return true
  const at = extra.indexOf('=')
  const name = extra.slice(0, Math.max(at, 0))
  const add = NAMED.find(([pattern]) => pattern.test(name))?.[1]
  add?.(limit, name, extra.slice(at + 1))
  return add !== undefined
}

const amountOf = (kind: unknown, amount: string): number | string => (kind === 'cost' ? amount : Number(amount))

const WORDS: Readonly<Record<string, Written>> = {
  hard: { mode: 'hard' },
  soft: { mode: 'soft' },
  shadow: { mode: 'shadow' },
  'burn-down': { burn_down: true },
  'allow-exceed': { allow_exceed: true },
}

type Add = (limit: Written, name: string, value: string) => void

const text =
  (member: string): Add =>
  (limit, _name, value) => {
    limit[member] = value
  }

const number =
  (member: string): Add =>
  (limit, _name, value) => {
    limit[member] = Number(value)
  }

const scoped =
  (member: string): Add =>
  (limit, _name, value) => {
    const scope = (limit.scope ?? {}) as Record<string, string[]>
    limit.scope = { ...scope, [member]: [...(scope[member] ?? []), value] }
  }

const NAMED: readonly (readonly [name: RegExp, add: Add])[] = [
  [/^burst$/, number('burst')],
  [/^id$/, text('id')],
  [/^time-zone$/, text('time_zone')],
  [/^fiscal-start$/, number('fiscal_start_month')],
  [/^counts$/, text('counts')],
  [/^model$/, scoped('models')],
  [/^tier$/, scoped('tiers')],
  [/^surface$/, scoped('surfaces')],
  [/^split-by$/, text('split_by')],
  [/^on-change$/, text('on_change')],
  [
    /^rollover$/,
    (limit, _name, value) => {
      limit.rollover = { cap: amountOf(limit.kind, value) }
    },
  ],
  [
    /^metadata\../,
    (limit, name, value) => {
      const scope = (limit.scope ?? {}) as { readonly metadata?: Readonly<Record<string, string>> }
      limit.scope = { ...scope, metadata: { ...scope.metadata, [name.slice('metadata.'.length)]: value } }
    },
  ],
]

/** The inverse, for tables; of what few limits have, only that there is more. */
export function limitText(limit: unknown): string {
  if (typeof limit !== 'object' || limit === null) return ''
  const { kind, amount, per, burst, mode, scope, split_by, time_zone, adjustments } = limit as Record<string, unknown>
  const period = kind === 'concurrency' ? '' : `/${per === null ? 'ever' : cellText(per)}`
  const extras = [
    typeof burst === 'number' ? `,burst=${burst}` : '',
    mode === 'hard' ? '' : `,${cellText(mode)}`,
    typeof time_zone === 'string' ? `,time-zone=${time_zone}` : '',
    typeof split_by === 'string' ? `,split-by=${split_by}` : '',
    scope === undefined ? '' : ',scoped',
    adjustments === undefined ? '' : ',adjusted',
  ]
  return `${cellText(kind)}:${cellText(amount)}${period}${extras.join('')}`
}

export const limitsText = (limits: unknown): string => (Array.isArray(limits) ? limits.map(limitText).join(' ') : '')
