// One limit as people write it: which members it may have, and which of them go together.

import { z } from 'zod'
import {
  LIMIT_ID_PATTERN,
  LIMIT_KINDS,
  LIMIT_MODES,
  LIMIT_PERIODS,
  limitOf,
  ON_CHANGE,
  TOKEN_SIDES,
  type LimitKind,
} from '../core/limit.ts'
import { TIERS } from '../core/model.ts'
import { isTimeZone } from '../core/window.ts'
import { instant, modelGlob } from './fields.ts'

const AMOUNT_LIMIT_USD = /^\d{1,12}(?:\.\d{1,12})?$/

const COST_WORDS = 'must be a decimal string in USD for a cost, such as "25" or "0.005"'
const CALENDAR = ['day', 'week', 'month', 'quarter', 'year']
const COUNT_WORDS = 'must be a whole number from 0 to 9007199254740991'

const amountWords = 'calls, tokens, calls at once; a decimal string in USD where the kind is cost'
const amount = z
  .union([z.number(), z.string()], { error: 'must be a whole number, or for a cost a decimal string in USD' })
  .meta({ description: amountWords })

const metadataText = z.string().min(1).max(256)
const metadataKey = z.string().min(1).max(256)
const some = <Each extends z.ZodType>(each: Each, most: number) =>
  z.array(each).min(1, 'must not be empty: leave it out for all').max(most, `must be at most ${most}`).optional()

const scope = z.strictObject({
  models: some(modelGlob, 50),
  tiers: some(z.enum(TIERS), TIERS.length),
  surfaces: some(z.string().max(64), 20),
  metadata: z
    .record(metadataKey, metadataText)
    .refine((record) => Object.keys(record).length > 0, 'must not be empty: leave it out for all')
    .refine((record) => Object.keys(record).length <= 8, 'must have at most 8 members')
    .optional(),
})

/** More for a while. */
export const adjustment = z.strictObject({
  amount,
  from: instant.optional().meta({ description: 'when it begins; now when left out' }),
  until: instant
    .nullable()
    .optional()
    .meta({ description: 'when it ends; the end of the window of from when left out' }),
  reason: z.string().trim().min(1).max(200).nullable().optional(),
})

const written = z.strictObject({
  id: z
    .string()
    .regex(LIMIT_ID_PATTERN, 'must be 1 to 64 lower-case letters, digits, ".", "_" or "-"')
    .optional()
    .meta({ description: 'names it among the limits of its owner; made from what it limits when left out' }),
  kind: z.enum(LIMIT_KINDS),
  per: z.enum(LIMIT_PERIODS).nullable().optional(),
  amount,
  burst: z.number().nullable().optional().meta({ description: 'makes a token bucket of this size' }),
  mode: z
    .enum(LIMIT_MODES)
    .default('hard')
    .meta({ description: 'hard refuses; soft only counts; shadow counts, and counts what it would have refused' }),
  counts: z.enum(TOKEN_SIDES).default('both').meta({ description: 'which tokens' }),
  burn_down: z.boolean().default(false).meta({ description: "tokens weighted as in Bedrock's own quotas" }),
  time_zone: z
    .string()
    .max(64)
    .refine(isTimeZone, 'must be an IANA time zone, such as Europe/Berlin')
    .default('UTC')
    .meta({ description: 'at whose midnights windows from a day up begin' }),
  fiscal_start_month: z
    .int()
    .min(1)
    .max(12)
    .default(1)
    .meta({ description: 'in which month years and quarters begin' }),
  scope: scope.nullable().optional().meta({ description: 'which calls it is about; all when left out' }),
  split_by: metadataKey
    .nullable()
    .optional()
    .meta({ description: 'a key of the request metadata: each of its values has the amount to itself' }),
  rollover: z
    .strictObject({ cap: amount })
    .nullable()
    .optional()
    .meta({ description: 'what was left of the last window is added, up to the cap' }),
  adjustments: z.array(adjustment).max(50, 'must be at most 50').default([]),
  on_change: z
    .enum(ON_CHANGE)
    .default('preserve')
    .meta({ description: 'what becomes of what was counted when the amount changes' }),
  allow_exceed: z.boolean().default(false).meta({ description: 'it may be above what a tenant over it allows' }),
})

export type WrittenLimit = z.output<typeof written>

type Say = (path: readonly (string | number)[], message: string) => void

/** One limit as people write it; `amount` of a cost is a decimal string in USD, of everything else a whole number. */
export const limit = written.superRefine((given, context) => {
  const say: Say = (path, message) => context.addIssue({ code: 'custom', path: [...path], message })
  checkAmount(given.kind, given.amount, ['amount'], say)
  for (const [name, usual, check] of CHECKS) if ((given[name] ?? null) !== usual) check(given, say)
  if (given.kind === 'concurrency') {
    if (given.per !== null && given.per !== undefined)
      say(['per'], 'must be null or left out for concurrency: it holds at every moment')
  } else if (given.per === undefined) say(['per'], `must be one of ${LIMIT_PERIODS.join(', ')}, or null: for ever`)
})

