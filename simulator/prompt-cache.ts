// A prompt cache that behaves like one: prefixes are written once, read until their time to live ends, and every read renews it.

export type CacheTtl = '5m' | '1h'
export type CacheCounts = { read: number; written5m: number; written1h: number }

/** One breakpoint of a prompt: the name of everything before it, and how many tokens that is. */
export type Breakpoint = { prefix: string; tokens: number; ttl: CacheTtl }

const TTL_MS: Record<CacheTtl, number> = { '5m': 5 * 60_000, '1h': 60 * 60_000 }
/** Anthropic's and Amazon's models cache nothing shorter (prompt-caching page: 1,024 tokens for most models). */
export const MINIMUM_TOKENS = 1024
const MAXIMUM_ENTRIES = 100_000

type Entry = { expiresAt: number; ttl: CacheTtl }

export type PromptCache = {
  /** The cache of one call: ask for its breakpoints in the order of the prompt, and add the answers up. */
  open(scope: string, now: number): { touch(prefix: string, tokens: number, ttl: CacheTtl): CacheCounts }
  /** All breakpoints of one call at once: the longest stored prefix is read, the rest up to the last breakpoint is written. */
  take(scope: string, now: number, breakpoints: readonly Breakpoint[]): CacheCounts
  clear(): void
}

export function createPromptCache(nameOf: (text: string) => string): PromptCache {
  const entries = new Map<string, Entry>()

  const read = (key: string, now: number): boolean => {
    const entry = entries.get(key)
    if (entry === undefined || entry.expiresAt <= now) return false
    entry.expiresAt = now + TTL_MS[entry.ttl]
    return true
  }
  const write = (key: string, ttl: CacheTtl, now: number): void => {
    const [oldest] = entries.size >= MAXIMUM_ENTRIES ? entries.keys() : []
    if (oldest !== undefined) entries.delete(oldest)
    entries.set(key, { ttl, expiresAt: now + TTL_MS[ttl] })
  }
  const keyOf = (scope: string, prefix: string): string => nameOf(`${scope}\n${prefix}`)

  return {
    open(scope, now) {
      let covered = 0
      return {
        touch(prefix, tokens, ttl) {
          const counts = { read: 0, written5m: 0, written1h: 0 }
          if (tokens < MINIMUM_TOKENS || tokens <= covered) return counts
          const beyond = tokens - covered
          covered = tokens
          const key = keyOf(scope, prefix)
          if (read(key, now)) return { ...counts, read: beyond }
          write(key, ttl, now)
          return ttl === '1h' ? { ...counts, written1h: beyond } : { ...counts, written5m: beyond }
        },
      }
    },
    take(scope, now, breakpoints) {
      const counts = { read: 0, written5m: 0, written1h: 0 }
      const long = breakpoints.filter((point) => point.tokens >= MINIMUM_TOKENS)
      const hit = long.findLastIndex((point) => read(keyOf(scope, point.prefix), now))
      let covered = long[hit]?.tokens ?? 0
      counts.read = covered
      for (const point of long.slice(hit + 1)) {
        write(keyOf(scope, point.prefix), point.ttl, now)
        counts[point.ttl === '1h' ? 'written1h' : 'written5m'] += point.tokens - covered
        covered = point.tokens
      }
      return counts
    },
    clear: () => entries.clear(),
  }
}
