// Upkeep of what is stored: re-rating, rebuilding the rollups, proving the store; each safe to repeat.

import { z } from 'zod'
import { formatPicoUsd } from '../core/money.ts'
import { invalid } from './errors.ts'
import * as fields from './fields.ts'
import { operation } from './operation.ts'

export const rerate = operation({
  words:
    'Writes correcting entries for the calls of a period whose cost would be another with the price book of now; a dry run only says what it would write.',
  body: z.strictObject({
    from: fields.instant,
    to: fields.instant,
    model_id: fields.modelId.optional(),
    tenant_id: fields.tenantId.optional(),
    dry_run: z.boolean().default(false),
  }),
  reply: z.object({
    dry_run: z.boolean(),
    entries_read: z.number(),
    corrections: z.number(),
    difference_usd: fields.usd,
    price_version: z.number(),
    still_unpriced: z.number(),
  }),
  async run({ deps, body }) {
    const [from, to] = [fields.millisecondsOf(body.from), fields.millisecondsOf(body.to)]
    if (from >= to) throw invalid('from', 'from must be before to.')
    const outcome = await deps.jobs.rerate({
      from,
      to,
      dryRun: body.dry_run,
      ...(body.model_id === undefined ? {} : { modelId: body.model_id }),
      ...(body.tenant_id === undefined ? {} : { tenantId: body.tenant_id }),
    })
    return {
      dry_run: body.dry_run,
      entries_read: outcome.entriesRead,
      corrections: outcome.corrections,
      difference_usd: formatPicoUsd(outcome.difference),
      price_version: outcome.priceVersion,
      still_unpriced: outcome.stillUnpriced,
    }
  },
})

export const closeDay = operation({
  words:
    'Closes a day: writes its file of costs, or a file of corrections when it was closed before and the ledger has learned more. A day that is not over gets a preliminary file.',
  body: z
    .strictObject({
      date: z
        .string()
        .regex(/^\d{4}-\d{2}-\d{2}$/, 'must be a date such as 2026-11-20')
        .optional()
        .meta({ description: 'the day before when left out' }),
    })
    .default({}),
  reply: z.object({
    date: z.string(),
    from: z.string(),
    to: z.string(),
    state: z.string().meta({ description: 'closed, corrected, unchanged, running or empty' }),
    files: z.array(z.string()).meta({ description: 'all files of the day' }),
    rows_written: z.number(),
  }),
  async run({ deps, body }) {
    const closed = await deps.jobs.closeDay(body.date ?? null).catch((thrown: unknown) => {
      throw thrown instanceof RangeError ? invalid('date', `${thrown.message}.`) : thrown
    })
    return {
      date: closed.date,
      from: fields.timeOf(closed.window.start),
      to: fields.timeOf(closed.window.end),
      state: closed.state,
      files: [...closed.files],
      rows_written: closed.rows.length,
    }
  },
})

const SHOWN_DIFFERENCES = 100

export const rebuildRollups = operation({
  words: 'Folds the ledger into rollups anew; with `verify_only`, only says where the stored ones differ.',
  body: z.strictObject({ verify_only: z.boolean().default(false) }).default({ verify_only: false }),
  reply: z.object({
    verify_only: z.boolean(),
    entries: z.number(),
    buckets: z.number(),
    differing: z.number(),
    differences: z.array(z.string()).meta({ description: `the first ${SHOWN_DIFFERENCES}` }),
  }),
  async run({ deps, body }) {
    const outcome = await deps.jobs.rebuildRollups({ verifyOnly: body.verify_only })
    return {
      verify_only: body.verify_only,
      entries: outcome.entries,
      buckets: outcome.buckets,
      differing: outcome.differences.length,
      differences: outcome.differences.slice(0, SHOWN_DIFFERENCES),
    }
  },
})

export const checkStore = operation({
  words: 'Proves what is stored: tables, checksums and rollups; one sentence for each problem.',
  reply: z.object({ ok: z.boolean(), problems: z.array(z.string()) }),
  async run({ deps }) {
    const problems = await deps.jobs.checkStore()
    return { ok: problems.length === 0, problems: problems.slice(0, SHOWN_DIFFERENCES) }
  },
})

export const getOpenApi = operation({
  words: 'This description.',
  reply: z.record(z.string(), z.unknown()),
  run: async ({ describeApi }) => describeApi(),
})
