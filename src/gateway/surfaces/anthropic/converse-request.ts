// A Messages request as a call of Converse: what it asks for, and what of it could not be carried.

import { abilitiesOf, type Effort } from '../converse/abilities.ts'
import type { Dropped } from '../converse/dropped.ts'
import { type Fields, InvalidField } from '../converse/fields.ts'
import type { ConverseRequest, Json, Tool, ToolChoice } from '../converse/types.ts'
import { cachePointOf, type Carriage, conversationOf } from './conversation.ts'

export type SaidMessages = {
  readonly request: ConverseRequest
  readonly stopSequences: readonly string[]
}

/** Families that keep prefixes where Converse has a cache point (Bedrock user guide, "Prompt caching", 2026-10); others refuse it. */
const CACHE_POINTS = /^(?:anthropic\.claude-|amazon\.nova-)/

export function sayMessages(fields: Fields, baseModel: string | null, dropped: Dropped): SaidMessages {
  const carriage: Carriage = { dropped, cachePoints: baseModel !== null && CACHE_POINTS.test(baseModel) }
  if ((fields.objects('messages') ?? []).length === 0)
    throw new InvalidField('messages', 'must hold at least one message.')
  const { system, messages, calledTools } = conversationOf(fields, carriage)
  const stopSequences = stopsOf(fields)
  const inferenceConfig = inferenceOf(fields, stopSequences)
  const reasoning = reasoningOf(fields, baseModel, dropped)
  const additional = { ...reasoning.fields, ...topKOf(fields, baseModel, dropped) }
  const outputConfig = { ...formatOf(fields, baseModel, dropped), ...reasoning.effort }
  const tools = toolsOf(fields, calledTools, carriage)
  forgetHarmless(fields, dropped)
  return {
    request: {
      messages,
      ...(system.length === 0 ? {} : { system }),
      inferenceConfig,
      ...tools,
      ...(isEmpty(outputConfig) ? {} : { outputConfig }),
      ...(isEmpty(additional) ? {} : { additionalModelRequestFields: additional }),
      ...(stopSequences.length === 0 ? {} : { additionalModelResponseFieldPaths: ['/stop_sequence'] }),
    },
    stopSequences,
  }
}

const isEmpty = (value: object): boolean => Object.keys(value).length === 0

function inferenceOf(fields: Fields, stops: readonly string[]): NonNullable<ConverseRequest['inferenceConfig']> {
  const maxTokens = fields.number('max_tokens')
  const temperature = fields.number('temperature')
  const topP = fields.number('top_p')
  return {
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(stops.length === 0 ? {} : { stopSequences: stops }),
  }
}

function stopsOf(fields: Fields): readonly string[] {
  return (fields.list('stop_sequences') ?? []).map((stop) => {
    if (typeof stop !== 'string') throw new InvalidField('stop_sequences', 'must be a list of strings.')
    return stop
  })
}

/** Nova alone has a place for it that is known. */
function topKOf(fields: Fields, baseModel: string | null, dropped: Dropped): Readonly<Record<string, Json>> {
  const topK = fields.number('top_k')
  if (topK === undefined) return {}
  if (baseModel?.startsWith('amazon.nova-') === true) return { inferenceConfig: { topK } }
  dropped.add('top_k')
  return {}
}

type SaidReasoning = { readonly fields: Readonly<Record<string, Json>>; readonly effort: { readonly effort?: string } }

/** How much a model is to think: in words where the caller has them, else told from the budget. */
function reasoningOf(fields: Fields, baseModel: string | null, dropped: Dropped): SaidReasoning {
  const thinking = fields.object('thinking')
  const asked = fields.object('output_config')?.text('effort')
  const type = thinking?.word('type', ['enabled', 'disabled', 'adaptive'])
  const budget = thinking?.number('budget_tokens')
  thinking?.any('display')
  const nothing = { fields: {}, effort: {} }
  if (type === undefined && asked === undefined) return nothing
  const effort = type === 'disabled' ? 'none' : effortOf(asked, budget)
  const say = abilitiesOf(baseModel).reasoning
  if (say === null) {
    if (effort !== 'none') dropped.add(type === undefined ? 'output_config.effort' : 'thinking')
    return nothing
  }
  const said = say(effort)
  return { fields: said.fields, effort: said.effort === undefined ? {} : { effort: said.effort } }
}

