// What the data plane reads without I/O: the directory and the price book, reloaded whole when the store says that something changed.

import type { AliasStore } from './core/alias.ts'
import type { EndpointStore } from './core/endpoint.ts'
import { buildDirectory, type Directory } from './core/directory.ts'
import type { PlanStore, UnpricedPolicy } from './core/plan.ts'
import { buildPriceBook, extendPriceBook, type PriceBook, type PriceStore } from './core/price-book.ts'
import type { TenantStore } from './core/tenant.ts'

export type Snapshots = {
  readonly directory: () => Directory
  readonly priceBook: () => PriceBook
  /** Loads what changed; concurrent calls share one load, and a call during a load waits for the next. */
  readonly reload: () => Promise<void>
  /** As reload, also where the store says that nothing changed: what `prepare` looks at did. */
  readonly refresh: () => Promise<void>
  /** Looks for changes made by other processes. */
  startPolling(intervalMilliseconds: number, onFailure: (thrown: unknown) => void): void
  stop(): void
}

export async function createSnapshots(dependencies: {
  readonly tenants: TenantStore
  readonly plans: PlanStore
  readonly aliases: AliasStore
  readonly endpoints: EndpointStore
  readonly prices: PriceStore
  readonly changeCounter: () => Promise<number>
  readonly defaultUnpriced: UnpricedPolicy
  /** Prepares for a directory; what it returns is called in the turn in which the directory begins to hold. */
  readonly prepare: (directory: Directory) => Promise<() => void>
}): Promise<Snapshots> {
  const { tenants, plans, aliases, endpoints, prices, changeCounter, defaultUnpriced, prepare } = dependencies
  let counter = -1
  let directory = buildDirectory({ tenants: [], keys: [], plans: [], aliases: [], endpoints: [], defaultUnpriced })
  let priceBook = buildPriceBook([])
  let stale = false
  let timer: NodeJS.Timeout | null = null
  let chain: Promise<void> = Promise.resolve()

  const load = async (): Promise<void> => {
    const seen = await changeCounter()
    if (seen === counter && !stale) return
    stale = false
    const [allTenants, keys, allPlans, allAliases, allEndpoints, versions] = await Promise.all([
      tenants.everyTenant(),
      tenants.everyKey(),
      plans.listPlans(),
      aliases.listAliases(),
      endpoints.listEndpoints(),
      prices.versionsAfter(priceBook.version),
    ])
    const next = buildDirectory({
      tenants: allTenants,
      keys,
      plans: allPlans,
      aliases: allAliases,
      endpoints: allEndpoints,
      defaultUnpriced,
    })
    const begin = await prepare(next)
    begin()
    directory = next
    if (versions.length > 0) priceBook = extendPriceBook(priceBook, versions)
    counter = seen
  }
  const reload = (): Promise<void> => {
    chain = chain.then(load, load)
    return chain
  }

  await reload()
  return {
    directory: () => directory,
    priceBook: () => priceBook,
    reload,
    refresh() {
      stale = true
      return reload()
    },
    startPolling(intervalMilliseconds, onFailure) {
      timer = setInterval(() => void reload().catch(onFailure), intervalMilliseconds)
      timer.unref()
    },
    stop() {
      if (timer !== null) clearInterval(timer)
    },
  }
}
