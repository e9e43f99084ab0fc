// What happens to an alert once it is raised: the targets that hear of it, the outbox that remembers whether they did, and when to try again.

import type { Alert, AlertRule } from './alert.ts'
import type { TenantScope } from './tenant.ts'

export const TARGET_KINDS = ['webhook', 'smtp', 'sns', 'slack'] as const
export type TargetKind = (typeof TARGET_KINDS)[number]

export const SMTP_SECURITIES = ['tls', 'starttls', 'none'] as const
export type SmtpSecurity = (typeof SMTP_SECURITIES)[number]

export type TargetSettings =
  | { readonly kind: 'webhook'; readonly url: string }
  | {
      readonly kind: 'smtp'
      readonly host: string
      readonly port: number
      /** tls: from the first byte · starttls: required before anything is said · none: in clear */
      readonly security: SmtpSecurity
      readonly username: string | null
      readonly from: string
      readonly to: readonly string[]
    }
  | { readonly kind: 'sns'; readonly topicArn: string }
  /** whoever knows such a URL can post to the channel, so the URL itself is the secret */
  | { readonly kind: 'slack'; readonly host: string }

export type SettingsOf<Kind extends TargetKind> = Extract<TargetSettings, { readonly kind: Kind }>

export type AlertTarget = {
  readonly id: string
  readonly settings: TargetSettings
  /** signing secret, password or URL, sealed; null: there is none */
  readonly sealedSecret: string | null
  readonly createdAt: string
}

/** What a target is told, whatever its kind. Every text in it is free of control characters. */
export type Notification = {
  /** the same at each attempt and for each target, so that receivers can tell a repetition */
  readonly id: string
  readonly type: string
  readonly raisedAt: number
  readonly title: string
  readonly lines: readonly string[]
  readonly data: Readonly<Record<string, string | number | null>>
}

/** Why a target did not take it. `permanent`: trying again is useless. The words hold no secret. */
export class NotifierFailure extends Error {
  readonly permanent: boolean
  constructor(words: string, options: { readonly permanent: boolean } = { permanent: false }) {
    super(words)
    this.name = 'NotifierFailure'
    this.permanent = options.permanent
  }
}

export interface Notifier<Kind extends TargetKind> {
  /** Resolves when the target has taken it; rejects with NotifierFailure. Ends when the signal does. */
  send(
    target: { readonly settings: SettingsOf<Kind>; readonly secret: string | null },
    notification: Notification,
    attempt: { readonly now: number; readonly signal: AbortSignal },
  ): Promise<void>
}

export type Notifiers = { readonly [Kind in TargetKind]: Notifier<Kind> }

/**
 * pending: not tried yet → delivered | failed | dead
 * failed: tried in vain, will be tried again → delivered | failed | dead
 * delivered, dead (given up): for good
 */
export const DELIVERY_STATES = ['pending', 'failed', 'delivered', 'dead'] as const
export type DeliveryState = (typeof DELIVERY_STATES)[number]

export type Delivery = {
  readonly targetId: string
  readonly state: DeliveryState
  readonly attempts: number
  /** null once it is delivered or given up */
  readonly nextAttemptAt: number | null
  readonly deliveredAt: number | null
  readonly lastError: string | null
}

/** An alert as it is kept. */
export type RaisedAlert = Alert & { readonly id: string }

export type ClaimedDelivery = {
  readonly alert: RaisedAlert
  readonly targetId: string
  /** the number of this attempt, from 1 */
  readonly attempt: number
}

export type DeliveryOutcome =
  | { readonly state: 'delivered'; readonly at: number }
  | { readonly state: 'failed'; readonly nextAttemptAt: number; readonly error: string }
  | { readonly state: 'dead'; readonly error: string }

export type AlertPage = {
  readonly alerts: readonly (RaisedAlert & { readonly deliveries: readonly Delivery[] })[]
  readonly nextCursor: string | null
}

export interface AlertStore {
  /** Creates or replaces; StoreConflict when a tenant or a target of the rule is unknown. */
  putRule(rule: AlertRule): Promise<void>
  getRule(ruleId: string): Promise<AlertRule | null>
  /** Sorted by id. */
  listRules(): Promise<readonly AlertRule[]>
  /** False when there is none. What it raised stays. */
  deleteRule(ruleId: string): Promise<boolean>
  putTarget(target: AlertTarget): Promise<void>
  getTarget(targetId: string): Promise<AlertTarget | null>
  listTargets(): Promise<readonly AlertTarget[]>
  /** StoreConflict when a rule still names it; false when there is none. */
  deleteTarget(targetId: string): Promise<boolean>
  /**
   * Keeps the alert with one pending delivery for each target, all or nothing. 'exists' when an alert with this id is kept already:
   * however many ask, at once or years later, one of them hears 'raised'.
   */
  raise(alert: RaisedAlert, targetIds: readonly string[]): Promise<'raised' | 'exists'>
  /** Newest first. */
  page(scope: TenantScope, page: { readonly cursor: string | null; readonly limit: number }): Promise<AlertPage>
  /**
   * Takes deliveries that are due, for whoever asks first: until the time given nobody else is handed them. Each counts as an attempt,
   * so that what kills its process is not tried for ever. At most so many of one target, and none of the busy ones: a target that hangs
   * leaves room for the others.
   */
  claim(asked: {
    readonly now: number
    readonly until: number
    readonly limit: number
    readonly limitPerTarget: number
    readonly busyTargetIds: readonly string[]
  }): Promise<readonly ClaimedDelivery[]>
  /** What is delivered or dead stays so. */
  finish(delivery: { readonly alertId: string; readonly targetId: string }, outcome: DeliveryOutcome): Promise<void>
}

const MOST_DELAY_MILLISECONDS = 6 * 3_600_000
const JITTER = 0.2

/** The delay after a failed attempt: three times as long each time, up to six hours, give or take a fifth. */
export function retryDelay(
  attempt: number,
  options: { readonly firstMilliseconds: number; readonly random: number },
): number {
  const plain = Math.min(MOST_DELAY_MILLISECONDS, options.firstMilliseconds * 3 ** Math.min(attempt - 1, 20))
  return Math.round(plain * (1 - JITTER + 2 * JITTER * options.random))
}
