// One call through a path router, as its processors see it and the call log tells it: from its begin to what is done after its end.

import type { CallRecord, RecentCall } from '../core/call-log.ts'
import { GatewayError } from '../core/errors.ts'
import { timerOf, type CallFields, type ProcessorResult, type ProcessorSide } from '../core/processor.ts'
import type {
  Router,
  RouterCall,
  RouterCaller,
  RouterDecision,
  RouterEnd,
  RouterProcess,
  RouterRequest,
  SentRequest,
  WholeAnswer,
} from '../core/router.ts'
import { headerLists } from './headers.ts'
import { isJson, loggedPayload, payloadOf } from './payload.ts'
import type { Plan, RouterPlan } from './plan.ts'
import { PROCESSOR_BYTES, type CallContext, type Processor, type ProcessorRows } from './processor.ts'
import { decisionOf, ingressFields } from './request-fields.ts'
import { answerFields, changedAnswer, endFields } from './response-fields.ts'
import type { Runner, RowsOutcome } from './runner.ts'

export type CallProcessDependencies = {
  readonly plan: Plan
  readonly runner: Runner
  readonly now: () => number
  readonly afterwards: { add(bytes: number, work: () => Promise<void>): void }
  readonly onRecord: (record: CallRecord) => void
  readonly onEnded: (call: RecentCall, upstreamStatus: number | null) => void
}

type Noted = { readonly name: string; readonly details: string }

/** begun → asked (request) → sent → answered (answer) → ended; a call may end from each of them. */
export class CallProcess implements RouterProcess {
  readonly #dependencies: CallProcessDependencies
  readonly #call: RouterCall
  /** of the router that the client named: its processors run, whatever the call is sent to */
  readonly #own: RouterPlan
  /** of the router that the call went to */
  #router: Router
  #caller: RouterCaller | null = null
  #request: RouterRequest | null = null
  #fields: CallFields = {}
  #results: readonly ProcessorResult[] = []
  #responseFields: CallFields = {}
  #responseResults: readonly ProcessorResult[] = []
  #sent: SentRequest | null = null
  /** what the client gets in the place of the upstream's answer */
  #given: WholeAnswer | null = null
  readonly #errors: Record<ProcessorSide, Noted[]> = { request: [], response: [] }
  readonly #chunks: Buffer[] = []
  #kept = 0
  #passed = 0

  constructor(dependencies: CallProcessDependencies, call: RouterCall) {
    this.#dependencies = dependencies
    this.#call = call
    this.#router = call.router
    this.#own = dependencies.plan.planOf(call.router)
  }

  get wantsAnswer(): boolean {
    return this.#own.response.length > 0
  }

