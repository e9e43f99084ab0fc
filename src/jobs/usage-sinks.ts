// Where the metering log goes: standard output, a file for each day, or an address that takes lines of JSON.

import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { UsageSink } from './metering-log.ts'

const HTTP_TIMEOUT_MILLISECONDS = 10_000

/** `place`: "stdout", an http or https URL, or a folder. */
export function usageSinkOf(
  place: string,
  world: { readonly fetch: typeof fetch; readonly now: () => number; readonly write: (text: string) => void },
): UsageSink {
  if (place === 'stdout') return async (lines) => world.write(textOf(lines))
  return /^https?:\/\//.test(place) ? httpSink(place, world.fetch) : fileSink(place, world.now)
}

const textOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('')

/** What was not answered with 2xx was not taken. */
const httpSink =
  (url: string, send: typeof fetch): UsageSink =>
  async (lines) => {
    const response = await send(url, {
      method: 'POST',
      redirect: 'error',
      headers: { 'content-type': 'application/x-ndjson' },
      body: textOf(lines),
      signal: AbortSignal.timeout(HTTP_TIMEOUT_MILLISECONDS),
    })
    await response.body?.cancel()
    if (!response.ok) throw new Error(`the sink answered ${response.status}`)
  }

/** A file for each day of UTC; none is ever removed here. */
const fileSink =
  (folder: string, now: () => number): UsageSink =>
  async (lines) => {
    await mkdir(folder, { recursive: true })
    const date = new Date(now()).toISOString().slice(0, 10)
    const file = await open(join(folder, `usage-${date}.jsonl`), 'a', 0o600)
    try {
      await file.appendFile(textOf(lines))
      await file.sync()
    } finally {
      await file.close()
    }
  }
