// Sends an admitted call upstream and relays its answer: retries before the first byte only, bytes untouched, one settlement.

import { GatewayError } from '../core/errors.ts'
import { paidOutput } from '../core/held-answer.ts'
import type { Ending, LedgerEntry } from '../core/ledger.ts'
import type { Hold } from '../core/reservation.ts'
import type { UpstreamExchange, UpstreamFailure, UpstreamListener, UsageTap } from '../core/upstream.ts'
import type { DrainPlace } from './drains.ts'
import type { ForwardDependencies, ForwardQuestion } from './forward-question.ts'
import { answerHeaders, flatHeader } from './headers.ts'
import { Delivery } from './delivery.ts'
import { passWhole, UNFRAMED, type Passage } from './passage.ts'
import { errorOfFailure, errorOfRefusal, isRetryableStatus, retryDelayMilliseconds } from './retry.ts'
import { deadlineTickMilliseconds, type RunningCall } from './running-call.ts'
import { settle, type Outcome } from './settle.ts'
import { TranslatedDelivery } from './translation.ts'

export function forward(dependencies: ForwardDependencies, question: ForwardQuestion): RunningCall {
  const run = new Run(dependencies, question)
  run.start()
  return run
}

const AWS_STREAM = 'application/vnd.amazon.eventstream'
const EVENT_STREAM = 'text/event-stream'

/**
 * sending: no answer yet → (discarding: an answer that will be retried → waiting: for the next attempt, or switching: to another model →
 * sending) → relaying → settling → ended. The client may leave in any state; that changes what is written to it, never that the call is settled, once.
 */
type State = 'sending' | 'discarding' | 'waiting' | 'switching' | 'relaying' | 'settling' | 'ended'

class Run implements UpstreamListener, RunningCall {
  readonly done: Promise<void>
  place = -1
  readonly #dependencies: ForwardDependencies
  #question: ForwardQuestion
  #delivery: Delivery
  readonly #deadlineAt: number
  #ticks: number
  #finish: () => void = () => undefined
  #state: State = 'sending'
  #attempts = 0
  /** of the model that is called now */
  #attemptsOfModel = 0
  /** models that have failed, and how */
  readonly #tried: string[] = []
  #upstreamExchange: UpstreamExchange | null = null
  #tap: UsageTap | null = null
  #status = 0
  #retryAfter: string | null = null
  #upstreamRequestId: string | null = null
  #retryTimer: NodeJS.Timeout | null = null
  #stopped = false
  #holdAsked = false
  #clientLeft = false
  /** the answer outgrew what was held for it */
  #cut = false
  #drain: DrainPlace | null = null
  /** kept for the passage only */
  #entry: LedgerEntry | null = null

  constructor(dependencies: ForwardDependencies, question: ForwardQuestion) {
    this.#dependencies = dependencies
    this.#question = question
    this.done = new Promise((resolve) => {
      this.#finish = resolve
    })
    const { totalTimeoutMilliseconds } = dependencies.limits
    this.#delivery = this.#newDelivery()
    this.#deadlineAt = dependencies.now() + totalTimeoutMilliseconds
    // one more than the quotient: the first tick may come at once
    this.#ticks = Math.ceil(totalTimeoutMilliseconds / deadlineTickMilliseconds(totalTimeoutMilliseconds)) + 1
    question.exchange.onClose((finished) => {
      if (!finished) this.#onClientLeft()
    })
  }

  get hold(): Hold {
    return this.#question.admitted.hold
  }

