// Counters of limits, proven: counted anew from the ledger and the running calls, and put right where that is asked for.

import { z } from 'zod'
import { LIMIT_SOURCES } from '../core/limit.ts'
import * as fields from './fields.ts'
import { amountToJson, shownAmount } from './limits-json.ts'
import { operation } from './operation.ts'

const MOST_SHOWN = 1_000

export const verifyCounters = operation({
  words:
    'Counts all limits anew from the ledger and the calls that run, and says where the counters differ; with `repair`, puts them right. Calls go on meanwhile.',
  body: z.strictObject({ repair: z.boolean().default(false) }).default({ repair: false }),
  reply: z.object({
    repaired: z.boolean(),
    differing: z.number(),
    differences: z
      .array(
        z.object({
          tenant_id: z.string(),
          key_id: z.string().optional(),
          source: z.enum(LIMIT_SOURCES),
          limit_id: z.string(),
          split: z.string().optional(),
          window_start: z.string(),
          counted: shownAmount,
          ledger: shownAmount,
        }),
      )
      .meta({ description: `the first ${MOST_SHOWN}` }),
  }),
  async run({ deps, body: { repair } }) {
    const differences = await deps.jobs.verifyCounters(repair)
    return {
      repaired: repair,
      differing: differences.length,
      differences: differences.slice(0, MOST_SHOWN).map(({ scoped, split, windowStart, counted, ledger }) => ({
        tenant_id: scoped.ownerTenantId,
        ...(scoped.ownerKeyId === null ? {} : { key_id: scoped.ownerKeyId }),
        source: scoped.source,
        limit_id: scoped.limit.id,
        ...(split === null ? {} : { split }),
        window_start: fields.timeOf(windowStart),
        counted: amountToJson(scoped.limit.kind, counted),
        ledger: amountToJson(scoped.limit.kind, ledger),
      })),
    }
  },
})
