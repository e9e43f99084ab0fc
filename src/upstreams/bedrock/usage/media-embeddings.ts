// Usage of models that read films, sounds and pictures: TwelveLabs Pegasus and Marengo, Nova multimodal embeddings.

import type { Asked, Family } from './family.ts'
import type { Sheet } from './sheet.ts'

/**
 * docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-pegasus.html: billed by second of film read and by output token. The
 * length of the film is in neither request nor answer.
 */
export const PEGASUS: Family = {
  name: 'pegasus',
  finish: (sheet) => sheet.unknown('input_seconds', 'input_seconds: the length of the film is said nowhere'),
}

/** Marengo 2.7 has its input at the top, 3.0 under the name of the input type (model-parameters-marengo.html, …-marengo-3.html). */
const MARENGO_INPUTS = ['', 'video.', 'audio.'] as const

/** Text is billed by request, images by number, film and sound by second. */
export const MARENGO: Family = {
  name: 'marengo',
  request: [
    'inputType',
    'multi_input.inputText',
    'multi_input.mediaSources.[]',
    ...MARENGO_INPUTS.flatMap((place) => [`${place}startSec`, `${place}lengthSec`, `${place}endSec`]),
  ],
  finish: (sheet, asked) => {
    const type = asked.text('inputType') ?? ''
    const read = Object.hasOwn(MARENGO_TYPES, type) ? MARENGO_TYPES[type] : undefined
    if (read === undefined) sheet.note('the input type is not known: usage is not known')
    else read(sheet, asked)
  },
}

const MARENGO_TYPES: Readonly<Record<string, (sheet: Sheet, asked: Asked) => void>> = {
  text: (sheet) => sheet.say('request', 'requests', 1),
  image: (sheet) => sheet.say('request', 'input_images', 1),
  text_image: (sheet) => {
    sheet.say('request', 'requests', 1)
    sheet.say('request', 'input_images', 1)
  },
  multi_input: (sheet, asked) => {
    if (asked.has('multi_input.inputText')) sheet.say('request', 'requests', 1)
    sheet.say('request', 'input_images', asked.count('multi_input.mediaSources.[]'))
  },
  video: (sheet, asked) => saySeconds(sheet, asked, 'video'),
  audio: (sheet, asked) => saySeconds(sheet, asked, 'audio'),
}

function saySeconds(sheet: Sheet, asked: Asked, kind: string): void {
  sheet.variant = kind
  const length = MARENGO_INPUTS.map((place) => askedLength(asked, place)).find((seconds) => seconds !== null)
  if (length === undefined || length === null) {
    sheet.unknown('input_seconds', `input_seconds: the length of the ${kind} is said nowhere`)
  } else {
    sheet.say('asked', 'input_seconds', Math.ceil(length))
  }
}

function askedLength(asked: Asked, place: string): number | null {
  const end = asked.number(`${place}endSec`)
  return asked.number(`${place}lengthSec`) ?? (end === null ? null : end - (asked.number(`${place}startSec`) ?? 0))
}

const PLACES = ['singleEmbeddingParams', 'segmentedEmbeddingParams'] as const

/**
 * docs.aws.amazon.com/nova/latest/userguide/embeddings-schema.html: one thing is embedded. Text is billed by token (headers), an image by
 * number and level of detail, sound and film by second.
 */
export const NOVA_EMBEDDINGS: Family = {
  name: 'nova-embeddings',
  answer: { inputTextTokenCount: (value, sheet) => sheet.say('body', 'input_tokens', value) },
  request: PLACES.flatMap((place) => [
    `${place}.text.value`,
    `${place}.text.source`,
    `${place}.image.source`,
    `${place}.image.detailLevel`,
    `${place}.audio.source`,
    `${place}.video.source`,
  ]),
  finish: (sheet, asked) => {
    for (const place of PLACES) sayEmbedded(sheet, asked, place)
  },
}

function sayEmbedded(sheet: Sheet, asked: Asked, place: string): void {
  if (asked.has(`${place}.image.source`)) {
    sheet.say('request', 'input_images', 1)
    sheet.variant = asked.text(`${place}.image.detailLevel`) === 'DOCUMENT_IMAGE' ? 'document' : 'standard'
  }
  for (const kind of ['audio', 'video']) {
    if (!asked.has(`${place}.${kind}.source`)) continue
    sheet.variant = kind
    sheet.unknown('input_seconds', `input_seconds: the length of the ${kind} is said nowhere`)
  }
  const hasText = asked.has(`${place}.text.value`) || asked.has(`${place}.text.source`)
  if (hasText && !sheet.isSaid('input_tokens')) {
    sheet.unknown('input_tokens', 'input_tokens: the answer does not say how many there were')
  }
}