/** What each of the members that may be left out asks of the others, where it is not as usual. */
const CHECKS: readonly (readonly [
  name: keyof WrittenLimit,
  usual: unknown,
  check: (given: WrittenLimit, say: Say) => void,
])[] = [
  ['burst', null, checkBurst],
  ['counts', 'both', onlyFor('counts', 'tokens', ({ kind }) => kind === 'tokens')],
  ['burn_down', false, checkBurnDown],
  ['time_zone', 'UTC', onlyFor('time_zone', 'windows of a day or more', isCalendar)],
  [
    'fiscal_start_month',
    1,
    onlyFor('fiscal_start_month', 'quarters and years', ({ per }) => per === 'quarter' || per === 'year'),
  ],
  ['rollover', null, checkRollover],
  ['adjustments', null, checkAdjustments],
  ['on_change', 'preserve', onlyFor('on_change', 'what is counted in windows', isCounted)],
]

function onlyFor(name: keyof WrittenLimit, words: string, fits: (given: WrittenLimit) => boolean) {
  return (given: WrittenLimit, say: Say): void => {
    if (!fits(given)) say([name], `must be left out: it is for ${words}`)
  }
}

function checkBurnDown({ kind, counts }: WrittenLimit, say: Say): void {
  if (kind !== 'tokens') say(['burn_down'], 'must be left out: it is for tokens')
  else if (counts !== 'both') say(['burn_down'], 'counts both sides: leave "counts" out')
}

function isCalendar({ per }: WrittenLimit): boolean {
  return typeof per === 'string' && CALENDAR.includes(per)
}

function isCounted({ kind, burst }: WrittenLimit): boolean {
  return kind !== 'concurrency' && typeof burst !== 'number'
}

function checkBurst({ kind, per, amount: most, burst }: WrittenLimit, say: Say): void {
  if ((kind !== 'requests' && kind !== 'tokens') || (per !== 'second' && per !== 'minute')) {
    say(['burst'], 'must be left out: it is for requests and tokens per second or minute')
  } else if (!isCount(burst) || burst < 1) say(['burst'], 'must be a whole number from 1')
  else if (most === 0) say(['amount'], 'must be at least 1 where there is a burst')
}

function checkRollover(given: WrittenLimit, say: Say): void {
  if (given.kind === 'concurrency' || !isCalendar(given)) {
    say(['rollover'], 'must be left out: it is for quotas and budgets per day, week, month, quarter or year')
  } else if (given.rollover) checkAmount(given.kind, given.rollover.cap, ['rollover', 'cap'], say)
}

function checkAdjustments({ kind, burst, adjustments }: WrittenLimit, say: Say): void {
  if (typeof burst === 'number' && adjustments.length > 0)
    say(['adjustments'], 'must be left out: a token bucket has none')
  for (const [index, { amount: more, from, until }] of adjustments.entries()) {
    const path = ['adjustments', index]
    checkAmount(kind, more, [...path, 'amount'], say)
    if (until && from !== undefined && Date.parse(until) <= Date.parse(from))
      say([...path, 'until'], 'must be after from')
  }
}

function checkAmount(kind: LimitKind, value: unknown, path: readonly (string | number)[], say: Say): void {
  if (kind === 'cost') {
    if (typeof value !== 'string' || !AMOUNT_LIMIT_USD.test(value)) say(path, COST_WORDS)
  } else if (!isCount(value)) say(path, COUNT_WORDS)
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

/** At most so many limits, none twice. */
export const limits = z
  .array(limit)
  .max(32, 'must be at most 32')
  .superRefine((list, context) => {
    const seen = new Set<string>()
    for (const [index, given] of list.entries()) {
      const id = idOf(given)
      if (seen.has(id)) {
        const message =
          given.id === undefined
            ? `must not repeat the limit "${id}"; where both are meant, give each an id`
            : `must not repeat the id "${id}"`
        context.addIssue({ code: 'custom', path: [index], message })
      }
      seen.add(id)
    }
  })

const idOf = ({ id, kind, per, burst, mode, counts, scope: about, split_by }: WrittenLimit): string =>
  id ??
  limitOf({
    kind,
    amount: 0n,
    per: per ?? null,
    burst: burst === undefined || burst === null ? null : 1n,
    mode,
    counts,
    scope: scopeOf(about),
    splitBy: split_by ?? null,
  }).id

/** Members that were not given are not there. */
export function scopeOf(about: WrittenLimit['scope']): ReturnType<typeof limitOf>['scope'] {
  if (about === null || about === undefined) return null
  const { models, tiers, surfaces, metadata } = about
  const parts = {
    ...(models === undefined ? {} : { models }),
    ...(tiers === undefined ? {} : { tiers }),
    ...(surfaces === undefined ? {} : { surfaces }),
    ...(metadata === undefined ? {} : { metadata }),
  }
  return Object.keys(parts).length === 0 ? null : parts
}
