// Usage of Bedrock's own endpoints of OpenAI's and Anthropic's dialects, in a body or in server-sent events.

import { CLAUDE } from './claude.ts'
import { answerPaths, member, type Family, type Reads } from './family.ts'
import type { PathNode } from './json-paths.ts'
import { OPENAI_ANSWER } from './openai.ts'
import type { Sheet } from './sheet.ts'
import { readOpenAiUsage } from './token-usage.ts'

export type DialectPlan = {
  readonly paths: PathNode<Sheet>
  /** the data of the event that ends a stream, where it is no JSON */
  readonly done: string | null
  /** events of other names repeat the text of those before */
  readonly tellsNewText: (event: Buffer) => boolean
}

const readResponseUsage: Reads = (value, sheet) => {
  readOpenAiUsage(sheet, sheet.streaming ? 'chunk' : 'body', value)
  sheet.ended = true
}

/** An error inside a stream that began with a success: OpenAI's and Anthropic's both stand under this name. */
const failure: Reads = (value, sheet) => {
  if (value === null || value === undefined) return
  const type = member(value, 'type') ?? member(value, 'code')
  sheet.failed = typeof type === 'string' ? type.slice(0, 128) : 'error'
}

const CHAT: Family = { name: 'chat completions', answer: { ...OPENAI_ANSWER, error: failure } }

const ENDS_RESPONSE = /^"response\.(?:completed|incomplete|failed)"$/

/** Whole answers are the response itself; events hold it under its name (OpenAI's API reference, "Responses", read 2026-11). */
const RESPONSE: Family = {
  name: 'responses',
  answer: {
    usage: readResponseUsage,
    service_tier: (value, sheet) => sheet.servedTier(value),
    'response.usage': (value, sheet) => {
      if (value !== null) readResponseUsage(value, sheet)
    },
    // until it is made, a response repeats the tier that was asked for, which may be no tier
    'response.service_tier': (value, sheet) => {
      if (value !== 'auto') sheet.servedTier(value)
    },
    'response.error': failure,
    error: failure,
  },
  heads: {
    type: (head, sheet) => {
      if (ENDS_RESPONSE.test(head)) sheet.finalSeen = true
      else if (head === '"error"') sheet.failed ??= 'error'
    },
  },
}

const MESSAGE: Family = {
  name: 'messages',
  answer: { ...CLAUDE.answer, error: failure },
  heads: {
    type: (head, sheet) => {
      if (head === '"message_stop"') sheet.finalSeen = true
    },
  },
}

const always = (): boolean => true
/** The name of the event, in its first line or in its data, stands in front of what the model wrote. */
const isDelta = (event: Buffer): boolean => event.toString('latin1', 0, 64).includes('.delta')

export const CHAT_COMPLETIONS: DialectPlan = { paths: answerPaths(CHAT, {}), done: '[DONE]', tellsNewText: always }
export const RESPONSES: DialectPlan = { paths: answerPaths(RESPONSE, {}), done: null, tellsNewText: isDelta }
export const MESSAGES: DialectPlan = { paths: answerPaths(MESSAGE, {}), done: null, tellsNewText: always }
