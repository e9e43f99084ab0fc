// Delivers what the outbox holds, at least once: a bounded number at a time, each within a time limit, tried again with growing pauses.

import { notificationOf, testNotification } from '../core/alert-message.ts'
import {
  NotifierFailure,
  retryDelay,
  type AlertStore,
  type AlertTarget,
  type ClaimedDelivery,
  type DeliveryOutcome,
  type Notification,
  type Notifier,
  type Notifiers,
  type TargetKind,
} from '../core/alert-delivery.ts'

export type AlertDelivererDependencies = {
  readonly alerts: Pick<AlertStore, 'claim' | 'finish' | 'getTarget'>
  readonly notifiers: Notifiers
  /** Opens what was sealed for a target; throws when it cannot. */
  readonly openSecret: (sealed: string, targetId: string) => string
  readonly now: () => number
  readonly random: () => number
  readonly limits: {
    readonly attempts: number
    readonly firstRetryMilliseconds: number
    readonly timeoutMilliseconds: number
    readonly atOnce: number
    readonly atOncePerTarget: number
  }
  /** Hears what came of each attempt; the kind is null when the target is gone. Must not throw. */
  readonly onAttempt: (attempt: {
    readonly alertId: string
    readonly targetId: string
    readonly kind: TargetKind | null
    readonly outcome: DeliveryOutcome
  }) => void
}

export type AlertDeliverer = {
  /** Begins to deliver what is due, as far as there is room. Does not wait for the targets. */
  readonly begin: () => Promise<void>
  /** Sends a test, once, past the outbox; null: the target took it, else why not. */
  readonly test: (target: AlertTarget, id: string) => Promise<string | null>
  /** Resolves when nothing is under way. */
  readonly idle: () => Promise<void>
  /** Breaks off what is under way: it is tried again, here or elsewhere. */
  readonly stop: () => Promise<void>
}

/** Beyond the time limit of an attempt until another process may try: writing down what came of it takes a moment too. */
const LEASE_SPARE_MILLISECONDS = 5_000
const LONGEST_ERROR = 300

export function createAlertDeliverer(dependencies: AlertDelivererDependencies): AlertDeliverer {
  const { alerts, limits, now } = dependencies
  const running = new Map<Promise<void>, string>()
  const stopping = new AbortController()
  const tell = (target: AlertTarget, notification: Notification) =>
    attempt(dependencies, target, notification, stopping.signal)

  const deliver = async (claimed: ClaimedDelivery): Promise<void> => {
    const { alert, targetId } = claimed
    const target = await alerts.getTarget(targetId)
    const outcome =
      target === null
        ? ({ state: 'dead', error: 'there is no such target any more' } as const)
        : outcomeOf(dependencies, claimed, await tell(target, notificationOf(alert)))
    await alerts.finish({ alertId: alert.id, targetId }, outcome)
    dependencies.onAttempt({ alertId: alert.id, targetId, kind: target?.settings.kind ?? null, outcome })
  }

  return {
    async begin() {
      const room = limits.atOnce - running.size
      if (room <= 0) return
      const at = now()
      const until = at + limits.timeoutMilliseconds + LEASE_SPARE_MILLISECONDS
      const limitPerTarget = limits.atOncePerTarget
      const busyTargetIds = busyOf([...running.values()], limitPerTarget)
      for (const claimed of await alerts.claim({ now: at, until, limit: room, limitPerTarget, busyTargetIds })) {
        // what cannot be written down is due again when its lease ends
        const one: Promise<void> = deliver(claimed)
          .catch(() => undefined)
          .finally(() => running.delete(one))
        running.set(one, claimed.targetId)
      }
    },
    async test(target, id) {
      const failure = await tell(target, testNotification(id, target.id, now()))
      return failure?.message ?? null
    },
    async idle() {
      await Promise.all(running.keys())
    },
    async stop() {
      stopping.abort()
      await Promise.all(running.keys())
    },
  }
}

/** Targets that have as many deliveries under way as they may. */
const busyOf = (targetIds: readonly string[], most: number): readonly string[] =>
  [...new Set(targetIds)].filter((targetId) => targetIds.filter((one) => one === targetId).length >= most)

async function attempt(
  dependencies: AlertDelivererDependencies,
  target: AlertTarget,
  notification: Notification,
  stopping: AbortSignal,
): Promise<NotifierFailure | null> {
  const { settings, sealedSecret } = target
  // Sound because the table has each kind's own notifier at the kind's name.
  const notifier = dependencies.notifiers[settings.kind] as Notifier<TargetKind>
  try {
    const secret = sealedSecret === null ? null : openedSecret(dependencies, sealedSecret, target.id)
    const signal = AbortSignal.any([AbortSignal.timeout(dependencies.limits.timeoutMilliseconds), stopping])
    await notifier.send({ settings, secret }, notification, { now: dependencies.now(), signal })
    return null
  } catch (thrown) {
    // anything else is a fault of ours, and its words might hold anything
    return thrown instanceof NotifierFailure ? thrown : new NotifierFailure('failed inside the gateway')
  }
}

function openedSecret({ openSecret }: AlertDelivererDependencies, sealed: string, targetId: string): string {
  try {
    return openSecret(sealed, targetId)
  } catch {
    const words = "the target's secret cannot be read with this root secret; set the target again"
    throw new NotifierFailure(words, { permanent: true })
  }
}

function outcomeOf(
  { limits, now, random }: AlertDelivererDependencies,
  { attempt: number }: ClaimedDelivery,
  failure: NotifierFailure | null,
): DeliveryOutcome {
  if (failure === null) return { state: 'delivered', at: now() }
  const error = failure.message.slice(0, LONGEST_ERROR)
  if (failure.permanent || number >= limits.attempts) return { state: 'dead', error }
  const delay = retryDelay(number, { firstMilliseconds: limits.firstRetryMilliseconds, random: random() })
  return { state: 'failed', nextAttemptAt: now() + delay, error }
}
