// Embeddings by the models of Bedrock that make them: each request is one InvokeModel, so that each has one line in the ledger.

import { GatewayError } from '../../../core/errors.ts'
import type { Dropped } from '../converse/dropped.ts'
import { InvalidField, isObject, present, type Fields } from '../converse/fields.ts'
import type { Json, JsonObject } from '../converse/types.ts'
import type { Prepared } from '../surface.ts'
import type { AskedCall } from './asked-call.ts'
import { jsonAnswer } from './errors.ts'
import { invokeCall, type InvokeAnswer } from './invoke.ts'
import { metadataOf } from './metadata.ts'
import { underPolicy } from './policy.ts'

export function prepareEmbeddings({ fields: asked, body: bytes, header }: AskedCall): Prepared {
  const model = asked.neededText('model')
  return {
    facts: { modelId: model },
    translate(target) {
      const family = familyOf(target.model.baseModel, model)
      const { fields, dropped } = underPolicy('embeddings', { fields: asked, body: bytes }, target.dialects)
      const base64 = fields.word('encoding_format', ['float', 'base64']) === 'base64'
      const texts = textsOf(fields, family)
      const metadata = metadataOf(fields, header)
      const body = family.ask({ texts, dimensions: fields.number('dimensions'), fields, dropped })
      dropped.addAll(fields.unread())
      const answer = (answered: InvokeAnswer) =>
        jsonAnswer(200, listOf(family.read(answered.body), { base64, model, answered }))
      return invokeCall({ target, body, metadata, dropped, answer })
    },
  }
}

type Question = {
  readonly texts: readonly string[]
  readonly dimensions: number | undefined
  readonly fields: Fields
  readonly dropped: Dropped
}

type Family = {
  readonly mostTexts: number
  ask(question: Question): JsonObject
  /** one list of numbers for each text, in order */
  read(answer: JsonObject): Json
}

/** One text a call (model-parameters-titan-embed-text.html). */
const TITAN: Family = {
  mostTexts: 1,
  ask: ({ texts: [inputText = ''], dimensions }) => ({ inputText, ...present({ dimensions }) }),
  read: ({ embedding = null }) => [embedding],
}

/** Its first version makes vectors of one length only. */
const TITAN_1: Family = {
  ...TITAN,
  ask({ texts: [inputText = ''], dimensions, dropped }) {
    if (dimensions !== undefined) dropped.add('dimensions')
    return { inputText }
  },
}

/** model-parameters-embed-v4.html; what the text is for is not in OpenAI's words, and may be said in Cohere's. */
const COHERE: Family = {
  mostTexts: 96,
  ask: ({ texts, dimensions, fields }) => ({
    texts,
    input_type: fields.text('input_type') ?? 'search_document',
    ...present({ output_dimension: dimensions }),
  }),
  read: ({ embeddings = null }) => (isObject(embeddings) ? (embeddings['float'] ?? null) : embeddings),
}

const COHERE_3: Family = {
  ...COHERE,
  ask(question) {
    if (question.dimensions !== undefined) question.dropped.add('dimensions')
    return COHERE.ask({ ...question, dimensions: undefined })
  },
}

/** Nova multimodal embeddings (its schema nova-multimodal-embed-v1): one thing a call. */
const NOVA: Family = {
  mostTexts: 1,
  ask: ({ texts: [value = ''], dimensions }) => ({
    taskType: 'SINGLE_EMBEDDING',
    singleEmbeddingParams: {
      embeddingPurpose: 'GENERIC_INDEX',
      ...present({ embeddingDimension: dimensions }),
      text: { truncationMode: 'NONE', value },
    },
  }),
  read: ({ embeddings = null }) =>
    Array.isArray(embeddings)
      ? embeddings.map((each: Json) => (isObject(each) ? (each['embedding'] ?? null) : null))
      : null,
}

const FAMILIES: readonly (readonly [pattern: RegExp, family: Family])[] = [
  [/^amazon\.titan-embed-(?:text-v1|g1)/, TITAN_1],
  [/^amazon\.titan-embed/, TITAN],
  [/^amazon\.nova-.*embeddings/, NOVA],
  [/^cohere\.embed-.*-v3/, COHERE_3],
  [/^cohere\.embed/, COHERE],
]

function familyOf(baseModel: string | null, model: string): Family {
  const found = FAMILIES.find(([pattern]) => baseModel !== null && pattern.test(baseModel))
  if (found === undefined)
    throw new InvalidField('model', `"${model.slice(0, 200)}" makes no embeddings that can be had by this path.`)
  return found[1]
}

function textsOf(fields: Fields, { mostTexts }: Family): readonly string[] {
  const input = fields.any('input')
  if (typeof input === 'string') return [input]
  const texts = fields.list('input') ?? []
  if (texts.length === 0) throw new InvalidField('input', 'must hold a text.')
  if (texts.length > mostTexts) {
    const many = mostTexts === 1 ? 'one text' : `${mostTexts} texts`
    throw new InvalidField('input', `may hold ${many} at a time: the model takes no more in one call.`)
  }
  return texts.map((text) => {
    if (typeof text !== 'string')
      throw new InvalidField('input', 'must be text: tokens of another model mean nothing here.')
    return text
  })
}

type Listing = { readonly base64: boolean; readonly model: string; readonly answered: InvokeAnswer }

function listOf(vectors: Json, { base64, model, answered }: Listing) {
  if (!Array.isArray(vectors)) throw unreadable()
  const data = vectors.map((vector: Json, index) => {
    if (!isVector(vector)) throw unreadable()
    return { object: 'embedding', index, embedding: base64 ? base64Of(vector) : vector }
  })
  // unknown is null, as everywhere
  const prompt_tokens = answered.inputTokens
  return { object: 'list', data, model, usage: { prompt_tokens, total_tokens: prompt_tokens } }
}

const isVector = (value: Json): value is readonly number[] =>
  Array.isArray(value) && value.every((element) => typeof element === 'number')

const unreadable = (): GatewayError =>
  new GatewayError('upstream_failed', { message: 'Bedrock answered with something that is not an embedding.' })

/** 32-bit floats, little-endian, as OpenAI sends them. */
function base64Of(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4)
  for (const [index, element] of vector.entries()) bytes.writeFloatLE(element, index * 4)
  return bytes.toString('base64')
}
