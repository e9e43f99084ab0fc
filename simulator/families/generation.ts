// Decides, from the prompt alone, what a model answers and where it stops: the same call always gets the same answer.
import type { FamilyCall } from '../family.ts'
import { answerLength } from '../tokens.ts'

export type Generation = {
  /** pieces of text, one token each; joined they are the answer */
  pieces: string[]
  /** tokens generated, which is what is billed; at least 1 */
  tokens: number
  ending: 'end' | 'limit' | 'stop'
  /** the stop sequence that ended it */
  stopSequence: string | null
}

/** Answers `prompt` with at most `limit` tokens, ended by the first of `stops` that appears. */
export function generate(call: FamilyCall, prompt: string, limit: number, stops: readonly string[] = []): Generation {
  const seed = `${call.model.modelId}\n${prompt}`
  const { tokens, cut } = answerLength(prompt, seed, Math.max(1, limit))
  const pieces = call.generate(seed, tokens)
  const stopped = stopAt(pieces, stops)
  if (stopped !== null) return stopped
  return { pieces, tokens: pieces.length, ending: cut ? 'limit' : 'end', stopSequence: null }
}

/** FNV-1a, 32 bits. */
export function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    value ^= text.charCodeAt(index)
    value = Math.imul(value, 0x01000193)
  }
  return value >>> 0
}

/** An identifier like those that models put in their answers, of `length` characters, from `seed`. */
export function identifier(seed: string, length: number): string {
  const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
  let out = ''
  for (let round = 0; out.length < length; round++) {
    let value = hash(`${round}:${seed}`)
    for (let digit = 0; digit < 5 && out.length < length; digit++) {
      out += alphabet.charAt(value % alphabet.length)
      value = Math.floor(value / alphabet.length)
    }
  }
  return out
}

/** A UUID made from `seed`, for the answers that carry one. */
export function uuid(seed: string): string {
  const digits = [0, 1, 2, 3].map((part) => hash(`${part}:${seed}`).toString(16).padStart(8, '0')).join('')
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20)}`
}

function stopAt(pieces: readonly string[], stops: readonly string[]): Generation | null {
  if (stops.length === 0) return null
  const whole = pieces.join('')
  const found = stops
    .filter((stop) => stop !== '')
    .map((stop) => ({ stop, at: whole.indexOf(stop) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at)[0]
  if (found === undefined) return null
  const kept: string[] = []
  let rest = found.at
  for (const piece of pieces) {
    if (rest <= 0) break
    kept.push(piece.slice(0, rest))
    rest -= piece.length
  }
  return { pieces: kept, tokens: Math.max(1, kept.length), ending: 'stop', stopSequence: found.stop }
}
