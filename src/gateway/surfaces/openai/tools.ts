// Tools, how they may be chosen, and answers by a JSON schema: in OpenAI's words in, in Converse's out.

import type { abilitiesOf } from '../converse/abilities.ts'
import type { Dropped } from '../converse/dropped.ts'
import { InvalidField, type Fields } from '../converse/fields.ts'
import type { ConverseRequest, Json, Tool, ToolChoice } from '../converse/types.ts'

export type AskedTool = {
  readonly name: string
  readonly description: string | undefined
  readonly parameters: Json | undefined
  readonly strict: boolean
}

export type AskedChoice =
  | { readonly mode: 'auto' | 'none' | 'required' }
  | { readonly mode: 'tool'; readonly name: string }

export type AskedSchema = {
  readonly name: string
  readonly description: string | undefined
  readonly schema: Json
}

export type ToolsQuestion = {
  readonly tools: readonly AskedTool[]
  readonly choice: AskedChoice
  readonly parallel: boolean
  /** the answer is to be JSON of this schema */
  readonly schema: AskedSchema | null
  readonly calledTools: ReadonlySet<string>
  readonly abilities: ReturnType<typeof abilitiesOf>
  readonly dropped: Dropped
}

export type SaidTools = Pick<ConverseRequest, 'toolConfig' | 'outputConfig'> & {
  readonly fields: Readonly<Record<string, Json>>
  /** the tool whose input is the answer, where the model answers by a schema only so; null: there is none */
  readonly schemaTool: string | null
}

export function sayTools(question: ToolsQuestion): SaidTools {
  const { schema, abilities } = question
  const bySchema = schema !== null && abilities.structured
  const schemaTool = schema !== null && !abilities.structured ? nameBeside(question.tools, schema.name) : null
  const choice = schemaTool === null ? question.choice : choiceWithSchema(question, schemaTool)
  const tools = toolsOf(question, schemaTool)
  const fields = choiceFields(question, choice, tools)
  return {
    ...(tools.length === 0 ? {} : { toolConfig: { tools, ...toolChoiceOf(choice) } }),
    ...(bySchema ? { outputConfig: { textFormat: textFormatOf(schema) } } : {}),
    fields,
    schemaTool,
  }
}

/** The schema's own name, unless a tool has it. */
function nameBeside(tools: readonly AskedTool[], name: string): string {
  const taken = new Set(tools.map((tool) => tool.name))
  return taken.has(name) ? `${name.slice(0, 50)}_answer` : name
}

/** Whoever must answer by a schema must call something: one of the tools, or the schema. */
function choiceWithSchema({ tools, choice }: ToolsQuestion, schemaTool: string): AskedChoice {
  if (choice.mode === 'tool') return choice
  return tools.length === 0 || choice.mode === 'none' ? { mode: 'tool', name: schemaTool } : { mode: 'required' }
}

function toolsOf(question: ToolsQuestion, schemaTool: string | null): Tool[] {
  const { schema, calledTools, choice } = question
  const offered = choice.mode === 'none' ? question.tools.filter(({ name }) => calledTools.has(name)) : question.tools
  const tools = offered.map((tool) => toolOf(tool, question))
  if (schema !== null && schemaTool !== null) {
    const { description = 'Gives the answer.' } = schema
    tools.push({ toolSpec: { name: schemaTool, description, inputSchema: { json: schema.schema } } })
  }
  // Bedrock refuses a conversation with tool calls whose tools are not offered.
  const known = new Set(question.tools.map(({ name }) => name))
  for (const name of calledTools) {
    if (!known.has(name)) tools.push({ toolSpec: { name, inputSchema: { json: ANYTHING } } })
  }
  return tools
}

const ANYTHING = { type: 'object', properties: {} }

function toolOf(tool: AskedTool, { abilities, dropped }: ToolsQuestion): Tool {
  const { name, description, parameters, strict } = tool
  const strictly = strict && abilities.structured
  if (strict && !strictly) dropped.add('tools[].strict')
  return {
    toolSpec: {
      name,
      ...(description === undefined || description === '' ? {} : { description }),
      inputSchema: { json: parameters ?? ANYTHING },
      ...(strictly ? { strict: true } : {}),
    },
  }
}

/** Converse knows no "none"; auto is what it does unasked. */
function toolChoiceOf(choice: AskedChoice): { toolChoice?: ToolChoice } {
  if (choice.mode === 'required') return { toolChoice: { any: {} } }
  return choice.mode === 'tool' ? { toolChoice: { tool: { name: choice.name } } } : {}
}

/** What only Claude can be told, and only in its own words. */
function choiceFields(
  { parallel, abilities, dropped, tools, choice: asked }: ToolsQuestion,
  choice: AskedChoice,
  said: readonly Tool[],
): Readonly<Record<string, Json>> {
  if (said.length === 0) return {}
  if (choice.mode === 'none') {
    if (abilities.claude) return { tool_choice: { type: 'none' } }
    dropped.add('tool_choice')
    return {}
  }
  if (parallel || tools.length === 0 || asked.mode === 'none') return {}
  if (!abilities.claude) {
    dropped.add('parallel_tool_calls')
    return {}
  }
  const type = choice.mode === 'required' ? 'any' : choice.mode
  const name = choice.mode === 'tool' ? { name: choice.name } : {}
  return { tool_choice: { type, ...name, disable_parallel_tool_use: true } }
}

function textFormatOf({ name, description, schema }: AskedSchema) {
  return {
    type: 'json_schema' as const,
    structure: {
      jsonSchema: {
        schema: JSON.stringify(schema),
        name,
        ...(description === undefined ? {} : { description }),
      },
    },
  }
}

export function readTool(tool: Fields): AskedTool {
  return {
    name: tool.neededText('name'),
    description: tool.text('description'),
    parameters: tool.object('parameters')?.value,
    strict: tool.flag('strict') ?? false,
  }
}

const SCHEMA_NAME = /^[A-Za-z0-9_-]{1,64}$/

export function readSchema(format: Fields): AskedSchema {
  const name = format.text('name') ?? 'answer'
  if (!SCHEMA_NAME.test(name))
    throw new InvalidField(format.at('name'), 'must be 1 to 64 letters, digits, hyphens and underscores.')
  // a schema is followed as strictly as the model can, whether or not that was asked for
  format.flag('strict')
  return { name, description: format.text('description'), schema: format.neededObject('schema').value }
}
