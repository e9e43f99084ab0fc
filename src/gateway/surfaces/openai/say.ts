// A conversation with all that is asked of its answer, as a call of Converse: the part that chat completions and responses share.

import { abilitiesOf, type Effort } from '../converse/abilities.ts'
import type { Dropped } from '../converse/dropped.ts'
import { present, type Fields } from '../converse/fields.ts'
import type { ConverseRequest } from '../converse/types.ts'
import type { Conversation } from './conversation.ts'
import { inferenceOf, reasoningOf, tierOf } from './settings.ts'
import { sayTools, type AskedChoice, type AskedSchema, type AskedTool } from './tools.ts'

export type AskedAnswer = {
  readonly conversation: Conversation
  readonly tools: readonly AskedTool[]
  readonly choice: AskedChoice
  readonly schema: AskedSchema | null
  readonly effort: Effort | undefined
  readonly cap: number | undefined
  /** of the whole request: settings that both have by the same names */
  readonly fields: Fields
  /** null: it is not known what the model is made of */
  readonly baseModel: string | null
  readonly dropped: Dropped
}

export type SaidRequest = {
  readonly request: ConverseRequest
  /** the tool whose input is the answer's text; null: there is none */
  readonly schemaTool: string | null
}

/** Members that nobody has read when this is done are listed as dropped. */
export function sayRequest(asked: AskedAnswer): SaidRequest {
  const { conversation, fields, cap, dropped } = asked
  const { system, messages, calledTools } = conversation
  const abilities = abilitiesOf(asked.baseModel)
  const parallel = fields.flag('parallel_tool_calls') ?? true
  const { tools: offered, choice, schema } = asked
  const tools = sayTools({ tools: offered, choice, schema, parallel, calledTools, abilities, dropped })
  const reasoning = reasoningOf({ effort: asked.effort, abilities, cap, dropped })
  const inference = inferenceOf(fields, { cap, dropped, fixedTemperature: reasoning.budgeted })
  const serviceTier = tierOf(fields, dropped)
  const additional = { ...reasoning.fields, ...tools.fields }
  if (fields.flag('store') === true) dropped.add('store')
  dropped.addAll(fields.unread())
  const request: ConverseRequest = {
    messages,
    ...present({
      system: system.length === 0 ? undefined : system,
      inferenceConfig: inference,
      toolConfig: tools.toolConfig,
      outputConfig: present({ ...tools.outputConfig, effort: reasoning.effort }) ?? undefined,
      additionalModelRequestFields: Object.keys(additional).length === 0 ? undefined : additional,
      serviceTier,
    }),
  }
  return { request, schemaTool: tools.schemaTool }
}
