// The most that a model can read of a request, told from its bytes alone, in one pass and without parsing them.

export type InputBound = {
  readonly tokens: number
  readonly images: number
  /** something is given to the model that is not text of the request */
  readonly hasMedia: boolean
  /** a film or a sound is given to the model; how long it is, the request does not say */
  readonly hasRecording: boolean
  /** the one-hour prompt cache may be written, which is dearer than the usual one */
  readonly mayCacheForAnHour: boolean
}

export type InputBoundQuestion = {
  readonly body: Buffer
  readonly baseModel: string | null
  /** the longest input that the model takes; null: not known */
  readonly contextTokens: number | null
  /** images that stand in lists, without a name of their own */
  readonly listedImages: number
}

/** What the models' own templates add to what the caller sent: role marks, preambles, instructions for a schema. */
const TEMPLATE_TOKENS = 1_000
/** A tool prompt has up to 675 tokens (Anthropic, "Tool use", 2026-11). */
const TOOL_PROMPT_TOKENS = 1_000
/** A tool that the maker defines is named in the request and described by the model (computer use: 735 tokens; same page). */
const MAKERS_TOOL_TOKENS = 1_500
/** The longest input of any model that is known that does not say its own (Grok). */
const LARGEST_CONTEXT_TOKENS = 2_000_000
const LARGEST_BOUND = 100_000_000

/** The most tokens of one image, by base model; the first that matches, the last for all others. */
const IMAGE_TOKENS: readonly { readonly models: RegExp; readonly each: number; readonly source: string }[] = [
  {
    models: /^anthropic\./,
    each: 5_000,
    source: 'Anthropic, "Vision", 2026-11: at most 4,784 at the highest resolution',
  },
  {
    models: /^amazon\.nova/,
    each: 5_000,
    source: 'Amazon Nova user guide, "Image understanding": about 2,600 at most',
  },
  { models: /^meta\./, each: 6_500, source: 'Llama 3.2 model card: four tiles of 1,601, and a few marks' },
  { models: /^mistral\./, each: 4_300, source: 'Mistral, "Vision": 64 × 64 patches and a mark for each row' },
  {
    models: /^cohere\.embed/,
    each: 12_544,
    source: 'Bedrock user guide, "Cohere Embed v4": pixels / 784 × 4, 2,458,624 pixels at most',
  },
  { models: /(?:)/, each: 16_384, source: 'Qwen3-VL model card, the most of any model that is known' },
]

/**
 * A token of text is at least one byte of the request, so the body's length bounds it. What is read from elsewhere, or unfolds while it
 * is read (a document, a recording, a stored prompt), is bounded by the longest input that the model takes. So is the whole.
 */
export function inputBoundOf({ body, baseModel, contextTokens, listedImages }: InputBoundQuestion): InputBound {
  const context = contextTokens ?? LARGEST_CONTEXT_TOKENS
  const found = hidesLetters(body) ? EVERYTHING : namesIn(body)
  const images = found.images + listedImages
  const tokens =
    body.length +
    TEMPLATE_TOKENS +
    (found.hasTools ? TOOL_PROMPT_TOKENS : 0) +
    found.makersTools * MAKERS_TOOL_TOKENS +
    (images > 0 ? images * tokensPerImage(baseModel) : 0) +
    (found.references > 0 ? context : 0)
  return {
    tokens: Math.min(contextTokens ?? LARGEST_BOUND, tokens),
    images,
    hasMedia: images > 0 || found.references > 0,
    hasRecording: found.hasRecording,
    mayCacheForAnHour: found.hasHour,
  }
}

const tokensPerImage = (baseModel: string | null): number =>
  IMAGE_TOKENS.find(({ models }) => models.test(baseModel ?? ''))?.each ?? 0

type Found = {
  images: number
  /** things whose length is not that of their bytes */
  references: number
  makersTools: number
  hasTools: boolean
  hasRecording: boolean
  hasHour: boolean
}

/** No serialiser escapes letters or digits: whoever writes them so may be hiding one of the names that are looked for. */
const hidesLetters = (body: Buffer): boolean => body.includes(ESCAPE) && ESCAPED_LETTER.test(body.toString('latin1'))
const ESCAPE = Buffer.from('\\u00')
const ESCAPED_LETTER = /\\u00(?:3[0-9]|[46][1-9a-f]|[57][0-9a]|5f)/i
const EVERYTHING: Found = {
  images: 1,
  references: 1,
  makersTools: 1,
  hasTools: true,
  hasRecording: true,
  hasHour: true,
}

type Meaning = 'image' | 'reference' | 'recording' | 'tools' | 'hour'

/** What is counted only beside a "source", without which it is no content but somebody's word for something. */
const SOURCED: Readonly<Record<string, Meaning>> = {
  image: 'image',
  document: 'reference',
  video: 'recording',
  audio: 'recording',
}
const NAMED: Readonly<Record<string, Meaning>> = {
  image_url: 'image',
  input_image: 'image',
  inputImage: 'image',
  input_audio: 'recording',
  video_url: 'recording',
  audio_url: 'recording',
  input_file: 'reference',
  file_data: 'reference',
  file_id: 'reference',
  s3Location: 'reference',
  promptVariables: 'reference',
  systemTool: 'reference',
  tools: 'tools',
  '1h': 'hour',
}
const MAKERS_TOOLS = '(?:computer|bash|text_editor|memory|tool_search_tool_[a-z0-9]+)_20[0-9]{6}'
/** Tools that read the world. */
const READING_TOOLS = '(?:web_search|web_fetch|code_execution)_20[0-9]{6}'
const ANY_NAME = new RegExp(
  `"(?:(${[...Object.keys(SOURCED), ...Object.keys(NAMED)].join('|')})"|(${MAKERS_TOOLS})"|(${READING_TOOLS})")`,
)
const EVERY_NAME = new RegExp(ANY_NAME.source, 'g')
const SOURCES = [Buffer.from('"source"'), Buffer.from('"mediaSource"')]

const NO_NAMES: Found = {
  images: 0,
  references: 0,
  makersTools: 0,
  hasTools: false,
  hasRecording: false,
  hasHour: false,
}

function namesIn(body: Buffer): Found {
  const text = body.toString('latin1')
  // most requests hold none of them, and to find that out is cheaper than to begin a list
  return ANY_NAME.test(text) ? everyNameIn(body, text) : NO_NAMES
}

function everyNameIn(body: Buffer, text: string): Found {
  const found: Found = { ...NO_NAMES }
  let hasSource: boolean | null = null
  for (const [, name, makersTool] of text.matchAll(EVERY_NAME)) {
    if (name === undefined) {
      if (makersTool === undefined) found.references++
      else found.makersTools++
      continue
    }
    const sourced = SOURCED[name]
    if (sourced !== undefined) hasSource ??= SOURCES.some((source) => body.includes(source))
    if (sourced === undefined || hasSource === true) COUNT[sourced ?? NAMED[name] ?? 'tools'](found)
  }
  return found
}

const COUNT: Readonly<Record<Meaning, (found: Found) => void>> = {
  image: (found) => void found.images++,
  reference: (found) => void found.references++,
  recording: (found) => {
    found.references++
    found.hasRecording = true
  },
  tools: (found) => {
    found.hasTools = true
  },
  hour: (found) => {
    found.hasHour = true
  },
}
