// How a model is to write: length, temperature, stops, effort and tier, as far as Converse and the model can be told.

import type { abilitiesOf, Effort, Reasoning } from '../converse/abilities.ts'
import type { Dropped } from '../converse/dropped.ts'
import { InvalidField, present, type Fields } from '../converse/fields.ts'
import type { ConverseRequest } from '../converse/types.ts'

type Inference = NonNullable<ConverseRequest['inferenceConfig']>

export function inferenceOf(
  fields: Fields,
  {
    cap,
    dropped,
    fixedTemperature,
  }: { readonly cap: number | undefined; readonly dropped: Dropped; readonly fixedTemperature: boolean },
): Inference | undefined {
  const stops = stopsOf(fields)
  const temperature = temperatureOf(fields, dropped)
  const topP = fields.number('top_p')
  if (fixedTemperature) {
    if (temperature !== undefined && temperature !== 1) dropped.add('temperature')
    if (topP !== undefined && topP !== 1) dropped.add('top_p')
  }
  return (
    present({
      maxTokens: cap,
      temperature: fixedTemperature ? undefined : temperature,
      topP: fixedTemperature ? undefined : topP,
      stopSequences: stops.length === 0 ? undefined : stops,
    }) ?? undefined
  )
}

/** OpenAI's scale ends at 2, Converse's at 1. */
function temperatureOf(fields: Fields, dropped: Dropped): number | undefined {
  const temperature = fields.number('temperature')
  if (temperature === undefined || temperature <= 1) return temperature
  dropped.add('temperature.above_1')
  return 1
}

function stopsOf(fields: Fields): readonly string[] {
  const stop = fields.any('stop')
  if (stop === undefined) return []
  if (typeof stop === 'string') return [stop]
  return (fields.list('stop') ?? []).map((text) => {
    if (typeof text !== 'string') throw new InvalidField(fields.at('stop'), 'must be a string or a list of strings.')
    return text
  })
}

const EFFORTS: Readonly<Record<string, Effort>> = {
  none: 'none',
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'max',
  max: 'max',
}

export function readEffort(fields: Fields, name: string): Effort | undefined {
  const word = fields.word(name, Object.keys(EFFORTS))
  return word === undefined ? undefined : EFFORTS[word]
}

export type SaidReasoning = Pick<Reasoning, 'fields' | 'effort'> & {
  /** it reasons within a budget of tokens, and then at no other temperature than 1 */
  readonly budgeted: boolean
}

const LEAST_BUDGET_TOKENS = 1_024

export function reasoningOf(question: {
  readonly effort: Effort | undefined
  readonly abilities: ReturnType<typeof abilitiesOf>
  readonly cap: number | undefined
  readonly dropped: Dropped
}): SaidReasoning {
  const { effort, abilities, cap, dropped } = question
  if (effort === undefined) return { fields: {}, budgeted: false }
  if (abilities.reasoning === null) {
    if (effort !== 'none') dropped.add('reasoning_effort')
    return { fields: {}, budgeted: false }
  }
  const said = abilities.reasoning(effort)
  if (said.budgetTokens === undefined) return { ...said, budgeted: false }
  // the budget is part of what may be written, so it must leave room for an answer
  const budget = Math.min(said.budgetTokens, Math.floor((cap ?? Number.POSITIVE_INFINITY) / 2))
  if (budget < LEAST_BUDGET_TOKENS) {
    dropped.add('reasoning_effort')
    return { fields: {}, budgeted: false }
  }
  return { fields: { thinking: { type: 'enabled', budget_tokens: budget } }, budgeted: true }
}

const TIERS: Readonly<Record<string, string>> = { default: 'default', flex: 'flex', priority: 'priority' }

export function tierOf(fields: Fields, dropped: Dropped): ConverseRequest['serviceTier'] {
  const asked = fields.text('service_tier')
  if (asked === undefined || asked === 'auto') return undefined
  const type = Object.hasOwn(TIERS, asked) ? TIERS[asked] : undefined
  if (type !== undefined) return { type }
  dropped.add('service_tier')
  return undefined
}
