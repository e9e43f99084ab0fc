// Reads a request of OpenAI's Responses: what this host refuses, and the same conversation as a chat, which the models understand.
import { ApiError, constraint, invalid, shown } from '../errors.ts'
import type { Json, JsonObject } from '../family.ts'
import { arrayAt, isObject, objectAt, objectsAt, stringAt } from '../json.ts'

export type ResponseRequest = {
  /** the body of the chat that the family is asked */
  chat: JsonObject
  /** everything said so far, for a next turn that names this response */
  messages: JsonObject[]
  store: boolean
}

/** `before` finds the conversation of an earlier response; null: there is none. */
export function readResponse(rest: JsonObject, before: (id: string) => readonly JsonObject[] | null): ResponseRequest {
  refuseUnsupported(rest)
  const previous = stringAt(rest, 'previous_response_id')
  const earlier = previous === undefined ? [] : before(previous)
  if (earlier === null)
    throw new ApiError('ValidationException', `Previous response with id '${shownId(previous)}' not found.`)
  const messages = [...earlier, ...inputMessages(rest.input)]
  if (messages.length === 0) throw invalid('One of "input" or "previous_response_id" must be provided.')
  const instructions = stringAt(rest, 'instructions')
  const system = instructions === undefined ? [] : [{ role: 'system', content: instructions }]
  return { chat: chatOf(rest, [...system, ...messages]), messages, store: rest.store !== false }
}

const shownId = (id: string | undefined): string => (id ?? '').slice(0, 80)

/** Always synchronous, no server-side tools (AWS user guide, "Responses API", October 2026). */
function refuseUnsupported(rest: JsonObject): void {
  if (rest.background === true) throw invalid('Background mode is not supported on this endpoint.')
  for (const tool of objectsAt(rest, 'tools')) {
    if (tool.type !== 'function' && tool.type !== 'custom')
      throw invalid(`Tools of type '${stringAt(tool, 'type')?.slice(0, 64) ?? ''}' are not supported on this endpoint.`)
  }
  const most = rest.max_output_tokens
  if (most !== undefined && most !== null && (typeof most !== 'number' || !Number.isInteger(most) || most < 1))
    throw constraint(most, 'max_output_tokens', 'have value greater than or equal to 1')
}

const SAME_IN_CHAT = ['temperature', 'top_p', 'prompt_cache_options', 'parallel_tool_calls', 'user', 'metadata']

function chatOf(rest: JsonObject, messages: JsonObject[]): JsonObject {
  const chat: JsonObject = { messages }
  for (const name of SAME_IN_CHAT) {
    const value = rest[name]
    if (value !== undefined && value !== null) chat[name] = value
  }
  if (typeof rest.max_output_tokens === 'number') chat.max_completion_tokens = rest.max_output_tokens
  const tools = objectsAt(rest, 'tools').map(({ type, ...described }) => ({ type: type ?? '', function: described }))
  if (tools.length > 0) chat.tools = tools
  const choice = toolChoiceOf(rest.tool_choice)
  if (choice !== undefined) chat.tool_choice = choice
  return chat
}

function toolChoiceOf(choice: Json | undefined): Json | undefined {
  if (!isObject(choice)) return choice ?? undefined
  return { type: 'function', function: { name: stringAt(choice, 'name') ?? '' } }
}

function inputMessages(input: Json | undefined): JsonObject[] {
  if (input === undefined || input === null) return []
  if (typeof input === 'string') return [{ role: 'user', content: input }]
  if (!Array.isArray(input)) throw invalid('input: expected a string or a list of items.')
  return input.flatMap((item, index) => {
    if (!isObject(item)) throw invalid(`input[${index}]: expected an object.`)
    return messageOf(item, index)
  })
}

function messageOf(item: JsonObject, index: number): JsonObject[] {
  const type = stringAt(item, 'type') ?? 'message'
  switch (type) {
    case 'message':
      return [{ role: roleOf(item, index), content: contentOf(item, index) }]
    case 'function_call': {
      const called = { name: stringAt(item, 'name') ?? '', arguments: stringAt(item, 'arguments') ?? '' }
      const call = { id: stringAt(item, 'call_id') ?? '', type: 'function', function: called }
      return [{ role: 'assistant', content: null, tool_calls: [call] }]
    }
    case 'function_call_output': {
      const output = typeof item.output === 'string' ? item.output : JSON.stringify(item.output ?? '')
      return [{ role: 'tool', tool_call_id: stringAt(item, 'call_id') ?? '', content: output }]
    }
    case 'reasoning':
      return []
    default:
      throw invalid(`input[${index}]: items of type '${type.slice(0, 64)}' are not supported on this endpoint.`)
  }
}

function roleOf(item: JsonObject, index: number): string {
  const role = stringAt(item, 'role') ?? ''
  if (!['user', 'assistant', 'system', 'developer'].includes(role))
    throw invalid(`input[${index}].role: expected one of user, assistant, system, developer.`)
  return role
}

function contentOf(item: JsonObject, index: number): Json {
  if (typeof item.content === 'string') return item.content
  const parts = arrayAt(item, 'content')
  if (parts === undefined) throw invalid(`input[${index}].content: Field required`)
  return parts.map((part, at) => partOf(part, `input[${index}].content[${at}]`))
}

function partOf(part: Json, place: string): JsonObject {
  if (!isObject(part)) throw invalid(`${place}: expected an object.`)
  switch (part.type) {
    case 'input_text':
    case 'output_text':
      return { type: 'text', text: stringAt(part, 'text') ?? '' }
    case 'input_image':
      return { type: 'image_url', image_url: { url: stringAt(part, 'image_url') ?? '' } }
    case 'input_file':
      return { type: 'file', file: objectAt(part, 'file') ?? { file_data: stringAt(part, 'file_data') ?? '' } }
    case 'refusal':
      return { type: 'text', text: stringAt(part, 'refusal') ?? '' }
    default:
      throw invalid(`${place}: parts of type '${shown(part.type)}' are not supported on this endpoint.`)
  }
}
