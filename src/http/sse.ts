// Writes server-sent events: one whole event at a time, in the few shapes that model APIs use.

/** Of an answer that is a stream of events; proxies are asked not to collect it. */
export const SSE_HEADERS: readonly string[] = [
  'content-type',
  'text/event-stream; charset=utf-8',
  'cache-control',
  'no-cache, no-store',
  'x-accel-buffering',
  'no',
]

/** `data` is put on one line: JSON never holds a line break of its own. `name` null: an event without a name. */
export const sseEvent = (name: string | null, data: unknown): string =>
  `${name === null ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`
