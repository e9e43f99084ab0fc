// Writes rows as a Parquet file, in a process of its own: DuckDB is native code with a memory of its own, and no call waits for it.

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ParquetReply, ParquetTable } from './parquet-process.ts'

const LONGEST_MILLISECONDS = 120_000

/** Rejects when the table cannot be written, or not in time. */
export function parquetOf(
  table: ParquetTable,
  { longestMilliseconds = LONGEST_MILLISECONDS } = {},
): Promise<Uint8Array> {
  const child = fork(fileURLToPath(new URL('./parquet-process.ts', import.meta.url)), {
    execArgv: [],
    // nothing of what this process knows, such as its credentials
    env: {},
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  return new Promise<Uint8Array>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`Parquet took more than ${longestMilliseconds / 1_000} seconds to write`))
      child.kill('SIGKILL')
    }, longestMilliseconds)
    child.once('message', (reply: ParquetReply) => {
      if ('file' in reply) resolve(reply.file)
      else reject(new Error(`Parquet could not be written: ${reply.failed}`))
    })
    child.once('error', reject)
    // after an answer, if there was one
    child.once('disconnect', () => {
      clearTimeout(timer)
      reject(new Error('the process that writes Parquet ended before it was done'))
    })
    child.send(table)
  })
}
