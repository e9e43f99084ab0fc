// A guardrail with fixed rules: what it finds in a text, what it answers instead, and how many text units AWS bills for it.
import { ApiError, constraint } from './errors.ts'
import type { BilledUsage, JsonObject } from './family.ts'
import { ACCOUNT_ID } from './models.ts'

/** What the bill names as the model of a call that only a guardrail served. */
export const GUARDRAIL_BASE_MODEL = 'amazon.bedrock-guardrails'
/** One text unit is up to 1,000 characters (Bedrock pricing page). */
const CHARACTERS_PER_UNIT = 1000
const IDENTIFIER = /^(([a-z0-9]+)|(arn:aws[a-z-]*:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail\/[a-z0-9]+))$/
const VERSION = /^(([1-9][0-9]{0,7})|(DRAFT))$/

export const BLOCKED_INPUT = 'Sorry, the model cannot answer this question.'
export const BLOCKED_OUTPUT = 'Sorry, the model cannot give this answer.'

/** What the rules look for. A text that shows none of it passes. */
const ATTACK = /ignore (all |your )?previous instructions/i
const TOPIC = /\binvestment advice\b/i
const WORD = /\bblockedword\b/i
const EMAIL = /[\w.+-]{1,64}@[\w-]{1,64}\.[\w.]{2,24}/g

export type GuardrailUse = { identifier: string; version: string; trace: boolean }

export type Assessment = {
  blocked: boolean
  /** the text with e-mail addresses masked */
  masked: string
  /** one GuardrailAssessment */
  assessment: JsonObject
  usage: JsonObject
  billed: BilledUsage
}

/** Checks identifier and version as the service model does; unknown ids start with `missing`, so that tests can meet the refusal. */
export function checkGuardrail(identifier: string, version: string): void {
  if (!IDENTIFIER.test(identifier)) {
    throw constraint(identifier, 'guardrailIdentifier', `satisfy regular expression pattern: ${IDENTIFIER.source}`)
  }
  if (!VERSION.test(version)) {
    throw constraint(version, 'guardrailVersion', `satisfy regular expression pattern: ${VERSION.source}`)
  }
  if (identifier.startsWith('missing')) {
    throw new ApiError(
      'ResourceNotFoundException',
      'The guardrail identifier or version provided in the request does not exist.',
    )
  }
}

export function assess(texts: readonly string[], options: { grounding?: boolean; images?: number } = {}): Assessment {
  const text = texts.join('\n')
  const characters = texts.reduce((sum, part) => sum + part.length, 0)
  const units = Math.ceil(characters / CHARACTERS_PER_UNIT)
  const usage = {
    topicPolicyUnits: units,
    contentPolicyUnits: units,
    wordPolicyUnits: units,
    sensitiveInformationPolicyUnits: units,
    sensitiveInformationPolicyFreeUnits: 0,
    contextualGroundingPolicyUnits: options.grounding === true ? units : 0,
    contentPolicyImageUnits: options.images ?? 0,
  }
  const findings = findingsIn(text)
  const images = options.images ?? 0
  const coverage: JsonObject = { textCharacters: { guarded: characters, total: characters } }
  if (images > 0) coverage.images = { guarded: images, total: images }
  return {
    blocked: ATTACK.test(text) || TOPIC.test(text) || WORD.test(text),
    masked: text.replace(EMAIL, '{EMAIL}'),
    assessment: {
      ...findings,
      invocationMetrics: { guardrailProcessingLatency: 100 + units, usage, guardrailCoverage: coverage },
    },
    usage,
    billed: billedUnits(usage),
  }
}

/** The dimensions of the bill; a policy that found nothing to do is not on it. */
function billedUnits(usage: Record<string, number>): BilledUsage {
  const names: Record<string, string> = {
    topicPolicyUnits: 'guardrail_topic_units',
    contentPolicyUnits: 'guardrail_content_units',
    wordPolicyUnits: 'guardrail_word_units',
    sensitiveInformationPolicyUnits: 'guardrail_sensitive_units',
    contextualGroundingPolicyUnits: 'guardrail_grounding_units',
    contentPolicyImageUnits: 'guardrail_content_image_units',
  }
  const billed: BilledUsage = {}
  for (const [name, dimension] of Object.entries(names)) {
    const units = usage[name] ?? 0
    if (units > 0) billed[dimension] = units
  }
  return billed
}

export function addUsage(one: BilledUsage, other: BilledUsage): BilledUsage {
  const sum = { ...one }
  for (const dimension in other) sum[dimension] = (sum[dimension] ?? 0) + (other[dimension] ?? 0)
  return sum
}

/** GuardrailTraceAssessment: stands in Converse's trace and in InvokeModel's amazon-bedrock-trace. */
export function guardrailTrace(
  use: GuardrailUse,
  region: string,
  input: Assessment,
  output: Assessment | null,
): JsonObject {
  const id = use.identifier.replace(/^.*\//, '')
  const applied = {
    guardrailId: id,
    guardrailVersion: use.version,
    guardrailArn: `arn:aws:bedrock:${region}:${ACCOUNT_ID}:guardrail/${id}`,
    guardrailOrigin: ['REQUEST'],
    guardrailOwnership: 'SELF',
  }
  const trace: JsonObject = { inputAssessment: { [id]: { ...input.assessment, appliedGuardrailDetails: applied } } }
  if (output !== null) trace.outputAssessments = { [id]: [{ ...output.assessment, appliedGuardrailDetails: applied }] }
  if (input.blocked || output?.blocked === true) trace.actionReason = 'Guardrail blocked.'
  return trace
}

function findingsIn(text: string): JsonObject {
  const findings: JsonObject = {}
  if (TOPIC.test(text)) {
    findings.topicPolicy = { topics: [{ name: 'Investment', type: 'DENY', action: 'BLOCKED', detected: true }] }
  }
  if (ATTACK.test(text)) {
    const filter = {
      type: 'PROMPT_ATTACK',
      confidence: 'HIGH',
      filterStrength: 'HIGH',
      action: 'BLOCKED',
      detected: true,
    }
    findings.contentPolicy = { filters: [filter] }
  }
  if (WORD.test(text)) {
    const customWords = [{ match: 'blockedword', action: 'BLOCKED', detected: true }]
    findings.wordPolicy = { customWords, managedWordLists: [] }
  }
  const addresses = text.match(EMAIL) ?? []
  if (addresses.length > 0) {
    const piiEntities = addresses.map((match) => ({ type: 'EMAIL', match, action: 'ANONYMIZED', detected: true }))
    findings.sensitiveInformationPolicy = { piiEntities, regexes: [] }
  }
  return findings
}
