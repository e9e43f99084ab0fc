// Decides whether a call may run: worst-case price, every limit of its tenants; then writes the hold, all or nothing.

import type { FallbackPrice } from '../core/budgeting.ts'
import type { Member } from '../core/directory.ts'
import { GatewayError } from '../core/errors.ts'
import type { HeldAnswer } from '../core/held-answer.ts'
import type { Consumption, LimitedCall } from '../core/limit-count.ts'
import type { ResolvedModel } from '../core/model.ts'
import { picoUsd } from '../core/money.ts'
import { refusalOf, type Refusal } from '../core/policy.ts'
import type { PriceBook } from '../core/price-book.ts'
import type { Counters, Hold, Taken, Taking } from '../core/reservation.ts'
import { boundsOf, type CallBounds, type ModelBounds } from './bounds.ts'
import { priceCall, tariffsOf, type CallPrice, type CallPriceQuestion } from './call-price.ts'
import { cappedTo, writeCap } from './cap-output.ts'
import type { HoldGatherer } from './hold-gatherer.ts'
import type { InputEstimates, InputKind } from './input-estimates.ts'
import type { CallFacts } from './surfaces/surface.ts'

export type AdmitDependencies = {
  readonly counters: Counters
  readonly holdGatherer: HoldGatherer
  readonly priceBook: () => PriceBook
  readonly modelBounds: (baseModel: string) => ModelBounds
  readonly inputEstimates: InputEstimates
  /** how many tokens of a Bedrock quota each output token takes */
  readonly burnRateOf: (baseModel: string | null) => number
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
  /** what it can use at most, where that is known without asking the model's limits */
  readonly bounds?: CallBounds
  /** the name by which the request means the model; null: its own id */
  readonly alias: string | null
  /** what the call took for a model that has failed, and gives back now; absent: nothing */
  readonly instead?: Taken
}

/** An admitted call: it holds its place in every counter, and its hold is written. */
export type Admitted = {
  readonly hold: Hold
  readonly taken: Taken
  readonly member: Member
  readonly model: ResolvedModel
  readonly facts: CallFacts
  /** as it is to be sent: with a lower output cap where the limits left no more */
  readonly body: Buffer
  /** the cap that was written into the body; null: none was */
  readonly outputCap: number | null
  /** what stands in for the price that the model has not; null: it has one, or its cost is not known at all */
  readonly fallback: FallbackPrice | null
  /** what its answer may grow to before it is ended; null: it is not */
  readonly heldAnswer: HeldAnswer | null
  /** what its input is learned for; null: nothing is to be learned */
  readonly inputKind: InputKind | null
  readonly alias: string | null
}

const NOTHING_KNOWN: ModelBounds = { outputTokens: null, contextTokens: null }

export async function admit(dependencies: AdmitDependencies, question: AdmitQuestion): Promise<Admitted> {
  const { member, facts, model, alias } = question
  const priced = pricedOf(dependencies, question)
  if (priced.cost === null) refuseUnpriced(member, model.modelId, priced.isByHour)
  const taking = take(dependencies, question, priced)
  const { taken, cap, body } = taking instanceof Promise ? await taking : taking
  const hold = holdOf(question, taken.ask)
  try {
    await dependencies.holdGatherer.write(hold)
  } catch (thrown) {
    dependencies.counters.release(taken)
    throw new GatewayError('ledger_unavailable', { detail: String(thrown), cause: thrown, retryAfterSeconds: 1 })
  }
  return {
    hold,
    taken,
    member,
    model,
    facts,
    body,
    outputCap: cap,
    fallback: priced.fallback,
    inputKind: priced.inputKind,
    heldAnswer: heldAnswerOf(question, priced, taken.ask),
    alias,
  }
}

/** Worked out only for plans that cut: it asks the price book again. */
function heldAnswerOf({ member }: AdmitQuestion, priced: Priced, ask: Consumption): HeldAnswer | null {
  const { inputTokens, outputTokens, cost } = ask
  if (!member.budgeting.cutStream || outputTokens === 0) return null
  return { inputTokens, outputTokens, cost, tariffs: tariffsOf(priced, priced.fallback) }
}

type Priced = CallPrice & CallPriceQuestion & Pick<Admitted, 'inputKind'>

function pricedOf(dependencies: AdmitDependencies, question: AdmitQuestion): Priced {
  const { operation, member, facts, model, body, now } = question
  const { baseModel, routing, region } = model
  const most = baseModel === null ? NOTHING_KNOWN : dependencies.modelBounds(baseModel)
  const tenantId = member.principal.tenant.id
  const strict = question.bounds ?? boundsOf({ operation, facts, model, body, most })
  const inputKind = inputKindOf(question, strict)
  const bounds =
    inputKind === null ? strict : { ...strict, inputTokens: dependencies.inputEstimates.estimate(inputKind) }
  const asked = {
    book: dependencies.priceBook(),
    asked: { modelId: model.modelId, baseModel, routing, region, tier: facts.tier, tenantId, at: now },
    bounds,
    tiers: facts.tiers,
    fallbackPrice: member.budgeting.fallbackPrice,
  }
  return { ...asked, ...priceCall(asked), inputKind }
}

