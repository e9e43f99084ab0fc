// Asks a guardrail of Bedrock as a call of the tenant's own, for processors of path routers.

import type { AskInside } from './gateway/inner-call.ts'
import type { AskGuardrail } from './processors/builtins/builtin.ts'
import { ProcessorFailure } from './processors/processor.ts'

/** It is admitted, metered and charged to whom the call is charged to; what refuses it is the processor's failure. */
export const askGuardrailBy =
  (askInside: AskInside): AskGuardrail =>
  async ({ context, id, version, source, texts }, signal) => {
    const { tenantId, keyId } = context
    if (tenantId === null || keyId === null) throw new ProcessorFailure('nobody is known to make this call')
    const body = Buffer.from(JSON.stringify({ source, content: texts.map((text) => ({ text: { text } })) }))
    const path = `/guardrail/${id}/version/${version}/apply`
    const answer = await askInside({ tenantId, keyId, path, body }, signal).catch(() => {
      throw new ProcessorFailure('the guardrail gave no answer')
    })
    if (answer.status !== 200) throw new ProcessorFailure(`the guardrail answered ${answer.status}`)
    return judgementOf(answer.body)
  }

function judgementOf(body: Buffer): Awaited<ReturnType<AskGuardrail>> {
  const { action, outputs } = JSON.parse(body.toString()) as { action?: unknown; outputs?: { text?: unknown }[] }
  if (typeof action !== 'string') throw new ProcessorFailure('the guardrail answered without an action')
  const texts = (outputs ?? []).map(({ text }) => text).filter((text) => typeof text === 'string')
  // whatever else there may be one day does not pass
  return { stopped: action !== 'NONE', outputs: texts }
}
