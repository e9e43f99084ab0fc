// Lets a guardrail of Bedrock judge the texts of a request or of an answer; what it stops does not go on.

import { textsAt } from '../../core/payload-texts.ts'
import type { GuardrailOptions } from '../../core/processor-definition.ts'
import type { CallFields } from '../../core/processor.ts'
import { readPayload } from '../payload.ts'
import { ProcessorFailure, type ProcessorLink } from '../processor.ts'
import type { AskGuardrail, BuiltinWorld } from './builtin.ts'

/** A text that nobody judged is not let through: where none is found in a payload that has something, the processor has failed. */
export function createGuardrail(options: GuardrailOptions, { askGuardrail }: BuiltinWorld): ProcessorLink {
  return {
    async call({ fields, context }, signal) {
      const isAnswer = Object.hasOwn(fields, 'egress_payload')
      const name = isAnswer
        ? 'egress_payload'
        : Object.hasOwn(fields, 'outbound_payload')
          ? 'outbound_payload'
          : 'ingress_payload'
      const payload = readPayload(fields[name])
      const texts = textsOf(payload, options)
      const asked = { context, id: options.id, version: options.version, texts }
      const judged: Awaited<ReturnType<AskGuardrail>> = await askGuardrail(
        { ...asked, source: isAnswer ? 'OUTPUT' : 'INPUT' },
        signal,
      )
      return judged.stopped ? stopped(judged.outputs, isAnswer, options) : null
    },
    close: async () => undefined,
  }
}

function textsOf(payload: unknown, { textPaths }: GuardrailOptions): readonly string[] {
  const texts = (typeof payload === 'string' ? [payload] : textsAt(payload, textPaths)).filter((text) => text !== '')
  if (texts.length === 0) throw new ProcessorFailure('found no text to judge; "text_paths" says where texts are')
  return texts
}

function stopped(outputs: readonly string[], isAnswer: boolean, { status }: GuardrailOptions): CallFields {
  const words = { is_blocked: true, message: outputs.join('\n') }
  return isAnswer ? { egress_payload: words, egress_status_code: status } : { control: words, control_status: status }
}
