// A guardrail around a conversation: the question before the model sees it, the answer after.
import { constraint, invalid } from '../errors.ts'
import type { BilledUsage, JsonObject } from '../family.ts'
import { type Assessment, addUsage, assess, BLOCKED_INPUT, checkGuardrail, guardrailTrace } from '../guardrail.ts'
import { objectAt, stringAt } from '../json.ts'
import type { Turn } from './turn.ts'

export type GuardedTurn = { turn: Turn; trace: JsonObject | null; billed: BilledUsage }

/** Makes the turn under the request's guardrail, if it names one; a blocked question never reaches the model. */
export function guarded(
  request: JsonObject,
  region: string,
  question: readonly string[],
  ask: () => Turn,
): GuardedTurn {
  const config = objectAt(request, 'guardrailConfig')
  if (config === undefined) return { turn: ask(), trace: null, billed: {} }
  const identifier = stringAt(config, 'guardrailIdentifier')
  const version = stringAt(config, 'guardrailVersion')
  if (identifier === undefined || version === undefined) {
    throw invalid('guardrailConfig needs both guardrailIdentifier and guardrailVersion.')
  }
  checkGuardrail(identifier, version)
  const trace = stringAt(config, 'trace') ?? 'disabled'
  if (!['enabled', 'disabled', 'enabled_full'].includes(trace)) {
    throw constraint(trace, 'guardrailConfig.trace', 'satisfy enum value set: [enabled, disabled, enabled_full]')
  }
  const input = assess(question)
  const turn = input.blocked ? blockedTurn() : ask()
  const output: Assessment | null = input.blocked ? null : assess([textOf(turn)])
  const use = { identifier, version, trace: trace !== 'disabled' }
  return {
    turn,
    trace: use.trace ? { guardrail: guardrailTrace(use, region, input, output) } : null,
    billed: output === null ? input.billed : addUsage(input.billed, output.billed),
  }
}

const blockedTurn = (): Turn => ({
  blocks: [{ kind: 'text', pieces: [BLOCKED_INPUT] }],
  stopReason: 'guardrail_intervened',
  outputTokens: 0,
  stoppedBy: null,
})

const textOf = (turn: Turn): string =>
  turn.blocks.map((block) => (block.kind === 'text' ? block.pieces.join('') : '')).join('\n')
