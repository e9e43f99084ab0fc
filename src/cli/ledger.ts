// wb ledger …, wb explain: entries, and everything known of one call.

import { segment, type Json } from './client.ts'
import { command, flag, shown, text, type Group } from './command.ts'
import { limitTable } from './limit-table.ts'
import { rowsOf } from './pages.ts'
import { cellText, recordOf, tableOf } from './table.ts'

const USUAL_ENTRIES = '20'

export const ledger: Group = {
  words: 'The ledger: one entry for every call.',
  commands: {
    list: command({
      words: 'Entries, newest first.',
      options: {
        from: text('time', 'calls that began then or later'),
        to: text('time', 'calls that began before'),
        tenant: text('tenant id', 'only this tenant'),
        key: text('key id', 'only calls with this key'),
        model: text('model id', 'only this model id as called'),
        'base-model': text('model id', 'only this base model, however it was called'),
        unpriced: flag('only calls without a cost'),
        estimated: flag('only calls whose usage is estimated'),
        limit: text('number', `how many, up to 1000; ${USUAL_ENTRIES} when left out`),
        cursor: text('cursor', 'go on where an earlier list ended'),
      },
      async run({ admin }, { options }) {
        const { 'base-model': baseModel, unpriced, estimated, ...rest } = options
        const answer = await admin().ask('GET', 'ledger', {
          query: {
            ...rest,
            limit: options.limit ?? USUAL_ENTRIES,
            base_model: baseModel,
            unpriced: unpriced ? true : undefined,
            estimated: estimated ? true : undefined,
          },
        })
        return shown(answer, `${entryTable(rowsOf(answer.entries))}${moreOf(answer)}`)
      },
    }),
  },
}

export const explain = command({
  words:
    'Everything known of one call: who, what was measured, which price applied, what was corrected, or why it was refused; and what limits say now.',
  positionals: [{ name: 'request id', words: 'the x-weighbridge-request-id of its answer' }],
  async run({ admin }, { positionals }) {
    const found = await admin().ask('GET', `requests/${segment(positionals['request id'])}`)
    return shown(found, explained(found))
  },
})

function entryTable(entries: readonly Json[]): string {
  const rows = entries.map((entry) => [
    entry.started_at,
    entry.tenant_id,
    entry.model_id,
    entry.ending,
    usageText(entry.usage),
    entry.cost_usd ?? 'unknown',
    entry.request_id,
  ])
  const titles = ['started', 'tenant', 'model', 'ending', 'usage', 'cost (USD)', 'request id']
  return tableOf(
    titles.map((title) => ({ title, numeric: title === 'cost (USD)' })),
    rows,
  )
}

function usageText(usage: unknown): string {
  if (typeof usage !== 'object' || usage === null) return 'unknown'
  const parts = Object.entries(usage as Json).filter(([, quantity]) => quantity !== 0)
  return parts.map(([name, quantity]) => `${name}=${quantity === null ? '?' : cellText(quantity)}`).join(' ')
}

const moreOf = ({ next_cursor }: Json): string =>
  typeof next_cursor === 'string' ? `\nThere are more: --cursor ${next_cursor}\n` : ''

/** Everything that is known of one call, for people. */
export function explained(found: Json): string {
  const { entry, rating, hold, refusal, corrections, limits_now, tenant, key, ...rest } = found
  const parts = [recordOf({ ...rest, ...headOf(tenant, key) })]
  if (isRecord(refusal)) parts.push('\nRefused\n', recordOf(refusal))
  if (isRecord(hold)) parts.push('\nHeld while it runs\n', recordOf(hold))
  if (isRecord(entry)) parts.push('\nLedger entry\n', recordOf(entry))
  if (isRecord(rating)) parts.push(ratingText(rating))
  const corrected = rowsOf(corrections)
  if (corrected.length > 0) parts.push('\nCorrections\n', entryTable(corrected))
  const limits = rowsOf(limits_now)
  if (limits.length > 0) parts.push('\nLimits, as of now\n', limitTable(limits))
  return parts.join('')
}

const isRecord = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

function headOf(tenant: unknown, key: unknown): Json {
  return {
    tenant: isRecord(tenant) && Array.isArray(tenant.chain) ? tenant.chain.join(' < ') : null,
    key: isRecord(key) ? `${String(key.key_id)} ${String(key.name)}`.trim() : null,
  }
}

function ratingText(rating: Json): string {
  const names = ['dimension', 'quantity', 'unit_price_usd', 'per', 'cost_usd', 'effective_from', 'source']
  const rows = rowsOf(rating.lines).map((row) => names.map((name) => row[name]))
  const numeric = ['quantity', 'unit_price_usd', 'cost_usd']
  const table = tableOf(
    names.map((title) => ({ title, numeric: numeric.includes(title) })),
    rows,
  )
  const missing =
    Array.isArray(rating.missing) && rating.missing.length > 0 ? `No price for ${rating.missing.join(', ')}.\n` : ''
  const agrees = rating.agrees === false ? 'These lines do NOT add up to the cost of the entry.\n' : ''
  return `\nPrices of version ${String(rating.price_version)}\n${table}${missing}${agrees}`
}
