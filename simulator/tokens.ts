// The simulator's one rule for tokens: four UTF-8 bytes are a token, and generated text is made of four-byte pieces, so both agree.
import { createHash } from 'node:crypto'

const WORDS = (
  'the sea was red and the sun set low far out but one old man had his net and rod all day for the cod ran big not few ' +
  'she may yet see him row his own way home'
)
  .split(' ')
  .filter((word) => word.length === 3)

/** Tokens of a text: its UTF-8 bytes divided by four, rounded up; nothing for the empty text. */
export function countTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4)
}

/** Text of exactly `tokens` pieces of four bytes each, always the same for the same seed. */
export function generate(seed: string, tokens: number): string[] {
  const next = randomFrom(seed)
  const pieces: string[] = []
  for (let index = 0; index < tokens; index++) {
    const word = WORDS[Math.floor(next() * WORDS.length)] ?? 'sea'
    pieces.push(word + (index % 12 === 11 || index === tokens - 1 ? '.' : ' '))
  }
  return pieces
}

/**
 * How long a model answers: what the prompt asks for ("in 300 words", "exactly 40 tokens"), else 16 to 79 tokens by the seed.
 * `limit` is the caller's output cap; `cut` says that the answer would have been longer.
 */
export function answerLength(prompt: string, seed: string, limit: number): { tokens: number; cut: boolean } {
  const asked = /\b(\d{1,6}) (?:tokens|words)\b/.exec(prompt.slice(-4096))?.[1]
  const wanted = asked === undefined ? 16 + Math.floor(randomFrom(seed)() * 64) : Math.max(1, Number(asked))
  return wanted > limit ? { tokens: limit, cut: true } : { tokens: wanted, cut: false }
}

/** A short name that is the same for the same text; for seeds, cache keys and made-up ids, never for secrets. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}

/** Numbers in [0, 1), the same sequence for the same seed (mulberry32 over an FNV-1a hash). */
export function randomFrom(seed: string): () => number {
  let state = 0x811c9dc5
  for (let index = 0; index < seed.length; index++) state = Math.imul(state ^ seed.charCodeAt(index), 0x01000193)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
