// The last calls that were refused, in memory; those of strangers apart, so that they cannot push out the others.

import type { RefusedCall } from '../core/refused-call.ts'

export type RefusedCalls = {
  readonly keep: (call: RefusedCall) => void
  /** null: it was not refused by this process, or too many were since */
  readonly find: (requestId: string) => RefusedCall | null
}

/** Of callers that are not known so many fewer are kept. */
const STRANGERS_PART = 10

export function createRefusedCalls(mostCalls: number): RefusedCalls {
  const known = new Map<string, RefusedCall>()
  const strangers = new Map<string, RefusedCall>()
  const mostStrangers = Math.ceil(mostCalls / STRANGERS_PART)
  return {
    keep(call) {
      if (call.tenantId === null) put(strangers, call, mostStrangers)
      else put(known, call, mostCalls)
    },
    find: (requestId) => known.get(requestId) ?? strangers.get(requestId) ?? null,
  }
}

/** A map lists its members in the order in which they came: the first is the oldest. */
function put(calls: Map<string, RefusedCall>, call: RefusedCall, most: number): void {
  calls.set(call.requestId, call)
  if (calls.size <= most) return
  for (const oldest of calls.keys()) {
    calls.delete(oldest)
    return
  }
}
