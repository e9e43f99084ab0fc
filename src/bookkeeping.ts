// The books that are kept beside the ledger, wired: files of closed days, items of costs, the log of records.

import { join } from 'node:path'
import { fromNodeProviderChain } from '@aws-sdk/credential-providers'
import type { Logger } from 'pino'
import { openBucket } from './archives/bucket.ts'
import { cloudWatchSink } from './archives/cloudwatch.ts'
import { parquetOf } from './archives/parquet.ts'
import { closeKindsOf } from './closed-kinds.ts'
import type { Config } from './config.ts'
import { ALL_TENANTS } from './core/tenant.ts'
import type { Directory } from './core/directory.ts'
import type { PriceBook } from './core/price-book.ts'
import type { Counters } from './core/reservation.ts'
import type { CostItem } from './gateway/facade-operations.ts'
import { createDayCloser, type DayCloser } from './jobs/close-schedule.ts'
import type { Shelf } from './jobs/closed-files.ts'
import { countingCorrections } from './jobs/count-corrections.ts'
import { createHourDivider, type HourDivider } from './jobs/hour-divider.ts'
import { createMeteringLog, type MeteringLog, type UsageSink } from './jobs/metering-log.ts'
import { usageSinkOf } from './jobs/usage-sinks.ts'
import { cellText } from './reports/csv.ts'
import { DAILY_COLUMNS, dailyRowOf } from './reports/daily.ts'
import { DAY_MILLISECONDS } from './reports/periods.ts'
import type { Store } from './stores/sql/store.ts'

type Books = { readonly config: Config; readonly log: Logger; readonly store: Store }

const METERING_LOG_MILLISECONDS = 1_000
const now = Date.now

export function dayCloserOf({ config, log, store }: Books): DayCloser {
  return createDayCloser({
    rollups: store.rollups,
    ledger: store.ledger,
    now,
    folder: config.closeDir ?? join(config.dataDir, 'closed'),
    timeZone: config.closeTimeZone,
    delayMilliseconds: config.closeDelaySeconds * 1_000,
    lineOf: dailyRowOf,
    kinds: closeKindsOf(config.closeGranularities, config.closeFormats.includes('parquet') ? parquetOf : null),
    shelf: shelfOf(config),
    onClosed: ({ date, state, files }) => log.info({ date, state, file: files.at(-1) }, 'a day was closed'),
    onFailure: (thrown) => log.error({ detail: String(thrown) }, 'a day could not be closed; it is tried again'),
  })
}

/** What is divided reaches the budgets at once. An hour is over when the longest call that began in it must be. */
export function hourDividerOf({
  config,
  log,
  store,
  counters,
  snapshots,
}: Books & {
  readonly counters: Counters
  readonly snapshots: { readonly directory: () => Directory; readonly priceBook: () => PriceBook }
}): HourDivider {
  return createHourDivider({
    ledger: countingCorrections(store.ledger, { counters, directory: snapshots.directory }),
    rollups: store.rollups,
    priceBook: snapshots.priceBook,
    now,
    delayMilliseconds: config.upstreamTotalTimeoutMilliseconds + config.drainMaxSeconds * 1_000 + 60_000,
    onFailure: (thrown) => log.error({ detail: String(thrown) }, 'hours could not be divided; it is tried again'),
  })
}

function shelfOf(config: Config): Shelf | null {
  const { closeBucket, region, s3Endpoint: endpoint } = config
  return closeBucket === null
    ? null
    : openBucket({ ...closeBucket, region, endpoint, credentials: credentialsOf(config) })
}

const credentialsOf = ({ awsProfile }: Config) =>
  fromNodeProviderChain(awsProfile === null ? {} : { profile: awsProfile })

const COST_ITEM_DAYS = 35

/** Named with their day: the samples kept one item for each tenant and model, and lost the days before. */
export async function costItemsOf({ rollups }: Store, at: number): Promise<readonly CostItem[]> {
  const today = at - (at % DAY_MILLISECONDS)
  const period = { from: today - COST_ITEM_DAYS * DAY_MILLISECONDS, to: today + DAY_MILLISECONDS }
  const rows = await rollups.query(ALL_TENANTS, { ...period, groupBy: ['tenant', 'model', 'day'] })
  return rows.map((row) => {
    const cells = dailyRowOf(row)
    const texts = Object.fromEntries(
      DAILY_COLUMNS.map((column) => [column.name, cellText(column, cells[column.name] ?? null)]),
    )
    const { team_id: name = '', ...rest } = texts
    return { pk: `${name}-${rest['model_id']}-${rest['date']}`, name, ...rest }
  })
}

export async function meteringLogOf({ config, log, store }: Books): Promise<MeteringLog | null> {
  if (config.meteringLog === null) return null
  const meteringLog = createMeteringLog({
    ledger: store.ledger,
    state: store.settings,
    sink: sinkOf(config, config.meteringLog, log),
    now,
    longestCallMilliseconds: config.upstreamTotalTimeoutMilliseconds,
    onFailure: (thrown) =>
      log.error({ detail: String(thrown) }, 'the metering log was not taken; it is tried again and nothing is lost'),
  })
  await meteringLog.start(METERING_LOG_MILLISECONDS)
  return meteringLog
}

const CLOUDWATCH = 'cloudwatch:'

function sinkOf(config: Config, place: string, log: Logger): UsageSink {
  if (!place.startsWith(CLOUDWATCH))
    return usageSinkOf(place, { fetch, now, write: (text) => void process.stdout.write(text) })
  return cloudWatchSink({
    group: place.slice(CLOUDWATCH.length),
    region: config.region,
    endpoint: config.cloudWatchLogsEndpoint,
    credentials: credentialsOf(config),
    onRejected: (records) =>
      log.warn({ records }, 'CloudWatch Logs takes no records that are older than 14 days; the ledger has them'),
  })
}
