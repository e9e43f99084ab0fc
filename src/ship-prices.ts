// The prices that come with the gateway on their way into its price book: all into an empty one, what is new into any other.

import { hash } from 'node:crypto'
import { announcing, audited } from './audited-jobs.ts'
import { auditJson, byItself } from './core/audit.ts'
import { buildPriceBook, type PriceVersion } from './core/price-book.ts'
import { checkPrices } from './core/price-check.ts'
import { newlyShipped } from './core/shipped-prices.ts'
import { rateUnpriced } from './jobs/rate-unpriced.ts'
import type { Store } from './stores/sql/store.ts'

type ShipParts = {
  readonly store: Pick<Store, 'prices' | 'settings' | 'ledger' | 'audit'>
  readonly shipped: Omit<PriceVersion, 'version'>
  readonly log: (level: 'info' | 'error', fields: Readonly<Record<string, unknown>>, words: string) => void
  readonly now: () => number
}

const SETTING = 'shipped_prices'

/** Call once at start, before anything is rated. An older version, started again, takes nothing back. */
export async function shipPrices(parts: ShipParts): Promise<void> {
  const { store, shipped, now } = parts
  const mark = markOf(shipped)
  const versions = await store.prices.versionsAfter(0)
  if (versions.length > 0 && !isNews(mark, await store.settings.get(SETTING))) return
  const prices = newlyShipped(versions, shipped.prices)
  if (prices.length > 0) {
    const change = { ...shipped, prices, createdAt: new Date(now()).toISOString() }
    if (versions.length === 0) await store.prices.appendVersion(change)
    else if (!(await takeUpdate(parts, versions, change))) return
  }
  await store.settings.set(SETTING, mark)
}

/** The day on which the tables were gone through, and what they say. */
const markOf = ({ createdAt, prices }: ShipParts['shipped']): string =>
  `${createdAt} ${hash('sha256', auditJson(prices), 'hex')}`

const isNews = (mark: string, kept: string | null): boolean =>
  kept === null || (mark !== kept && mark.slice(0, mark.indexOf(' ')) >= kept.slice(0, kept.indexOf(' ')))

/** False: it contradicts the book, and nothing was stored. */
async function takeUpdate(
  { store, log, now }: ShipParts,
  versions: readonly PriceVersion[],
  change: Omit<PriceVersion, 'version'>,
): Promise<boolean> {
  const refused = checkPrices(change, buildPriceBook(versions)).find(({ kind }) => kind === 'refused')
  if (refused !== undefined) {
    log('error', { reason: refused.message }, 'the prices of this version were not taken into the price book')
    return false
  }
  const version = await store.prices.appendVersion(change)
  const { rated } = await audited({
    audit: store.audit,
    origin: byItself('start'),
    resource: 'ledger',
    asked: { job: 'rate_unpriced' },
    figures: (outcome: Awaited<ReturnType<typeof rateUnpriced>>) => ({ corrections: outcome.corrections }),
    run: (announce) =>
      rateUnpriced({
        ledger: announcing(store.ledger, announce),
        book: buildPriceBook([...versions, { ...change, version }]),
        now,
      }),
  })
  log(
    'info',
    { price_version: version, prices: change.prices.length, rated_calls: rated },
    'prices that this version ships are new to the price book; what its operators have priced stays as it is',
  )
  return true
}
