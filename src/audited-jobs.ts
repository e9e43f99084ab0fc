// Jobs that change the ledger or its sums leave a row in the audit trail before their first change, and one at their end.

import { auditJson, type AuditOrigin, type AuditOutcome, type AuditResource, type AuditStore } from './core/audit.ts'
import type { LedgerStore } from './core/ledger.ts'

export type AuditedJob<Result> = {
  readonly audit: AuditStore
  readonly origin: AuditOrigin
  readonly resource: AuditResource
  readonly resourceId?: string
  readonly tenantId?: string | null
  /** what it was asked, for the first row */
  readonly asked: unknown
  /** what it did, for the last row */
  readonly figures: (result: Result) => unknown
  /** `announce` writes the first row, once, and must have resolved before anything is changed. */
  readonly run: (announce: () => Promise<void>) => Promise<Result>
}

/** A job that finds nothing to do leaves no row. One that broke off leaves one that says so, or, when the process died, only its first. */
export async function audited<Result>(job: AuditedJob<Result>): Promise<Result> {
  let announced: Promise<void> | null = null
  const note = (outcome: AuditOutcome, reason: string | null, after: unknown): Promise<void> =>
    job.audit.note(job.origin, {
      resource: job.resource,
      resourceId: job.resourceId ?? null,
      tenantId: job.tenantId ?? null,
      outcome,
      reason,
      before: null,
      after: auditJson(after),
    })
  const announce = (): Promise<void> => (announced ??= note('started', null, job.asked))
  try {
    const result = await job.run(announce)
    if (announced !== null) await note('finished', null, job.figures(result))
    return result
  } catch (thrown) {
    if (announced !== null) await note('failed', 'internal', job.asked).catch(() => undefined)
    throw thrown
  }
}

/** The ledger, announced by whoever appends first. */
export const announcing = (ledger: LedgerStore, announce: () => Promise<void>): LedgerStore => ({
  ...ledger,
  async append(entry) {
    await announce()
    return ledger.append(entry)
  },
})