  async request(request: RouterRequest, caller: RouterCaller): Promise<RouterDecision> {
    this.#caller = caller
    this.#request = request
    if (this.#own.onlyByBroker)
      throw new GatewayError('unknown_route', { message: 'This router takes calls from its broker alone.' })
    if (this.#own.request.length === 0) return { kind: 'send', request }
    const fields = ingressFields(this.#call, request, payloadOf(request.body))
    const outcome = await this.#run('request', this.#own.request, fields)
    this.#fields = outcome.fields
    this.#results = outcome.results
    if (outcome.failed !== null) throw missing(outcome.failed)
    const decision = decisionOf(fields, outcome.fields, request, this.#dependencies.plan)
    if (decision.kind === 'answer') this.#given = decision.answer
    else this.#router = decision.request.router
    return decision
  }

  sent(sent: SentRequest): void {
    this.#sent = sent
  }

  async answer(answer: WholeAnswer): Promise<WholeAnswer> {
    const rows = this.#own.response
    if (!isJson(answer.body)) {
      const required = rows.flat().find((processor) => processor.required)
      this.#errors.response.push({ name: rows[0]?.[0]?.name ?? '', details: 'the answer is no JSON: not run' })
      if (required !== undefined) throw missing(required.name)
      return answer
    }
    const fields = this.#withRequest(answerFields(answer, this.#router, payloadOf(answer.body)), rows)
    const outcome = await this.#run('response', rows, fields)
    this.#responseFields = outcome.fields
    this.#responseResults = outcome.results
    if (outcome.failed !== null) throw missing(outcome.failed)
    const changed = changedAnswer(fields, outcome.fields, answer, this.#router)
    if (changed !== answer) this.#given = changed
    return changed
  }

  chunk(bytes: Buffer): void {
    this.#passed += bytes.length
    const room = this.#mostKept() - this.#kept
    if (room <= 0) return
    // a copy: the bytes are the connection's own
    const kept = Buffer.from(room < bytes.length ? bytes.subarray(0, room) : bytes)
    this.#chunks.push(kept)
    this.#kept += kept.length
  }

  ended(end: RouterEnd): void {
    const { plan, afterwards, onEnded } = this.#dependencies
    onEnded(this.#recent(end), end.upstream?.status ?? null)
    const logs = this.#logs() && (this.#caller !== null || plan.log?.logsRefused === true)
    if (!logs && !this.#hasLater()) return
    const bytes = this.#kept + (this.#request?.body.length ?? 0) + (this.#given?.body.length ?? 0)
    afterwards.add(bytes, () => this.#after(end, logs))
  }

  #hasLater(): boolean {
    return this.#caller !== null && this.#own.requestAfter.length + this.#own.responseAfter.length > 0
  }

  /** More than what is logged: whoever comes after the answer sees it whole, or not at all. */
  #mostKept(): number {
    if (this.#own.responseAfter.length > 0) return PROCESSOR_BYTES.input + 1
    return this.#logs() ? (this.#dependencies.plan.log?.payloadBytes ?? 0) + 1 : 0
  }

  #logs(): boolean {
    return this.#own.logs || this.#dependencies.plan.planOf(this.#router).logs
  }

  async #run(side: ProcessorSide, rows: ProcessorRows, fields: CallFields): Promise<RowsOutcome> {
    const outcome = await this.#dependencies.runner.run({ side, rows, fields, context: this.#context() })
    for (const { name, details } of outcome.results)
      if (details.notes !== undefined) this.#errors[side].push({ name, details: details.notes.join('; ') })
    return outcome
  }

  #context(): CallContext {
    const { transactionId, requestId } = this.#call
    return {
      transactionId,
      requestId,
      tenantId: this.#caller?.tenantId ?? null,
      keyId: this.#caller?.keyId ?? null,
    }
  }

  /** The request's side, for processors that name it. */
  #withRequest(fields: CallFields, rows: ProcessorRows): CallFields {
    const request = this.#request
    if (request === null || !rows.flat().some(asksForRequest)) return fields
    const ingress = Object.keys(this.#fields).length > 0 ? this.#fields : null
    return { ...fields, request: ingress ?? ingressFields(this.#call, request, payloadOf(request.body)) }
  }

  async #after(end: RouterEnd, logs: boolean): Promise<void> {
    const { now, onRecord, plan } = this.#dependencies
    const request = await this.#requestAfter()
    const response = await this.#responseAfter(end)
    if (!logs || plan.log === null) return
    const { sessionId, transactionId, requestId, startedAt } = this.#call
    const most = plan.log.payloadBytes
    onRecord({
      session_id: sessionId,
      transaction_id: transactionId,
      request_id: requestId,
      tenant_id: this.#caller?.tenantId ?? null,
      ingress_egress_timer: timerOf(startedAt, end.endedAt),
      egress_post_timer: timerOf(end.endedAt, now()),
      request: { ...loggable(request.fields), ...this.#requestRecord(request.results, most, end) },
      response: { ...loggable(response.fields), ...this.#responseRecord(response.results, most, end) },
    })
  }

  async #requestAfter(): Promise<Pick<RowsOutcome, 'fields' | 'results'>> {
    const request = this.#request
    if (request === null || (this.#own.requestAfter.length === 0 && !this.#logs())) return NOTHING
    const fields = { ...ingressFields(this.#call, request, payloadOf(request.body)), ...this.#fields }
    if (this.#own.requestAfter.length === 0) return { fields, results: [] }
    return this.#run('request', this.#own.requestAfter, fields)
  }

  async #responseAfter(end: RouterEnd): Promise<Pick<RowsOutcome, 'fields' | 'results'>> {
    const body = Buffer.concat(this.#chunks)
    const inbound = payloadOf(this.#passed > body.length ? Buffer.alloc(PROCESSOR_BYTES.input + 1) : body)
    const fields = { ...endFields({ end, router: this.#router, inbound, given: this.#given }), ...this.#responseFields }
    const rows = this.#own.responseAfter
    if (rows.length === 0) return { fields, results: [] }
    return this.#run('response', rows, this.#withRequest(fields, rows))
  }

  /** What the gateway itself says of the request; it goes before all that a processor wrote. */
  #requestRecord(late: readonly ProcessorResult[], most: number, end: RouterEnd): CallFields {
    const { startedAt, router } = this.#call
    return {
      gl_path: this.#router.path,
      ...(this.#router === router ? {} : { original_gl_path: router.path }),
      ingress_headers: headerLists(this.#call.headers, [router]),
      ...payloadFields('ingress_payload', this.#request?.body ?? null, most),
      ...this.#sentFields(most),
      ingress_outbound_timer: timerOf(startedAt, this.#sent?.sentAt ?? end.endedAt),
      processors: this.#results,
      processors_async: late,
      ...errorsOf(this.#errors.request, this.#sent === null ? end.error : null),
    }
  }

  #sentFields(most: number): CallFields {
    const sent = this.#sent
    if (sent === null) return {}
    return {
      url: sent.url,
      outbound_headers: headerLists(sent.headers, [this.#call.router, this.#router]),
      ...payloadFields('outbound_payload', sent.body, most),
    }
  }

  #payloads(most: number, end: RouterEnd): CallFields {
    const inbound = Buffer.concat(this.#chunks)
    // a cut answer is longer than what may be logged, so that it is told as cut
    const given = this.#given?.body ?? (end.error === null ? inbound : null)
    return {
      ...(end.upstream === null ? {} : payloadFields('inbound_payload', inbound, most)),
      ...payloadFields('egress_payload', given, most),
    }
  }

  #responseRecord(late: readonly ProcessorResult[], most: number, end: RouterEnd): CallFields {
    const sentAt = this.#sent?.sentAt ?? this.#call.startedAt
    const inboundAt = end.completedAt ?? end.answeredAt ?? end.endedAt
    return {
      ...this.#payloads(most, end),
      egress_status_code: end.status,
      egress_headers: headerLists(end.headers, [this.#router]),
      outbound_inbound_timer: timerOf(sentAt, inboundAt),
      inbound_egress_timer: timerOf(inboundAt, end.endedAt),
      processors: this.#responseResults,
      processors_async: late,
      token_count: end.entry?.usage?.quantities ?? {},
      ...errorsOf(this.#errors.response, this.#sent === null ? null : end.error),
    }
  }

  #recent(end: RouterEnd): RecentCall {
    const { transactionId, requestId, router, startedAt } = this.#call
    return {
      transactionId,
      requestId,
      tenantId: this.#caller?.tenantId ?? null,
      routerPath: router.path,
      sentTo: this.#router === router ? null : this.#router.path,
      startedAt,
      milliseconds: Math.max(0, Math.round(end.endedAt - startedAt)),
      status: end.status,
      error: end.error?.code ?? null,
    }
  }
}

/** Payloads are put in by their bytes: so much of each as the log may have. */
const loggable = (fields: CallFields): CallFields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !PAYLOADS.has(name)))

const PAYLOADS = new Set(['ingress_payload', 'outbound_payload', 'inbound_payload', 'egress_payload', 'request'])

const NOTHING = { fields: {}, results: [] }

const asksForRequest = ({ inputFieldsInclude }: Processor): boolean => inputFieldsInclude.includes('request')

const missing = (name: string): GatewayError =>
  new GatewayError('internal', { message: `The processor "${name}", which this router requires, had no answer.` })

function payloadFields(name: string, body: Buffer | null, most: number): CallFields {
  if (body === null) return {}
  const { value, cut } = loggedPayload(body, most)
  return { [name]: value, ...(cut ? { [`${name}_cut`]: true } : {}) }
}

function errorsOf(noted: readonly Noted[], error: GatewayError | null): CallFields {
  const all = error === null ? noted : [...noted, { name: error.code, details: error.message }]
  return all.length === 0 ? {} : { error: all }
}
