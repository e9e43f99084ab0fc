// Joins processors and the call log with the file of routers, with the places that records go to, and with the metrics.

import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import type { Logger } from 'pino'
import type { Config } from './config.ts'
import type { CallRecord, WriterDefinition } from './core/call-log.ts'
import type { AskInside } from './gateway/inner-call.ts'
import { askGuardrailBy } from './guardrail-calls.ts'
import { createCallLogOutbox, type CallLogOutbox } from './jobs/call-log.ts'
import { logWriterOf, type LogWriter } from './jobs/call-log-writers.ts'
import type { Metrics } from './metrics.ts'
import { callLogOf, createProcessing, type Processing } from './processors/index.ts'
import type { RouterFile } from './router-file.ts'

export type RoutersProcessing = Processing & {
  /** What is left to do after answers is done, and what no place took is kept for the next start. */
  stop(deadlineMilliseconds: number): Promise<void>
}

export function processingOf(parts: {
  readonly config: Config
  readonly log: Logger
  readonly metrics: Metrics
  readonly routerFile: RouterFile
  readonly askInside: AskInside
}): RoutersProcessing {
  const { config, log, metrics, routerFile, askInside } = parts
  const outboxes = createOutboxes(parts)
  outboxes.open(callLogOf(routerFile.current())?.writers ?? [])
  const processing = createProcessing({
    configuration: routerFile.current,
    folder: dirname(config.routersFile ?? ''),
    askGuardrail: askGuardrailBy(askInside),
    now: Date.now,
    random: Math.random,
    onRecord: (record, { writers }) => outboxes.add(record, writers),
    onResult: metrics.onProcessor,
    onDropped: () => metrics.onCallLogLost('overloaded', 1),
    log: (level, words, fields) => log[level](fields, words),
  })
  return {
    ...processing,
    async stop(deadlineMilliseconds) {
      await processing.stop(deadlineMilliseconds)
      await outboxes.stop(deadlineMilliseconds)
    },
  }
}

type Outboxes = {
  /** Sends what an earlier process has left for these places. */
  open(writers: readonly WriterDefinition[]): void
  add(record: CallRecord, writers: readonly WriterDefinition[]): void
  stop(deadlineMilliseconds: number): Promise<void>
}

type Opened = { readonly outbox: CallLogOutbox; to: string; writer: LogWriter }

/** One for each place that the file of routers has named since the start: what a place that is no longer named has not taken, it still gets. */
function createOutboxes({ config, log, metrics }: Parameters<typeof processingOf>[0]): Outboxes {
  const opened = new Map<string, Opened>()
  const writerOf = (to: WriterDefinition['to']): LogWriter =>
    logWriterOf(to, { folder: config.dataDir, fetch, now: Date.now })
  const open = ({ to, retryMilliseconds }: WriterDefinition): Opened => {
    const place = placeOf(to)
    const known = opened.get(place)
    if (known !== undefined) return known
    const outbox = createCallLogOutbox({
      writer: () => made.writer,
      spoolFile: join(config.dataDir, 'call-log', `unsent-${digestOf(place)}.jsonl`),
      retryMilliseconds,
      now: Date.now,
      onLost(records, why) {
        metrics.onCallLogLost(why, records)
        if (why === 'refused')
          log.error({ kind: to.kind, records }, 'records of the call log were refused, and are lost')
      },
      onFailure: (thrown) =>
        log.error({ kind: to.kind, detail: detailOf(thrown) }, 'the call log cannot be written; it waits'),
    })
    const made: Opened = { outbox, to: JSON.stringify(to), writer: writerOf(to) }
    opened.set(place, made)
    void outbox.start()
    return made
  }
  const current = (definition: WriterDefinition): CallLogOutbox => {
    const found = open(definition)
    const to = JSON.stringify(definition.to)
    // such as another password: what waits is sent with it too
    if (found.to !== to) Object.assign(found, { to, writer: writerOf(definition.to) })
    return found.outbox
  }
  return {
    open: (writers) => writers.forEach(open),
    add(record, writers) {
      const line = JSON.stringify(record)
      for (const writer of writers) current(writer).add(line)
    },
    async stop(deadlineMilliseconds) {
      await Promise.all([...opened.values()].map(({ outbox }) => outbox.stop(deadlineMilliseconds)))
    },
  }
}

/** The same place after its password changed. */
const placeOf = (to: WriterDefinition['to']): string => `${to.kind} ${to.kind === 'file' ? to.path : to.url}`

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16)

/** No address, no header: a code, or what was answered. */
function detailOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return typeof thrown
  const cause = thrown.cause instanceof Error && 'code' in thrown.cause ? String(thrown.cause.code) : ''
  return thrown.name === 'PostRefused' ? thrown.message : `${thrown.name} ${cause}`.trim()
}
