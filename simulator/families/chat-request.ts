// Reads a request in OpenAI's chat format: messages, limits, tools and the prefixes that are cached unasked.
import { FamilyValidationError, type Json, type JsonObject, type ModelCard } from '../family.ts'
import { hash } from './generation.ts'
import { asNumber, asObject, asObjects, asString, asStrings } from './json.ts'
import { promptOf, type Segment } from './prompt-cache.ts'
import { any, boolean, checkBody, either, integer, list, number, oneOf, open, refuse, text } from './schema.ts'
import type { Tool, ToolChoice } from './tool-call.ts'

export type ChatRequest = {
  segments: Segment[]
  promptText: string
  /** most tokens of one answer */
  limit: number
  choices: number
  stops: string[]
  tools: Tool[]
  toolChoice: ToolChoice
  answersTool: boolean
}

const MESSAGE = open(
  {
    role: oneOf('system', 'developer', 'user', 'assistant', 'tool', 'function'),
    content: either(text(), list(open({ type: text() }, ['type'])), any),
    tool_calls: any,
    tool_call_id: any,
    name: any,
  },
  ['role'],
)

const BODY = open(
  {
    messages: list(MESSAGE, 1),
    model: text(),
    stream: boolean,
    max_tokens: integer(1),
    max_completion_tokens: integer(1),
    temperature: number(0, 2),
    top_p: number(0, 1),
    n: integer(1),
    stop: either(text(), list(text())),
    presence_penalty: number(-2, 2),
    frequency_penalty: number(-2, 2),
    tools: list(open({})),
    tool_choice: either(oneOf('auto', 'none', 'required', 'any'), open({})),
  },
  ['messages'],
)

/** Checks `body` and reduces it to what the simulator needs. */
export function readChat(
  body: JsonObject,
  model: ModelCard,
  rules: { streaming: boolean; maximumChoices: number },
): ChatRequest {
  checkBody(body, BODY)
  checkEcho(body, model, rules.streaming)
  const choices = asNumber(body['n']) ?? 1
  if (choices > rules.maximumChoices) refuse(`#/n: ${choices} is not less or equal to ${rules.maximumChoices}`)
  const segments = chatSegments(body, model)
  return {
    segments,
    promptText: promptOf(segments),
    limit: limitOf(body, model),
    choices,
    stops: typeof body['stop'] === 'string' ? [body['stop']] : asStrings(body['stop']),
    tools: toolsOf(body),
    toolChoice: toolChoiceOf(body),
    answersTool: asObjects(body['messages']).at(-1)?.['role'] === 'tool',
  }
}

/** The words of the prompt, tools first. */
export const chatPrompt = (body: JsonObject): string => promptOf(plainSegments(body))

/** `model` and `stream` may be left out; when there, they must say what the path says (AWS user guide, "OpenAI models"). */
function checkEcho(body: JsonObject, model: ModelCard, streaming: boolean): void {
  const named = asString(body['model'])
  if (named !== undefined && !named.endsWith(model.modelId) && !named.startsWith('arn:'))
    throw new FamilyValidationError('The model in the request body does not match the model of the request.')
  if (body['stream'] !== undefined && body['stream'] !== streaming)
    throw new FamilyValidationError(`The stream field must be ${streaming} for this operation.`)
}

function limitOf(body: JsonObject, model: ModelCard): number {
  const asked = asNumber(body['max_completion_tokens']) ?? asNumber(body['max_tokens'])
  if (asked !== undefined && asked > model.maxOutputTokens)
    throw new FamilyValidationError(
      `The maximum tokens you requested exceeds the model limit of ${model.maxOutputTokens}. Try again with a maximum tokens value that is lower than ${model.maxOutputTokens}.`,
    )
  return asked ?? model.maxOutputTokens
}

/**
 * Where a model has a cache, every message ends a prefix that may be reused; with `prompt_cache_options.mode` "explicit"
 * only the marked messages do. The cache lives 30 minutes (AWS model cards, October 2026).
 */
function chatSegments(body: JsonObject, model: ModelCard): Segment[] {
  const segments = plainSegments(body)
  if (!model.cache) return segments
  const explicit = asObject(body['prompt_cache_options'])?.['mode'] === 'explicit'
  const tools = asObjects(body['tools']).length
  const messages = asObjects(body['messages'])
  messages.forEach((message, index) => {
    // only the end of a long conversation is marked: what a next turn can share, at a bounded cost
    if (index < messages.length - MOST_MARKS) return
    const marked = asObjects(message['content']).some((part) => part['prompt_cache_breakpoint'] !== undefined)
    const segment = segments[tools + index]
    if (segment !== undefined && (marked || !explicit)) segment.breakpoint = '30m'
  })
  return segments
}

const MOST_MARKS = 16

function plainSegments(body: JsonObject): Segment[] {
  return [
    ...asObjects(body['tools']).map((tool) => ({ text: `tool: ${JSON.stringify(tool)}` })),
    ...asObjects(body['messages']).map(messageSegment),
  ]
}

function messageSegment(message: JsonObject): Segment {
  const parts = typeof message['content'] === 'string' ? [] : asObjects(message['content'])
  const words = [
    asString(message['content']) ?? '',
    ...parts.map(partText),
    message['tool_calls'] === undefined ? '' : JSON.stringify(message['tool_calls']),
  ].filter((part) => part !== '')
  const extraTokens = parts.filter(isMedia).length * MEDIA_TOKENS
  return {
    text: `${asString(message['role']) ?? ''}: ${words.join('\n')}`,
    ...(extraTokens > 0 ? { extraTokens } : {}),
  }
}

/** What an image or a sound costs is not published for these models; one fixed number keeps counts steady. */
const MEDIA_TOKENS = 765

const isMedia = (part: JsonObject): boolean => part['type'] === 'image_url' || part['type'] === 'input_audio'

const partText = (part: JsonObject): string =>
  isMedia(part) ? `[media ${hash(JSON.stringify(part))}]` : (asString(part['text']) ?? '')

function toolsOf(body: JsonObject): Tool[] {
  return asObjects(body['tools']).flatMap((tool) => {
    const described = asObject(tool['function'])
    const name = asString(described?.['name'])
    return name === undefined ? [] : [{ name, schema: asObject(described?.['parameters']) ?? {} }]
  })
}

function toolChoiceOf(body: JsonObject): ToolChoice {
  const choice: Json | undefined = body['tool_choice']
  if (choice === 'none') return { kind: 'none' }
  if (choice === 'required' || choice === 'any') return { kind: 'any' }
  const name = asString(asObject(asObject(choice)?.['function'])?.['name'])
  return name === undefined ? { kind: 'auto' } : { kind: 'tool', name }
}
