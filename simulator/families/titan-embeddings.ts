// Amazon's embedding models on InvokeModel: Titan text v1 and v2, Titan multimodal, and Nova multimodal embeddings.
import {
  type BilledUsage,
  type Family,
  type FamilyAnswer,
  type FamilyCall,
  FamilyValidationError,
  type JsonObject,
} from '../family.ts'
import { countTokens } from '../tokens.ts'
import { cardsOf } from './card.ts'
import { asNumber, asObject, asString, asStrings } from './json.ts'
import { mediaSeconds, vector } from './media.ts'
import { any, boolean, checkBody, list, object, oneOf, open, refuse, type Schema, text } from './schema.ts'

const card = cardsOf('Amazon', {
  outputModalities: ['EMBEDDING'],
  streaming: false,
  converse: false,
  maxOutputTokens: 0,
})

const V1 = object({ inputText: text(1, 50_000) }, ['inputText'])

const V2 = object(
  {
    inputText: text(1, 50_000),
    dimensions: any,
    normalize: boolean,
    embeddingTypes: list(oneOf('float', 'binary'), 1),
  },
  ['inputText'],
)

const IMAGE = object({
  inputText: text(),
  inputImage: text(1),
  embeddingConfig: object({ outputEmbeddingLength: any }),
})

/** Words of the input are billed as input tokens; Titan multimodal bills an image as such. */
export const titanEmbeddings: Family = {
  name: 'titan-embeddings',
  models: [
    card('amazon.titan-embed-text-v2:0', 'Titan Text Embeddings V2'),
    card('amazon.titan-embed-text-v1', 'Titan Embeddings G1 - Text'),
    card('amazon.titan-embed-g1-text-02', 'Titan Text Embeddings v2'),
    card('amazon.titan-embed-image-v1', 'Titan Multimodal Embeddings G1', {
      inputModalities: ['TEXT', 'IMAGE'],
      inferenceTypes: ['ON_DEMAND', 'PROVISIONED'],
    }),
  ],
  invoke(call) {
    const { modelId } = call.model
    if (modelId === 'amazon.titan-embed-image-v1') return embedImage(call)
    return modelId === 'amazon.titan-embed-text-v2:0' ? embedVersion2(call) : embedVersion1(call)
  },
  promptText: (body) => asString(body['inputText']) ?? '',
}

function embedVersion1(call: FamilyCall): FamilyAnswer {
  const { words, tokens } = inputOf(call, V1)
  return {
    body: { embedding: vector(words, 1_536, false), inputTextTokenCount: tokens },
    usage: { input_tokens: tokens },
    usageHeaders: true,
  }
}

function embedVersion2(call: FamilyCall): FamilyAnswer {
  const { words, tokens } = inputOf(call, V2)
  const length = lengthOf(call.body['dimensions'] ?? null, [256, 512, 1_024], 1_024, '#/dimensions')
  const embedding = vector(words, length, call.body['normalize'] !== false)
  const asked = asStrings(call.body['embeddingTypes'])
  const types = asked.length === 0 ? ['float'] : asked
  const byType: JsonObject = {}
  if (types.includes('float')) byType['float'] = embedding
  if (types.includes('binary')) byType['binary'] = embedding.map((value) => (value > 0 ? 1 : 0))
  return {
    body: {
      // without floats asked for there is no `embedding`
      ...(types.includes('float') ? { embedding } : {}),
      inputTextTokenCount: tokens,
      embeddingsByType: byType,
    },
    usage: { input_tokens: tokens },
    usageHeaders: true,
  }
}

function embedImage(call: FamilyCall): FamilyAnswer {
  checkBody(call.body, IMAGE)
  const words = asString(call.body['inputText']) ?? ''
  const image = asString(call.body['inputImage'])
  if (words === '' && image === undefined)
    throw new FamilyValidationError('Either inputText or inputImage must be provided.')
  const asked = asObject(call.body['embeddingConfig'])?.['outputEmbeddingLength'] ?? null
  const length = lengthOf(asked, [256, 384, 1_024], 1_024, '#/embeddingConfig/outputEmbeddingLength')
  const tokens = call.countTokens(words)
  return {
    body: { embedding: vector(`${words}\n${image ?? ''}`, length), inputTextTokenCount: tokens, message: null },
    usage: { input_tokens: tokens, ...(image === undefined ? {} : { input_images: 1 }) },
    usageHeaders: true,
  }
}

/** At most 8,192 tokens, the models' own limit (AWS model cards, October 2026). */
function inputOf(call: FamilyCall, schema: Schema): { words: string; tokens: number } {
  checkBody(call.body, schema)
  const words = asString(call.body['inputText']) ?? ''
  const tokens = call.countTokens(words)
  if (tokens > 8_192)
    throw new FamilyValidationError(
      `400 Bad Request: Too many input tokens. Max input tokens: 8192, request input token count: ${tokens} `,
    )
  return { words, tokens }
}

