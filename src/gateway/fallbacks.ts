// What a plan calls in the place of a model that is throttled or fails before it has begun to answer; a session stays where it was answered.

import { checkRegion } from '../core/access.ts'
import { GatewayError } from '../core/errors.ts'
import { fallbackSteps, type FallbackStep } from '../core/fallback.ts'
import { createJsonGuard } from '../http/json-guard.ts'
import { attemptOf, resolveQuestionOf, type AttemptDependencies, type ReadCall } from './attempt.ts'
import type { Attempt, Fallbacks } from './forward-question.ts'
import { resolveCall, type Resolved, type ResolveDependencies } from './resolve.ts'

export type FallbackDependencies = AttemptDependencies &
  ResolveDependencies & {
    readonly sessions: StickySessions
    readonly log: (level: 'warn' | 'error', words: string, fields: Readonly<Record<string, unknown>>) => void
  }

/** Where sessions were answered last, by what they are called. */
export type StickySessions = {
  get(name: string, now: number): number | null
  set(name: string, step: number, now: number): void
  delete(name: string): void
}

/** The first attempt of a call, and what can be tried after it. Throws GatewayError where the model itself may not be called. */
export async function firstOfChain(
  dependencies: FallbackDependencies,
  read: ReadCall,
  resolved: Resolved,
): Promise<{ readonly attempt: Attempt; readonly fallbacks: Fallbacks | null }> {
  const isFixed = NEVER.has(read.route.operation) || resolved.endpoint !== null
  const steps = isFixed ? [] : fallbackSteps(read.member.fallbacks, resolved.model)
  if (steps.length === 0) return { attempt: await attemptOf(dependencies, read, resolved), fallbacks: null }
  const chain = new Chain(dependencies, { read, resolved, steps })
  return { attempt: await chain.first(), fallbacks: chain }
}

/** What is not asked of a model for its answer, and what starts something that lives on where it was started. */
const NEVER = new Set(['CountTokens', 'StartAsyncInvoke', 'ApplyGuardrail', 'InvokeGuardrailChecks'])

/** The model itself, and what is called in its place. */
const ITSELF = 0

type ChainQuestion = {
  readonly read: ReadCall
  readonly resolved: Resolved
  readonly steps: readonly FallbackStep[]
}

class Chain implements Fallbacks {
  readonly #dependencies: FallbackDependencies
  readonly #question: ChainQuestion
  /** null: the call is of no session */
  readonly #session: string | null
  /** 0: the model itself, 1: the first step, … */
  #left: number[]
  #current = ITSELF

  constructor(dependencies: FallbackDependencies, question: ChainQuestion) {
    this.#dependencies = dependencies
    this.#question = question
    this.#session = sessionOf(question)
    this.#left = [ITSELF, ...question.steps.map((_, index) => index + 1)]
  }

  get hasMore(): boolean {
    return this.#left.length > 0
  }

