// Lowers the output cap of a call to what its limits leave, in the member that the model reads, and leaves the rest of the body as it was.

import { costOf, mostTokensWithin, type Tariff } from '../core/output-room.ts'
import type { Ask, Verdict } from '../core/policy.ts'
import { picoUsd } from '../core/money.ts'
import { createJsonSplicer } from '../http/json-splice.ts'
import { capPathsOf, OUTPUT_CAP_PATHS } from './output-caps.ts'
import type { CallFacts } from './surfaces/surface.ts'

export type CapQuestion = {
  readonly operation: string
  readonly baseModel: string | null
  readonly facts: Pick<CallFacts, 'caps' | 'answers' | 'thinkingTokens'>
  /** of all answers together */
  readonly outputTokens: number
  readonly inputTokens: number
  readonly tariffs: readonly Tariff[]
  readonly minOutputTokens: number
}

/** A lower cap, and what the call asks with it. */
export type Capped = { readonly cap: number; readonly ask: Ask }

/** A cap that is deeper in the body than can be written in place. */
const isWritable = (path: string): boolean => path.split('.').length <= 2
const SPLICER = createJsonSplicer(OUTPUT_CAP_PATHS.filter(isWritable))

/** Null: the call does not fit, or not with an answer worth asking for, or its model has no cap that could be written. */
export function cappedTo(question: CapQuestion, refused: Extract<Verdict, { allow: false }>): Capped | null {
  const { facts, inputTokens, outputTokens, tariffs, minOutputTokens } = question
  const { kind } = refused.by.limit
  const room =
    kind === 'cost'
      ? mostTokensWithin(tariffs, refused.left, outputTokens)
      : kind === 'tokens'
        ? mostTokensWithin([{ fixed: BigInt(inputTokens), perToken: 1n }], refused.left, outputTokens)
        : null
  if (room === null) return null
  const cap = Math.floor(room / facts.answers)
  // A model thinks within its cap, and refuses a budget that is not below it.
  if (cap < Math.max(minOutputTokens, facts.thinkingTokens + 1)) return null
  if (capPathsOf(question).length === 0 || !pathsToWrite(question, cap).every(isWritable)) return null
  const tokens = cap * facts.answers
  const cost = tariffs.length === 0 ? null : picoUsd(costOf(tariffs, tokens))
  return { cap, ask: { tokens: inputTokens + tokens, cost } }
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
