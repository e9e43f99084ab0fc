// Decides whether a call may run: worst-case price, every limit of its tenants; then writes the hold, all or nothing.

import type { Member } from '../core/directory.ts'
import { GatewayError } from '../core/errors.ts'
import type { ResolvedModel } from '../core/model.ts'
import type { PicoUsd } from '../core/money.ts'
import { refusalOf } from '../core/policy.ts'
import type { PriceBook } from '../core/price-book.ts'
import type { Counters, Hold, Taken } from '../core/reservation.ts'
import { boundsOf, priceBounds, type ModelBounds } from './bounds.ts'
import type { HoldGatherer } from './hold-gatherer.ts'
import type { CallFacts } from './surfaces/surface.ts'

export type AdmitDependencies = {
  readonly counters: Counters
  readonly holdGatherer: HoldGatherer
  readonly priceBook: () => PriceBook
  readonly modelBounds: (baseModel: string) => ModelBounds
}

export type AdmitQuestion = {
  readonly requestId: string
  readonly member: Member
  readonly operation: string
  readonly surface: string
  readonly facts: CallFacts
  readonly model: ResolvedModel
  readonly body: Buffer
  readonly now: number
}

/** An admitted call: it holds its place in every counter, and its hold is written. */
export type Admitted = {
  readonly hold: Hold
  readonly taken: Taken
  readonly member: Member
  readonly model: ResolvedModel
  readonly facts: CallFacts
  readonly bodyBytes: number
}

const NOTHING_KNOWN: ModelBounds = { outputTokens: null, contextTokens: null }

export async function admit(dependencies: AdmitDependencies, question: AdmitQuestion): Promise<Admitted> {
  const { member, facts, model, now } = question
  const { baseModel, routing, region } = model
  const most = baseModel === null ? NOTHING_KNOWN : dependencies.modelBounds(baseModel)
  const bounds = boundsOf({
    operation: question.operation,
    facts,
    model,
    body: question.body,
    most,
  })
  const tenantId = member.principal.tenant.id
  const cost = priceBounds(
    dependencies.priceBook(),
    { baseModel, routing, region, tier: facts.tier, tenantId, at: now },
    bounds,
    facts.tiers,
  )
  if (cost === null) refuseUnpriced(member, model.modelId)
  const tokens = bounds.inputTokens + bounds.outputTokens
  const { verdict, taken } = dependencies.counters.take(member.tenantIds, member.limits, { tokens, cost }, now)
  if (!verdict.allow) throw refusalOf(verdict, now)
  if (taken === null) throw new GatewayError('internal', { detail: 'the counters allowed a call and took nothing' })
  const hold = holdOf(question, cost, tokens)
  try {
    await dependencies.holdGatherer.write(hold)
  } catch (thrown) {
    dependencies.counters.release(taken)
    throw new GatewayError('ledger_unavailable', { detail: String(thrown), cause: thrown, retryAfterSeconds: 1 })
  }
  return { hold, taken, member, model, facts, bodyBytes: question.body.length }
}

function refuseUnpriced(member: Member, modelId: string): void {
  if (member.unpriced === 'hold' && !member.hasHardBudget) return
  const why = member.hasHardBudget ? 'a hard budget applies' : 'the plan refuses unpriced calls'
  throw new GatewayError('price_unknown', { message: `The model "${modelId}" has no price here, and ${why}.` })
}

function holdOf(question: AdmitQuestion, heldCost: PicoUsd | null, heldTokens: number): Hold {
  const { member, model, facts } = question
  return {
    requestId: question.requestId,
    tenantId: member.principal.tenant.id,
    keyId: member.principal.key.id,
    modelId: model.modelId,
    baseModel: model.baseModel,
    routing: model.routing,
    region: model.region,
    tier: facts.tier,
    operation: question.operation,
    surface: question.surface,
    startedAt: question.now,
    metadata: facts.metadata,
    heldCost,
    heldTokens,
    inputTokensEstimate: Math.floor(question.body.length / 4),
  }
}
