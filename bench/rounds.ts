// Measures both targets in turn, round by round, so that a noisy minute hits both; figures are medians over the rounds.

import type { LoadResult } from './load.ts'
import { cpuSeconds } from './processes.ts'
import type { Target, Targets } from './targets.ts'

export const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5)
export const SECONDS = Number(process.env.BENCH_SECONDS ?? 4)

export type Measured = { readonly perSecond: number; readonly cpuMicroseconds: number; readonly result: LoadResult }
type Round = { readonly bare: Measured; readonly gateway: Measured }

/** The median over the rounds of what is picked of each. */
export type Rounds = (pick: (round: Round) => number) => number

export async function measure(target: Target, load: () => Promise<LoadResult>, unitsPerRequest = 1): Promise<Measured> {
  const before = cpuSeconds(target.process.pid)
  const result = await load()
  const cpu = cpuSeconds(target.process.pid) - before
  if (result.failures > 0) throw new Error(`${target.name}: ${result.failures} requests failed`)
  return {
    perSecond: result.requests / result.seconds,
    cpuMicroseconds: (cpu * 1e6) / (result.requests * unitsPerRequest),
    result,
  }
}

export async function sideBySide(
  [bareTarget, gatewayTarget]: Targets,
  load: (target: Target) => Promise<Measured>,
): Promise<Rounds> {
  const rounds: Round[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const bare = await load(bareTarget)
    rounds.push({ bare, gateway: await load(gatewayTarget) })
  }
  return (pick) => median(rounds.map(pick))
}

export const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN

export const median = (values: readonly number[]): number =>
  quantile(
    values.toSorted((left, right) => left - right),
    0.5,
  )
