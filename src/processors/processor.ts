// What every kind of processor must do: answer one call's fields with fields to write, within its time, or say in words why not.

import type { CallFields, ProcessorRights } from '../core/processor.ts'

/** Of whom and of which call the fields are; nothing of it goes to processors that are not the gateway's own. */
export type ProcessorCall = {
  readonly fields: CallFields
  readonly context: CallContext
}

export type CallContext = {
  readonly transactionId: string
  readonly requestId: string
  /** null: nobody is known to have made it */
  readonly tenantId: string | null
  readonly keyId: string | null
}

/** The way to a processor. What is thrown is a ProcessorFailure, or a fault of ours. */
export type ProcessorLink = {
  /** Null: nothing to write. `signal` is aborted when the time is up; the answer is not waited for any longer. */
  call(call: ProcessorCall, signal: AbortSignal): Promise<CallFields | null>
  close(): Promise<void>
}

export type Processor = ProcessorRights & {
  readonly timeoutMilliseconds: number
  /** calls that it works on at the same time; others wait, within their own time */
  readonly atOnce: number
  readonly link: ProcessorLink
}

export type ProcessorRows = readonly (readonly Processor[])[]

/** Why a processor has no answer, in words that hold nothing of the call. */
export class ProcessorFailure extends Error {
  constructor(words: string) {
    super(words)
    this.name = 'ProcessorFailure'
  }
}

/** Input and answer of one processor; more is a failure of that processor. */
export const PROCESSOR_BYTES = { input: 4_194_304, output: 1_048_576 } as const
