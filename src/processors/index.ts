// Processors and the call log as the data plane asks for them: what steps into each call through a path router.

import type { CallLogDefinition, CallRecord } from '../core/call-log.ts'
import { filteredRecord } from '../core/call-log.ts'
import type { RouterConfiguration, RouterProcessing } from '../core/router.ts'
import { createAfterwards } from './afterwards.ts'
import type { AskGuardrail } from './builtins/builtin.ts'
import { createTargetHealth } from './builtins/broker.ts'
import { createMockAnswers } from './builtins/mock.ts'
import { CallProcess } from './call-process.ts'
import { createLinks } from './links.ts'
import { definitionsOf, planOf, sectionsOf, type Plan } from './plan.ts'
import { createRecentCalls, type RecentCalls } from './recent-calls.ts'
import { createRunner, type RunnerDependencies } from './runner.ts'

export type ProcessingDependencies = {
  /** what the file of routers says now */
  readonly configuration: () => RouterConfiguration
  /** of the file of routers */
  readonly folder: string
  readonly askGuardrail: AskGuardrail
  readonly now: () => number
  readonly random: () => number
  /** One call's record, with the fields that are to be logged. Must not throw. */
  readonly onRecord: (record: CallRecord, log: CallLogDefinition) => void
  readonly onResult: RunnerDependencies['onResult']
  /** Hears of what was to be done after an answer and is not. Must not throw. */
  readonly onDropped: () => void
  readonly log: (level: 'warn' | 'error', words: string, fields: Readonly<Record<string, unknown>>) => void
}

export type Processing = RouterProcessing & {
  readonly recent: RecentCalls
  /** Does what is left to do after answers, for so long, and lets go of all processors. */
  stop(deadlineMilliseconds: number): Promise<void>
}

/** What the file says of the call log; null: nothing. */
export const callLogOf = (configuration: RouterConfiguration): CallLogDefinition | null =>
  sectionsOf(configuration).logger ?? null

export function createProcessing(dependencies: ProcessingDependencies): Processing {
  const { configuration, now, log } = dependencies
  const recent = createRecentCalls()
  const targetHealth = createTargetHealth((path) => plan.brokerTargets.has(path))
  const links = createLinks({
    ...dependencies,
    mockAnswers: createMockAnswers(),
    targetHealth,
    onCrash: (processor, kind) => log('error', 'a processor module ended by itself', { processor, kind }),
  })
  const runner = createRunner({
    now,
    onResult: dependencies.onResult,
    onFault: (processor, thrown) =>
      log('error', 'a processor failed inside the gateway', { processor, ...classOf(thrown) }),
  })
  const afterwards = createAfterwards({
    onDropped: dependencies.onDropped,
    onFault: (thrown) => log('error', 'the work after an answer failed', classOf(thrown)),
  })
  const planNow = (): Plan =>
    planOf({ configuration: configuration(), linkOf: (definition) => links.linkOf(definition) })
  let plan = planNow()
  const renew = (): void => {
    plan = planNow()
    links.keep(definitionsOf(plan.configuration))
  }
  return {
    recent,
    begin(call) {
      if (plan.configuration !== configuration()) renew()
      const current = plan
      return new CallProcess(
        {
          plan: current,
          runner,
          now,
          afterwards,
          onRecord: (record) => {
            if (current.log !== null) dependencies.onRecord(filteredRecord(record, current.log), current.log)
          },
          onEnded(ended, upstreamStatus) {
            recent.add(ended)
            if (upstreamStatus !== null || (ended.error?.startsWith('upstream_') ?? false))
              targetHealth.report(ended.sentTo ?? ended.routerPath, upstreamStatus, now())
          },
        },
        call,
      )
    },
    async stop(deadlineMilliseconds) {
      await afterwards.drain(deadlineMilliseconds)
      await links.close()
    },
  }
}

/** Of what was thrown its class alone: its words may quote the call. */
const classOf = (thrown: unknown): { readonly kind: string } => ({
  kind: thrown instanceof Error ? thrown.name : typeof thrown,
})