function lengthOf(asked: JsonObject[string], allowed: readonly number[], normal: number, path: string): number {
  if (asked === null) return normal
  const length = asNumber(asked)
  if (length === undefined || !allowed.includes(length))
    refuse(`${path}: ${JSON.stringify(asked)} is not a valid enum value`)
  return length
}

const NOVA = object(
  {
    schemaVersion: oneOf('nova-multimodal-embed-v1'),
    taskType: oneOf('SINGLE_EMBEDDING', 'SEGMENTED_EMBEDDING'),
    singleEmbeddingParams: object(
      {
        embeddingPurpose: oneOf(
          'GENERIC_INDEX',
          'GENERIC_RETRIEVAL',
          'TEXT_RETRIEVAL',
          'IMAGE_RETRIEVAL',
          'VIDEO_RETRIEVAL',
          'DOCUMENT_RETRIEVAL',
          'AUDIO_RETRIEVAL',
          'CLASSIFICATION',
          'CLUSTERING',
        ),
        embeddingDimension: any,
        text: open({ truncationMode: oneOf('START', 'END', 'NONE'), value: text(), source: open({}) }, [
          'truncationMode',
        ]),
        image: open({ format: text(), source: open({}) }, ['format', 'source']),
        video: open({ format: text(), source: open({}), embeddingMode: text() }, ['format', 'source', 'embeddingMode']),
        audio: open({ format: text(), source: open({}) }, ['format', 'source']),
      },
      ['embeddingPurpose'],
    ),
    segmentedEmbeddingParams: open({}),
  },
  ['taskType'],
)

/** Text by token, images each, sound and film by the second. */
export const novaEmbeddings: Family = {
  name: 'nova-embeddings',
  models: [
    card('amazon.nova-2-multimodal-embeddings-v1:0', 'Amazon Nova Multimodal Embeddings', {
      inputModalities: ['TEXT', 'IMAGE', 'VIDEO', 'AUDIO'],
    }),
  ],
  invoke(call) {
    checkBody(call.body, NOVA)
    const asked = asObject(call.body['singleEmbeddingParams'])
    if (call.body['taskType'] !== 'SINGLE_EMBEDDING' || asked === undefined)
      throw new FamilyValidationError('The SEGMENTED_EMBEDDING task is available through StartAsyncInvoke only.')
    const kinds = ['text', 'image', 'video', 'audio'].filter((kind) => asked[kind] !== undefined)
    const kind = kinds[0]
    if (kind === undefined || kinds.length > 1)
      throw new FamilyValidationError('Exactly one of text, image, video or audio must be provided.')
    const input = asObject(asked[kind]) ?? {}
    const allowed = [256, 384, 1_024, 3_072]
    const path = '#/singleEmbeddingParams/embeddingDimension'
    const length = lengthOf(asked['embeddingDimension'] ?? null, allowed, 3_072, path)
    const embedding = vector(JSON.stringify(input), length)
    return {
      body: { embeddings: [{ embeddingType: embeddingType(kind, input), embedding }] },
      usage: novaUsage(call.countTokens, kind, input),
      usageHeaders: kind === 'text',
    }
  },
}

/** What StartAsyncInvoke's `modelInput` is billed: a segmented embedding, or a single one. */
export function segmentedUsage(modelInput: JsonObject): BilledUsage {
  checkBody(modelInput, NOVA)
  const member = modelInput['taskType'] === 'SEGMENTED_EMBEDDING' ? 'segmentedEmbeddingParams' : 'singleEmbeddingParams'
  const asked = asObject(modelInput[member])
  if (asked === undefined) refuse(`#: required key [${member}] not found`)
  const kind = ['text', 'image', 'video', 'audio'].find((name) => asked[name] !== undefined)
  if (kind === undefined) refuse(`#/${member}: required key [text] not found`)
  return novaUsage(countTokens, kind, asObject(asked[kind]) ?? {})
}

const embeddingType = (kind: string, input: JsonObject): string =>
  kind === 'video' ? (asString(input['embeddingMode']) ?? 'AUDIO_VIDEO_COMBINED') : kind.toUpperCase()

function novaUsage(count: (text: string) => number, kind: string, input: JsonObject): BilledUsage {
  if (kind === 'text') return { input_tokens: count(asString(input['value']) ?? '') }
  if (kind === 'image') return { input_images: 1 }
  const source = asObject(input['source']) ?? {}
  const uri = asString(asObject(source['s3Location'])?.['uri'])
  return { input_seconds: mediaSeconds({ base64: asString(source['bytes']), uri }) }
}
