// Holds the ledger against the simulator's bill and against what the clients saw, call by call, and lists everything that is wrong.

import type { BilledCall } from '../../simulator/bill.ts'
import type { LedgerLine } from './admin-client.ts'
import type { Seen } from './raw-call.ts'
import { counted, dollarsOf, picoOf } from './truth.ts'

/** Calls are told apart by this key of their request metadata, which both the ledger and the bill keep. */
export const CALL_KEY = 'call'

export type Reconciled = {
  /** one sentence each; empty: all agree */
  readonly problems: readonly string[]
  /** billed calls whose entry is exact */
  readonly exact: number
  /** billed calls whose entry is marked estimated */
  readonly estimated: number
  /** calls that reached a ledger entry and were billed nothing */
  readonly unbilled: number
  /** pico-dollars of all exact entries, from the bill */
  readonly billedPico: bigint
  /** the same from the ledger */
  readonly ledgerPico: bigint
}

export type ReconcileQuestion = {
  readonly ledger: readonly LedgerLine[]
  readonly bill: readonly BilledCall[]
  readonly seen: ReadonlyMap<string, Seen>
  /** Calls whose answers lied about usage: their entries need not equal the bill. None when absent. */
  readonly mayDiffer?: (billed: BilledCall) => boolean
}

export function reconcile(question: ReconcileQuestion): Reconciled {
  const problems: string[] = []
  const entries = byCall(question.ledger, (entry) => entry.metadata[CALL_KEY], 'entries', problems)
  const bills = byCall(question.bill, (billed) => billed.request_metadata?.[CALL_KEY], 'bills', problems)
  const totals = { exact: 0, estimated: 0, unbilled: 0, billedPico: 0n, ledgerPico: 0n }
  for (const [call, billed] of bills) {
    const entry = entries.get(call)
    problems.push(...wrongOfBilled(call, billed, entry, question.mayDiffer))
    if (entry?.estimated === true) totals.estimated += 1
    else if (entry !== undefined && question.mayDiffer?.(billed) !== true) {
      totals.exact += 1
      totals.billedPico += dollarsOf(billed)
      totals.ledgerPico += picoOf(entry.cost_usd ?? '0')
    }
  }
  const unbilled = [...entries].filter(([call]) => !bills.has(call))
  for (const [call, entry] of unbilled) {
    if (!entry.estimated && isCharged(entry))
      problems.push(`${call}: the entry (${entry.ending}) charges ${entry.cost_usd}, and nothing was billed`)
  }
  for (const [call, seen] of question.seen) problems.push(...wrongOfSeen(call, seen, entries.get(call)))
  return { problems, ...totals, unbilled: unbilled.length }
}

function wrongOfBilled(
  call: string,
  billed: BilledCall,
  entry: LedgerLine | undefined,
  mayDiffer: ReconcileQuestion['mayDiffer'],
): string[] {
  if (entry === undefined) return [`${call}: billed, and no entry stands for it`]
  if (entry.estimated || mayDiffer?.(billed) === true) return []
  const wrong = differenceOf(entry, billed)
  return wrong === null ? [] : [`${call}: ${wrong}`]
}

const isCharged = (entry: LedgerLine): boolean => entry.cost_usd !== '0' || Object.keys(counted(entry.usage)).length > 0

function byCall<Item>(
  items: readonly Item[],
  callOf: (item: Item) => string | undefined,
  what: string,
  problems: string[],
): Map<string, Item> {
  const found = new Map<string, Item>()
  for (const item of items) {
    const call = callOf(item)
    if (call === undefined) problems.push(`${what}: one without the call's name: ${JSON.stringify(item)}`)
    else if (found.has(call)) problems.push(`${call}: stands twice among the ${what}`)
    else found.set(call, item)
  }
  return found
}

function differenceOf(entry: LedgerLine, billed: BilledCall): string | null {
  if (entry.upstream_request_id !== billed.request_id)
    return `the entry names upstream ${entry.upstream_request_id}, billed was ${billed.request_id}`
  const [ours, theirs] = [counted(entry.usage), counted(billed.usage)].map(inOrder)
  if (ours !== theirs) return `the entry (${entry.ending}) says ${ours}, the bill ${theirs}`
  if (entry.cost_usd === null) return 'the entry has no cost'
  const cost = dollarsOf(billed)
  return picoOf(entry.cost_usd) === cost
    ? null
    : `the entry costs ${picoOf(entry.cost_usd)} pico-dollars, the bill ${cost}`
}

const inOrder = (usage: object): string =>
  JSON.stringify(Object.entries(usage).toSorted(([a], [b]) => (a < b ? -1 : 1)))

/** Whoever saw an answer begin has an entry under the id that the answer carried; whoever saw it whole, an exact one. */
function wrongOfSeen(call: string, seen: Seen, entry: LedgerLine | undefined): string[] {
  if (seen.requestId === null || seen.status !== 200) return []
  if (entry === undefined)
    return [`${call}: the client saw an answer (whole: ${seen.whole}), and no entry stands for it`]
  if (entry.request_id !== seen.requestId)
    return [`${call}: the client saw request id ${seen.requestId}, not ${entry.request_id}`]
  if (seen.whole && (entry.ending === 'recovered' || entry.usage === null))
    return [`${call}: the client saw the whole answer, and its entry is ${entry.ending}`]
  return []
}
