// Credentials of roles that are assumed for tenants: one source for each session, renewed by itself, the oldest unused given up first.

import type { CredentialScope } from '../core/upstream.ts'
import { createCredentialSource, type CredentialSource, type ProvidedIdentity } from './credentials.ts'

const MOST_SESSIONS = 10_000

export type SessionCredentials = { sourceFor(scope: CredentialScope): CredentialSource }

/** `assume` is asked again before a session ends; calls that need the same session at the same time share one asking. */
export function createSessionCredentials(options: {
  readonly assume: (scope: CredentialScope) => Promise<ProvidedIdentity>
  readonly now: () => number
  readonly mostSessions?: number
}): SessionCredentials {
  const { assume, now, mostSessions = MOST_SESSIONS } = options
  const sources = new Map<string, CredentialSource>()
  return {
    sourceFor(scope) {
      const found = sources.get(scope.id)
      const source = found ?? createCredentialSource({ provider: () => assume(scope), now })
      // the order of a map is the order of its insertions: the first is the one that was not used for the longest time
      sources.delete(scope.id)
      sources.set(scope.id, source)
      const [oldest] = sources.keys()
      if (sources.size > mostSessions && oldest !== undefined) sources.delete(oldest)
      return source
    },
  }
}
