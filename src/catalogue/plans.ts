// The plans that a new installation begins with: three examples, on which nobody is until somebody puts a tenant there.

import { NO_ACCESS_POLICY } from '../core/access.ts'
import { USUAL_BUDGETING } from '../core/budgeting.ts'
import { USUAL_DIALECTS } from '../core/dialects.ts'
import { limitOf } from '../core/limit.ts'
import { parsePicoUsd } from '../core/money.ts'
import type { Plan } from '../core/plan.ts'

type ShippedPlan = Omit<Plan, 'createdAt'>

const USUAL = {
  access: NO_ACCESS_POLICY,
  onDisconnect: 'drain',
  unpriced: 'hold',
  budgeting: USUAL_BUDGETING,
  dialects: USUAL_DIALECTS,
  fallbacks: [],
} as const

/** Amounts are for each tenant that has the plan. They are there to be changed. */
export const SHIPPED_PLANS: readonly ShippedPlan[] = [
  {
    ...USUAL,
    id: 'basic',
    name: 'Basic: small models, a small budget',
    allowedModels: ['anthropic.claude-haiku-*', 'amazon.nova-*', 'amazon.titan-embed-*'],
    limits: [
      limitOf({ kind: 'requests', per: 'minute', amount: 60n, burst: 120n }),
      limitOf({ kind: 'concurrency', amount: 10n }),
      limitOf({ kind: 'cost', per: 'month', amount: parsePicoUsd('25') }),
    ],
    // so small a budget is soon less than the worst case of a call that names no cap
    budgeting: { ...USUAL_BUDGETING, capOutput: true, minOutputTokens: 50 },
  },
  {
    ...USUAL,
    id: 'premium',
    name: 'Premium: all models, a large budget',
    allowedModels: ['*'],
    limits: [
      limitOf({ kind: 'requests', per: 'minute', amount: 1_200n, burst: 2_400n }),
      limitOf({ kind: 'concurrency', amount: 100n }),
      limitOf({ kind: 'cost', per: 'month', amount: parsePicoUsd('2500') }),
    ],
  },
  { ...USUAL, id: 'unlimited', name: 'Unlimited: all models, no limit', allowedModels: ['*'], limits: [] },
]
