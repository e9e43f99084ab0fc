// Versions of the price book in SQL: stored whole with a checksum, numbered without gaps, never edited.

import { crc32 } from 'node:zlib'
import type { Kysely, Selectable } from 'kysely'
import { priceVersionChange } from '../../core/audited.ts'
import { picoUsd } from '../../core/money.ts'
import type { HourlyPrice, Price, PriceAdjustment, PriceStore, PriceVersion } from '../../core/price-book.ts'
import { changing, type Writer } from './changes.ts'
import type { Schema } from './schema.ts'

export function createPriceStore(writer: Writer): PriceStore {
  const { database } = writer
  return {
    appendVersion: (change) =>
      changing(writer, async (transaction) => {
        const last = await transaction
          .selectFrom('price_versions')
          .select((select) => select.fn.max('version').as('version'))
          .executeTakeFirst()
        const version = Number(last?.version ?? 0) + 1
        const content = {
          version,
          created_at: change.createdAt,
          author: change.author,
          note: change.note,
          prices: pricesToJson(change.prices),
          adjustments: JSON.stringify(change.adjustments),
          hourly: pricesToJson(change.hourly ?? []),
        }
        await transaction
          .insertInto('price_versions')
          .values({ ...content, checksum: checksumOf(content) })
          .execute()
        return { result: version, facts: [priceVersionChange({ ...change, version })] }
      }),
    async versionsAfter(after) {
      const rows = await database
        .selectFrom('price_versions')
        .selectAll()
        .where('version', '>', BigInt(after))
        .orderBy('version')
        .execute()
      return rows.map(versionFromRow)
    },
  }
}

/** What is wrong with the stored versions; empty when nothing is. */
export async function checkPriceVersions(database: Kysely<Schema>): Promise<readonly string[]> {
  const rows = await database.selectFrom('price_versions').selectAll().orderBy('version').execute()
  return rows.flatMap((row, index) => {
    const version = Number(row.version)
    const problems: string[] = []
    if (version !== index + 1) problems.push(`price version ${index + 1} is missing`)
    if (BigInt(checksumOf({ ...row, version })) !== row.checksum) {
      problems.push(`price version ${version}: its content is not what was stored (checksum)`)
    }
    return problems
  })
}

type VersionContent = Omit<Selectable<Schema['price_versions']>, 'version' | 'checksum'> & { version: number }

const checksumOf = (content: VersionContent): number =>
  crc32(
    JSON.stringify([
      content.version,
      content.created_at,
      content.author,
      content.note,
      content.prices,
      content.adjustments,
      // versions from before there were any keep their checksum
      ...(content.hourly === NO_PRICES ? [] : [content.hourly]),
    ]),
  )

type InPicoUsd = Pick<Price, 'unitPrice'>

const pricesToJson = (prices: readonly InPicoUsd[]): string =>
  JSON.stringify(prices.map((price) => ({ ...price, unitPrice: String(price.unitPrice) })))

const pricesFromJson = <Kind extends InPicoUsd>(json: string): Kind[] =>
  (JSON.parse(json) as Kind[]).map((price) => ({ ...price, unitPrice: picoUsd(BigInt(price.unitPrice)) }))

const NO_PRICES = '[]'

const versionFromRow = (row: Selectable<Schema['price_versions']>): PriceVersion => ({
  version: Number(row.version),
  createdAt: row.created_at,
  author: row.author,
  note: row.note,
  prices: pricesFromJson<Price>(row.prices),
  adjustments: JSON.parse(row.adjustments) as PriceAdjustment[],
  ...(row.hourly === NO_PRICES ? {} : { hourly: pricesFromJson<HourlyPrice>(row.hourly) }),
})
