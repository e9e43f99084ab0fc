// Splits a prompt's tokens into those read from the prompt cache, those written to it, and the rest.
import { createHash } from 'node:crypto'
import type { FamilyCall } from '../family.ts'

export type CacheTtl = '5m' | '30m' | '1h'

/** A stretch of the prompt, in the order in which the model reads it. */
export type Segment = {
  text: string
  /** tokens beyond those of the text: images, documents */
  extraTokens?: number
  /** set where everything up to the end of this segment is to be cached */
  breakpoint?: CacheTtl
}

export type CacheUsage = { input: number; read: number; written5m: number; written30m: number; written1h: number }

/** A model's own rules: the shortest prefix that is cached, and how many segments before a breakpoint are looked at, too. */
export type CacheRules = { minimumTokens: number; lookback: number }

export const promptOf = (segments: readonly Segment[]): string => segments.map(({ text }) => text).join('\n')

/**
 * Counts a prompt. The longest stored prefix is read; every breakpoint after it writes what lies between it and the one before.
 * A breakpoint whose whole prefix is shorter than the model's minimum is ignored, as Bedrock does.
 */
export function countPrompt(call: FamilyCall, segments: readonly Segment[], rules: CacheRules): CacheUsage {
  const input = tokensUpTo(call, segments, segments.length)
  const usage = { input, read: 0, written5m: 0, written30m: 0, written1h: 0 }
  if (!call.model.cache) return usage
  const marks = segments.flatMap(({ breakpoint: ttl }, at) => (ttl === undefined ? [] : [{ end: at + 1, ttl }]))
  if (marks.length === 0) return usage
  const names = prefixNames(segments)
  const stored = longestStored(call, names, marks, rules.lookback)
  const after = marks.filter(({ end }) => end > (stored?.end ?? 0))
  for (const { end, ttl } of stored === null ? after : [stored, ...after]) {
    const tokens = tokensUpTo(call, segments, end)
    if (tokens < rules.minimumTokens) continue
    // the cache answers for the part beyond the prefix before, so its answers add up
    const part = call.cache.touch(names[end - 1] ?? '', tokens, ttl)
    usage.read += part.read
    usage.written5m += part.written5m
    usage.written30m += part.written30m ?? 0
    usage.written1h += part.written1h
    usage.input -= part.read + part.written5m + (part.written30m ?? 0) + part.written1h
  }
  return usage
}

/** The first `end` segments, up to a breakpoint. */
type Mark = { end: number; ttl: CacheTtl }

/** From the last breakpoint backwards: the first prefix that is stored, ending at a breakpoint or at most `lookback` segments before. */
function longestStored(
  call: FamilyCall,
  names: readonly string[],
  marks: readonly Mark[],
  lookback: number,
): Mark | null {
  for (const { end, ttl } of marks.toReversed())
    for (let at = end; at > Math.max(0, end - 1 - lookback); at--)
      if (call.cache.peek?.(names[at - 1] ?? '') === true) return { end: at, ttl }
  return null
}

/** For each segment a short name of everything up to its end. */
function prefixNames(segments: readonly Segment[]): string[] {
  const digest = createHash('sha256')
  return segments.map(({ text, extraTokens = 0 }) => {
    digest.update(`${text.length}:${extraTokens}:${text}`)
    return digest.copy().digest('hex')
  })
}

function tokensUpTo(call: FamilyCall, segments: readonly Segment[], end: number): number {
  const part = segments.slice(0, end)
  const extra = part.reduce((sum, { extraTokens = 0 }) => sum + extraTokens, 0)
  return call.countTokens(promptOf(part)) + extra
}
