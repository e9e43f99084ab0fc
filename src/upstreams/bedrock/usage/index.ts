// Chooses the tap for a call: by operation, and for InvokeModel by the family of the model.

import type { TapQuestion, UsageTap } from '../../../core/upstream.ts'
import { CONVERSE_PATHS } from './converse.ts'
import { CHAT_COMPLETIONS, MESSAGES, RESPONSES, type DialectPlan } from './dialects.ts'
import { familyOf } from './families.ts'
import { askRequest, type Family } from './family.ts'
import { readGuardrailChecks, readGuardrailUsage } from './guardrail.ts'
import { compilePaths } from './json-paths.ts'
import { type CacheTtl, Sheet } from './sheet.ts'
import { createSseTap } from './sse-tap.ts'
import { createBodyTap, createConverseStreamTap, createInvokeStreamTap, createPassiveTap } from './taps.ts'

/** Operations whose answers say usage, or whose requests do. All others are free: their usage is empty and known. */
const TAPS = {
  Converse: (question) => createBodyTap(conversePlan(question, false)),
  ConverseStream: (question) => createConverseStreamTap(conversePlan(question, true)),
  InvokeModel: (question) => createBodyTap(invokePlan(question, false)),
  InvokeModelWithResponseStream: (question) => createInvokeStreamTap(invokePlan(question, true)),
  InvokeModelWithBidirectionalStream: (question) => createInvokeStreamTap(invokePlan(question, true)),
  StartAsyncInvoke: (question) => createBodyTap(asyncPlan(question)),
  ApplyGuardrail: () => createBodyTap(guardrailPlan(GUARDRAIL_PATHS)),
  ChatCompletions: (question) => dialectTap(CHAT_COMPLETIONS, question, false),
  ChatCompletionsStream: (question) => dialectTap(CHAT_COMPLETIONS, question, true),
  CreateResponse: (question) => dialectTap(RESPONSES, question, false),
  CreateResponseStream: (question) => dialectTap(RESPONSES, question, true),
  Messages: (question) => dialectTap(MESSAGES, question, false),
  MessagesStream: (question) => dialectTap(MESSAGES, question, true),
  InvokeGuardrailChecks: () => createBodyTap(guardrailPlan(CHECKS_PATHS)),
} as const satisfies Record<string, (question: TapQuestion) => UsageTap>

export function createBedrockTap(question: TapQuestion): UsageTap {
  const { operation } = question
  if (Object.hasOwn(TAPS, operation)) return TAPS[operation as keyof typeof TAPS](question)
  return createPassiveTap(newSheet('5m', false))
}

const GUARDRAIL_PATHS = compilePaths<Sheet>([{ path: 'usage', kind: 'value', found: readGuardrailUsage }])
const CHECKS_PATHS = compilePaths<Sheet>([{ path: 'usage', kind: 'value', found: readGuardrailChecks }])
const NO_PATHS = compilePaths<Sheet>([])

function conversePlan({ model }: TapQuestion, streaming: boolean) {
  const sheet = newSheet(familyOf(model?.baseModel ?? null).family.cacheTtl, streaming)
  return { sheet, paths: CONVERSE_PATHS, finish: nothingMore }
}

function invokePlan({ model, requestBody }: TapQuestion, streaming: boolean) {
  const { family, paths } = familyOf(model?.baseModel ?? null)
  return { sheet: newSheet(family.cacheTtl, streaming), paths, finish: finisher(family, '', requestBody) }
}

/** The answer holds an ARN alone: all that is known was asked for, under `modelInput` (API_runtime_StartAsyncInvoke). */
function asyncPlan({ model, requestBody }: TapQuestion) {
  const { family } = familyOf(model?.baseModel ?? null)
  const sheet = newSheet(family.cacheTtl, false)
  const finish = finisher(family, 'modelInput.', requestBody)
  if (family.finish === undefined) sheet.note('an asynchronous call of this model says its usage nowhere')
  return { sheet, paths: NO_PATHS, finish }
}

function dialectTap(plan: DialectPlan, { model }: TapQuestion, streaming: boolean): UsageTap {
  const { family } = familyOf(model?.baseModel ?? null)
  const parts = { sheet: newSheet(family.cacheTtl, streaming), paths: plan.paths, finish: nothingMore }
  return streaming ? createSseTap({ ...plan, ...parts }) : createBodyTap(parts)
}

function guardrailPlan(paths: typeof GUARDRAIL_PATHS) {
  return { sheet: newSheet('5m', false), paths, finish: nothingMore }
}

function newSheet(defaultTtl: CacheTtl = '5m', streaming: boolean): Sheet {
  return new Sheet({ defaultTtl, streaming })
}

function finisher(family: Family, prefix: string, requestBody: Buffer) {
  const { finish, request = [] } = family
  if (finish === undefined) return nothingMore
  return (sheet: Sheet, whole: boolean): void => finish(sheet, askRequest(request, prefix, requestBody), whole)
}

function nothingMore(): void {}