const EFFORTS: Readonly<Record<string, Effort>> = {
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'max',
  max: 'max',
}
const MEDIUM_BUDGET_TOKENS = 8_192
const HIGH_BUDGET_TOKENS = 16_384

function effortOf(asked: string | undefined, budget: number | undefined): Effort {
  const named = asked === undefined ? undefined : EFFORTS[asked]
  if (named !== undefined) return named
  if (budget === undefined) return 'medium'
  return budget < MEDIUM_BUDGET_TOKENS ? 'low' : budget < HIGH_BUDGET_TOKENS ? 'medium' : 'high'
}

function formatOf(fields: Fields, baseModel: string | null, dropped: Dropped): ConverseRequest['outputConfig'] {
  const format = fields.object('output_config')?.object('format') ?? fields.object('output_format')
  if (format === undefined) return undefined
  if (format.neededText('type') !== 'json_schema') throw new InvalidField(format.at('type'), 'must be "json_schema".')
  const schema = JSON.stringify(format.neededObject('schema').value)
  if (abilitiesOf(baseModel).structured)
    return { textFormat: { type: 'json_schema', structure: { jsonSchema: { schema, name: 'answer' } } } }
  dropped.add(format.path)
  return undefined
}

const ANYTHING = { type: 'object', properties: {} }

function toolsOf(
  fields: Fields,
  calledTools: ReadonlySet<string>,
  carriage: Carriage,
): Pick<ConverseRequest, 'toolConfig'> {
  const choice = fields.object('tool_choice')
  const mode = choice?.word('type', ['auto', 'any', 'tool', 'none']) ?? 'auto'
  // Converse knows no "none": what was called must be offered, and nothing else is.
  const offered = (fields.objects('tools') ?? []).filter(
    (tool) => mode !== 'none' || calledTools.has(tool.neededText('name')),
  )
  const tools = offered.flatMap((tool) => toolOf(tool, carriage))
  const named = new Set(offered.map((tool) => tool.text('name')))
  // Bedrock refuses a conversation with tool calls whose tools are not offered.
  for (const name of calledTools) {
    if (!named.has(name)) tools.push({ toolSpec: { name, inputSchema: { json: ANYTHING } } })
  }
  if (choice?.flag('disable_parallel_tool_use') === true) carriage.dropped.add('tool_choice.disable_parallel_tool_use')
  if (tools.length === 0) return {}
  if (mode === 'none') carriage.dropped.add('tool_choice')
  return { toolConfig: { tools, ...toolChoiceOf(mode, choice) } }
}

/** Tools of Anthropic's own have a dated type and no schema; they run where no other model can reach them. */
const isServerTool = (tool: Fields): boolean => (tool.text('type') ?? 'custom') !== 'custom'

function toolOf(tool: Fields, carriage: Carriage): Tool[] {
  const { dropped } = carriage
  const name = tool.neededText('name')
  if (isServerTool(tool)) {
    dropped.add(`tools.${tool.text('type') ?? ''}`)
    return []
  }
  const description = tool.text('description') ?? ''
  if (tool.flag('strict') === true) dropped.add(tool.at('strict'))
  const inputSchema = { json: tool.object('input_schema')?.value ?? ANYTHING }
  const toolSpec = { name, ...(description === '' ? {} : { description }), inputSchema }
  const said = [{ toolSpec }, ...cachePointOf(tool, carriage)]
  dropped.addAll(tool.unread())
  return said
}

function toolChoiceOf(mode: string, choice: Fields | undefined): { readonly toolChoice?: ToolChoice } {
  if (choice === undefined || mode === 'none') return {}
  if (mode === 'tool') return { toolChoice: { tool: { name: choice.neededText('name') } } }
  return { toolChoice: mode === 'any' ? { any: {} } : { auto: {} } }
}

/** Read elsewhere, or of no meaning to a model; all the rest is told. */
function forgetHarmless(fields: Fields, dropped: Dropped): void {
  for (const name of ['model', 'stream', 'metadata', 'anthropic_version', 'tools', 'output_config']) fields.any(name)
  if (fields.any('anthropic_beta') !== undefined) dropped.add('anthropic_beta')
  dropped.addAll(fields.unread())
}
