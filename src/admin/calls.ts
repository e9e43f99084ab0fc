// The last calls through path routers of this process: which, where, when, how long, with what status; nothing of what was said.

import { z } from 'zod'
import { ROUTER_PATH_PATTERN } from '../core/router.ts'
import { inScope } from '../core/tenant.ts'
import * as fields from './fields.ts'
import { operation } from './operation.ts'

const callReply = z.object({
  transaction_id: z.string(),
  request_id: z.string(),
  tenant_id: z.string().nullable().meta({ description: 'null: nobody was known to make it' }),
  router: z.string(),
  sent_to: z.string().nullable().meta({ description: 'the router that it was sent to, when that is another one' }),
  started_at: z.string(),
  milliseconds: z.number(),
  status: z.number().meta({ description: '0: the client left before it had one' }),
  error: z.string().nullable().meta({ description: 'why it was refused or failed' }),
})

const MOST_LISTED = 1_000

export const listCalls = operation({
  words: `The last calls through path routers, newest first. They are kept in memory, ${MOST_LISTED} in all, and gone after a restart.`,
  query: z.strictObject({
    limit: z.coerce.number().int().min(1).max(MOST_LISTED).default(10),
    router: z
      .string()
      .regex(ROUTER_PATH_PATTERN)
      .optional()
      .meta({ description: 'path of a router, such as /service/standard/' }),
  }),
  reply: z.object({ calls: z.array(callReply) }),
  async run({ deps, scope, query: { limit, router } }) {
    const seen = deps
      .recentCalls(MOST_LISTED, router ?? null)
      .filter(({ tenantId }) => (tenantId === null ? scope.kind === 'all' : inScope(scope, tenantId)))
    return {
      calls: seen.slice(0, limit).map((call) => ({
        transaction_id: call.transactionId,
        request_id: call.requestId,
        tenant_id: call.tenantId,
        router: call.routerPath,
        sent_to: call.sentTo,
        started_at: fields.timeOf(call.startedAt),
        milliseconds: call.milliseconds,
        status: call.status,
        error: call.error,
      })),
    }
  },
})
