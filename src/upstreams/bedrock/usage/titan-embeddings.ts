// Usage of Amazon Titan embeddings: text tokens by the answer, and the image that the multimodal model was given.

import type { Family } from './family.ts'

/** docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html */
export const TITAN_EMBEDDINGS: Family = {
  name: 'titan-embeddings',
  answer: { inputTextTokenCount: (value, sheet) => sheet.say('body', 'input_tokens', value) },
}

/** docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-mm.html: at most one image, billed beside the text. */
export const TITAN_MULTIMODAL_EMBEDDINGS: Family = {
  ...TITAN_EMBEDDINGS,
  name: 'titan-multimodal-embeddings',
  request: ['inputImage'],
  finish: (sheet, asked) => {
    if (asked.has('inputImage')) sheet.say('request', 'input_images', 1)
  },
}
