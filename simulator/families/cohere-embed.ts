// Cohere's embedding models on InvokeModel: v3 and v4, floats alone or embeddings by type; tokens in the headers only.
import { type Family, type FamilyCall, FamilyValidationError, type JsonObject } from '../family.ts'
import { cardsOf } from './card.ts'
import { uuid } from './generation.ts'
import { asArray, asNumber, asObjects, asString, asStrings } from './json.ts'
import { vector, wholeVector } from './media.ts'
import { any, checkBody, integer, list, object, oneOf, open, refuse, text } from './schema.ts'

const card = cardsOf('Cohere', {
  outputModalities: ['EMBEDDING'],
  streaming: false,
  converse: false,
  maxOutputTokens: 0,
})

export const cohereEmbed: Family = {
  name: 'cohere-embed',
  models: [
    card('cohere.embed-v4:0', 'Embed v4', { inputModalities: ['TEXT', 'IMAGE'], profiles: ['us', 'eu', 'global'] }),
    card('cohere.embed-english-v3', 'Embed English', { inputModalities: ['TEXT', 'IMAGE'] }),
    card('cohere.embed-multilingual-v3', 'Embed Multilingual', { inputModalities: ['TEXT', 'IMAGE'] }),
  ],
  invoke(call) {
    const items = readItems(call)
    const length =
      call.model.modelId === 'cohere.embed-v4:0' ? (asNumber(call.body['output_dimension']) ?? 1_536) : 1_024
    const vectors = items.map(({ seed }) => vector(seed, length))
    const types = asStrings(call.body['embedding_types'])
    const floatsAlone = types.length === 0 || (types.length === 1 && types[0] === 'float')
    return {
      body: {
        id: uuid(items.map(({ seed }) => seed).join('\n')),
        response_type: floatsAlone ? 'embeddings_floats' : 'embeddings_by_type',
        embeddings: floatsAlone ? vectors : byType(vectors, types),
        ...echo(call.body),
      },
      usage: { input_tokens: items.reduce((sum, { tokens }) => sum + tokens, 0) },
      usageHeaders: true,
    }
  },
  promptText: (body) => asStrings(body['texts']).join('\n'),
}

const TYPES = oneOf('float', 'int8', 'uint8', 'binary', 'ubinary')

const V3 = object(
  {
    texts: list(text(1, 2_048), 1, 96),
    images: list(text(1), 1, 1),
    input_type: oneOf('search_document', 'search_query', 'classification', 'clustering', 'image'),
    truncate: oneOf('NONE', 'START', 'END', 'LEFT', 'RIGHT'),
    embedding_types: list(TYPES, 1),
  },
  ['input_type'],
)

const V4 = object(
  {
    texts: list(text(1), 1, 96),
    images: list(text(1), 1, 96),
    inputs: list(open({ content: list(open({ type: oneOf('text', 'image_url') }, ['type']), 1) }, ['content']), 1, 96),
    input_type: oneOf('search_document', 'search_query', 'classification', 'clustering', 'image'),
    truncate: oneOf('NONE', 'START', 'END', 'LEFT', 'RIGHT'),
    embedding_types: list(TYPES, 1),
    output_dimension: integer(),
    max_tokens: integer(1, 128_000),
    normalize: any,
  },
  ['input_type'],
)

type Item = { seed: string; tokens: number }

function readItems(call: FamilyCall): Item[] {
  const { body } = call
  const newest = call.model.modelId === 'cohere.embed-v4:0'
  checkBody(body, newest ? V4 : V3)
  const given = ['texts', 'images', 'inputs'].filter((name) => body[name] !== undefined)
  if (given.length === 0) refuse('#: required key [texts] not found')
  if (given.length > 1) throw new FamilyValidationError(`Only one of ${given.join(' and ')} may be provided.`)
  const dimension = asNumber(body['output_dimension'])
  if (dimension !== undefined && ![256, 512, 1_024, 1_536].includes(dimension))
    refuse(`#/output_dimension: ${dimension} is not a valid enum value`)
  const items = asArray(body[given[0] ?? '']).map((item) => itemOf(call, item))
  // v3 reads 512 tokens of each text, v4 what max_tokens says; only truncate NONE refuses a longer one
  const most = newest ? (asNumber(body['max_tokens']) ?? 128_000) : 512
  if (body['truncate'] === 'NONE' && items.some(({ tokens }) => tokens > most))
    throw new FamilyValidationError(`The provided text is too long: a text may have at most ${most} tokens.`)
  return items.map(({ seed, tokens }) => ({ seed, tokens: Math.min(tokens, most) }))
}

function itemOf(call: FamilyCall, item: JsonObject[string]): Item {
  if (typeof item === 'string') {
    const image = item.startsWith('data:')
    return { seed: item, tokens: image ? IMAGE_TOKENS : call.countTokens(item) }
  }
  const parts = asObjects((item as JsonObject)['content'])
  const tokens = parts.reduce(
    (sum, part) => sum + (part['type'] === 'text' ? call.countTokens(asString(part['text']) ?? '') : IMAGE_TOKENS),
    0,
  )
  return { seed: JSON.stringify(item), tokens }
}

/** Pixels by 784, times four (AWS user guide, "Cohere Embed v4"): a megapixel is about this much. */
const IMAGE_TOKENS = 5_352

function byType(vectors: readonly number[][], types: readonly string[]): JsonObject {
  const out: JsonObject = {}
  for (const type of types) out[type] = vectors.map((values) => (type === 'float' ? values : wholeVector(values, type)))
  return out
}

function echo(body: JsonObject): JsonObject {
  if (body['texts'] !== undefined) return { texts: body['texts'] }
  return body['inputs'] === undefined ? {} : { inputs: body['inputs'] }
}