  /** The prompt cache of a session is where it was answered last; if nothing can be had there, it begins anew. */
  async first(): Promise<Attempt> {
    const { read } = this.#question
    const { sessions } = this.#dependencies
    const last = this.#session === null ? null : sessions.get(this.#session, read.now)
    if (last !== null && last !== ITSELF && last <= this.#question.steps.length) {
      const attempt = await this.#tried(last)
      if (attempt !== null) return attempt
    }
    this.#begin(ITSELF)
    return attemptOf(this.#dependencies, read, this.#question.resolved)
  }

  async next(failed: Attempt): Promise<Attempt | null> {
    for (let step = this.#left[0]; step !== undefined; step = this.#left[0]) {
      const attempt = await this.#tried(step, failed)
      if (attempt !== null) return attempt
    }
    return null
  }

  answered(): void {
    const { sessions } = this.#dependencies
    if (this.#session === null) return
    if (this.#current === ITSELF) sessions.delete(this.#session)
    else sessions.set(this.#session, this.#current, this.#question.read.now)
  }

  #begin(step: number): void {
    this.#current = step
    this.#left = this.#left.filter((other) => other !== step)
  }

  /** null: it cannot be called, or not by this tenant. */
  async #tried(step: number, failed?: Attempt): Promise<Attempt | null> {
    const before = this.#current
    this.#begin(step)
    try {
      return await this.#attempt(step, failed)
    } catch (thrown) {
      this.#current = before
      const detail = thrown instanceof GatewayError ? thrown.message : String(thrown)
      const { requestId } = this.#question.read
      this.#dependencies.log('warn', 'a fallback could not be called', { request_id: requestId, step, detail })
      return null
    }
  }

  async #attempt(step: number, failed: Attempt | undefined): Promise<Attempt> {
    const { read, resolved, steps } = this.#question
    const { modelId, region } = steps[step - 1] ?? { modelId: null, region: null }
    const question = resolveQuestionOf(read, modelId ?? resolved.model.modelId)
    const named = await resolveCall(this.#dependencies, question)
    if (named.endpoint !== null)
      throw new GatewayError('not_supported', { message: 'A chain of models has no SageMaker endpoints in it.' })
    const model = region === null || isArn(named.model.modelId) ? named.model : { ...named.model, region }
    checkRegion(read.member.access, read.member.principal.tenant.id, model.region)
    refuseOtherShape(read, resolved.model, model)
    const asked = read.route.modelId ?? read.prepared.facts.modelId
    const renamed = model.modelId === asked ? null : model.modelId
    const attempt = await attemptOf(
      this.#dependencies,
      read,
      { ...named, model, renamed, alias: resolved.alias },
      failed,
    )
    if (step === ITSELF) return attempt
    return { ...attempt, ownWords: { ...attempt.ownWords, fallback: `${model.modelId}; region=${model.region}` } }
  }
}

/** An ARN says its region itself. */
const isArn = (modelId: string): boolean => modelId.startsWith('arn:')

/** A native body is in the words of its model's maker; only Converse's is in everybody's. */
function refuseOtherShape({ route, prepared }: ReadCall, from: Resolved['model'], to: Resolved['model']): void {
  if (prepared.translate !== null || !route.operation.startsWith('InvokeModel')) return
  if (makerOf(from) === makerOf(to)) return
  throw new GatewayError('invalid_request', {
    message: `The body of a call of ${from.modelId} is not one that ${to.modelId} takes.`,
  })
}

const makerOf = ({ baseModel }: Resolved['model']): string | undefined => baseModel?.split('.', 1)[0]

const SESSION_HEADER = 'x-claude-code-session-id'
const SESSION = createJsonGuard({ watch: ['prompt_cache_key', 'metadata.user_id'] })
/** Claude Code names its session behind the account (its requests, 2026-08). */
const SESSION_OF_USER = /_session_([\w-]{1,128})$/

/** What keeps the calls of one conversation together, as their client says it, within one tenant and for one model. */
function sessionOf({ read, resolved }: ChainQuestion): string | null {
  const { exchange, body, member } = read
  const said = exchange.header(SESSION_HEADER) ?? saidIn(body)
  if (said === null || said === undefined) return null
  return `${member.principal.tenant.id} ${resolved.model.modelId} ${said.slice(0, 256)}`
}

function saidIn(body: Buffer): string | null {
  const scan = SESSION.scan(body)
  if (!scan.ok) return null
  const [key, user] = [parsed(scan.text('prompt_cache_key')), parsed(scan.text('metadata.user_id'))]
  if (typeof key === 'string') return key
  return typeof user === 'string' ? (SESSION_OF_USER.exec(user)?.[1] ?? null) : null
}

const parsed = (text: string | undefined): unknown => (text === undefined ? null : JSON.parse(text))

/** As long as a prompt cache lives that nobody reads (Bedrock user guide, "Prompt caching", 2026-10). */
const STICKY_MILLISECONDS = 300_000
const MOST_SESSIONS = 10_000

/** In this process alone: a session that another node answers is only dearer. */
export function createStickySessions(): StickySessions {
  const sessions = new Map<string, { readonly step: number; readonly until: number }>()
  return {
    get(name, now) {
      const found = sessions.get(name)
      if (found === undefined || found.until > now) return found?.step ?? null
      sessions.delete(name)
      return null
    },
    set(name, step, now) {
      // the one that was set longest ago stands first
      sessions.delete(name)
      sessions.set(name, { step, until: now + STICKY_MILLISECONDS })
      const [oldest] = sessions.keys()
      if (sessions.size > MOST_SESSIONS && oldest !== undefined) sessions.delete(oldest)
    },
    delete: (name) => void sessions.delete(name),
  }
}
