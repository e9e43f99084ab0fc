// Measures a conversation: how many input tokens its tools, system and messages are, and where its cache breakpoints stand.
import type { JsonObject } from '../family.ts'
import { arrayAt, isObject, objectAt, objectsAt, stringAt } from '../json.ts'
import type { Breakpoint, Prefix } from '../prompt-cache.ts'
import { countTokens, digest } from '../tokens.ts'

/** What a role marker and its separators cost, per message. */
const TOKENS_PER_MESSAGE = 4
const TOKENS_OF_A_REFERENCE = 1024
/** A breakpoint also finds what an earlier call wrote up to 20 blocks before it (prompt-caching page). */
const LOOKBACK_BLOCKS = 21

export type Measured = {
  inputTokens: number
  breakpoints: Breakpoint[]
  /** name of the whole prompt: the same prompt gives the same answer */
  name: string
  /** all the text that the caller wrote, for guardrails */
  text: string[]
}

/** Walks the prompt in the order in which a model reads it: tools, system, messages. */
export function measure(request: JsonObject): Measured {
  const walker = new Walker()
  const tools = objectAt(request, 'toolConfig')
  if (tools !== undefined) for (const tool of objectsAt(tools, 'tools')) walker.block(tool)
  for (const block of objectsAt(request, 'system')) walker.block(block)
  for (const message of objectsAt(request, 'messages')) {
    walker.add(stringAt(message, 'role') ?? '', TOKENS_PER_MESSAGE)
    for (const block of objectsAt(message, 'content')) walker.block(block)
  }
  return walker.measured()
}

class Walker {
  #tokens = 0
  #prefix = ''
  #ends: Prefix[] = []
  #breakpoints: Breakpoint[] = []
  #text: string[] = []

  block(block: JsonObject): void {
    const point = objectAt(block, 'cachePoint')
    if (point !== undefined) {
      const ttl = stringAt(point, 'ttl') === '1h' ? '1h' : '5m'
      const [end, ...earlier] = this.#ends.slice(-LOOKBACK_BLOCKS).toReversed()
      if (end !== undefined) this.#breakpoints.push({ ...end, ttl, earlier })
      return
    }
    const text = stringAt(block, 'text') ?? guardedText(block)
    if (text !== undefined) this.#text.push(text)
    this.add(text ?? JSON.stringify(block), tokensOfBlock(block))
  }

  add(content: string, tokens: number): void {
    this.#tokens += tokens
    this.#prefix = digest(`${this.#prefix}\n${content}`)
    this.#ends.push({ prefix: this.#prefix, tokens: this.#tokens })
  }

  measured(): Measured {
    return { inputTokens: this.#tokens, breakpoints: this.#breakpoints, name: this.#prefix, text: this.#text }
  }
}

/** Tokens of one content block. Text by the one rule; media by their size; everything else as the JSON that it is. */
export function tokensOfBlock(block: JsonObject): number {
  const text = stringAt(block, 'text') ?? guardedText(block)
  if (text !== undefined) return countTokens(text)
  const toolResult = objectAt(block, 'toolResult')
  if (toolResult !== undefined) {
    return objectsAt(toolResult, 'content').reduce((sum, part) => sum + tokensOfBlock(part), TOKENS_PER_MESSAGE)
  }
  for (const kind of ['image', 'document', 'video', 'audio']) {
    const media = objectAt(block, kind)
    if (media !== undefined) return tokensOfMedia(media)
  }
  return countTokens(JSON.stringify(block))
}

function tokensOfMedia(media: JsonObject): number {
  const source = objectAt(media, 'source') ?? {}
  const bytes = stringAt(source, 'bytes')
  if (bytes !== undefined) return 256 + Math.ceil(bytes.length / 1024)
  const text = stringAt(source, 'text')
  if (text !== undefined) return countTokens(text)
  const parts = arrayAt(source, 'content')
  if (parts !== undefined)
    return parts.reduce((sum: number, part) => sum + (isObject(part) ? tokensOfBlock(part) : 0), 0)
  return TOKENS_OF_A_REFERENCE
}

function guardedText(block: JsonObject): string | undefined {
  const guarded = objectAt(block, 'guardContent')
  const text = guarded === undefined ? undefined : objectAt(guarded, 'text')
  return text === undefined ? undefined : stringAt(text, 'text')
}
