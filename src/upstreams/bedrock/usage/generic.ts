// Usage of a model whose family is not known: headers and invocation metrics, and every usage block whose names are known.

import { readMessagesUsage } from './claude.ts'
import { type Family, member, type Reads } from './family.ts'
import type { Sheet, Source } from './sheet.ts'
import { readAnyUsage } from './token-usage.ts'

const messages: Reads = (value, sheet) => readMessagesUsage(sheet, here(sheet), value)

/** For imported and custom models, application profiles that could not be resolved, and models newer than this table. */
export const GENERIC: Family = {
  name: 'generic',
  answer: {
    usage: (value, sheet) => {
      if (typeof value !== 'object') return
      readAnyUsage(sheet, here(sheet), value, messages)
      sheet.ended = true
    },
    'message.usage': (value, sheet) => {
      readMessagesUsage(sheet, 'message_start', { ...Object(value), output_tokens: null })
      sheet.sayProvisional('message_start', 'output_tokens', member(value, 'output_tokens'))
    },
    'metadata.usage': (value, sheet) => {
      readAnyUsage(sheet, 'metadata', value, messages)
      sheet.ended = true
    },
    prompt_token_count: (value, sheet) => sheet.say(here(sheet), 'input_tokens', value),
    generation_token_count: (value, sheet) => sheet.say(here(sheet), 'output_tokens', value),
    inputTextTokenCount: (value, sheet) => sheet.say(here(sheet), 'input_tokens', value),
  },
}

function here(sheet: Sheet): Source {
  return sheet.streaming ? 'chunk' : 'body'
}
