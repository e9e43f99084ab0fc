// A prompt cache that behaves like one: prefixes are written once, read until their time to live ends, and every read renews it.

export type CacheTtl = '5m' | '30m' | '1h'
export type CacheCounts = { read: number; written5m: number; written30m: number; written1h: number }

/** Everything up to some place of a prompt: its name and its tokens. */
export type Prefix = { prefix: string; tokens: number }

/** A place where the caller asked to cache; `earlier` are the ends of the content blocks before it, nearest first. */
export type Breakpoint = Prefix & { ttl: CacheTtl; earlier: readonly Prefix[] }

export type CallCache = {
  touch(prefix: string, tokens: number, ttl: CacheTtl): CacheCounts
  peek(prefix: string): boolean
}

export type PromptCache = {
  /** The cache of one call: ask for its breakpoints in the order of the prompt, and add the answers up. */
  open(scope: string, now: number): CallCache
  /** All breakpoints of one call at once: the longest stored prefix is read, the rest up to the last breakpoint is written. */
  take(scope: string, now: number, breakpoints: readonly Breakpoint[]): CacheCounts
  clear(): void
}

const TTL_MS: Record<CacheTtl, number> = { '5m': 5 * 60_000, '30m': 30 * 60_000, '1h': 60 * 60_000 }
const WRITTEN = { '5m': 'written5m', '30m': 'written30m', '1h': 'written1h' } as const
/** `take` caches nothing shorter (prompt-caching page: 1,024 tokens for most models); who calls `open` applies the model's own. */
const MINIMUM_TOKENS = 1024
const MAXIMUM_ENTRIES = 100_000

export function createPromptCache(nameOf: (text: string) => string): PromptCache {
  const store = createStore(nameOf)
  return {
    open(scope, now) {
      let covered = 0
      return {
        touch(prefix, tokens, ttl) {
          const counts = nothing()
          if (tokens <= covered) return counts
          counts[store.read(scope, prefix, now) ? 'read' : WRITTEN[ttl]] = tokens - covered
          if (counts.read === 0) store.write(scope, prefix, ttl, now)
          covered = tokens
          return counts
        },
        peek: (prefix) => store.has(scope, prefix, now),
      }
    },
    take(scope, now, breakpoints) {
      const counts = nothing()
      const long = breakpoints.filter((point) => point.tokens >= MINIMUM_TOKENS)
      const { hit, tokens } = longestHit(long, (prefix) => store.read(scope, prefix, now))
      let covered = tokens
      counts.read = tokens
      for (const point of long.slice(hit)) {
        if (point.tokens <= covered) continue
        store.write(scope, point.prefix, point.ttl, now)
        counts[WRITTEN[point.ttl]] += point.tokens - covered
        covered = point.tokens
      }
      return counts
    },
    clear: store.clear,
  }
}

export const nothing = (): CacheCounts => ({ read: 0, written5m: 0, written30m: 0, written1h: 0 })

/** The last breakpoint whose prefix, or that of a block before it, is stored; `hit` is the first breakpoint that may need writing. */
function longestHit(
  breakpoints: readonly Breakpoint[],
  read: (prefix: string) => boolean,
): { hit: number; tokens: number } {
  for (const [index, point] of [...breakpoints.entries()].toReversed()) {
    const found = [point, ...point.earlier].find(({ prefix, tokens }) => tokens >= MINIMUM_TOKENS && read(prefix))
    if (found !== undefined) return { hit: index, tokens: found.tokens }
  }
  return { hit: 0, tokens: 0 }
}

function createStore(nameOf: (text: string) => string) {
  const entries = new Map<string, { expiresAt: number; ttl: CacheTtl }>()
  const keyOf = (scope: string, prefix: string): string => nameOf(`${scope}\n${prefix}`)
  const find = (scope: string, prefix: string, now: number) => {
    const entry = entries.get(keyOf(scope, prefix))
    return entry === undefined || entry.expiresAt <= now ? undefined : entry
  }
  return {
    has: (scope: string, prefix: string, now: number): boolean => find(scope, prefix, now) !== undefined,
    read(scope: string, prefix: string, now: number): boolean {
      const entry = find(scope, prefix, now)
      if (entry !== undefined) entry.expiresAt = now + TTL_MS[entry.ttl]
      return entry !== undefined
    },
    write(scope: string, prefix: string, ttl: CacheTtl, now: number): void {
      const oldest = entries.size >= MAXIMUM_ENTRIES ? entries.keys().next().value : undefined
      if (oldest !== undefined) entries.delete(oldest)
      entries.set(keyOf(scope, prefix), { ttl, expiresAt: now + TTL_MS[ttl] })
    },
    clear: () => entries.clear(),
  }
}
