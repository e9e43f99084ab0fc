// An alert in words: who, which limit, how much is used and left, when it resets; nothing in it can steer a mail header or a terminal.

import type { Alert, AlertFacts } from './alert.ts'
import type { Notification, RaisedAlert } from './alert-delivery.ts'
import { formatPicoUsd, picoUsd } from './money.ts'
import type { LimitKind } from './limit.ts'

const LONGEST_TEXT = 300

export function notificationOf(alert: RaisedAlert): Notification {
  const said = wordsOf(alert)
  const raisedAt = timeOf(alert.raisedAt)
  return {
    id: alert.id,
    type: `alert.${alert.facts.kind}`,
    raisedAt: alert.raisedAt,
    title: neutralised(said.title),
    lines: [...said.lines, `Rule ${alert.ruleId}, raised ${raisedAt}, id ${alert.id}.`].map(neutralised),
    data: {
      alert_id: alert.id,
      rule_id: alert.ruleId,
      kind: alert.facts.kind,
      tenant_id: alert.tenantId,
      raised_at: raisedAt,
      window_start: timeOf(alert.windowStart),
      window_end: alert.windowEnd === null ? null : timeOf(alert.windowEnd),
      ...said.data,
    },
  }
}

/** What a test of a target sends. */
export const testNotification = (id: string, targetId: string, now: number): Notification => ({
  id,
  type: 'alert.test',
  raisedAt: now,
  title: `Weighbridge: a test of the alert target ${neutralised(targetId)}`,
  lines: ['This is a test. If you read it, alerts arrive here.'],
  data: { alert_id: id, kind: 'test', raised_at: timeOf(now) },
})

/** One line of bounded length: control characters, line ends of every script and invisible direction marks become question marks. */
export function neutralised(text: string): string {
  const plain = text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, '?')
  return plain.length > LONGEST_TEXT ? `${plain.slice(0, LONGEST_TEXT - 1)}…` : plain
}

type Said = Pick<Notification, 'title' | 'lines' | 'data'>
type LimitFacts = Extract<AlertFacts, { limitKind: LimitKind }>

function wordsOf(alert: Alert): Said {
  const { facts } = alert
  switch (facts.kind) {
    case 'threshold':
    case 'forecast':
      return limitWords(facts, alert)
    case 'unpriced':
      return unpricedWords(facts, alert)
    case 'errors':
      return errorWords(facts)
  }
}

/** Amounts as they are shown and as they are counted. */
export const amountText = (kind: LimitKind, amount: bigint): string =>
  kind === 'cost' ? formatPicoUsd(picoUsd(amount)) : String(amount)

function limitWords(facts: LimitFacts, alert: Alert): Said {
  const { limitKind, limitId, split, percent, amount, used, held, forecast, resetsAt, refuses = false } = facts
  const show = (value: bigint): string => shown(limitKind, value)
  const left = leftOf(facts)
  const whose = `${partWords(split)}tenant ${alert.tenantId ?? ''}`
  const verb = verbOf(facts)
  const pace = forecast === null ? [] : [`At the pace so far ${show(forecast)} will be used by then.`]
  return {
    title: `Weighbridge: ${whose} ${verb} ${NAMES[limitKind]} of ${show(amount)}`,
    lines: [
      `${whose} ${verb} ${NAMES[limitKind]} of ${show(amount)} (limit ${limitId}).`,
      `Used ${show(used)}, held by running calls ${show(held)}, left ${show(left)}.`,
      ...(refuses ? ['A call was refused: what it could use at most is more than what is left.'] : []),
      resetsAt === null ? 'It does not reset by itself.' : `It resets ${timeOf(resetsAt)}.`,
      ...pace,
    ],
    data: {
      limit_id: limitId,
      split,
      limit_kind: limitKind,
      unit: UNITS[limitKind],
      percent,
      amount: amountText(limitKind, amount),
      used: amountText(limitKind, used),
      held: amountText(limitKind, held),
      left: amountText(limitKind, left),
      reached_by: refuses ? 'refusal' : 'use',
      forecast: forecast === null ? null : amountText(limitKind, forecast),
      resets_at: resetsAt === null ? null : timeOf(resetsAt),
    },
  }
}

function verbOf({ percent, forecast, refuses }: LimitFacts): string {
  if (forecast !== null) return `is on course for ${percent}% of`
  return refuses === true ? 'has calls refused by' : `has reached ${percent}% of`
}

/** Calls that do not say the value by which a limit is split are a part too. */
function partWords(split: string | null): string {
  if (split === null) return ''
  return split === '' ? '(no value) of ' : `"${split}" of `
}

const leftOf = ({ amount, used, held }: LimitFacts): bigint => (used + held >= amount ? 0n : amount - used - held)

const UNITS = { requests: 'requests', tokens: 'tokens', concurrency: 'calls at once', cost: 'USD' } as const
const NAMES = {
  requests: 'its limit',
  tokens: 'its limit',
  concurrency: 'its limit',
  cost: 'its budget',
} as const

const shown = (kind: LimitKind, amount: bigint): string =>
  kind === 'cost' ? `$${amountText(kind, amount)}` : `${amount} ${UNITS[kind]}`

function unpricedWords(facts: Extract<AlertFacts, { kind: 'unpriced' }>, alert: Alert): Said {
  const { modelId, calls } = facts
  const day = timeOf(alert.windowStart).slice(0, 10)
  return {
    title: `Weighbridge: calls to ${modelId} have no price`,
    lines: [
      `${calls} calls to ${modelId} that began on ${day} (UTC) have no cost: the price book has no price for them, or nobody knows what they used.`,
      'Budgets count what was held for them until a price is set; then they are rated by themselves.',
    ],
    data: { model_id: modelId, calls: Number(calls), day },
  }
}

function errorWords(facts: Extract<AlertFacts, { kind: 'errors' }>): Said {
  const { modelId, region, percent, windowMinutes, calls, errors } = facts
  return {
    title: `Weighbridge: ${percent}% or more of the calls to ${modelId} in ${region} fail`,
    lines: [
      `${errors} of ${calls} calls to ${modelId} in ${region} that ended in the last ${windowMinutes} minutes failed upstream (throttled, 5xx, broken off or not reached).`,
    ],
    data: { model_id: modelId, region, percent, window_minutes: windowMinutes, calls, errors },
  }
}

const timeOf = (at: number): string => new Date(at).toISOString()
