// Usage of Amazon Titan Text: input tokens beside the results, output tokens in each result.

import type { Family } from './family.ts'

/** docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-text.html; in a stream the counts stand on the last chunk. */
export const TITAN_TEXT: Family = {
  name: 'titan-text',
  answer: {
    inputTextTokenCount: (value, sheet) => sheet.say(sheet.streaming ? 'chunk' : 'body', 'input_tokens', value),
    'results.[].tokenCount': (value, sheet) => sheet.add('body', 'output_tokens', value),
    totalOutputTextTokenCount: (value, sheet) => {
      sheet.say('chunk', 'output_tokens', value)
      sheet.ended = true
    },
  },
}
