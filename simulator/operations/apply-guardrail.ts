// ApplyGuardrail: assesses text without a model; billed by text units.
import type { Call, Operation, PlainAnswer } from '../call.ts'
import { readBody } from '../conversation/converse.ts'
import { constraint, notNull } from '../errors.ts'
import type { JsonObject } from '../family.ts'
import {
  type Assessment,
  assess,
  BLOCKED_INPUT,
  BLOCKED_OUTPUT,
  checkGuardrail,
  GUARDRAIL_BASE_MODEL,
} from '../guardrail.ts'
import { arrayAt, objectAt, objectsAt, stringAt } from '../json.ts'

export const APPLY_GUARDRAIL: Operation = {
  name: 'ApplyGuardrail',
  service: 'bedrock',
  method: 'POST',
  path: /^\/guardrail\/(?<guardrailIdentifier>.+)\/version\/(?<guardrailVersion>[^/]+)\/apply$/,
  run: applyGuardrail,
}

function applyGuardrail(call: Call): PlainAnswer {
  const { guardrailIdentifier = '', guardrailVersion = '' } = call.path
  checkGuardrail(guardrailIdentifier, guardrailVersion)
  const request = readBody(call.body)
  const source = stringAt(request, 'source')
  if (source === undefined) throw notNull('source')
  if (source !== 'INPUT' && source !== 'OUTPUT')
    throw constraint(source, 'source', 'satisfy enum value set: [OUTPUT, INPUT]')
  if (arrayAt(request, 'content') === undefined) throw notNull('content')
  const found = assessContent(objectsAt(request, 'content'))
  const billing = {
    modelId: guardrailIdentifier,
    baseModel: GUARDRAIL_BASE_MODEL,
    tier: 'default',
    requestedTier: 'default',
    usage: found.billed,
  }
  const body = { ...intervention(found, source), usage: found.usage, assessments: [found.assessment] }
  return { kind: 'plain', status: 200, headers: {}, body, billing, tokens: 0 }
}

type Found = Assessment & { text: string }

function assessContent(content: readonly JsonObject[]): Found {
  const texts = content.map((block) => objectAt(block, 'text')).filter((text) => text !== undefined)
  const grounding = texts.some((text) => (arrayAt(text, 'qualifiers') ?? []).includes('grounding_source'))
  const images = content.filter((block) => block.image !== undefined).length
  const strings = texts.map((text) => stringAt(text, 'text') ?? '')
  return { ...assess(strings, { grounding, images }), text: strings.join('\n') }
}

function intervention(found: Found, source: 'INPUT' | 'OUTPUT'): JsonObject {
  const metrics = objectAt(found.assessment, 'invocationMetrics') ?? {}
  const guardrailCoverage = objectAt(metrics, 'guardrailCoverage') ?? {}
  if (found.blocked) {
    const outputs = [{ text: source === 'INPUT' ? BLOCKED_INPUT : BLOCKED_OUTPUT }]
    return { action: 'GUARDRAIL_INTERVENED', actionReason: 'Guardrail blocked.', outputs, guardrailCoverage }
  }
  if (found.masked !== found.text) {
    const outputs = [{ text: found.masked }]
    return { action: 'GUARDRAIL_INTERVENED', actionReason: 'Guardrail masked.', outputs, guardrailCoverage }
  }
  return { action: 'NONE', outputs: [], guardrailCoverage }
}
