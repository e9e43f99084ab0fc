// Guardrail units: from the traces of model calls, and from the answers of the guardrail operations themselves.

import type { Dimension } from '../../../core/usage.ts'
import { member, type Reads } from './family.ts'
import type { Sheet } from './sheet.ts'

/**
 * Members of GuardrailUsage (docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_GuardrailUsage.html). The number of automated
 * reasoning policies is no billed quantity; their text units are.
 */
const UNITS = {
  topicPolicyUnits: 'guardrail_topic_units',
  contentPolicyUnits: 'guardrail_content_units',
  contentPolicyImageUnits: 'guardrail_content_image_units',
  wordPolicyUnits: 'guardrail_word_units',
  sensitiveInformationPolicyUnits: 'guardrail_sensitive_units',
  sensitiveInformationPolicyFreeUnits: 'guardrail_sensitive_free_units',
  contextualGroundingPolicyUnits: 'guardrail_grounding_units',
  automatedReasoningPolicyUnits: 'guardrail_reasoning_units',
} as const satisfies Record<string, Dimension>

/** Each assessment is billed: input and outputs add up. */
export const readGuardrailUsage: Reads = (value, sheet) => {
  for (const [name, dimension] of Object.entries(UNITS)) addUnits(sheet, dimension, member(value, name))
}

/** `usage` of InvokeGuardrailChecks: text units by check. A prompt attack is a content filter in the classic guardrails' terms. */
export const readGuardrailChecks: Reads = (value, sheet) => {
  addUnits(sheet, 'guardrail_content_units', member(member(value, 'contentFilter'), 'textUnits'))
  addUnits(sheet, 'guardrail_content_units', member(member(value, 'promptAttack'), 'textUnits'))
  addUnits(sheet, 'guardrail_sensitive_units', member(member(value, 'sensitiveInformation'), 'textUnits'))
}

/** Converse and ConverseStream: present only when the caller turned the trace on (API_runtime_GuardrailTraceAssessment). */
export const CONVERSE_TRACE: Readonly<Record<string, Reads>> = {
  'trace.guardrail.inputAssessment.*.invocationMetrics.usage': readGuardrailUsage,
  'trace.guardrail.outputAssessments.*.[].invocationMetrics.usage': readGuardrailUsage,
}

/** InvokeModel with `X-Amzn-Bedrock-Trace: ENABLED`: the same, in another nesting. */
export const INVOKE_TRACE: Readonly<Record<string, Reads>> = {
  'amazon-bedrock-trace.guardrail.input.*.invocationMetrics.usage': readGuardrailUsage,
  'amazon-bedrock-trace.guardrail.outputs.[].*.invocationMetrics.usage': readGuardrailUsage,
}

function addUnits(sheet: Sheet, dimension: Dimension, value: unknown): void {
  if (value !== undefined && value !== null) sheet.add('body', dimension, value)
}
