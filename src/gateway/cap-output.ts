// Lowers the output cap of a call to what its limits leave, in the member that the model reads, and leaves the rest of the body as it was.

import { costOf, mostTokensWithin, type Tariff } from '../core/output-room.ts'
import type { Limit } from '../core/limit.ts'
import type { Consumption } from '../core/limit-count.ts'
import type { Refusal } from '../core/policy.ts'
import { picoUsd } from '../core/money.ts'
import { createJsonSplicer } from '../http/json-splice.ts'
import { capPathsOf, OUTPUT_CAP_PATHS } from './output-caps.ts'
import type { CallFacts } from './surfaces/surface.ts'

export type CapQuestion = {
  readonly operation: string
  readonly baseModel: string | null
  readonly facts: Pick<CallFacts, 'caps' | 'answers' | 'thinkingTokens'>
  /** what it asks without a cap; its output is that of all answers together */
  readonly whole: Consumption
  readonly tariffs: readonly Tariff[]
  readonly minOutputTokens: number
}

/** A lower cap, and what the call asks with it. */
export type Capped = { readonly cap: number; readonly ask: Consumption }

/** A cap that is deeper in the body than can be written in place. */
const isWritable = (path: string): boolean => path.split('.').length <= 2
const SPLICER = createJsonSplicer(OUTPUT_CAP_PATHS.filter(isWritable))

/** Null: the call does not fit, or not with an answer worth asking for, or its model has no cap that could be written. */
export function cappedTo(question: CapQuestion, refused: Refusal): Capped | null {
  const { facts, whole, tariffs, minOutputTokens } = question
  const measures = refused.by.limit.kind === 'cost' ? tariffs : tokenMeasures(refused.by.limit, whole)
  if (measures === null) return null
  const room = mostTokensWithin(measures, refused.left, whole.outputTokens)
  if (room === null) return null
  const cap = Math.floor(room / facts.answers)
  // A model thinks within its cap, and refuses a budget that is not below it.
  if (cap < Math.max(minOutputTokens, facts.thinkingTokens + 1)) return null
  if (capPathsOf(question).length === 0 || !pathsToWrite(question, cap).every(isWritable)) return null
  const tokens = cap * facts.answers
  const cost = tariffs.length === 0 ? null : picoUsd(costOf(tariffs, tokens))
  return { cap, ask: { ...whole, outputTokens: tokens, cost } }
}

/** What a limit of tokens counts of input and of each token of output; null: a shorter answer does not help. */
function tokenMeasures(limit: Limit, { inputTokens, burnRate }: Consumption): readonly Tariff[] | null {
  const { kind, counts, burnDown } = limit
  if (kind !== 'tokens' || counts === 'input') return null
  return [{ fixed: counts === 'output' ? 0n : BigInt(inputTokens), perToken: burnDown ? BigInt(burnRate) : 1n }]
}

/** The member that the model reads first, and every other that says more. */
function pathsToWrite(question: CapQuestion, cap: number): readonly string[] {
  const paths = capPathsOf(question)
  const main = paths.find((path) => question.facts.caps.has(path)) ?? paths[0]
  const higher = [...question.facts.caps].filter(([, value]) => value > cap).map(([path]) => path)
  return [...new Set([...(main === undefined ? [] : [main]), ...higher])]
}

/** Null: something stands in the body where the cap's object should. */
export function writeCap(question: CapQuestion, body: Buffer, cap: number): Buffer | null {
  const values = Object.fromEntries(pathsToWrite(question, cap).map((path) => [path, String(cap)]))
  const spliced = SPLICER.splice(body, () => values)
  return spliced.ok ? spliced.body : null
}
