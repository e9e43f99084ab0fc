// `npm run bench`: the whole gateway beside a bare proxy, in one run on one machine; ratios first, absolute figures after.

import { cpus } from 'node:os'
import { benchAdmission } from './admission.ts'
import { benchDialects } from './dialects.ts'
import { closedLoop, openLoop } from './load.ts'
import { canPin, pinSelf, run } from './processes.ts'
import { measure, quantile, ROUNDS, SECONDS, sideBySide, type Measured } from './rounds.ts'
import { benchStore } from './store.ts'
import { benchOpenStreams, streamBody } from './streams.ts'
import { targetOf, type Target, type Targets } from './targets.ts'

const GATEWAY_CORE = 0
const LOAD_CORE = 1
const CONNECTIONS = 64
/** As `npm start` runs it. */
const START_FLAGS = ['--max-semi-space-size=16']

const print = (line = ''): void => void process.stdout.write(`${line}\n`)

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
    await benchDialects(targets, print)
    await benchOpenStreams({
      upstreamUrl: upstream.ready,
      pid: gateway.process.pid,
      plan: gateway.plan,
      print,
    })
  } finally {
    await Promise.all([bare.process.stop(), gateway.process.stop(), upstream.stop()])
  }
  await benchAdmission(print)
  await benchStore(print)
}

async function benchClosedLoop(targets: Targets): Promise<void> {
  const of = await sideBySide(targets, (target) => measure(target, () => closedLoop(target.plan, CONNECTIONS, SECONDS)))
  print()
  print(`1 KB Converse, ${CONNECTIONS} connections, closed loop (median of ${ROUNDS} rounds of ${SECONDS} s)`)
  print(
    `  bare proxy   ${of((round) => round.bare.perSecond).toFixed(0)} req/s, ${of((round) => round.bare.cpuMicroseconds).toFixed(1)} µs CPU each`,
  )
  print(
    `  gateway      ${of((round) => round.gateway.perSecond).toFixed(0)} req/s, ${of((round) => round.gateway.cpuMicroseconds).toFixed(1)} µs CPU each`,
  )
  print(
    `  ratio        ${of((round) => round.gateway.perSecond / round.bare.perSecond).toFixed(2)} of its req/s   (goal: 0.75 or more; with four tenants and six limits, as here, 0.7)`,
  )
}

async function benchOpenLoop(targets: Targets): Promise<void> {
  const of = await sideBySide(targets, (target) => measure(target, () => openLoop(target.plan, 500, SECONDS)))
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

async function benchStreams(targets: Targets): Promise<void> {
  const events = 103
  const load = (target: Target) => measure(target, () => closedLoop(target.streamPlan, 100, SECONDS), events)
  const of = await sideBySide(targets, load)
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
async function benchFirstByte(targets: Targets): Promise<void> {
  const load = (target: Target): Promise<Measured> => {
    const plan = { ...target.streamPlan, body: streamBody(5, 2) }
    return measure(target, () => openLoop(plan, 50, SECONDS))
  }
  const of = await sideBySide(targets, load)
  const at = (share: number): number =>
    of(({ gateway, bare }) => quantile(gateway.result.firstBytes, share) - quantile(bare.result.firstBytes, share))
  print(`  first byte   p50 ${at(0.5).toFixed(2)} ms later at 50 streams a second   (goal: 0.3 or less)`)
}

await main()
