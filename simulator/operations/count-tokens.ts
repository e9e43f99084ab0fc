// CountTokens: how many input tokens a Converse or InvokeModel request would be; free of charge.
import { type Call, free, type Operation, type PlainAnswer } from '../call.ts'
import { readBody } from '../conversation/converse.ts'
import { measure } from '../conversation/measure.ts'
import { validateMessages } from '../conversation/validate.ts'
import { invalid, notNull } from '../errors.ts'
import { isObject, objectAt, stringAt } from '../json.ts'
import { askFamily } from '../invocation.ts'
import { type Model, resolveModel, withoutSuffix } from '../models.ts'
import { countTokens } from '../tokens.ts'

export const COUNT_TOKENS: Operation = {
  name: 'CountTokens',
  service: 'bedrock',
  method: 'POST',
  path: /^\/model\/(?<modelId>.+)\/count-tokens$/,
  run: countTokensOf,
}

function countTokensOf(call: Call): PlainAnswer {
  const model = modelOf(call)
  const input = objectAt(readBody(call.body), 'input')
  if (input === undefined) throw notNull('input')
  const converse = objectAt(input, 'converse')
  if (converse !== undefined) {
    validateMessages(converse, true)
    return free({ inputTokens: measure(converse).inputTokens })
  }
  const bytes = stringAt(objectAt(input, 'invokeModel') ?? {}, 'body')
  if (bytes === undefined) throw invalid('The input must be set to one of: invokeModel, converse.')
  const { family } = model
  if (family.promptText === undefined) throw unsupported()
  let body: unknown
  try {
    body = JSON.parse(Buffer.from(bytes, 'base64').toString())
  } catch {
    throw invalid('Malformed input request, please reformat your input and try again.')
  }
  if (!isObject(body)) throw invalid('Malformed input request, please reformat your input and try again.')
  const request = body
  return free({ inputTokens: countTokens(askFamily(() => family.promptText?.(request) ?? '')) })
}

/** Base ids count although they cannot be invoked; Claude models of the generation without a dated id cannot be counted here. */
function modelOf(call: Call): Model {
  const sent = call.path.modelId ?? ''
  const { models, resources } = call.simulator
  const model = models.find(withoutSuffix(sent)) ?? resolveModel(sent, models, resources.aliases)
  const { modelId } = model.card
  if (modelId.startsWith('anthropic.') && !/-\d{8}-/.test(modelId)) throw unsupported()
  return model
}

const unsupported = () => invalid("The provided model doesn't support counting tokens.")
