// Splits a prompt's tokens into those read from the prompt cache, those written to it, and the rest.
import { createHash } from 'node:crypto'
import type { FamilyCall } from '../family.ts'

export type CacheTtl = '5m' | '1h'

/** A stretch of the prompt, in the order in which the model reads it. */
export type Segment = {
  text: string
  /** tokens beyond those of the text: images, documents */
  extraTokens?: number
  /** set where the caller asked that everything up to the end of this segment be cached */
  breakpoint?: CacheTtl
}

export type CacheUsage = { input: number; read: number; written5m: number; written1h: number }

export const promptOf = (segments: readonly Segment[]): string => segments.map(({ text }) => text).join('\n')

/**
 * Counts a prompt. A breakpoint whose whole prefix is shorter than `minimumTokens` is ignored, as Bedrock does. The cache is
 * asked breakpoint by breakpoint and answers for the part beyond the one before, so its answers add up.
 */
export function countPrompt(call: FamilyCall, segments: readonly Segment[], minimumTokens: number): CacheUsage {
  const usage = { input: tokensUpTo(call, segments, segments.length), read: 0, written5m: 0, written1h: 0 }
  const marks = call.model.cache ? breakpoints(call, segments, minimumTokens) : []
  for (const mark of marks) {
    const part = call.cache.touch(mark.prefix, mark.tokens, mark.ttl)
    usage.read += part.read
    usage.written5m += part.written5m
    usage.written1h += part.written1h
    usage.input -= part.read + part.written5m + part.written1h
  }
  return usage
}

type Mark = { prefix: string; tokens: number; ttl: CacheTtl }

function breakpoints(call: FamilyCall, segments: readonly Segment[], minimumTokens: number): Mark[] {
  const marks: Mark[] = []
  const digest = createHash('sha256')
  segments.forEach(({ text, extraTokens = 0, breakpoint }, index) => {
    digest.update(`${text.length}:${extraTokens}:${text}`)
    if (breakpoint === undefined) return
    const tokens = tokensUpTo(call, segments, index + 1)
    if (tokens >= minimumTokens) marks.push({ prefix: digest.copy().digest('hex'), tokens, ttl: breakpoint })
  })
  return marks
}

function tokensUpTo(call: FamilyCall, segments: readonly Segment[], end: number): number {
  const part = segments.slice(0, end)
  const extra = part.reduce((sum, { extraTokens = 0 }) => sum + extraTokens, 0)
  return call.countTokens(promptOf(part)) + extra
}
