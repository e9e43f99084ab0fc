// A call that was refused: it has no ledger entry, so what is known of it is kept for a while to explain it.

import type { ErrorCode } from './errors.ts'

export type RefusedCall = {
  readonly requestId: string
  /** milliseconds since the epoch */
  readonly at: number
  readonly code: ErrorCode
  /** what the caller was told */
  readonly message: string
  /** null: the caller was not known */
  readonly tenantId: string | null
  readonly keyId: string | null
  /** null: it was refused before anybody looked, or the operation has none */
  readonly operation: string | null
  readonly modelId: string | null
  readonly surface: string
}
