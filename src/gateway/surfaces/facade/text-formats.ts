// How models are asked for text in their own formats, and where their answers have it; the first pattern that matches counts.

import type { Json, JsonObject } from '../converse/types.ts'
import { isObject } from './request.ts'

export type TextFormat = {
  readonly pattern: RegExp
  readonly body: (prompt: string, parameters: JsonObject) => JsonObject
  /** undefined: the answer has no text there */
  readonly text: (answer: Json) => Json | undefined
  /** the text of one chunk of a streamed answer; null: Bedrock does not stream this format */
  readonly piece: ((chunk: Json) => Json | undefined) | null
  /** what the body must say to be streamed, where the path alone does not do */
  readonly streamMembers?: JsonObject
}

const DEFAULT_CLAUDE_TOKENS = 256
const DEFAULT_MESSAGES_TOKENS = 1_000

const flat = (prompt: string, parameters: JsonObject): JsonObject => ({ ...parameters, prompt })

const FORMATS: readonly TextFormat[] = [
  {
    pattern: /^anthropic\.claude-(?:v|instant)/,
    body: (prompt, parameters) => ({
      max_tokens_to_sample: DEFAULT_CLAUDE_TOKENS,
      ...parameters,
      prompt: asDialogue(prompt),
    }),
    text: (answer) => at(answer, 'completion'),
    piece: (chunk) => at(chunk, 'completion'),
  },
  {
    pattern: /^anthropic\./,
    body: messagesBody,
    text: (answer) => joinedText(at(answer, 'content')),
    piece: (chunk) => at(chunk, 'delta', 'text'),
  },
  {
    pattern: /^amazon\.titan-(?:text|tg1)/,
    body: (prompt, parameters) => ({ inputText: prompt, textGenerationConfig: parameters }),
    text: (answer) => at(answer, 'results', 0, 'outputText'),
    piece: (chunk) => at(chunk, 'outputText'),
  },
  { pattern: /^ai21\.j2/, body: flat, text: (answer) => at(answer, 'completions', 0, 'data', 'text'), piece: null },
  {
    pattern: /^cohere\.command(?!-[ar])/,
    body: flat,
    text: (answer) => at(answer, 'generations', 0, 'text'),
    // the last chunk repeats the whole text
    piece: (chunk) => (at(chunk, 'is_finished') === true ? undefined : at(chunk, 'text')),
    streamMembers: { stream: true },
  },
  {
    pattern: /^meta\.llama/,
    body: flat,
    text: (answer) => at(answer, 'generation'),
    piece: (chunk) => at(chunk, 'generation'),
  },
  {
    pattern: /^mistral\.(?:mistral|mixtral)/,
    body: flat,
    text: (answer) => at(answer, 'outputs', 0, 'text'),
    piece: (chunk) => at(chunk, 'outputs', 0, 'text'),
  },
]

/** null: the model has no format of prompts; Converse speaks to it. */
export const textFormatOf = (model: string): TextFormat | null =>
  FORMATS.find(({ pattern }) => pattern.test(model)) ?? null

/** Text completions of Claude are turns of a dialogue that ends with the assistant's. */
function asDialogue(prompt: string): string {
  const begun = /(?:^|\n\n)Human:/.test(prompt) ? prompt : `Human: ${prompt}`
  const led = begun.startsWith('\n\n') ? begun : `\n\n${begun}`
  return /\n\nAssistant:/.test(led) ? led : `${led}\n\nAssistant:`
}

/** Later Claude models take messages only; their limit goes by another name, which callers of the older ones do not know. */
function messagesBody(prompt: string, { max_tokens_to_sample: older, ...parameters }: JsonObject): JsonObject {
  return {
    anthropic_version: 'bedrock-2023-05-31',
    max_tokens: older ?? DEFAULT_MESSAGES_TOKENS,
    ...parameters,
    messages: [{ role: 'user', content: [{ type: 'text', text: prompt }] }],
  }
}

/** Blocks without text, such as the use of a tool, say nothing here. */
export function joinedText(blocks: Json | undefined): string | undefined {
  if (!Array.isArray(blocks)) return undefined
  const texts = (blocks as readonly Json[]).map((block) => at(block, 'text'))
  return texts.filter((text) => typeof text === 'string').join('')
}

export function at(value: Json | undefined, ...path: readonly (string | number)[]): Json | undefined {
  let found = value
  for (const step of path) {
    if (typeof step === 'number') found = Array.isArray(found) ? (found as readonly Json[])[step] : undefined
    else found = isObject(found) && Object.hasOwn(found, step) ? found[step] : undefined
  }
  return found
}
