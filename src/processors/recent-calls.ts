// The last calls through path routers, in memory, so many and no more.

import type { RecentCall } from '../core/call-log.ts'

export type RecentCalls = {
  add(call: RecentCall): void
  /** Newest first. */
  last(count: number, routerPath: string | null): readonly RecentCall[]
}

export const MOST_RECENT_CALLS = 1_000

export function createRecentCalls(): RecentCalls {
  const calls: RecentCall[] = []
  let next = 0
  return {
    add(call) {
      calls[next] = call
      next = (next + 1) % MOST_RECENT_CALLS
    },
    last(count, routerPath) {
      const inOrder = [...calls.slice(next), ...calls.slice(0, next)].toReversed()
      return inOrder
        .filter((call) => routerPath === null || call.routerPath === routerPath || call.sentTo === routerPath)
        .slice(0, count)
    },
  }
}
