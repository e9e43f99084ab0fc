// What the processors that come with the gateway work with, beside the fields of their call.

import type { CallContext } from '../processor.ts'

export type GuardrailQuestion = {
  readonly context: CallContext
  readonly id: string
  readonly version: string
  readonly source: 'INPUT' | 'OUTPUT'
  readonly texts: readonly string[]
}

/** Asks Bedrock, as a call of the tenant's own. Throws ProcessorFailure. */
export type AskGuardrail = (
  question: GuardrailQuestion,
  signal: AbortSignal,
) => Promise<{ readonly stopped: boolean; readonly outputs: readonly string[] }>

export type Recorded = { readonly status: number; readonly headers: unknown; readonly payload: unknown }

/** One tenant's answers are shown to nobody else. */
export type MockAnswers = {
  put(tenantId: string, routerPath: string, answer: Recorded): void
  /** The path of the router, or a longer one; undefined: nothing was recorded. */
  find(tenantId: string, path: string): Recorded | undefined
}

export type TargetHealth = {
  /** How a call to a router ended: its upstream's status; null: it gave none. */
  report(routerPath: string, upstreamStatus: number | null, now: number): void
  /** When it last failed; null: never, or its last call went well. */
  failedAt(routerPath: string): number | null
}

export type BuiltinWorld = {
  readonly mockAnswers: MockAnswers
  readonly targetHealth: TargetHealth
  readonly askGuardrail: AskGuardrail
  readonly now: () => number
  readonly random: () => number
  /** Hears that a thread ended by itself. Must not throw. */
  readonly onCrash: (name: string, kind: string) => void
}
