// Sends an admitted call upstream and relays its answer: retries before the first byte only, bytes untouched, one settlement.

import { GatewayError } from '../core/errors.ts'
import { paidOutput } from '../core/held-answer.ts'
import type { Ending, LedgerEntry } from '../core/ledger.ts'
import type { Hold } from '../core/reservation.ts'
import type {
  Upstream,
  UpstreamCall,
  UpstreamExchange,
  UpstreamFailure,
  UpstreamListener,
  UsageTap,
} from '../core/upstream.ts'
import type { HttpExchange } from '../http/exchange.ts'
import type { Admitted } from './admit.ts'
import type { Drains, DrainPlace } from './drains.ts'
import { answerHeaders, flatHeader, type OwnWords } from './headers.ts'
import { Delivery } from './delivery.ts'
import { passWhole, UNFRAMED, type Passage } from './passage.ts'
import { errorOfFailure, errorOfRefusal, isRetryableStatus, retryDelayMilliseconds } from './retry.ts'
import { deadlineTickMilliseconds, type RunningCall } from './running-call.ts'
import { settle, type Outcome, type SettleDependencies } from './settle.ts'
import type { AnswerTranslator, Surface } from './surfaces/surface.ts'
import { TranslatedDelivery } from './translation.ts'

export type ForwardLimits = {
  readonly retries: number
  readonly totalTimeoutMilliseconds: number
  readonly maxBufferedBytes: number
}

export type ForwardDependencies = SettleDependencies & {
  readonly upstream: Upstream
  readonly limits: ForwardLimits
  readonly drains: Drains
  readonly random: () => number
  readonly log: (level: 'warn' | 'error', words: string, fields: Readonly<Record<string, unknown>>) => void
}

export type ForwardQuestion = {
  readonly exchange: HttpExchange
  readonly surface: Surface
  readonly admitted: Admitted
  readonly ownWords: OwnWords
  readonly call: UpstreamCall
  /** the operation answers with a stream */
  readonly streams: boolean
  /** null: the answer passes as it comes */
  readonly answer: AnswerTranslator | null
  /** Runs on a whole successful answer before it is released; null: nothing to do. */
  readonly onAnswer: ((answer: Buffer) => Promise<void>) | null
  /** missing: a call of Bedrock */
  readonly passage?: Passage
}

export function forward(dependencies: ForwardDependencies, question: ForwardQuestion): RunningCall {
  const run = new Run(dependencies, question)
  run.start()
  return run
}

const AWS_STREAM = 'application/vnd.amazon.eventstream'
const EVENT_STREAM = 'text/event-stream'
const OUTGROWN = 'The answer grew beyond what its budget held for it, and was ended.'

/**
 * sending: no answer yet → (discarding: an answer that will be retried → waiting: for the next attempt → sending) → relaying → settling
 * → ended. The client may leave in any state; that changes what is written to it, never that the call is settled, once.
 */
type State = 'sending' | 'discarding' | 'waiting' | 'relaying' | 'settling' | 'ended'

class Run implements UpstreamListener, RunningCall {
  readonly done: Promise<void>
  readonly hold: Hold
  place = -1
  readonly #dependencies: ForwardDependencies
  readonly #question: ForwardQuestion
  readonly #delivery: Delivery
  readonly #deadlineAt: number
  #ticks: number
  #finish: () => void = () => undefined
  #state: State = 'sending'
  #attempts = 0
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
    this.hold = question.admitted.hold
    this.done = new Promise((resolve) => {
      this.#finish = resolve
    })
    const { totalTimeoutMilliseconds, maxBufferedBytes } = dependencies.limits
    const { exchange, answer, surface } = question
    const hooks = {
      resumeUpstream: () => this.#upstreamExchange?.resume(),
      needRelease: () => this.#makeHoldDurable(),
    }
    this.#delivery =
      answer === null
        ? new Delivery(exchange, maxBufferedBytes, hooks, question.passage === undefined ? undefined : UNFRAMED)
        : new TranslatedDelivery({
            exchange,
            maxBufferedBytes,
            hooks,
            surface,
            answer,
            requestId: this.hold.requestId,
            onFailure: (thrown) => this.#onUntranslated(thrown),
          })
    // A stream will need it, and may as well not wait for it.
    if (question.streams) this.#makeHoldDurable()
    this.#deadlineAt = dependencies.now() + totalTimeoutMilliseconds
    // one more than the quotient: the first tick may come at once
    this.#ticks = Math.ceil(totalTimeoutMilliseconds / deadlineTickMilliseconds(totalTimeoutMilliseconds)) + 1
    exchange.onClose((finished) => {
      if (!finished) this.#onClientLeft()
    })
  }

  start(): void {
    this.#state = 'sending'
    this.#attempts += 1
    this.#upstreamRequestId = null
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
    if (isRetryableStatus(status) && this.#mayRetry()) {
      this.#retryAfter = flatHeader(headers, 'retry-after')
      this.#state = 'discarding'
      return
    }
    this.#state = 'relaying'
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
      this.#retryLater()
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
    if (this.#state === 'discarding' || (!answering && kind === 'unreachable' && !sent && this.#mayRetry())) {
      this.#retryLater()
      return
    }
    const reading = this.#tap?.end() ?? null
    const billed = answering ? (this.#status < 400 ? 'metered' : 'nothing') : sent ? 'unknown' : 'nothing'
    this.#settle({ ending: this.#ending('upstream_failed'), billed, reading, error: this.#errorOf(failure) })
  }

  /** Who ended it goes before how the upstream did. */
  #ending(upstreamsOwn: Ending): Ending {
    if (this.#clientLeft) return 'client_aborted'
    if (this.#stopped) return 'gateway_stopped'
    return this.#cut ? 'budget_cut' : upstreamsOwn
  }

  #errorOf(failure: UpstreamFailure): GatewayError {
    if (this.#stopped)
      return new GatewayError('upstream_timeout', { message: 'The call ran longer than the gateway allows.' })
    if (this.#cut) return new GatewayError('budget_exceeded', { message: OUTGROWN })
    return errorOfFailure(failure)
  }

  #mayRetry(): boolean {
    const { passage } = this.#question
    const retries = passage === undefined ? this.#dependencies.limits.retries : passage.retries
    return !this.#stopped && !this.#clientLeft && this.#attempts <= retries
  }

  #retryLater(): void {
    const delay = retryDelayMilliseconds(this.#attempts, this.#retryAfter, this.#dependencies.random)
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
    if (this.#state !== 'waiting' && this.#question.admitted.member.onDisconnect === 'drain') {
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
