// How the answer to a call through a path router passes: what forward.ts asks of it, and what it is told.

import type { GatewayError } from '../core/errors.ts'
import type { LedgerEntry } from '../core/ledger.ts'
import type { Delivery } from './delivery.ts'
import type { RenderedAnswer } from './surfaces/surface.ts'

/** No method throws but `onWhole`. */
export type Passage = {
  readonly retries: number
  /** The headers that the client gets, flat, and whether the answer passes as it comes. */
  head(status: number, headers: readonly string[]): { readonly headers: readonly string[]; readonly streams: boolean }
  chunk(bytes: Buffer): void
  /** All has come that will. */
  over(): void
  /** What is given in the place of an answer that is whole; null: itself. */
  readonly onWhole: ((answer: RenderedAnswer) => Promise<RenderedAnswer>) | null
  /** The client has what it gets. `entry` null: the ledger could not take it. */
  ended(end: { readonly status: number; readonly error: GatewayError | null; readonly entry: LedgerEntry | null }): void
}

/** These answers have no frames that are known here: whatever has come can go. */
export const UNFRAMED = { wholeBytes: (chunk: Buffer): number => chunk.length }

/** When the entry is durable, and before anything of a whole answer is given. */
export async function passWhole({ onWhole }: Passage, delivery: Delivery): Promise<void> {
  const whole = onWhole === null ? null : delivery.whole()
  if (whole !== null && onWhole !== null) delivery.replace(await onWhole(whole))
}
