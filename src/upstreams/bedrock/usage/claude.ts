// Usage of Anthropic Claude models: the Messages API's usage block, in one body or in a stream's message_start and message_delta.

import { type Family, member } from './family.ts'
import type { Sheet, Source } from './sheet.ts'

/**
 * docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html. `input_tokens` excludes cached tokens.
 * In a stream `message_start` gives the input and a placeholder for the output; the last `message_delta` is cumulative and final.
 * Old text-completion answers carry no usage; the headers do.
 */
export const CLAUDE: Family = {
  name: 'claude',
  answer: {
    'message.usage': (value, sheet) => {
      readMessagesUsage(sheet, 'message_start', { ...Object(value), output_tokens: null })
      sheet.sayProvisional('message_start', 'output_tokens', member(value, 'output_tokens'))
    },
    usage: (value, sheet) => readMessagesUsage(sheet, sheet.streaming ? 'message_delta' : 'body', value),
  },
  heads: {
    type: (head, sheet) => {
      if (head === '"message_stop"') sheet.ended = true
    },
  },
}

export function readMessagesUsage(sheet: Sheet, source: Source, usage: unknown): void {
  sheet.say(source, 'input_tokens', member(usage, 'input_tokens'))
  sheet.say(source, 'output_tokens', member(usage, 'output_tokens'))
  sheet.say(source, 'cache_read_tokens', member(usage, 'cache_read_input_tokens'))
  sheet.say(source, 'cache_write_tokens', member(usage, 'cache_creation_input_tokens'))
  const split = member(usage, 'cache_creation')
  sheet.say(source, 'cache_write_5m_tokens', member(split, 'ephemeral_5m_input_tokens'))
  sheet.say(source, 'cache_write_1h_tokens', member(split, 'ephemeral_1h_input_tokens'))
}
