// Usage of Meta Llama on InvokeModel: two counts beside the text.

import type { Family } from './family.ts'
import type { Sheet, Source } from './sheet.ts'

/**
 * docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-meta.html. In a stream the prompt's count stands on the first chunk, and
 * the generation's count grows from chunk to chunk until the one that has a stop reason.
 */
export const LLAMA: Family = {
  name: 'llama',
  answer: {
    prompt_token_count: (value, sheet) => sheet.say(here(sheet), 'input_tokens', value),
    generation_token_count: (value, sheet) => sheet.say(here(sheet), 'output_tokens', value),
    stop_reason: (_value, sheet) => {
      sheet.ended = true
    },
  },
}

function here(sheet: Sheet): Source {
  return sheet.streaming ? 'chunk' : 'body'
}
