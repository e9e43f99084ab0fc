// InvokeModel: the model's native body in and out, with AWS's usage headers beside it.
import type { Call, Operation, PlainAnswer } from '../call.ts'
import { latencyOf } from '../conversation/usage.ts'
import { assess, BLOCKED_INPUT } from '../guardrail.ts'
import { askFamily, counted, readInvocation } from '../invocation.ts'

export const INVOKE_MODEL: Operation = {
  name: 'InvokeModel',
  service: 'bedrock',
  method: 'POST',
  path: /^\/model\/(?<modelId>.+)\/invoke$/,
  run: invokeModel,
}

function invokeModel(call: Call): PlainAnswer {
  const invocation = readInvocation(call)
  const { model, family, guard } = invocation
  if (guard?.input.blocked === true) {
    // The model is never asked, so only the guardrail is billed.
    const body = { ...guard.members(null), message: BLOCKED_INPUT }
    return { kind: 'plain', status: 200, headers: invocation.headers, body, billing: invocation.billing({}), tokens: 0 }
  }
  const answer = askFamily(() => model.family.invoke(family))
  const counts = counted(answer.usage)
  const headers = { ...invocation.headers, 'x-amzn-bedrock-invocation-latency': String(latencyOf(counts.output)) }
  if (answer.usageHeaders) Object.assign(headers, usageHeaders(counts, model.card.cache))
  const output = guard === null ? null : assess([JSON.stringify(answer.body)])
  const billing = invocation.billing(answer.usage, output)
  return {
    kind: 'plain',
    status: 200,
    headers,
    body: guard === null ? answer.body : { ...answer.body, ...guard.members(output) },
    billing,
    tokens: counts.output,
  }
}

function usageHeaders(counts: ReturnType<typeof counted>, cache: boolean): Record<string, string> {
  const headers: Record<string, string> = {
    'x-amzn-bedrock-input-token-count': String(counts.input),
    'x-amzn-bedrock-output-token-count': String(counts.output),
  }
  if (!cache) return headers
  headers['x-amzn-bedrock-cache-read-input-token-count'] = String(counts.cacheRead)
  headers['x-amzn-bedrock-cache-write-input-token-count'] = String(counts.cacheWrite)
  return headers
}
