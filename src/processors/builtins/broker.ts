// Spreads calls over several routers, and leaves one that failed alone for a time.

import type { BrokerOptions } from '../../core/processor-definition.ts'
import type { ProcessorLink } from '../processor.ts'
import type { BuiltinWorld, TargetHealth } from './builtin.ts'

/** `isTarget`: of other routers nothing is kept. */
export function createTargetHealth(isTarget: (routerPath: string) => boolean): TargetHealth {
  const failed = new Map<string, number>()
  return {
    report(routerPath, upstreamStatus, now) {
      if (!isTarget(routerPath)) return
      if (upstreamStatus === null || upstreamStatus === 429 || upstreamStatus >= 500) failed.set(routerPath, now)
      else if (upstreamStatus < 400) failed.delete(routerPath)
    },
    failedAt: (routerPath) => failed.get(routerPath) ?? null,
  }
}

/** What a client did wrong (other 4xx) is no failure of the target: or one tenant could turn it off for all. */
export function createBroker(options: BrokerOptions, { targetHealth, now, random }: BuiltinWorld): ProcessorLink {
  return {
    async call({ fields }) {
      if (!Object.hasOwn(fields, 'gl_path')) return null
      const at = now()
      const well = options.targets.filter((target) => {
        const failedAt = targetHealth.failedAt(target)
        return failedAt === null || at >= failedAt + options.disableMilliseconds
      })
      const chosen = well.length === 0 ? longestAgo(options.targets, targetHealth) : pick(well, random)
      return { gl_path: chosen }
    },
    close: async () => undefined,
  }
}

const pick = (targets: readonly string[], random: () => number): string =>
  targets[Math.min(targets.length - 1, Math.floor(random() * targets.length))] as string

/** All have failed: a call is worth more than none. */
const longestAgo = (targets: readonly string[], health: TargetHealth): string =>
  targets.toSorted((a, b) => (health.failedAt(a) ?? 0) - (health.failedAt(b) ?? 0))[0] as string