function inputKindOf(
  { operation, member, model }: AdmitQuestion,
  { inputTokens: bound, hasMedia }: CallBounds,
): InputKind | null {
  const { baseModel } = model
  if (member.budgeting.inputBound === 'strict' || baseModel === null || bound === 0) return null
  return { tenantId: member.principal.tenant.id, baseModel, operation, hasMedia, bound }
}

type TakenCall = { readonly taken: Taken; readonly body: Buffer; readonly cap: number | null }

/** Takes what the call may use at most; at once, where the counters answer at once and it fits. */
function take(
  dependencies: AdmitDependencies,
  question: AdmitQuestion,
  priced: Priced,
): TakenCall | Promise<TakenCall> {
  const { member, model, body, now } = question
  const { inputTokens, outputTokens } = priced.bounds
  const whole: Consumption = {
    inputTokens,
    cacheReadTokens: 0,
    outputTokens,
    burnRate: dependencies.burnRateOf(model.baseModel),
    cost: priced.cost,
  }
  const call = limitedCall(question)
  const { instead } = question
  const decided = ({ verdict, taken }: Taking): TakenCall | Promise<TakenCall> => {
    if (taken !== null) return { taken, body, cap: null }
    // a lower cap for another model than the one that was asked for is more than a client should have to expect
    if (instead !== undefined) throw refusalOf(verdict, now)
    if (!member.budgeting.capOutput) throw finalRefusal(dependencies.counters, verdict, now)
    return takeLess(dependencies.counters, question, { priced, call, whole }, verdict)
  }
  const taking =
    instead === undefined
      ? dependencies.counters.take(call, member.limits, whole, now)
      : dependencies.counters.takeInstead(instead, call, member.limits, whole, now)
  return taking instanceof Promise ? taking.then(decided) : decided(taking)
}

/** The plan caps answers: the most that fits. */
async function takeLess(...asked: Parameters<typeof takeCapped>): Promise<TakenCall> {
  const capped = await takeCapped(...asked)
  if (capped !== null) return capped
  const [counters, { now }, , refusal] = asked
  throw finalRefusal(counters, refusal, now)
}

/** For good: alerts ask the limit about it. */
function finalRefusal(counters: Counters, refusal: Refusal, now: number): GatewayError {
  counters.noteRefusal(refusal, now)
  return refusalOf(refusal, now)
}

async function takeCapped(
  counters: Counters,
  question: AdmitQuestion,
  { priced, call, whole }: { readonly priced: Priced; readonly call: LimitedCall; readonly whole: Consumption },
  refused: Refusal,
): Promise<TakenCall | null> {
  const { operation, member, facts, model, body, now } = question
  const { minOutputTokens } = member.budgeting
  const { baseModel } = model
  const tariffs = tariffsOf(priced, priced.fallback)
  const asked = { operation, baseModel, facts, whole, tariffs, minOutputTokens }
  let lowest = Number.POSITIVE_INFINITY
  let by: Refusal = refused
  for (;;) {
    const capped = cappedTo(asked, by)
    // each limit may leave less than the one before, and none may leave the same
    if (capped === null || capped.cap >= lowest) return null
    lowest = capped.cap
    const { verdict, taken } = await counters.take(call, member.limits, capped.ask, now)
    if (taken !== null) {
      const written = writeCap(asked, body, capped.cap)
      if (written !== null) return { taken, body: written, cap: capped.cap }
      counters.release(taken)
      return null
    }
    by = verdict
  }
}

const BY_HOUR =
  'is paid for by the hour, so what a call costs is known later, and a hard budget applies. The plan needs a fallback price.'

/** What is paid for by the hour has a price; only a hard budget cannot wait for it. */
function refuseUnpriced(member: Member, modelId: string, isByHour: boolean): void {
  if ((member.unpriced === 'hold' || isByHour) && !member.hasHardBudget) return
  if (isByHour) throw new GatewayError('price_unknown', { message: `"${modelId}" ${BY_HOUR}` })
  const why = member.hasHardBudget ? 'a hard budget applies' : 'the plan refuses unpriced calls'
  throw new GatewayError('price_unknown', { message: `The model "${modelId}" has no price here, and ${why}.` })
}

function limitedCall({ requestId, member, model, facts, surface }: AdmitQuestion): LimitedCall {
  return {
    requestId,
    tenantIds: member.tenantIds,
    keyId: member.firstKeyId,
    modelId: model.modelId,
    baseModel: model.baseModel,
    tier: facts.tier,
    surface,
    metadata: facts.metadata,
  }
}

function holdOf(question: AdmitQuestion, ask: Consumption): Hold {
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
    heldCost: ask.cost === null ? null : picoUsd(ask.cost),
    heldTokens: ask.inputTokens + ask.outputTokens,
    inputTokensEstimate: Math.floor(question.body.length / 4),
  }
}
