// `npm run bench`: the whole gateway beside a bare proxy, in one run on one machine; ratios first, absolute figures after.

import { cpus } from 'node:os'
import { benchStore } from './store.ts'
import { closedLoop, openLoop, type LoadPlan, type LoadResult } from './load.ts'
import { canPin, cpuSeconds, pinSelf, run, type Running } from './processes.ts'
import { benchOpenStreams, streamBody } from './streams.ts'

const GATEWAY_CORE = 0
const LOAD_CORE = 1
const CONNECTIONS = 64
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5)
const SECONDS = Number(process.env.BENCH_SECONDS ?? 4)
/** As `npm start` runs it. */
const START_FLAGS = ['--max-semi-space-size=16']
const MODEL = 'us.anthropic.claude-sonnet-4-5-20250929-v1%3A0'

type Target = {
  readonly name: 'bare' | 'gateway'
  readonly process: Running
  readonly plan: LoadPlan
  readonly streamPlan: LoadPlan
}

const print = (line = ''): void => void process.stdout.write(`${line}\n`)
const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
const median = (values: readonly number[]): number =>
  quantile(
    values.toSorted((left, right) => left - right),
    0.5,
  )

function targetOf(name: Target['name'], process: Running): Target {
  const [url = '', key = ''] = process.ready.split(' ')
  const { hostname: host, port } = new URL(url)
  const body = JSON.stringify({
    messages: [{ role: 'user', content: [{ text: 'w'.repeat(900) }] }],
    inferenceConfig: { maxTokens: 256 },
  })
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` }
  const plan = { host, port: Number(port), path: `/model/${MODEL}/converse`, headers, body }
  return {
    name,
    process,
    plan,
    streamPlan: { ...plan, path: `/model/${MODEL}/converse-stream`, body: streamBody(100, 20) },
  }
}

type Measured = { readonly perSecond: number; readonly cpuMicroseconds: number; readonly result: LoadResult }

async function measure(target: Target, load: () => Promise<LoadResult>, unitsPerRequest = 1): Promise<Measured> {
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

/** Both targets in turn, round by round, so that a noisy minute hits both. */
async function sideBySide(targets: readonly [Target, Target], load: (target: Target) => Promise<Measured>) {
  const rounds: { bare: Measured; gateway: Measured }[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const bare = await load(targets[0])
    rounds.push({ bare, gateway: await load(targets[1]) })
  }
  const of = (pick: (round: { bare: Measured; gateway: Measured }) => number): number => median(rounds.map(pick))
  return { rounds, of }
}

async function main(): Promise<void> {
  print(`Weighbridge benchmark: ${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}`)
  print(
    canPin()
      ? `gateway and bare proxy on core ${GATEWAY_CORE}, upstream and load on core ${LOAD_CORE}`
      : 'taskset is missing: nothing is pinned, ratios are less sure',
  )
  pinSelf(LOAD_CORE)
  const upstream = await run('upstream.ts', LOAD_CORE, [])
  const bare = targetOf('bare', await run('bare-proxy.ts', GATEWAY_CORE, [upstream.ready]))
  const gateway = targetOf('gateway', await run('gateway.ts', GATEWAY_CORE, [upstream.ready], START_FLAGS))
  const targets = [bare, gateway] as const
  try {
    for (const target of targets) await closedLoop(target.plan, CONNECTIONS, 3)
    await benchClosedLoop(targets)
    await benchOpenLoop(targets)
    await benchStreams(targets)
    await benchOpenStreams({
      upstreamUrl: upstream.ready,
      pid: gateway.process.pid,
      plan: gateway.plan,
      model: MODEL,
      print,
    })
  } finally {
    await Promise.all([bare.process.stop(), gateway.process.stop(), upstream.stop()])
  }
  await benchStore(print)
}

async function benchClosedLoop(targets: readonly [Target, Target]): Promise<void> {
  const { of } = await sideBySide(targets, (target) =>
    measure(target, () => closedLoop(target.plan, CONNECTIONS, SECONDS)),
  )
  print()
  print(`1 KB Converse, ${CONNECTIONS} connections, closed loop (median of ${ROUNDS} rounds of ${SECONDS} s)`)
  print(
    `  bare proxy   ${of((round) => round.bare.perSecond).toFixed(0)} req/s, ${of((round) => round.bare.cpuMicroseconds).toFixed(1)} µs CPU each`,
  )
  print(
    `  gateway      ${of((round) => round.gateway.perSecond).toFixed(0)} req/s, ${of((round) => round.gateway.cpuMicroseconds).toFixed(1)} µs CPU each`,
  )
  print(
    `  ratio        ${of((round) => round.gateway.perSecond / round.bare.perSecond).toFixed(2)} of its req/s   (goal: 0.75 or more)`,
  )
}

async function benchOpenLoop(targets: readonly [Target, Target]): Promise<void> {
  const { of } = await sideBySide(targets, (target) => measure(target, () => openLoop(target.plan, 500, SECONDS)))
  const at = (share: number) =>
    of(({ gateway, bare }) => quantile(gateway.result.latencies, share) - quantile(bare.result.latencies, share))
  print()
  print('1 KB Converse, open loop at 500 req/s')
  print(
    `  bare proxy   p50 ${of(({ bare }) => quantile(bare.result.latencies, 0.5)).toFixed(2)} ms, p99 ${of(({ bare }) => quantile(bare.result.latencies, 0.99)).toFixed(2)} ms`,
  )
  print(
    `  gateway      p50 ${of(({ gateway }) => quantile(gateway.result.latencies, 0.5)).toFixed(2)} ms, p99 ${of(({ gateway }) => quantile(gateway.result.latencies, 0.99)).toFixed(2)} ms`,
  )
  print(
    `  added        p50 ${at(0.5).toFixed(2)} ms (goal: 0.5 or less), p99 ${at(0.99).toFixed(2)} ms (goal: 2 or less)`,
  )
}

async function benchStreams(targets: readonly [Target, Target]): Promise<void> {
  const events = 103
  const load = (target: Target) => measure(target, () => closedLoop(target.streamPlan, 100, SECONDS), events)
  const { of } = await sideBySide(targets, load)
  print()
  print('100 streams of 100 events, one event each 20 ms')
  print(`  bare proxy   ${of((round) => round.bare.cpuMicroseconds).toFixed(1)} µs CPU per event`)
  print(`  gateway      ${of((round) => round.gateway.cpuMicroseconds).toFixed(1)} µs CPU per event`)
  print(
    `  ratio        ${of((round) => round.gateway.cpuMicroseconds / round.bare.cpuMicroseconds).toFixed(2)} of its CPU per event   (goal: 1.25 or less)`,
  )
  await benchFirstByte(targets)
}

/** At a rate at which nothing waits for anything: 50 short streams a second. */
async function benchFirstByte(targets: readonly [Target, Target]): Promise<void> {
  const load = (target: Target): Promise<Measured> => {
    const plan = { ...target.streamPlan, body: streamBody(5, 2) }
    return measure(target, () => openLoop(plan, 50, SECONDS))
  }
  const { of } = await sideBySide(targets, load)
  const at = (share: number): number =>
    of(({ gateway, bare }) => quantile(gateway.result.firstBytes, share) - quantile(bare.result.firstBytes, share))
  print(`  first byte   p50 ${at(0.5).toFixed(2)} ms later at 50 streams a second   (goal: 0.3 or less)`)
}

await main()
