// Changes that were asked for and not made leave a row in the audit trail; strangers cannot fill the disk with them.

import type { AuditFact } from '../core/audit.ts'
import { auditJson } from '../core/audit.ts'
import type { AdminDependencies } from './dependencies.ts'
import type { AdminError } from './errors.ts'
import { isChange, originOf, targetOf, type Asked } from './origin.ts'

/** Rows for callers without an accepted credential; what is beyond is counted, and told by the next row. */
const STRANGERS_PER_MINUTE = 60
const MINUTE_MILLISECONDS = 60_000

export type Refusals = {
  /** Resolves when the row is durable. Never rejects: the refusal itself must reach its caller. */
  readonly note: (asked: Asked, error: AdminError) => Promise<void>
}

export function createRefusals(deps: Pick<AdminDependencies, 'audit' | 'now' | 'onFailure'>): Refusals {
  const strangers = createAllowance(STRANGERS_PER_MINUTE, deps.now)
  return {
    async note(asked, error) {
      if (!isChange(asked.method)) return
      const unlisted = asked.caller === null ? strangers.take() : 0
      if (unlisted === null) return
      try {
        await deps.audit.note(originOf(asked), factOf(asked, error, unlisted))
      } catch (thrown) {
        deps.onFailure(thrown, asked.requestId)
      }
    },
  }
}

const factOf = ({ path }: Asked, error: AdminError, unlisted: number): AuditFact => ({
  ...targetOf(path),
  outcome: error.status >= 500 ? 'failed' : 'refused',
  reason: error.code,
  before: null,
  after: unlisted === 0 ? null : auditJson({ refusals_not_listed: unlisted }),
})

/** `take`: how many were let go without a row since the last; null: this one is let go too. */
function createAllowance(perMinute: number, now: () => number): { take: () => number | null } {
  let minute = 0
  let taken = 0
  let unlisted = 0
  return {
    take() {
      const current = Math.floor(now() / MINUTE_MILLISECONDS)
      if (current !== minute) {
        minute = current
        taken = 0
      }
      if (taken >= perMinute) {
        unlisted += 1
        return null
      }
      taken += 1
      const told = unlisted
      unlisted = 0
      return told
    },
  }
}
