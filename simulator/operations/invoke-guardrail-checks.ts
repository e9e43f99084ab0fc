// InvokeGuardrailChecks: scores messages against chosen checks without a stored guardrail; billed by text units of each check.
import type { Call, Operation, PlainAnswer } from '../call.ts'
import { readBody } from '../conversation/converse.ts'
import { notNull } from '../errors.ts'
import type { BilledUsage, JsonObject } from '../family.ts'
import { assess, GUARDRAIL_BASE_MODEL } from '../guardrail.ts'
import { arrayAt, objectAt, objectsAt, stringAt } from '../json.ts'

export const INVOKE_GUARDRAIL_CHECKS: Operation = {
  name: 'InvokeGuardrailChecks',
  service: 'bedrock',
  method: 'POST',
  path: /^\/guardrail-checks\/invoke$/,
  run: invokeGuardrailChecks,
}

function invokeGuardrailChecks(call: Call): PlainAnswer {
  const request = readBody(call.body)
  if (arrayAt(request, 'messages') === undefined) throw notNull('messages')
  const checks = objectAt(request, 'checks')
  if (checks === undefined) throw notNull('checks')
  const texts = objectsAt(request, 'messages').flatMap((message) =>
    objectsAt(message, 'content').map((block) => stringAt(block, 'text') ?? ''),
  )
  const found = assess(texts)
  const textUnits = Number(found.usage.contentPolicyUnits)
  const results: JsonObject = {}
  const usage: JsonObject = {}
  const billed: BilledUsage = {}
  for (const check of ['contentFilter', 'promptAttack']) {
    const config = objectAt(checks, check)
    if (config === undefined) continue
    const severityScore = found.blocked ? 0.9 : 0.05
    results[check] = {
      results: objectsAt(config, 'categories').map(({ category = '' }) => ({ category, severityScore })),
    }
    usage[check] = { textUnits }
    // The price page lists no unit of its own for prompt attacks; they are a category of the content filter.
    billed.guardrail_content_units = (billed.guardrail_content_units ?? 0) + textUnits
  }
  if (objectAt(checks, 'sensitiveInformation') !== undefined) {
    results.sensitiveInformation = { results: entitiesIn(texts), truncated: false }
    usage.sensitiveInformation = { textUnits }
    billed.guardrail_sensitive_units = textUnits
  }
  const billing = {
    modelId: 'guardrail-checks',
    baseModel: GUARDRAIL_BASE_MODEL,
    tier: 'default',
    requestedTier: 'default',
    usage: billed,
  }
  return { kind: 'plain', status: 200, headers: {}, body: { results, usage }, billing, tokens: 0 }
}

function entitiesIn(texts: readonly string[]): JsonObject[] {
  return texts.flatMap((text, messageIndex) =>
    [...text.matchAll(/[\w.+-]{1,64}@[\w-]{1,64}\.[\w.]{2,24}/g)].map((match) => ({
      type: 'EMAIL',
      confidenceScore: 0.99,
      beginOffset: match.index,
      endOffset: match.index + match[0].length,
      messageIndex,
      contentIndex: 0,
    })),
  )
}
