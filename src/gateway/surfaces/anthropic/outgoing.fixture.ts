// For tests of this dialect: a Messages request as it goes upstream, and the translator of its answer.

import { joinAccess } from '../../../core/access.ts'
import { USUAL_DIALECTS, type DialectPolicy } from '../../../core/dialects.ts'
import type { AnswerTranslator, Outgoing } from '../surface.ts'
import { anthropicSurface } from './index.ts'

const OPEN = joinAccess([['*']], [], { tenantId: 'team-a', keyId: 'k1', attribute: () => null })

/** A call of the model itself; `headers` by their names. */
export function outgoing(
  modelId: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
  dialects: DialectPolicy = USUAL_DIALECTS,
): Outgoing {
  const route = anthropicSurface.match('POST', '/v1/messages')
  if (route === null) throw new Error('not a path of this dialect')
  const whole = { model: modelId, max_tokens: 9, messages: [{ role: 'user', content: 'hi' }], ...body }
  const prepared = anthropicSurface.prepare(route, (name) => headers[name], Buffer.from(JSON.stringify(whole)))
  if (prepared.translate === null) throw new Error('not translated')
  const baseModel = modelId.replace(/^us\./, '')
  const model = {
    modelId,
    kind: 'system_profile',
    baseModel,
    routing: 'regional',
    reach: 'geographic',
    region: 'us-east-1',
  } as const
  return prepared.translate({ model, endpoint: null, requestId: 'r1', now: 0, dialects, access: OPEN })
}

export function translatorOf(modelId: string, body: object): AnswerTranslator {
  const { answer } = outgoing(modelId, { stream: true, ...body })
  if (answer === null) throw new Error('not translated back')
  return answer
}
