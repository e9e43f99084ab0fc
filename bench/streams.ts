// A thousand streams at once: what they cost in memory, and how fast their upstream connections are free when all clients leave.

import { Client, requestBytes, type LoadPlan } from './load.ts'
import { residentMebibytes } from './processes.ts'

const STREAMS = 1_000
/** WEIGHBRIDGE_DRAIN_MAX_STREAMS as it is by default. */
const DRAINS = 256

export async function benchOpenStreams(options: {
  readonly upstreamUrl: string
  readonly pid: number
  readonly plan: LoadPlan
  readonly print: (line?: string) => void
}): Promise<void> {
  const { upstreamUrl, pid, plan, print } = options
  const before = residentMebibytes(pid)
  const request = requestBytes({ ...plan, path: `${plan.path}-stream`, body: streamBody(200, 100) })
  const clients = Array.from({ length: STREAMS }, () => {
    const client = new Client(plan.host, plan.port)
    client.send(request, performance.now(), () => undefined)
    return client
  })
  await sleep(8_000)
  const streaming = clients.filter((client) => client.bytes > 0).length
  const during = residentMebibytes(pid)
  const openBefore = await running(upstreamUrl)
  for (const client of clients) client.destroy()
  const left = performance.now()
  const untilAtMost = async (most: number): Promise<string> => {
    while ((await running(upstreamUrl)) > most && performance.now() - left < 60_000) await sleep(50)
    return ((performance.now() - left) / 1_000).toFixed(1)
  }
  const toDrains = await untilAtMost(DRAINS)
  const toNone = await untilAtMost(0)
  print()
  print(`${STREAMS} open streams (${streaming} answering), one event each 100 ms`)
  print(`  memory       ${during.toFixed(0)} MiB resident (${before.toFixed(0)} before)   (goal: 256 or less)`)
  print(
    `  all leave    ${openBefore} upstream streams; all but ${DRAINS} drains free after ${toDrains} s (goal: 1 or less), all after ${toNone} s`,
  )
}

/** What bench/upstream.ts reads its orders from. */
export const streamBody = (events: number, everyMilliseconds: number): string =>
  JSON.stringify({ messages: [{ role: 'user', content: [{ text: streamPrompt(events, everyMilliseconds) }] }] })

export const streamPrompt = (events: number, everyMilliseconds: number): string =>
  `events=${events} every=${everyMilliseconds}`

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

const running = async (url: string): Promise<number> => Number(await (await fetch(`${url}/streams`)).text())
