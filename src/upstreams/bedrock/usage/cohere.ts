// Usage of Cohere models: Command, Embed and Rerank; Amazon's rerank model is billed like Cohere's.

import { type Asked, type Family, member, type Reads } from './family.ts'
import type { Sheet } from './sheet.ts'

/** `meta` of Cohere's own API. On Bedrock it is often missing (docs.aws.amazon.com/…/model-parameters-cohere-command-r-plus.html). */
const readMeta: Reads = (value, sheet) => {
  const units = member(value, 'billed_units') ?? member(value, 'tokens')
  const source = sheet.streaming ? 'chunk' : 'body'
  sheet.say(source, 'input_tokens', member(units, 'input_tokens'))
  sheet.say(source, 'output_tokens', member(units, 'output_tokens'))
  sheet.say(source, 'search_units', member(units, 'search_units'))
  sheet.ended = true
}

/** Mostly headers and metrics; a stream of Command R ends with an event that repeats the whole response. */
export const COHERE_COMMAND: Family = {
  name: 'cohere-command',
  answer: {
    meta: readMeta,
    'response.meta': readMeta,
    token_count: (value, sheet) => {
      sheet.say(sheet.streaming ? 'chunk' : 'body', 'input_tokens', member(value, 'prompt_tokens'))
      sheet.say(sheet.streaming ? 'chunk' : 'body', 'output_tokens', member(value, 'response_tokens'))
    },
  },
}

/** docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v4.html: tokens, those of images included, by headers. */
export const COHERE_EMBED: Family = { name: 'cohere-embed', answer: { meta: readMeta } }

/** docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v3.html: images are billed by number. */
export const COHERE_EMBED_3: Family = {
  ...COHERE_EMBED,
  name: 'cohere-embed-3',
  request: ['images.[]'],
  finish: (sheet, asked) => {
    const images = asked.count('images.[]')
    if (images > 0) sheet.say('request', 'input_images', images)
  },
}

const DOCUMENTS_OF_A_UNIT = 100

/** About 512 tokens of English. A longer document counts as several. */
const BYTES_OF_A_DOCUMENT = 2_000

/**
 * docs.aws.amazon.com/bedrock/latest/userguide/rerank-pricing.html: a query with up to 100 document chunks is one unit. Chunks cannot be
 * seen from here: where documents are long on average, the number is a lower bound and marked as an estimate.
 */
export const RERANK: Family = {
  name: 'rerank',
  answer: { meta: readMeta },
  request: ['documents.[]'],
  finish: (sheet, asked) => {
    if (!sheet.isSaid('search_units')) sayUnits(sheet, asked)
  },
}

function sayUnits(sheet: Sheet, asked: Asked): void {
  const documents = asked.count('documents.[]')
  if (documents === 0) {
    sheet.unknown('search_units', 'search_units: the request names no documents')
    return
  }
  const long = asked.bytes > documents * BYTES_OF_A_DOCUMENT
  if (long) sheet.note('search_units: long documents may count as several, at least this many were used')
  sheet.say(long ? 'asked' : 'request', 'search_units', Math.ceil(documents / DOCUMENTS_OF_A_UNIT))
}
