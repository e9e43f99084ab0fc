// TwelveLabs on InvokeModel: Pegasus tells what a film shows, Marengo embeds text and images; both bill what was watched.
import {
  type BilledUsage,
  type Family,
  type FamilyAnswer,
  type FamilyCall,
  FamilyValidationError,
  type JsonObject,
} from '../family.ts'
import { byProfile, cardsOf } from './card.ts'
import { completionFamily } from './completion.ts'
import { asNumber, asObject, asObjects, asString } from './json.ts'
import { mediaSeconds, vector } from './media.ts'
import { any, checkBody, integer, number, object, oneOf, open, refuse, text } from './schema.ts'

const card = cardsOf('TwelveLabs', { converse: false })

/** Billed by second of film and by output token; the prompt is free. */
export const pegasus: Family = completionFamily({
  name: 'twelvelabs-pegasus',
  models: [
    card('twelvelabs.pegasus-1-2-v1:0', 'Pegasus v1.2', {
      ...byProfile('us', 'eu', 'apac', 'global'),
      inputModalities: ['TEXT', 'VIDEO'],
      maxOutputTokens: 4_096,
    }),
  ],
  inputBilled: false,
  read(body, model) {
    checkBody(
      body,
      object(
        {
          inputPrompt: text(1),
          mediaSource: open({ base64String: text(1), s3Location: open({ uri: text(1) }, ['uri']) }),
          temperature: number(0, 1),
          maxOutputTokens: integer(1, model.maxOutputTokens),
          responseFormat: open({}),
        },
        ['inputPrompt', 'mediaSource'],
      ),
    )
    checkSource(asObject(body['mediaSource']) ?? {})
    return {
      prompt: asString(body['inputPrompt']) ?? '',
      limit: asNumber(body['maxOutputTokens']) ?? model.maxOutputTokens,
      stops: [],
    }
  },
  whole: ({ pieces, ending }) => ({ message: pieces.join(''), finishReason: reason(ending) }),
  stream({ pieces, ending }, chunks) {
    for (const piece of pieces) chunks.add({ message: piece }, 1)
    chunks.add({ message: '', finishReason: reason(ending) })
  },
  promptText: (body) => asString(body['inputPrompt']) ?? '',
  extraUsage: (body) => ({ input_seconds: sourceSeconds(asObject(body['mediaSource']) ?? {}) }),
})

const MARENGO_2 = object(
  {
    inputType: oneOf('text', 'image', 'video', 'audio'),
    inputText: text(1),
    mediaSource: open({}),
    textTruncate: oneOf('end', 'none'),
    embeddingOption: any,
    startSec: number(0),
    lengthSec: number(0),
    useFixedLengthSec: number(2, 10),
    minClipSec: number(1, 5),
  },
  ['inputType'],
)

const MARENGO_3 = open(
  {
    inputType: oneOf('text', 'image', 'text_image', 'multi_input', 'video', 'audio'),
    text: open({ inputText: text(1) }, ['inputText']),
    image: open({ mediaSource: open({}) }, ['mediaSource']),
    text_image: open({ inputText: text(1), mediaSource: open({}) }, ['inputText', 'mediaSource']),
    multi_input: open({ mediaSources: { type: 'array', minItems: 1 } }, ['mediaSources']),
  },
  ['inputType'],
)

/** InvokeModel embeds text and images; sound and film go through StartAsyncInvoke. Text is billed by the request. */
export const marengo: Family = {
  name: 'twelvelabs-marengo',
  models: [
    card('twelvelabs.marengo-embed-3-0-v1:0', 'Marengo Embed 3.0', embedding()),
    card('twelvelabs.marengo-embed-2-7-v1:0', 'Marengo Embed v2.7', { ...embedding(), lifecycle: 'LEGACY' }),
  ],
  invoke(call) {
    const newest = call.model.modelId.includes('-3-0-')
    checkBody(call.body, newest ? MARENGO_3 : MARENGO_2)
    const inputType = asString(call.body['inputType']) ?? ''
    if (inputType === 'video' || inputType === 'audio')
      throw new FamilyValidationError(`The input type ${inputType} is supported by StartAsyncInvoke only.`)
    const input = newest ? nested(call.body, inputType) : call.body
    return embed(call, inputType, input, newest ? 512 : 1_024)
  },
}

/** What StartAsyncInvoke's `modelInput` is billed for Marengo. */
export function marengoUsage(modelId: string, modelInput: JsonObject): BilledUsage {
  const newest = modelId.includes('-3-0-')
  checkBody(modelInput, newest ? MARENGO_3 : MARENGO_2)
  const inputType = asString(modelInput['inputType']) ?? ''
  const input = newest ? nested(modelInput, inputType) : modelInput
  if (inputType !== 'video' && inputType !== 'audio') return embedUsage(inputType, input)
  const whole = sourceSeconds(asObject(input['mediaSource']) ?? {})
  const start = asNumber(input['startSec']) ?? 0
  const length = asNumber(input['lengthSec']) ?? (asNumber(input['endSec']) ?? whole) - start
  return { input_seconds: Math.max(1, Math.ceil(length)) }
}

function embedding() {
  return {
    inputModalities: ['TEXT', 'IMAGE', 'SPEECH', 'VIDEO'],
    outputModalities: ['EMBEDDING'],
    inferenceTypes: ['ON_DEMAND'],
    profiles: ['us', 'eu', 'apac'],
    streaming: false,
    maxOutputTokens: 0,
  }
}

function nested(body: JsonObject, inputType: string): JsonObject {
  const input = asObject(body[inputType])
  if (input === undefined) refuse(`#: required key [${inputType}] not found`)
  return input
}

function embed(call: FamilyCall, inputType: string, input: JsonObject, length: number): FamilyAnswer {
  if (inputType === 'text' && asString(input['inputText']) === undefined)
    refuse('#: required key [inputText] not found')
  if (inputType === 'image' || inputType === 'text_image') checkSource(asObject(input['mediaSource']) ?? {})
  return {
    body: { data: [{ embedding: vector(`${call.model.modelId}\n${JSON.stringify(input)}`, length) }] },
    usage: embedUsage(inputType, input),
    usageHeaders: false,
  }
}

function embedUsage(inputType: string, input: JsonObject): BilledUsage {
  const pictures = inputType === 'multi_input' ? asObjects(input['mediaSources']).length : inputType === 'text' ? 0 : 1
  const words = asString(input['inputText']) === undefined ? 0 : 1
  return { ...(words > 0 ? { requests: words } : {}), ...(pictures > 0 ? { input_images: pictures } : {}) }
}

function checkSource(source: JsonObject): void {
  const given = ['base64String', 's3Location'].filter((name) => source[name] !== undefined)
  if (given.length !== 1)
    throw new FamilyValidationError('mediaSource must contain exactly one of base64String and s3Location.')
}

const sourceSeconds = (source: JsonObject): number =>
  mediaSeconds({
    base64: asString(source['base64String']),
    uri: asString(asObject(source['s3Location'])?.['uri']),
  })

const reason = (ending: 'end' | 'limit' | 'stop'): string => (ending === 'limit' ? 'length' : 'stop')
