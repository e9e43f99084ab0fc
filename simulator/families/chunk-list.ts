// Collects the chunks of a stream together with what has been generated at each, so that a broken stream can be billed.
import type { BilledUsage, FamilyStream, JsonObject } from '../family.ts'

export type ChunkList = {
  /** appends a chunk that carries `tokens` generated tokens */
  add(chunk: JsonObject, tokens?: number): void
  /** `usage` is that of the whole call; an unfinished one is billed all its input and the output generated so far */
  finish(usage: BilledUsage): FamilyStream
}

export function chunkList(): ChunkList {
  const chunks: JsonObject[] = []
  const generated: number[] = [0]
  return {
    add(chunk, tokens = 0) {
      chunks.push(chunk)
      generated.push((generated.at(-1) ?? 0) + tokens)
    },
    finish(usage) {
      const output = usage['output_tokens'] ?? 0
      return {
        chunks,
        usage,
        usageAfter(sent) {
          if (sent >= chunks.length) return usage
          const soFar = generated[Math.max(0, Math.floor(sent))] ?? 0
          return { ...usage, output_tokens: Math.min(soFar, output) }
        },
      }
    },
  }
}
