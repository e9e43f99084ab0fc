// Usage of AI21 models: OpenAI's block on Jamba, lists of tokens on Jurassic-2.

import type { Family } from './family.ts'
import { OPENAI_ANSWER } from './openai.ts'

/** docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-jamba.html */
export const JAMBA: Family = { name: 'ai21-jamba', answer: OPENAI_ANSWER }

/** docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-jurassic2.html: each token of prompt and completions is listed. */
export const JURASSIC: Family = {
  name: 'ai21-jurassic',
  heads: {
    'prompt.tokens.[]': (_head, sheet) => sheet.add('answer', 'input_tokens', 1),
    'completions.[].data.tokens.[]': (_head, sheet) => sheet.add('answer', 'output_tokens', 1),
  },
}
