// Where the metering log goes: standard output, a file for each day, or an address that takes lines of JSON.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { appendLines, linesText, postText } from './line-writing.ts'
import type { UsageSink } from './metering-log.ts'

/** `place`: "stdout", an http or https URL, or a folder. */
export function usageSinkOf(
  place: string,
  world: { readonly fetch: typeof fetch; readonly now: () => number; readonly write: (text: string) => void },
): UsageSink {
  if (place === 'stdout') return async (lines) => world.write(linesText(lines))
  return /^https?:\/\//.test(place) ? httpSink(place, world.fetch) : fileSink(place, world.now)
}

const httpSink =
  (url: string, send: typeof fetch): UsageSink =>
  (lines) =>
    postText(send, url, { 'content-type': 'application/x-ndjson' }, linesText(lines))

/** A file for each day of UTC; none is ever removed here. */
const fileSink =
  (folder: string, now: () => number): UsageSink =>
  async (lines) => {
    await mkdir(folder, { recursive: true })
    const date = new Date(now()).toISOString().slice(0, 10)
    await appendLines(join(folder, `usage-${date}.jsonl`), lines)
  }
