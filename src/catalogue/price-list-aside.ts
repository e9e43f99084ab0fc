// Reads an AWS Price List file in a process of its own: tens of megabytes of JSON would stop every call for as long as it takes.

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { PriceListReading } from './aws-price-list.ts'
import type { PriceListReply } from './price-list-process.ts'

const LONGEST_MILLISECONDS = 120_000
const MOST_MEGABYTES = 2_048

/**
 * Rejects with RangeError when the file is no AWS Price List of Bedrock, or too much to be read. A thread would not do: a parser that runs
 * out of memory ends its whole process.
 */
export function readPriceListAside(
  file: Uint8Array,
  { longestMilliseconds = LONGEST_MILLISECONDS, mostMegabytes = MOST_MEGABYTES } = {},
): Promise<PriceListReading> {
  const child = fork(fileURLToPath(new URL('./price-list-process.ts', import.meta.url)), {
    execArgv: [`--max-old-space-size=${mostMegabytes}`],
    // nothing of what this process knows, such as its credentials
    env: {},
    serialization: 'advanced',
    stdio: ['pipe', 'ignore', 'ignore', 'ipc'],
  })
  return new Promise<PriceListReading>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new RangeError(`it took more than ${longestMilliseconds / 1_000} seconds to read.`))
      child.kill('SIGKILL')
    }, longestMilliseconds)
    child.once('message', (reply: PriceListReply) => {
      if ('reading' in reply) resolve(reply.reading)
      else reject(new RangeError(reply.refused))
    })
    child.once('error', reject)
    // after an answer, if there was one
    child.once('disconnect', () => {
      clearTimeout(timer)
      reject(new RangeError(`reading it ended before it was done; it may take ${mostMegabytes} MB of memory.`))
    })
    // a child that has ended reads no more; its disconnection says so
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(file)
  })
}