  /** A stream will need its hold durable, and may as well not wait for it. */
  #newDelivery(): Delivery {
    const { exchange, answer, surface, streams, passage } = this.#question
    const { maxBufferedBytes } = this.#dependencies.limits
    const hooks = {
      resumeUpstream: () => this.#upstreamExchange?.resume(),
      needRelease: () => this.#makeHoldDurable(),
    }
    if (streams) this.#makeHoldDurable()
    if (answer === null)
      return new Delivery(exchange, maxBufferedBytes, hooks, passage === undefined ? undefined : UNFRAMED)
    const { requestId } = this.hold
    const onFailure = (thrown: unknown): void => this.#onUntranslated(thrown)
    return new TranslatedDelivery({ exchange, maxBufferedBytes, hooks, surface, answer, requestId, onFailure })
  }

  start(): void {
    this.#state = 'sending'
    this.#attempts += 1
    this.#attemptsOfModel += 1
    this.#upstreamRequestId = null
    this.#status = 0
    this.#retryAfter = null
    try {
      this.#upstreamExchange = this.#dependencies.upstream.send(this.#question.call, this)
    } catch (thrown) {
      // nothing has been sent: such as a region that is none, out of a model's ARN
      const words = thrown instanceof RangeError ? { message: `${thrown.message}.` } : { detail: String(thrown) }
      const error = new GatewayError(thrown instanceof RangeError ? 'invalid_request' : 'internal', words)
      this.#dependencies.log('warn', 'a call could not be sent', { ...this.#logFields(), detail: String(thrown) })
      this.#settle({ ending: this.#ending('upstream_failed'), billed: 'nothing', reading: null, error })
    }
  }

  stop(): void {
    if (this.#state === 'settling' || this.#state === 'ended') return
    this.#stopped = true
    this.#abortUpstream()
  }

  tick(): void {
    this.#ticks -= 1
    if (this.#ticks === 0) this.stop()
  }

  onHeaders(status: number, headers: readonly string[]): void {
    this.#status = status
    this.#upstreamRequestId = flatHeader(headers, 'x-amzn-requestid')
    if (isRetryableStatus(status) && (this.#mayFallBack() || this.#mayRetry())) {
      this.#retryAfter = flatHeader(headers, 'retry-after')
      this.#state = 'discarding'
      return
    }
    this.#state = 'relaying'
    if (status < 400) this.#question.fallbacks?.answered()
    const { admitted, call, ownWords, passage } = this.#question
    this.#tap = this.#dependencies.upstream.tap({
      service: call.service,
      operation: call.operation,
      model: admitted.model,
      requestBody: call.body,
      ...(call.router === undefined ? {} : { router: call.router }),
    })
    this.#tap.headers(status, headers)
    if (passage !== undefined) {
      const passed = passage.head(status, headers)
      this.#delivery.head(status, passed.headers, passed.streams)
      return
    }
    const type = flatHeader(headers, 'content-type') ?? ''
    // other streams' events cannot be told apart here, only by who translates them
    const streams = type.startsWith(AWS_STREAM) || (this.#question.answer !== null && type.startsWith(EVENT_STREAM))
    this.#delivery.head(status, answerHeaders(headers, admitted.hold.requestId, ownWords), streams)
  }

  onData(chunk: Buffer): boolean {
    if (this.#tap === null || this.#state !== 'relaying' || this.#cut) return true
    this.#tap.chunk(chunk)
    this.#question.passage?.chunk(chunk)
    if (this.#isOutgrown(this.#tap)) {
      this.#cut = true
      this.#abortUpstream()
      return true
    }
    return this.#delivery.chunk(chunk, this.#tap.finalSeen)
  }

  /** An answer that is over has been paid for, whatever it was. */
  #isOutgrown(tap: UsageTap): boolean {
    const { heldAnswer } = this.#question.admitted
    if (heldAnswer === null || !this.#question.streams || tap.finalSeen) return false
    return tap.outputTokensSoFar > paidOutput(heldAnswer, tap.inputTokensSoFar)
  }

  onComplete(): void {
    if (this.#state === 'discarding') {
      this.#goOn(String(this.#status))
      return
    }
    const reading = this.#tap?.end() ?? null
    if (this.#status >= 400) {
      this.#settle({ ending: this.#ending('upstream_refused'), billed: 'nothing', reading, error: null })
      return
    }
    const excepted = reading !== null && reading.streamException !== null
    const broken = !excepted && !(reading?.complete ?? false)
    this.#settle({
      ending: this.#ending(excepted || broken ? 'upstream_failed' : 'completed'),
      billed: 'metered',
      reading,
      error: broken ? new GatewayError('upstream_failed') : null,
    })
  }

  onFailure(failure: UpstreamFailure): void {
    const { kind, sent, detail } = failure
    const answering = this.#state === 'relaying'
    if (kind !== 'aborted')
      this.#dependencies.log('warn', 'the upstream failed', { ...this.#logFields(), kind, detail })
    // A refusal is one also when it breaks off: nothing was billed, and it may be tried again.
    if (this.#state === 'discarding' || (!answering && this.#maySendAgain(failure))) {
      this.#goOn(this.#state === 'discarding' ? String(this.#status) : kind)
      return
    }
    const reading = this.#tap?.end() ?? null
    const billed = answering ? (this.#status < 400 ? 'metered' : 'nothing') : sent ? 'unknown' : 'nothing'
    const error = errorOfFailure(failure, { stopped: this.#stopped, cut: this.#cut })
    this.#settle({ ending: this.#ending('upstream_failed'), billed, reading, error })
  }

  /** Who ended it goes before how the upstream did. */
  #ending(upstreamsOwn: Ending): Ending {
    if (this.#clientLeft) return 'client_aborted'
    if (this.#stopped) return 'gateway_stopped'
    return this.#cut ? 'budget_cut' : upstreamsOwn
  }

  #mayRetry(): boolean {
    const { passage } = this.#question
    const retries = passage === undefined ? this.#dependencies.limits.retries : passage.retries
    return !this.#stopped && !this.#clientLeft && this.#attemptsOfModel <= retries
  }

  #maySendAgain({ kind, sent }: UpstreamFailure): boolean {
    return kind === 'unreachable' && !sent && (this.#mayFallBack() || this.#mayRetry())
  }

  #mayFallBack(): boolean {
    return !this.#stopped && !this.#clientLeft && (this.#question.fallbacks?.hasMore ?? false)
  }

  /** Another model is called at once; only the last one that may be called is waited for. */
  #goOn(failure: string): void {
    const { fallbacks, admitted } = this.#question
    if (fallbacks === null || !this.#mayFallBack()) {
      this.#retryLater()
      return
    }
    const { modelId, region } = admitted.model
    this.#state = 'switching'
    this.#upstreamExchange = null
    void fallbacks.next(this.#question).then((next) => {
      if (next !== null) this.#tried.push(`tried ${modelId} in ${region}: ${failure}`)
      if (next !== null) this.#switchTo({ ...this.#question, ...next })
      if (this.#stopped || this.#clientLeft) this.#giveUpRetrying()
      else if (next === null) this.#retryLater()
      else this.start()
    })
  }

  /** Nothing of an answer has been given yet, so another one may be translated in another way. */
  #switchTo(question: ForwardQuestion): void {
    this.#question = question
    this.#attemptsOfModel = 0
    this.#holdAsked = false
    this.#delivery = this.#newDelivery()
    if (this.#clientLeft || this.#stopped) this.#delivery.abandon()
  }

  #retryLater(): void {
    const delay = retryDelayMilliseconds(this.#attemptsOfModel, this.#retryAfter, this.#dependencies.random)
    if (!this.#mayRetry() || this.#dependencies.now() + delay >= this.#deadlineAt) {
      this.#giveUpRetrying()
      return
    }
    this.#state = 'waiting'
    this.#upstreamExchange = null
    this.#retryTimer = setTimeout(() => this.start(), delay)
  }

  /** The refusal was not kept, because it was to be retried; it is said again in the gateway's words. */
  #giveUpRetrying(): void {
    const error = errorOfRefusal(this.#status, this.#retryAfter)
    this.#settle({ ending: this.#ending('upstream_refused'), billed: 'nothing', reading: null, error })
  }

  #abortUpstream(): void {
    if (this.#state === 'waiting') {
      if (this.#retryTimer !== null) clearTimeout(this.#retryTimer)
      this.#giveUpRetrying()
      return
    }
    this.#upstreamExchange?.abort()
  }

  /** drain: the upstream goes on and is metered to its end, within bounds; abort: it is ended now. */
  #onClientLeft(): void {
    if (this.#state === 'settling' || this.#state === 'ended') return
    // A client that does not read, and a listener that closes, end the call as the gateway's own doing.
    if (this.#question.exchange.closedBy === 'client') this.#clientLeft = true
    else this.#stopped = true
    this.#delivery.abandon()
    const isSent = this.#state !== 'waiting' && this.#state !== 'switching'
    if (isSent && this.#question.admitted.member.onDisconnect === 'drain') {
      this.#drain = this.#dependencies.drains.enter(() => this.#abortUpstream())
    }
    if (this.#drain === null) this.#abortUpstream()
    else this.#upstreamExchange?.resume()
  }

  #makeHoldDurable(): void {
    if (this.#holdAsked) return
    this.#holdAsked = true
    this.#dependencies.holds.durable(this.hold.requestId).then(
      () => this.#delivery.release(),
      (thrown) => this.#onHoldLost(thrown),
    )
  }

  /** Without a durable hold nothing may be released; the entry is still tried. */
  #onHoldLost(thrown: unknown): void {
    this.#dependencies.log('error', 'a hold could not be made durable', {
      ...this.#logFields(),
      detail: String(thrown),
    })
    this.stop()
  }

  /** It was made, metered and billed; only the client could not be told. What a parser says would quote the answer. */
  #onUntranslated(thrown: unknown): void {
    const detail =
      thrown instanceof GatewayError ? thrown.message : thrown instanceof Error ? thrown.name : typeof thrown
    this.#dependencies.log('error', 'an answer could not be translated', { ...this.#logFields(), detail })
  }

  #settle(ended: Pick<Outcome, 'ending' | 'billed' | 'reading'> & { error: GatewayError | null }): void {
    if (this.#state === 'settling' || this.#state === 'ended') return
    this.#state = 'settling'
    this.#drain?.leave()
    this.#question.passage?.over()
    const { error, ...outcome } = ended
    if (error === null) this.#delivery.answered(ended.reading?.usage ?? null)
    const rendered =
      error === null ? null : this.#question.surface.renderError(error, this.#question.admitted.hold.requestId)
    const status = this.#delivery.statusIf(rendered?.status ?? null)
    const facts = {
      attempts: this.#attempts,
      upstreamRequestId: this.#upstreamRequestId,
      deliveredBytes: this.#delivery.finalBytes(),
      tried: this.#tried,
    }
    const { admitted, passage } = this.#question
    const settled = settle(this.#dependencies, admitted, { ...outcome, ...facts, status })
    const ready = passage === undefined ? this.#answered(settled, ended.ending) : this.#passed(settled, passage, error)
    ready.then(
      () => this.#deliver(error),
      (thrown) => {
        if (thrown instanceof GatewayError) this.#deliver(thrown)
        else this.#onLedgerFailure(thrown)
      },
    )
  }

  #answered(settled: Promise<LedgerEntry>, ending: Ending): Promise<unknown> {
    const { onAnswer } = this.#question
    return onAnswer === null || ending !== 'completed' ? settled : settled.then(() => onAnswer(this.#delivery.body()))
  }

  #passed(settled: Promise<LedgerEntry>, passage: Passage, error: GatewayError | null): Promise<unknown> {
    return settled.then((entry) => {
      this.#entry = entry
      return error === null ? passWhole(passage, this.#delivery) : undefined
    })
  }

  #deliver(error: GatewayError | null): void {
    const { surface, answer, admitted, passage } = this.#question
    const refused = error === null ? null : surface.renderError(error, admitted.hold.requestId).status
    passage?.ended({ status: this.#delivery.statusIf(refused), error, entry: this.#entry })
    if (error === null) this.#delivery.complete()
    else
      this.#delivery.fail(
        surface.renderError(error, admitted.hold.requestId),
        answer?.failure?.(error) ?? surface.renderStreamError(error),
        admitted.hold.requestId,
      )
    this.#state = 'ended'
    this.#finish()
  }

  /** No answer may be complete without its entry. The hold stays open and becomes an entry at the next start. */
  #onLedgerFailure(thrown: unknown): void {
    this.#dependencies.log('error', 'the ledger could not take an entry', {
      ...this.#logFields(),
      detail: String(thrown),
    })
    const { taken } = this.#question.admitted
    this.#dependencies.counters.settle(taken, taken.ask)
    this.#delivery.withhold()
    this.#deliver(new GatewayError('ledger_unavailable', { retryAfterSeconds: 1 }))
  }

  #logFields(): Record<string, unknown> {
    const { hold } = this.#question.admitted
    return { request_id: hold.requestId, tenant_id: hold.tenantId, model_id: hold.modelId, attempt: this.#attempts }
  }
}
