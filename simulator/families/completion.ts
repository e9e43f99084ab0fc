// Families that continue one prompt: they share how an answer is made and differ only in the shapes of body and chunks.
import type { BilledUsage, Family, FamilyCall, JsonObject, ModelCard } from '../family.ts'
import { type ChunkList, chunkList } from './chunk-list.ts'
import { generate } from './generation.ts'

/** What a family reads from its request. */
export type CompletionRequest = {
  prompt: string
  limit: number
  stops: readonly string[]
  /** input tokens beyond those of the prompt's words */
  extraTokens?: number
}

/** What a family shows in its own words. */
export type Completion = {
  modelId: string
  seed: string
  prompt: string
  pieces: readonly string[]
  inputTokens: number
  outputTokens: number
  ending: 'end' | 'limit' | 'stop'
}

export type CompletionStyle = {
  name: string
  models: readonly ModelCard[]
  /** checks the body, too */
  read: (body: JsonObject, model: ModelCard) => CompletionRequest
  whole: (completion: Completion) => JsonObject
  stream: (completion: Completion, chunks: ChunkList) => void
  promptText: (body: JsonObject) => string
  /** dimensions other than tokens; with `inputBilled` false the tokens of the prompt cost nothing */
  extraUsage?: (body: JsonObject) => BilledUsage
  inputBilled?: boolean
}

export function completionFamily(style: CompletionStyle): Family {
  return {
    name: style.name,
    models: style.models,
    invoke(call) {
      const completion = complete(style, call)
      return { body: style.whole(completion), usage: billed(style, call, completion), usageHeaders: true }
    },
    stream(call) {
      const completion = complete(style, call)
      const chunks = chunkList()
      style.stream(completion, chunks)
      return chunks.finish(billed(style, call, completion))
    },
    promptText: style.promptText,
  }
}

function complete(style: CompletionStyle, call: FamilyCall): Completion {
  const request = style.read(call.body, call.model)
  const generated = generate(call, request.prompt, request.limit, request.stops)
  return {
    modelId: call.model.modelId,
    seed: `${call.model.modelId}\n${request.prompt}`,
    prompt: request.prompt,
    pieces: generated.pieces,
    inputTokens: call.countTokens(request.prompt) + (request.extraTokens ?? 0),
    outputTokens: generated.tokens,
    ending: generated.ending,
  }
}

function billed(style: CompletionStyle, call: FamilyCall, completion: Completion): BilledUsage {
  return {
    ...(style.inputBilled === false ? {} : { input_tokens: completion.inputTokens }),
    output_tokens: completion.outputTokens,
    ...style.extraUsage?.(call.body),
  }
}
